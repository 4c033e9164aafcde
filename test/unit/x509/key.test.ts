import { test } from "uvu";
import * as assert from "uvu/assert";
import { toUtf8 } from "../../../src/bytes.ts";
import {
  exportPrivateKey,
  generateKey,
  importPrivateKey,
  KEY_TYPES,
  type KeyType,
  sign,
} from "../../../src/x509/key.ts";
import { parsePem } from "../../../src/x509/pem.ts";
import { verifySignature } from "../../../src/x509/public_key.ts";
import { rejectionOf, typeErrorOf } from "../support.ts";

const DATA = toUtf8("data");
const SIGNED_WITH: Readonly<Record<KeyType, string>> = {
  "ec-p256": "ecdsaWithSha256",
  "ec-p384": "ecdsaWithSha384",
  "ec-p521": "ecdsaWithSha512",
  "ed25519": "ed25519",
  "rsa-2048": "sha256WithRsa",
  "rsa-3072": "sha384WithRsa",
  "rsa-4096": "sha512WithRsa",
};

for (const type of KEY_TYPES) {
  test(`a key of ${type} is made, signs, is exported and imported as the same`, async () => {
    const key = await generateKey(type, { extractable: true });
    assert.ok(type.startsWith(key.publicKey.algorithm));
    assert.is(key.publicKey.fault, undefined);
    assert.is(key.signatureAlgorithm.name, SIGNED_WITH[type]);
    const pem = await exportPrivateKey(key);
    assert.match(pem, /^-----BEGIN PRIVATE KEY-----\n/);
    const der = parsePem(pem, ["PRIVATE KEY"], "key");
    for (const input of [pem, der]) {
      const again = await importPrivateKey(input);
      assert.equal(again.publicKey, key.publicKey);
      assert.equal(again.signatureAlgorithm, key.signatureAlgorithm);
      assert.not(again.privateKey.extractable);
      assert.equal(again.privateKey.usages, ["sign"]);
      const signature = await sign(again, DATA);
      await verifySignature(key.publicKey, key.signatureAlgorithm, DATA, signature, "data");
    }
    const open = await importPrivateKey(pem, { extractable: true });
    assert.ok(open.privateKey.extractable);
    assert.is(await exportPrivateKey(open), pem);
    assert.is(
      (open.privateKey.algorithm as RsaHashedKeyAlgorithm).hash?.name,
      (key.privateKey.algorithm as RsaHashedKeyAlgorithm).hash?.name,
    );
  });
}

test("generateKey makes P-256 unless told, another each time, that nobody gets out", async () => {
  const [one, other] = [await generateKey(), await generateKey()];
  assert.is(one.publicKey.algorithm, "ec-p256");
  assert.not.equal(one.publicKey.spki, other.publicKey.spki);
  assert.not(one.privateKey.extractable);
  assert.match((await typeErrorOf(exportPrivateKey(one))).message, "not extractable");
});

test("generateKey takes no other type", async () => {
  for (const type of ["", "rsa-1024", "ec-p224", "EC-P256", "rsa-"]) await typeErrorOf(generateKey(type as KeyType));
});

test("importPrivateKey refuses text that is no key", async () => {
  const key = await exportPrivateKey(await generateKey("ed25519", { extractable: true }));
  const certificate = key.replaceAll("PRIVATE KEY", "CERTIFICATE");
  const faults: readonly (readonly [string, string])[] = [
    ["", "0 PEM blocks where one is expected"],
    ["secret", "0 PEM blocks"],
    [key + key, "2 PEM blocks"],
    [key + certificate, "2 PEM blocks"],
    [certificate, 'PEM block is "CERTIFICATE", not "PRIVATE KEY"'],
    [key.replaceAll("PRIVATE", "PUBLIC"), 'PEM block is "PUBLIC KEY"'],
    [key.replaceAll("PRIVATE", "ENCRYPTED PRIVATE"), "it is encrypted; decrypt it first"],
    [key.replace("\n", "\nProc-Type: 4,ENCRYPTED\n\n"), "PEM headers are not accepted"],
  ];
  for (const [text, words] of faults) {
    const error = await rejectionOf("malformed-pem", importPrivateKey(text));
    assert.ok(error.message.startsWith("Cannot read private key: ") && error.message.includes(words), error.message);
  }
});

test("R61 no error of importPrivateKey tells the key", async () => {
  const pem = await exportPrivateKey(await generateKey("ec-p256", { extractable: true }));
  const body = pem.split("\n").slice(1, 3);
  const broken = [pem.replace("MI", "MJ"), pem.replace("MI", "M!"), pem + pem, pem.replaceAll("PRIVATE", "EC PRIVATE")];
  for (const text of broken) {
    const error: unknown = await importPrivateKey(text).then(() => undefined, (error: unknown) => error);
    assert.instance(error, Error);
    for (const line of body) assert.not.ok(String(error).includes(line.slice(0, 12)), String(error));
  }
});

test.run();
