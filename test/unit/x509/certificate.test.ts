import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  bitStringOf,
  explicit,
  implicit,
  integer,
  nullValue,
  oid,
  sequence,
  time,
  unsigned,
  utf8String,
} from "../../../src/asn1/der_writer.ts";
import { type Bytes, concat } from "../../../src/bytes.ts";
import type { ErrorCode } from "../../../src/errors.ts";
import { signatureAlgorithm } from "../../../src/x509/algorithm.ts";
import {
  parseCertificate,
  parseCertificates,
  parseTbsCertificate,
  verifyCertificate,
} from "../../../src/x509/certificate.ts";
import { encodeBasicConstraints, encodeKeyUsage } from "../../../src/x509/extension.ts";
import { generateKey } from "../../../src/x509/key.ts";
import { attributeValues } from "../../../src/x509/name.ts";
import { toPem } from "../../../src/x509/pem.ts";
import { hasOpenssl, makeCa, makeLeaf, SKIPPED } from "../../openssl.ts";
import { craftCertificate, type CraftedCertificate } from "../craft.ts";
import { faultOf, hex, indexOf } from "../support.ts";

const key = await generateKey("ec-p256");
const good = {
  key,
  serialNumber: integer(4711),
  extensions: [encodeBasicConstraints(true, 0), encodeKeyUsage(["keyCertSign"])],
};
if (!hasOpenssl) console.log(SKIPPED);
const needsOpenssl = hasOpenssl ? test : test.skip;

test("parseCertificate reads every field, of PEM and of DER", async () => {
  const der = await craftCertificate({ ...good, issuer: { commonName: "CA" }, subject: { commonName: "a" } });
  const pem = toPem("CERTIFICATE", der);
  for (const certificate of [parseCertificate(der), parseCertificate(pem), parseCertificate(`Certificate:\n${pem}`)]) {
    assert.is(certificate.version, 3);
    assert.is(certificate.serialNumber, "1267");
    assert.equal(attributeValues(certificate.issuer, "commonName"), ["CA"]);
    assert.equal(attributeValues(certificate.subject, "commonName"), ["a"]);
    assert.is(certificate.notBefore.toISOString(), "2024-01-01T00:00:00.000Z");
    assert.is(certificate.notAfter.toISOString(), "2034-01-01T00:00:00.000Z");
    assert.equal(certificate.publicKey, key.publicKey);
    assert.equal(certificate.signatureAlgorithm, key.signatureAlgorithm);
    assert.equal(certificate.extensions.basicConstraints, { ca: true, pathLength: 0 });
    assert.equal(certificate.der, der);
    assert.is(certificate.pem, pem);
    const { tbsCertificate, signature } = certificate;
    assert.equal(sequence(tbsCertificate, key.signatureAlgorithm.der, bitStringOf(signature)), der);
    assert.equal(parseTbsCertificate(tbsCertificate).subject, certificate.subject);
  }
});

test("R50 serial numbers: positive, zero and long ones are read, negative ones refused", async () => {
  const serials: readonly (readonly [Bytes, string])[] = [
    [hex("02 01 00"), "00"],
    [hex("02 01 7f"), "7f"],
    [hex("02 02 00 80"), "80"],
    [unsigned(hex("ff".repeat(20))), "ff".repeat(20)],
    [unsigned(hex("01".repeat(21))), "01".repeat(21)],
  ];
  for (const [serialNumber, digits] of serials) {
    assert.is(parseCertificate(await craftCertificate({ ...good, serialNumber })).serialNumber, digits);
  }
  for (const negative of ["02 01 ff", "02 01 80", "02 08 80 00 00 00 00 00 00 00"]) {
    const der = await craftCertificate({ ...good, serialNumber: hex(negative) });
    const error = faultOf("malformed-asn1", () => parseCertificate(der));
    assert.match(error.message, "serial number is negative");
    assert.is(error.offset, indexOf(der, hex(negative)));
  }
});

const EXTENSIONS = explicit(3, sequence(...good.extensions));
const ECDSA_384 = signatureAlgorithm("ecdsa", "SHA-384").der;

/** Parts of a certificate that cannot be, with the part that the offset points to. */
const FAULTS: Readonly<Record<string, readonly [Omit<CraftedCertificate, "key">, part: Bytes, moved?: number]>> = {
  "version 1 that is encoded": [{ version: explicit(0, integer(0)) }, explicit(0, integer(0))],
  "version 4": [{ version: explicit(0, integer(3)) }, explicit(0, integer(3))],
  "a negative version": [{ version: hex("a0 03 02 01 ff") }, hex("a0 03 02 01 ff")],
  "an empty version": [{ version: hex("a0 00 02 01 02") }, hex("a0 00 02 01 02"), 2],
  "two versions in one": [{ version: hex("a0 06 02 01 02 02 01 02") }, hex("a0 06 02 01 02 02 01 02"), 5],
  "extensions in version 1": [{ version: hex(""), tail: [EXTENSIONS] }, EXTENSIONS],
  "extensions in version 2": [{ version: explicit(0, integer(1)), tail: [EXTENSIONS] }, EXTENSIONS],
  "two algorithms that differ": [
    { innerAlgorithm: ECDSA_384, algorithm: key.signatureAlgorithm.der },
    key.signatureAlgorithm.der,
  ],
  "algorithms that differ in parameters": [
    { innerAlgorithm: sequence(oid("1.2.3")), algorithm: sequence(oid("1.2.3"), nullValue()) },
    sequence(oid("1.2.3"), nullValue()),
  ],
  "a time that is none": [{ notBefore: utf8String("240101000000Z") }, utf8String("240101000000Z")],
  "a serial number of another type": [{ serialNumber: hex("0a 01 05") }, hex("0a 01 05")],
  "no SEQUENCE of extensions": [{ tail: [explicit(3)] }, hex("a3 00"), 2],
  "empty extensions": [{ tail: [explicit(3, sequence())] }, hex("a3 02 30 00"), 4],
  "two lists of extensions": [
    { tail: [explicit(3, sequence(...good.extensions), nullValue())] },
    concat([nullValue(), hex("30 0a 06 08")]),
  ],
  "a field after the extensions": [{ tail: [EXTENSIONS, nullValue()] }, concat([nullValue(), hex("30 0a 06 08")])],
  "fields out of order": [{ tail: [EXTENSIONS, implicit(1, hex("00 aa"))] }, hex("81 02 00 aa")],
  "a signature with unused bits": [{ signature: hex("03 02 01 aa") }, hex("03 02 01 aa")],
  "a part too many": [{ signature: hex("03 02 00 aa 05 00") }, hex("05 00")],
};

