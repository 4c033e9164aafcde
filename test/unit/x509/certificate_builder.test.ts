import { AsnConvert } from "@peculiar/asn1-schema";
import { Certificate } from "@peculiar/asn1-x509";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { toHex } from "../../../src/bytes.ts";
import type { TbsCertificate } from "../../../src/x509/certificate.ts";
import { buildCertificate, type CertificateParts } from "../../../src/x509/certificate_builder.ts";
import { encodeBasicConstraints, encodeSubjectAltName } from "../../../src/x509/extension.ts";
import { generateKey } from "../../../src/x509/key.ts";
import { encodeName } from "../../../src/x509/name.ts";
import { verifySignature } from "../../../src/x509/public_key.ts";
import { hex, rejectionOf } from "../support.ts";

const key = await generateKey("ec-p256");
const PARTS: CertificateParts = {
  serialNumber: hex("80 01"),
  issuer: encodeName({ commonName: "CA" }),
  notBefore: new Date("2024-01-01T00:00:00.999Z"),
  notAfter: new Date("2050-01-01T00:00:00Z"),
  subject: encodeName({ commonName: "a" }),
  subjectPublicKeyInfo: key.publicKey.spki,
  extensions: [encodeBasicConstraints(false), encodeSubjectAltName([{ type: "dns", value: "a" }])],
};

test("buildCertificate writes the parts byte for byte, whole seconds, a positive serial number", async () => {
  const certificate = await buildCertificate(PARTS, key, () => {});
  assert.is(certificate.version, 3);
  assert.is(certificate.serialNumber, "8001");
  assert.equal(certificate.issuer.der, PARTS.issuer);
  assert.equal(certificate.subject.der, PARTS.subject);
  assert.is(certificate.notBefore.toISOString(), "2024-01-01T00:00:00.000Z");
  assert.is(certificate.notAfter.toISOString(), "2050-01-01T00:00:00.000Z");
  assert.equal(certificate.publicKey.spki, PARTS.subjectPublicKeyInfo);
  assert.equal(certificate.extensions.all.map(({ type }) => type), ["basicConstraints", "subjectAltName"]);
  await verifySignature(
    key.publicKey,
    certificate.signatureAlgorithm,
    certificate.tbsCertificate,
    certificate.signature,
    "it",
  );
});

test("buildCertificate writes what @peculiar/asn1-x509 reads and writes again", async () => {
  const { der } = await buildCertificate(PARTS, key, () => {});
  const read = AsnConvert.parse(der, Certificate);
  assert.equal(new Uint8Array(AsnConvert.serialize(read)), der);
  assert.is(toHex(new Uint8Array(read.tbsCertificate.serialNumber)), "008001");
  assert.is(read.tbsCertificate.validity.notAfter.generalTime?.getFullYear(), 2050);
});

test("R54 buildCertificate shows what it is about to sign, and signs nothing where that is refused", async () => {
  let seen: TbsCertificate | undefined;
  const signing = { privateKey: undefined as unknown as CryptoKey, signatureAlgorithm: key.signatureAlgorithm };
  const refusal = new Error("no");
  const refused = await buildCertificate(PARTS, signing, (tbs) => {
    seen = tbs;
    throw refusal;
  }).catch((error: unknown) => error);
  assert.is(refused, refusal);
  assert.is(seen?.serialNumber, "8001");
});

test("R54 buildCertificate does not sign what the strict reader refuses", async () => {
  const broken: readonly (readonly [Partial<CertificateParts>, "malformed-der" | "malformed-asn1"])[] = [
    [{ subject: hex("30 02 05 00") }, "malformed-asn1"],
    [{ issuer: hex("30 01") }, "malformed-der"],
    [{ subjectPublicKeyInfo: hex("30 00") }, "malformed-asn1"],
    [{ extensions: [] }, "malformed-asn1"],
    [{ extensions: [encodeBasicConstraints(false), encodeBasicConstraints(false)] }, "malformed-asn1"],
  ];
  for (const [parts, code] of broken) {
    await rejectionOf(code, buildCertificate({ ...PARTS, ...parts }, key, () => assert.unreachable()));
  }
});

test.run();
