import { test } from "uvu";
import * as assert from "uvu/assert";
import { readDer } from "../../../src/asn1/der.ts";
import { bitStringOf, explicit, integer, nullValue, oid, sequence } from "../../../src/asn1/der_writer.ts";
import { Oid } from "../../../src/asn1/oid.ts";
import { type Bytes, concat, toUtf8 } from "../../../src/bytes.ts";
import {
  ecdsaFromDer,
  parsePssParameters,
  type SignatureAlgorithm,
  signatureAlgorithm,
} from "../../../src/x509/algorithm.ts";
import { generateKey, type KeyPair, sign } from "../../../src/x509/key.ts";
import { parsePublicKey, type PublicKey, verifySignature } from "../../../src/x509/public_key.ts";
import { faultOf, hex, patched, rejectionOf } from "../support.ts";

const DATA = toUtf8("what is signed");
const keys: Readonly<Record<string, KeyPair>> = {
  "ec-p256": await generateKey("ec-p256"),
  "ec-p384": await generateKey("ec-p384"),
  "ec-p521": await generateKey("ec-p521"),
  "ed25519": await generateKey("ed25519"),
  "rsa-2048": await generateKey("rsa-2048"),
};

const verify = (key: KeyPair, signature: Uint8Array, algorithm = key.signatureAlgorithm, data = DATA): Promise<void> =>
  verifySignature(key.publicKey, algorithm, data, signature, "thing");
const refused = async (promise: Promise<void>): Promise<string> =>
  (await rejectionOf("invalid-signature", promise)).message;

for (const [name, key] of Object.entries(keys)) {
  test(`verifySignature takes a signature of ${name} over these bytes, and no other`, async () => {
    const signature = await sign(key, DATA);
    await verify(key, signature);
    assert.match(await refused(verify(key, signature, key.signatureAlgorithm, DATA.slice(1))), "Cannot verify thing: ");
    for (const at of [0, 8, signature.length >> 1, signature.length - 1]) {
      await refused(verify(key, patched(signature, at, (signature[at] ?? 0) ^ 1)));
    }
    for (const other of [signature.slice(1), signature.slice(0, -1), concat([signature, hex("00")]), hex("")]) {
      await refused(verify(key, other));
    }
    await refused(verify(key, new Uint8Array(signature.length)));
    await refused(verify(await generateKey(name as "ec-p256"), signature));
  });
}

test("R41 a key verifies no signature of another kind", async () => {
  for (const [name, key] of Object.entries(keys)) {
    for (const [other, { signatureAlgorithm }] of Object.entries(keys)) {
      if (name.slice(0, 2) === other.slice(0, 2)) continue;
      const message = await refused(verify(key, await sign(key, DATA), signatureAlgorithm));
      assert.match(message, "makes no");
    }
  }
});

test("a key verifies a signature with another digest of its kind only where that made it", async () => {
  const key = keys["ec-p256"];
  if (key === undefined) throw new Error("no key");
  const other = signatureAlgorithm("ecdsa", "SHA-512");
  await verify(key, await sign({ ...key, signatureAlgorithm: other }, DATA), other);
  await refused(verify(key, await sign(key, DATA), other));
});

test("R40 a signature algorithm or key that is not used is unsupported", async () => {
  const key = keys["ec-p256"]?.publicKey;
  if (key === undefined) throw new Error("no key");
  const sha1 = verifySignature(key, { family: "unsupported", name: "ecdsa-with-SHA1" }, DATA, hex("00"), "thing");
  const error = await rejectionOf("unsupported-algorithm", sha1);
  assert.is(error.message, "Cannot verify thing: signature algorithm ecdsa-with-SHA1 is not supported");
  const weak: PublicKey = { ...key, fault: "it is weak" };
  const algorithm = signatureAlgorithm("ecdsa", "SHA-256");
  await rejectionOf("unsupported-algorithm", verifySignature(weak, algorithm, DATA, hex("00"), "thing"));
});

/** The order of P-256's group (SEC 2 §2.4.2). */
const ORDER = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";

