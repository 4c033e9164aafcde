import { test } from "uvu";
import * as assert from "uvu/assert";
import { readDer } from "../../../src/asn1/der.ts";
import { explicit, integer, nullValue, octetString, oid, sequence } from "../../../src/asn1/der_writer.ts";
import { Oid } from "../../../src/asn1/oid.ts";
import type { Bytes } from "../../../src/bytes.ts";
import {
  ecdsaFromDer,
  ecdsaToDer,
  type ForeignAlgorithm,
  parseSignatureAlgorithm,
  type SignatureAlgorithm,
  signatureAlgorithm,
  webCryptoParameters,
} from "../../../src/x509/algorithm.ts";
import { faultOf, hex } from "../support.ts";

const parse = (der: Bytes): SignatureAlgorithm | ForeignAlgorithm => parseSignatureAlgorithm(readDer(der, "thing"));

test("signatureAlgorithm and parseSignatureAlgorithm are each other's inverse", () => {
  for (const hash of ["SHA-256", "SHA-384", "SHA-512"] as const) {
    for (const family of ["ecdsa", "rsa"] as const) {
      const known = signatureAlgorithm(family, hash);
      assert.is(known.family, family);
      assert.is(known.hash, hash);
      assert.equal(parse(known.der), known);
    }
  }
  const ed25519 = signatureAlgorithm("ed25519", undefined);
  assert.equal(ed25519.der, hex("30 05 06 03 2b 65 70"));
  assert.equal(parse(ed25519.der), ed25519);
  assert.throws(() => signatureAlgorithm("rsa", undefined), (error: unknown) => error instanceof TypeError);
});

test("RSA's parameters are NULL when written, and may be absent when read (RFC 4055 §5)", () => {
  const known = signatureAlgorithm("rsa", "SHA-256");
  assert.equal(known.der, hex("30 0d 06 09 2a 86 48 86 f7 0d 01 01 0b 05 00"));
  assert.equal(parse(sequence(oid(Oid.sha256WithRsa))), known);
});

test("R41 parseSignatureAlgorithm refuses parameters that the algorithm has not", () => {
  const faults: readonly (readonly [Bytes, number])[] = [
    [sequence(oid(Oid.ecdsaWithSha256), nullValue()), 12],
    [sequence(oid(Oid.ed25519), nullValue()), 7],
    [sequence(oid(Oid.sha256WithRsa), octetString(hex(""))), 13],
    [sequence(oid(Oid.sha256WithRsa), nullValue(), nullValue()), 15],
    [sequence(oid(Oid.rsassaPss)), 13],
    [sequence(oid(Oid.rsassaPss), nullValue()), 13],
    [sequence(), 2],
    [sequence(nullValue()), 2],
  ];
  for (const [der, offset] of faults) assert.is(faultOf("malformed-asn1", () => parse(der)).offset, offset, `${der}`);
});

test("R40 algorithms that are not used are read by name, whatever their parameters", () => {
  const foreign: readonly (readonly [string, string])[] = [
    ["1.2.840.113549.1.1.4", "md5WithRSAEncryption"],
    ["1.2.840.113549.1.1.5", "sha1WithRSAEncryption"],
    ["1.2.840.10045.4.1", "ecdsa-with-SHA1"],
    ["1.2.840.10040.4.3", "dsa-with-SHA1"],
    ["1.3.101.113", "Ed448"],
    ["1.2.3.4", "1.2.3.4"],
  ];
  for (const [dotted, name] of foreign) {
    assert.equal(parse(sequence(oid(dotted))), { family: "unsupported", name });
    assert.equal(parse(sequence(oid(dotted), nullValue())), { family: "unsupported", name });
  }
});

const digest = (dotted: string): Bytes => sequence(oid(dotted), nullValue());
const mgf = (dotted: string): Bytes => sequence(oid(Oid.mgf1), digest(dotted));
const pss = (...fields: Bytes[]): Bytes => sequence(oid(Oid.rsassaPss), sequence(...fields));
const fields = (hash: string, mask = hash, salt = 32): Bytes[] => [
  explicit(0, digest(hash)),
  explicit(1, mgf(mask)),
  explicit(2, integer(salt)),
];

test("RSA-PSS with one digest is used, with its salt", () => {
  for (
    const [dotted, hash, salt] of [[Oid.sha256, "SHA-256", 32], [Oid.sha384, "SHA-384", 0], [
      Oid.sha512,
      "SHA-512",
      64,
    ]] as const
  ) {
    const der = pss(...fields(dotted, dotted, salt));
    const read = parse(der);
    assert.equal({ ...read, name: "" }, { family: "rsa-pss", name: "", hash, saltLength: salt, der });
  }
  const [hash, mask] = fields(Oid.sha256);
  const read = parse(pss(hash ?? nullValue(), mask ?? nullValue()));
  assert.is(read.family === "rsa-pss" && read.saltLength, 20);
});

