import { test } from "uvu";
import * as assert from "uvu/assert";
import { readDer } from "../../../src/asn1/der.ts";
import { bitStringOf, explicit, integer, nullValue, octetString, oid, sequence } from "../../../src/asn1/der_writer.ts";
import { Oid } from "../../../src/asn1/oid.ts";
import { type Bytes, concat, fromUtf8, toUtf8 } from "../../../src/bytes.ts";
import { CertgenError, type ErrorCode } from "../../../src/errors.ts";
import { exportPrivateKey, generateKey, importPrivateKey, sign } from "../../../src/x509/key.ts";
import { parsePem, toPem } from "../../../src/x509/pem.ts";
import { verifySignature } from "../../../src/x509/public_key.ts";
import { hasOpenssl, openssl, SKIPPED } from "../../openssl.ts";
import { hex, rejectionOf } from "../support.ts";

const run = (command: string, input?: string): string => fromUtf8(openssl(command.split(" "), input));
const pkcs8 = (pem: string): string => run("pkcs8 -topk8 -nocrypt", pem);
const needsOpenssl = hasOpenssl ? test : test.skip;
if (!hasOpenssl) console.log(SKIPPED);

const P256 = (flags = ""): string => run(`ecparam -name prime256v1 -genkey -noout${flags}`);

const UNCOMPRESSED = ["-ec_conv_form", "uncompressed"];

/** Keys as openssl writes them, by what certgen is to see in them. */
const TAKEN: readonly (readonly [string, string, () => string])[] = [
  ["SEC 1", "EC P-256", () => P256()],
  ["SEC 1 behind an EC PARAMETERS block", "EC P-384", () => run("ecparam -name secp384r1 -genkey")],
  ["SEC 1 over P-521", "EC P-521", () => run("ecparam -name secp521r1 -genkey -noout")],
  ["SEC 1 without the public key", "EC P-256", () => run("ec -no_public", P256())],
  ["SEC 1 with a compressed public key", "EC P-256", () => run("ec -conv_form compressed", P256())],
  ["PKCS #8 of EC", "EC P-256", () => pkcs8(P256())],
  ["PKCS #8 of EC without the public key", "EC P-256", () => pkcs8(run("ec -no_public", P256()))],
  ["PKCS #8 of EC with a compressed public key", "EC P-256", () => pkcs8(run("ec -conv_form compressed", P256()))],
  ["PKCS #1", "RSA 2048", () => run("genrsa -traditional 2048")],
  ["PKCS #8 of RSA", "RSA 2048", () => run("genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048")],
  ["PKCS #8 of Ed25519", "Ed25519", () => run("genpkey -algorithm ed25519")],
];

for (const [name, expected, make] of TAKEN) {
  needsOpenssl(`importPrivateKey takes ${name} of openssl, and openssl verifies its signature`, async () => {
    const pem = make();
    const key = await importPrivateKey(pem, { extractable: true });
    assert.is(key.publicKey.name, expected);
    const theirs = openssl(
      ["pkey", "-pubout", "-outform", "DER", ...(expected.startsWith("EC") ? UNCOMPRESSED : [])],
      pem,
    );
    assert.equal(key.publicKey.spki, new Uint8Array(theirs));
    const data = toUtf8("data");
    const signature = await sign(key, data);
    await verifySignature(key.publicKey, key.signatureAlgorithm, data, signature, "data");
    assert.equal((await importPrivateKey(await exportPrivateKey(key))).publicKey, key.publicKey);
  });
}

/** Keys that certgen must not use: the same code and words on every runtime. */
const REFUSED: readonly (readonly [string, ErrorCode, string, () => string])[] = [
  ["R36 RSA of 512 bits", "unsupported-algorithm", "RSA modulus has 512 bits", () => run("genrsa 512")],
  ["R36 RSA of 1024 bits", "unsupported-algorithm", "RSA modulus has 1024 bits", () => run("genrsa 1024")],
  [
    "R36 PKCS #1 of 1024 bits",
    "unsupported-algorithm",
    "at least 2048 are needed",
    () => run("genrsa -traditional 1024"),
  ],
  ["R37 RSA with the exponent 3", "unsupported-algorithm", "RSA exponent is not 65537", () => run("genrsa -3 2048")],
  [
    "an id-RSASSA-PSS key",
    "unsupported-algorithm",
    "neither ECDSA over",
    () => run("genpkey -algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048"),
  ],
  ["R39 P-224", "unsupported-algorithm", "neither ECDSA over", () => run("ecparam -name secp224r1 -genkey -noout")],
  [
    "R39 secp256k1",
    "unsupported-algorithm",
    "neither ECDSA over",
    () => pkcs8(run("ecparam -name secp256k1 -genkey -noout")),
  ],
  [
    "R39 explicit parameters in SEC 1",
    "unsupported-algorithm",
    "it names no curve",
    () => P256(" -param_enc explicit"),
  ],
  [
    "R39 explicit parameters in PKCS #8",
    "unsupported-algorithm",
    "neither ECDSA over",
    () => pkcs8(P256(" -param_enc explicit")),
  ],
  ["Ed448", "unsupported-algorithm", "neither ECDSA over", () => run("genpkey -algorithm ed448")],
  ["X25519", "unsupported-algorithm", "neither ECDSA over", () => run("genpkey -algorithm x25519")],
  ["R42 DSA", "unsupported-algorithm", "neither ECDSA over", () => pkcs8(run("dsaparam -genkey -noout 1024"))],
  [
    "encrypted PKCS #8",
    "malformed-pem",
    "it is encrypted",
    () => run("genpkey -algorithm ed25519 -aes128 -pass pass:x"),
  ],
  ["encrypted PKCS #1", "malformed-pem", "PEM headers", () => run("genrsa -traditional -aes128 -passout pass:x 2048")],
];