test("R41 ECDSA signatures that are not DER, or out of range, are invalid on every runtime alike", async () => {
  const key = keys["ec-p256"];
  if (key === undefined) throw new Error("no key");
  const raw = ecdsaFromDer(await sign(key, DATA), 32);
  const number = (octets: Bytes): Bytes => concat([Uint8Array.of(0x02, octets.length), octets]);
  const long = concat([hex("00"), raw.subarray(0, 32)]);
  const [r, s] = [raw.slice(0, 32), raw.slice(32)];
  const good = (octets: Bytes): Bytes => (octets[0] ?? 0) >= 0x80 ? concat([hex("00"), octets]) : octets;
  const forms: Readonly<Record<string, Bytes>> = {
    "WebCrypto's own form": raw,
    "r zero": sequence(number(hex("00")), number(good(s))),
    "s zero": sequence(number(good(r)), number(hex("00"))),
    "both zero": sequence(number(hex("00")), number(hex("00"))),
    "r and s one": sequence(number(hex("01")), number(hex("01"))),
    "r is the order": sequence(number(good(hex(ORDER))), number(good(s))),
    "s is the order": sequence(number(good(r)), number(good(hex(ORDER)))),
    "r padded": sequence(number(concat([hex("00"), good(r)])), number(good(s))),
    "r too long": sequence(number(concat([hex("01"), long])), number(good(s))),
    "r negative": sequence(number(concat([hex("ff"), r])), number(good(s))),
    "a third number": sequence(number(good(r)), number(good(s)), number(hex("01"))),
    "a SET": patched(sequence(number(good(r)), number(good(s))), 0, 0x31),
    "an OCTET STRING": patched(sequence(number(good(r)), number(good(s))), 0, 0x04),
  };
  await verify(key, sequence(number(good(r)), number(good(s))));
  for (const signature of Object.values(forms)) await refused(verify(key, signature));
});

test("R41 Ed25519 takes no S that is not canonical, and no key of small order", async () => {
  const key = keys["ed25519"];
  if (key === undefined) throw new Error("no key");
  const signature = await sign(key, DATA);
  await verify(key, signature);
  // S + L means the same to one who does not look
  let s = 0n;
  for (let i = 63; i >= 32; i--) s = s * 256n + BigInt(signature[i] ?? 0);
  s += 2n ** 252n + 27742317777372353535851937790883648493n;
  const other = new Uint8Array(signature);
  for (let i = 32; i < 64; i++, s >>= 8n) other[i] = Number(s & 255n);
  await refused(verify(key, other));
});

test("RSA-PSS signatures verify where digest and salt are those of the parameters", async () => {
  const pair = await crypto.subtle.generateKey(
    { name: "RSA-PSS", hash: "SHA-256", modulusLength: 2048, publicExponent: hex("010001") },
    true,
    ["sign", "verify"],
  );
  const spki = new Uint8Array(await crypto.subtle.exportKey("spki", pair.publicKey));
  const plain = parsePublicKey(readDer(spki, "key"));
  const parameters = (digest: string, salt: number): Bytes => {
    const hash = sequence(oid(digest), nullValue());
    return sequence(explicit(0, hash), explicit(1, sequence(oid(Oid.mgf1), hash)), explicit(2, integer(salt)));
  };
  const pss = (digest: string, salt: number): SignatureAlgorithm =>
    parsePssParameters(readDer(parameters(digest, salt), "parameters"), hex("")) as SignatureAlgorithm;
  const signature = new Uint8Array(
    await crypto.subtle.sign({ name: "RSA-PSS", saltLength: 32 }, pair.privateKey, DATA),
  );
  const check = (key: PublicKey, algorithm: SignatureAlgorithm): Promise<void> =>
    verifySignature(key, algorithm, DATA, signature, "thing");
  await check(plain, pss(Oid.sha256, 32));
  await refused(check(plain, pss(Oid.sha256, 30)));
  faultOf("malformed-asn1", () => pss(Oid.sha256, 20)); // the default, which has no encoding
  await refused(check(plain, pss(Oid.sha384, 32)));
  await refused(check(plain, signatureAlgorithm("rsa", "SHA-256")));
  const bound = (digest: string): PublicKey => {
    const algorithm = sequence(oid(Oid.rsassaPss), parameters(digest, 32));
    return parsePublicKey(readDer(sequence(algorithm, bitStringOf(plain.keyBits)), "key"));
  };
  await check(bound(Oid.sha256), pss(Oid.sha256, 32));
  assert.match(await refused(check(bound(Oid.sha384), pss(Oid.sha256, 32))), "makes no");
  await refused(check(bound(Oid.sha1), pss(Oid.sha256, 32)));
  assert.match(await refused(check(bound(Oid.sha256), signatureAlgorithm("rsa", "SHA-256"))), "makes no");
});

test.run();