for (const [name, [parts, part, moved = 0]] of Object.entries(FAULTS)) {
  test(`parseCertificate refuses ${name}, with the place`, async () => {
    const der = await craftCertificate({ ...good, ...parts });
    const error = faultOf("malformed-asn1", () => parseCertificate(der));
    assert.is(error.offset, indexOf(der, part) + moved, error.message);
  });
}

test("parseCertificate takes version 1 without extensions, and unique identifiers", async () => {
  const first = parseCertificate(await craftCertificate({ key, version: hex("") }));
  assert.is(first.version, 1);
  assert.is(first.extensions.all.length, 0);
  const ids = [implicit(1, hex("00 aa")), implicit(2, hex("00 bb"))];
  assert.is(parseCertificate(await craftCertificate({ key, version: explicit(0, integer(1)), tail: ids })).version, 2);
  assert.is(parseCertificate(await craftCertificate({ key, tail: [...ids, EXTENSIONS] })).extensions.all.length, 2);
});

test("R48 parseCertificate reads GeneralizedTime from 2050 on", async () => {
  const notAfter = time(new Date("2050-01-01T00:00:00Z"));
  const certificate = parseCertificate(await craftCertificate({ ...good, notAfter }));
  assert.is(certificate.notAfter.toISOString(), "2050-01-01T00:00:00.000Z");
});

test("R19 a byte after the certificate is refused, and one cut off", async () => {
  const der = await craftCertificate(good);
  assert.is(faultOf("malformed-der", () => parseCertificate(concat([der, hex("00")]))).offset, der.length);
  assert.is(faultOf("malformed-der", () => parseCertificate(der.slice(0, -1))).offset, 1);
  const faults: readonly (readonly [string, ErrorCode])[] = [["", "malformed-der"], ["05 00", "malformed-asn1"], [
    "30 00",
    "malformed-asn1",
  ]];
  for (const [text, code] of faults) faultOf(code, () => parseCertificate(hex(text)));
  faultOf("malformed-pem", () => parseCertificate(toPem("CERTIFICATE", der) + toPem("CERTIFICATE", der)));
  faultOf("malformed-pem", () => parseCertificate(toPem("TRUSTED CERTIFICATE", der)));
});

test("parseCertificates reads a bundle in order, text between the blocks", async () => {
  const [one, two] = [await craftCertificate(good), await craftCertificate({ ...good, serialNumber: integer(2) })];
  const bundle = `# first\n${toPem("CERTIFICATE", one)}\n# second\n${toPem("CERTIFICATE", two)}`;
  assert.equal(parseCertificates(bundle).map(({ serialNumber }) => serialNumber), ["1267", "02"]);
  assert.equal(parseCertificates(toPem("CERTIFICATE", one)).length, 1);
});

test("parseCertificates refuses a document without one, or with something else in it", async () => {
  const pem = toPem("CERTIFICATE", await craftCertificate(good));
  const faults: readonly (readonly [string, ErrorCode, string])[] = [
    ["", "malformed-pem", "no PEM block"],
    ["text\n", "malformed-pem", "no PEM block"],
    [pem + toPem("PRIVATE KEY", hex("30 00")), "malformed-pem", 'PEM block is "PRIVATE KEY"'],
    [pem + toPem("CERTIFICATE", hex("30 01")), "malformed-der", "goes beyond the end"],
    [`${pem}-----BEGIN CERTIFICATE-----\n`, "malformed-pem", "no "],
  ];
  for (const [text, code, words] of faults) assert.match(faultOf(code, () => parseCertificates(text)).message, words);
});

needsOpenssl("certificates of openssl parse and verify", async () => {
  const pair = makeCa("openssl CA");
  const ca = parseCertificate(pair.certificate);
  assert.equal(ca.extensions.basicConstraints, { ca: true, pathLength: undefined });
  assert.equal(ca.extensions.keyUsage, ["keyCertSign", "cRLSign"]);
  assert.is(await verifyCertificate(ca, ca), ca);
  for (const keyType of ["ec", "rsa"] as const) {
    const leaf = parseCertificate(
      makeLeaf(pair, { dnsNames: ["a.example"], ipAddresses: ["10.0.0.1", "::1"], keyType }).certificate,
    );
    assert.equal(leaf.extensions.subjectAltName, [
      { type: "dns", value: "a.example" },
      { type: "ip", value: "10.0.0.1" },
      { type: "ip", value: "::1" },
    ]);
    assert.equal(leaf.extensions.extKeyUsage, ["serverAuth", "clientAuth"]);
    assert.is(await verifyCertificate(leaf, ca), ca);
  }
});

test.run();