for (const [name, code, words, make] of REFUSED) {
  needsOpenssl(`importPrivateKey refuses ${name}`, async () => {
    assert.match((await rejectionOf(code, importPrivateKey(make()))).message, words);
  });
}

const SEED = hex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
const PUBLIC = hex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
const ed25519 = (version: number, ...rest: Bytes[]): Bytes =>
  sequence(integer(version), sequence(oid(Oid.ed25519)), octetString(octetString(SEED)), ...rest);

test("importPrivateKey takes version 2 with attributes and the public key (RFC 8410 §7)", async () => {
  const withPublic = ed25519(1, concat([hex("81 21 00"), PUBLIC]));
  const withBoth = ed25519(1, explicit(0), concat([hex("81 21 00"), PUBLIC]));
  for (const der of [ed25519(0), withPublic, withBoth]) {
    const key = await importPrivateKey(der);
    assert.is(key.publicKey.name, "Ed25519");
    const signature = await sign(key, toUtf8("x"));
    await verifySignature(key.publicKey, key.signatureAlgorithm, toUtf8("x"), signature, "x");
    await importPrivateKey(toPem("PRIVATE KEY", der));
  }
});

test("importPrivateKey refuses DER that is no PKCS #8, with the place", async () => {
  const good = ed25519(0);
  const faults: readonly (readonly [Bytes, ErrorCode, number | undefined])[] = [
    [hex(""), "malformed-der", 0],
    [good.slice(0, -1), "malformed-der", 1],
    [concat([good, hex("00")]), "malformed-der", good.length],
    [nullValue(), "malformed-asn1", 0],
    [sequence(), "malformed-asn1", 2],
    [ed25519(2), "malformed-asn1", 0],
    [sequence(integer(0), oid(Oid.ed25519)), "malformed-asn1", 5],
    [sequence(integer(0), sequence(oid(Oid.ed25519)), bitStringOf(SEED)), "malformed-asn1", 12],
    [sequence(integer(0), sequence(), octetString(SEED)), "malformed-asn1", 7],
    [sequence(integer(0), sequence(oid(Oid.ed25519)), octetString(hex("04 01 00"))), "malformed-key", undefined],
    [
      sequence(integer(0), sequence(oid(Oid.rsaEncryption), nullValue()), octetString(SEED)),
      "malformed-key",
      undefined,
    ],
    [
      sequence(integer(0), sequence(oid(Oid.ecPublicKey), oid(Oid.secp256r1)), octetString(SEED)),
      "malformed-key",
      undefined,
    ],
  ];
  for (const [der, code, offset] of faults) assert.is((await rejectionOf(code, importPrivateKey(der))).offset, offset);
  for (const label of ["EC PRIVATE KEY", "RSA PRIVATE KEY"]) {
    await rejectionOf("malformed-der", importPrivateKey(toPem(label, hex("30 01"))));
  }
  await rejectionOf("malformed-asn1", importPrivateKey(toPem("EC PRIVATE KEY", nullValue())));
});

test("importPrivateKey refuses an EC key whose public half is another's", async () => {
  const inner = async (): Promise<Bytes> => {
    const pem = await exportPrivateKey(await generateKey("ec-p256", { extractable: true }));
    const fields = readDer(parsePem(pem, ["PRIVATE KEY"], "key"), "key").children("key");
    fields.any("version");
    fields.any("algorithm");
    return new Uint8Array(fields.any("key").content);
  };
  const [one, other] = [await inner(), await inner()];
  const mixed = new Uint8Array(one);
  mixed.set(other.subarray(-64), one.length - 64);
  const der = sequence(integer(0), sequence(oid(Oid.ecPublicKey), oid(Oid.secp256r1)), octetString(mixed));
  await rejectionOf("malformed-key", importPrivateKey(der));
});

test("R55 importPrivateKey takes an RSA key with a damaged number only where it signs all the same", async () => {
  const pem = await exportPrivateKey(await generateKey("rsa-2048", { extractable: true }));
  const der = parsePem(pem, ["PRIVATE KEY"], "key");
  const outer = readDer(der, "key").children("key");
  outer.any("version");
  outer.any("algorithm");
  const octets = outer.any("key");
  const numbers = readDer(octets.content, "key", octets.contentOffset).children("key");
  numbers.any("version");
  for (const name of ["n", "e", "d", "p", "q", "dp", "dq", "qi"]) {
    const number = numbers.any(name);
    if (name === "e") continue;
    const damaged = new Uint8Array(der);
    damaged[number.contentOffset + 20] = (der[number.contentOffset + 20] ?? 0) ^ 1;
    // runtimes repair some of these and refuse others; none may hand out a key that signs wrongly or not at all
    const key = await importPrivateKey(damaged).catch((error: unknown) => {
      // another modulus may have a small factor
      const codes = name === "n" ? ["malformed-key", "unsupported-algorithm"] : ["malformed-key"];
      assert.ok(error instanceof CertgenError && codes.includes(error.code), `${name}: ${error}`);
      return undefined;
    });
    if (key === undefined) continue;
    assert.is.not(name, "n");
    await verifySignature(key.publicKey, key.signatureAlgorithm, der, await sign(key, der), name);
  }
});

test.run();
