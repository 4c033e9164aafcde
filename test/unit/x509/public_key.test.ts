import { test } from "uvu";
import * as assert from "uvu/assert";
import { readDer } from "../../../src/asn1/der.ts";
import { bitStringOf, explicit, integer, nullValue, oid, sequence, unsigned } from "../../../src/asn1/der_writer.ts";
import { Oid } from "../../../src/asn1/oid.ts";
import { type Bytes, concat, toHex } from "../../../src/bytes.ts";
import { generateKey } from "../../../src/x509/key.ts";
import { keyIdentifier, parsePublicKey, type PublicKey, spkiOfJwk } from "../../../src/x509/public_key.ts";
import { faultOf, hex, indexOf, patched } from "../support.ts";

const parse = (der: Bytes, base = 0): PublicKey => parsePublicKey(readDer(der, "thing", base));
const P256 = (await generateKey("ec-p256")).publicKey;
const ED25519 = (await generateKey("ed25519")).publicKey;
const RSA = (await generateKey("rsa-2048")).publicKey;
const MODULUS = RSA.rsa?.modulus ?? new Uint8Array(0);
const EXPONENT = hex("010001");

/** The primes below 752. */
const SMALL_PRIMES: bigint[] = [];
for (let n = 2n; n < 752n; n++) if (SMALL_PRIMES.every((prime) => n % prime !== 0n)) SMALL_PRIMES.push(n);

const spki = (algorithm: Bytes, keyBits: Bytes): Bytes => sequence(algorithm, bitStringOf(keyBits));
const rsa = (modulus: Bytes, exponent: Bytes): Bytes =>
  spki(sequence(oid(Oid.rsaEncryption), nullValue()), sequence(unsigned(modulus), unsigned(exponent)));
const ec = (curve: string, point: Bytes): Bytes => spki(sequence(oid(Oid.ecPublicKey), oid(curve)), point);

test("R44 a key parses, and its encoding made anew from its parts is the same", () => {
  assert.equal(ec(Oid.secp256r1, P256.keyBits), P256.spki);
  assert.equal(rsa(MODULUS, EXPONENT), RSA.spki);
  assert.equal(spki(sequence(oid(Oid.ed25519)), ED25519.keyBits), ED25519.spki);
  for (const key of [P256, RSA, ED25519]) {
    assert.equal(parse(key.spki), key);
    assert.is(key.fault, undefined);
  }
  assert.is(P256.name, "EC P-256");
  assert.is(RSA.name, "RSA 2048");
  assert.is(ED25519.name, "Ed25519");
});

test("R36 RSA from 2048 to 4096 bits, to the bit", () => {
  /** One that has no small factor, and that is none of ROCA's. */
  const modulus = (bits: number): Bytes => {
    const product = bits < 2048 ? 1n : SMALL_PRIMES.reduce((all, prime) => all * prime, 1n);
    const digits = ((1n << BigInt(bits)) / product * product - 1n).toString(16);
    return hex(digits.padStart(Math.ceil(bits / 8) * 2, "0"));
  };
  const verdicts: readonly (readonly [number, string | undefined])[] = [
    [512, "RSA modulus has 512 bits: at least 2048 are needed"],
    [1024, "RSA modulus has 1024 bits: at least 2048 are needed"],
    [2047, "RSA modulus has 2047 bits: at least 2048 are needed"],
    [2048, undefined],
    [2049, undefined],
    [3072, undefined],
    [4096, undefined],
    [4097, "RSA modulus has 4097 bits: at most 4096 are taken"],
    [16384, "RSA modulus has 16384 bits: at most 4096 are taken"],
  ];
  for (const [bits, fault] of verdicts) {
    const key = parse(rsa(modulus(bits), EXPONENT));
    assert.is(key.fault, fault, `${bits}`);
    assert.is(key.name, `RSA ${bits}`);
  }
  assert.match(parse(rsa(hex("00"), EXPONENT)).fault ?? "", "at least 2048");
});