test("R41 RSA-PSS with odd parameters is unsupported", () => {
  const odd: readonly Bytes[] = [
    pss(),
    pss(...fields(Oid.sha1)),
    pss(...fields(Oid.sha256, Oid.sha1)),
    pss(...fields(Oid.sha256, Oid.sha512)),
    pss(...fields(Oid.sha256, Oid.sha256, 513)),
    pss(...fields("2.16.840.1.101.3.4.2.4")),
    pss(...fields(Oid.sha256), explicit(3, integer(2))),
    pss(...fields(Oid.sha256), explicit(3, integer(1))),
    pss(explicit(0, digest(Oid.sha256)), explicit(1, sequence(oid("1.2.3"), digest(Oid.sha256)))),
  ];
  for (const der of odd) assert.is(parse(der).family, "unsupported", `${der}`);
});

test("R41 RSA-PSS parameters of a wrong shape are malformed", () => {
  const wrong: readonly Bytes[] = [
    pss(explicit(0)),
    pss(explicit(0, octetString(digest(Oid.sha256)))),
    pss(explicit(0, digest(Oid.sha256), nullValue())),
    pss(explicit(1, octetString(mgf(Oid.sha256)))),
    pss(explicit(1, sequence(oid(Oid.mgf1)))),
    pss(explicit(1, sequence(oid(Oid.mgf1), digest(Oid.sha256), nullValue()))),
    pss(explicit(2, octetString(hex("20")))),
    pss(explicit(2, hex("02 01 ff"))),
    pss(explicit(2, hex("02 05 01 00 00 00 00"))),
    pss(explicit(2, integer(32)), explicit(0, digest(Oid.sha256))),
    pss(explicit(4, integer(1))),
    pss(nullValue()),
  ];
  for (const der of wrong) faultOf("malformed-asn1", () => parse(der));
});

test("webCryptoParameters has what each family needs", () => {
  assert.equal(webCryptoParameters(signatureAlgorithm("ecdsa", "SHA-384")), { name: "ECDSA", hash: "SHA-384" });
  assert.equal(webCryptoParameters(signatureAlgorithm("rsa", "SHA-512")), { name: "RSASSA-PKCS1-v1_5" });
  assert.equal(webCryptoParameters(signatureAlgorithm("ed25519", undefined)), { name: "Ed25519" });
  const read = parse(pss(...fields(Oid.sha256))) as SignatureAlgorithm;
  assert.equal(webCryptoParameters(read), { name: "RSA-PSS", saltLength: 32 });
});

test("ECDSA signatures go from one form to the other and back", () => {
  const forms: readonly (readonly [string, string])[] = [
    ["01 02", "30 06 02 01 01 02 01 02"],
    ["80 ff", "30 08 02 02 00 80 02 02 00 ff"],
    ["0001 7f00", "30 07 02 01 01 02 02 7f 00"],
    ["000080 000001", "30 07 02 02 00 80 02 01 01"],
  ];
  for (const [raw, der] of forms) {
    assert.equal(ecdsaToDer(hex(raw)), hex(der));
    assert.equal(ecdsaFromDer(hex(der), hex(raw).length / 2), hex(raw));
  }
  for (const size of [32, 48, 66]) {
    const raw = new Uint8Array(2 * size).fill(0xff);
    assert.equal(ecdsaFromDer(ecdsaToDer(raw), size), raw);
  }
});

test("R41 ecdsaFromDer refuses what is not strict DER of two positive numbers", () => {
  const faults: readonly (readonly [string, "malformed-der" | "malformed-asn1"])[] = [
    ["", "malformed-der"],
    ["30 06 02 01 81 02 01 01", "malformed-asn1"],
    ["30 06 02 01 01 02 01 ff", "malformed-asn1"],
    ["30 07 02 02 00 01 02 01 01", "malformed-der"],
    ["30 07 02 01 01 02 02 00 7f", "malformed-der"],
    ["30 08 02 03 01 00 00 02 01 01", "malformed-asn1"],
    ["30 09 02 01 01 02 04 00 ff ff ff", "malformed-asn1"],
    ["30 06 02 01 01 02 01 01 00", "malformed-der"],
    ["30 09 02 01 01 02 01 01 02 01 01", "malformed-asn1"],
    ["30 03 02 01 01", "malformed-asn1"],
    ["30 00", "malformed-asn1"],
    ["30 81 06 02 01 01 02 01 01", "malformed-der"],
    ["30 80 02 01 01 02 01 01 00 00", "malformed-der"],
    ["30 06 02 01 01 04 01 01", "malformed-asn1"],
    ["31 06 02 01 01 02 01 02", "malformed-asn1"],
    ["a0 06 02 01 01 02 01 02", "malformed-asn1"],
    ["04 06 02 01 01 02 01 02", "malformed-asn1"],
    ["02 01 01", "malformed-asn1"],
  ];
  for (const [der, code] of faults) faultOf(code, () => ecdsaFromDer(hex(der), 2));
});

test.run();