test("R37 RSA takes the exponent 65537 and no other, and no even modulus", () => {
  for (const exponent of ["00", "01", "02", "03", "11", "010000", "010003", "0100000001", "01".repeat(64)]) {
    assert.is(parse(rsa(MODULUS, hex(exponent))).fault, "RSA exponent is not 65537", exponent);
  }
  assert.is(parse(rsa(patched(MODULUS, -1, 0xfe), EXPONENT)).fault, "RSA modulus is even");
});

test("RSA keys of a wrong shape are malformed, at the offset in the document", () => {
  const algorithm = sequence(oid(Oid.rsaEncryption), nullValue());
  const number = unsigned(MODULUS);
  const shapes: readonly (readonly [Bytes, "malformed-der" | "malformed-asn1", number])[] = [
    [hex(""), "malformed-der", 0],
    [hex("05 00"), "malformed-asn1", 0],
    [sequence(number), "malformed-asn1", 4 + number.length],
    [sequence(number, integer(3), nullValue()), "malformed-asn1", 4 + number.length + 3],
    [sequence(hex("02 02 00 01"), integer(3)), "malformed-der", 2],
    [concat([sequence(integer(5), integer(3)), hex("00")]), "malformed-der", 8],
  ];
  for (const [inner, code, offset] of shapes) {
    const der = spki(algorithm, inner);
    const error = faultOf(code, () => parse(der, 1000));
    assert.is(error.offset, 1000 + der.length - inner.length + offset, error.message);
  }
  for (const negative of [sequence(hex("02 01 ff"), integer(3)), sequence(integer(3), hex("02 01 80"))]) {
    faultOf("malformed-key", () => parse(spki(algorithm, negative)));
  }
});

test("R44 algorithm parameters must be what the algorithm demands", () => {
  const bits = RSA.keyBits;
  const faults: readonly (readonly [Bytes, string])[] = [
    [spki(sequence(oid(Oid.rsaEncryption)), bits), "RSA parameters are not NULL"],
    [spki(sequence(oid(Oid.rsaEncryption), sequence()), bits), "RSA parameters are not NULL"],
    [spki(sequence(oid(Oid.ed25519), nullValue()), ED25519.keyBits), "Ed25519 has parameters"],
    [spki(sequence(oid(Oid.ed25519)), ED25519.keyBits.slice(1)), "Ed25519 key has not 32 octets"],
    [spki(sequence(oid(Oid.ed25519)), concat([ED25519.keyBits, hex("00")])), "Ed25519 key has not 32 octets"],
    [spki(sequence(oid(Oid.ed25519)), new Uint8Array(32)), "Ed25519 key is of small order or not canonical"],
    [spki(sequence(oid(Oid.ecPublicKey)), P256.keyBits), "EC parameters name no curve"],
    [spki(sequence(oid(Oid.ecPublicKey), nullValue()), P256.keyBits), "EC parameters name no curve"],
  ];
  for (const [der, words] of faults) assert.match(faultOf("malformed-key", () => parse(der)).message, words);
  const extra = spki(sequence(oid(Oid.rsaEncryption), nullValue(), nullValue()), bits);
  faultOf("malformed-asn1", () => parse(extra));
  faultOf(
    "malformed-asn1",
    () => parse(sequence(sequence(oid(Oid.ed25519)), bitStringOf(ED25519.keyBits), nullValue())),
  );
  const unused = sequence(sequence(oid(Oid.ed25519)), hex(`03 21 01 ${"02".repeat(32)}`));
  assert.match(faultOf("malformed-key", () => parse(unused)).message, "no whole octets");
});

test("R39 EC points off the curve, at infinity and of another length are malformed; compressed ones have a fault", () => {
  const point = P256.keyBits;
  for (
    const bad of [
      patched(point, -1, (point[64] ?? 0) ^ 1),
      hex("00"),
      point.slice(0, -1),
      concat([point, hex("00")]),
      hex(""),
    ]
  ) {
    faultOf("malformed-key", () => parse(ec(Oid.secp256r1, bad)));
  }
  faultOf("malformed-key", () => parse(ec(Oid.secp384r1, point)));
  const compressed = parse(ec(Oid.secp256r1, concat([hex("02"), point.slice(1, 33)])));
  assert.is(compressed.fault, "point is compressed");
  assert.is(compressed.algorithm, "ec-p256");
});

test("R39 R42 explicit parameters, foreign curves and foreign algorithms are unsupported, by name", () => {
  const names: readonly (readonly [Bytes, string])[] = [
    [sequence(oid(Oid.ecPublicKey), sequence(integer(1))), "EC with explicit parameters"],
    [sequence(oid(Oid.ecPublicKey), oid("1.3.132.0.33")), "EC secp224r1"],
    [sequence(oid(Oid.ecPublicKey), oid("1.3.132.0.10")), "EC secp256k1"],
    [sequence(oid(Oid.ecPublicKey), oid("1.2.840.10045.3.1.1")), "EC secp192r1"],
    [sequence(oid(Oid.ecPublicKey), oid("1.2.3")), "EC 1.2.3"],
    [sequence(oid("1.2.840.10040.4.1"), sequence(integer(1), integer(2), integer(3))), "DSA"],
    [sequence(oid("1.2.840.10040.4.1")), "DSA"],
    [sequence(oid("1.3.101.113")), "Ed448"],
    [sequence(oid("1.3.101.110")), "X25519"],
    [sequence(oid("2.16.840.1.101.3.4.3.18")), "ML-DSA-65"],
    [sequence(oid("1.2.3.4.5")), "1.2.3.4.5"],
  ];
  for (const [algorithm, name] of names) {
    const key = parse(spki(algorithm, hex("00")));
    assert.is(key.algorithm, "unsupported");
    assert.is(key.name, name);
    assert.is(key.fault, `${name} keys are not supported`);
  }
});

test("id-RSASSA-PSS keys parse, with and without parameters", () => {
  const digest = sequence(oid(Oid.sha256), nullValue());
  const parameters = sequence(
    explicit(0, digest),
    explicit(1, sequence(oid(Oid.mgf1), digest)),
    explicit(2, integer(32)),
  );
  const free = parse(spki(sequence(oid(Oid.rsassaPss)), RSA.keyBits));
  assert.is(free.algorithm, "rsa-pss");
  assert.is(free.name, "RSA-PSS 2048");
  assert.is(free.fault, undefined);
  assert.is(free.pss, undefined);
  const bound = parse(spki(sequence(oid(Oid.rsassaPss), parameters), RSA.keyBits));
  assert.is(bound.pss?.family === "rsa-pss" && bound.pss.hash, "SHA-256");
  for (const wrong of [nullValue(), hex(`04 ${parameters.length.toString(16)} ${toHex(parameters)}`), oid("1.2.3")]) {
    faultOf("malformed-asn1", () => parse(spki(sequence(oid(Oid.rsassaPss), wrong), RSA.keyBits)));
  }
});

test("spkiOfJwk makes what parsePublicKey reads, and takes no other kind", () => {
  const jwk = { kty: "OKP", crv: "Ed25519", x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" };
  const key = parse(spkiOfJwk(jwk));
  assert.is(toHex(key.keyBits), "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
  for (const other of [{ kty: "EC", crv: "secp256k1", x: "", y: "" }, { kty: "oct", k: "" }, {}]) {
    assert.throws(() => spkiOfJwk(other), (error: unknown) => error instanceof TypeError);
  }
});

test("keyIdentifier is the SHA-1 of the bits alone (RFC 5280 §4.2.1.2 method 1)", async () => {
  assert.is(toHex(await keyIdentifier(hex("616263"))), "a9993e364706816aba3e25717850c26c9cd0d89d");
  assert.ok(indexOf(P256.spki, P256.keyBits) > 0);
});

test.run();
