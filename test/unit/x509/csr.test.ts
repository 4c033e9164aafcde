import { CertificationRequest } from "@peculiar/asn1-csr";
import { AsnConvert } from "@peculiar/asn1-schema";
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  bitStringOf,
  boolean,
  explicit,
  integer,
  nullValue,
  oid,
  sequence,
  setOf,
  utf8String,
} from "../../../src/asn1/der_writer.ts";
import { Oid } from "../../../src/asn1/oid.ts";
import { type Bytes, concat, fromUtf8 } from "../../../src/bytes.ts";
import type { ErrorCode } from "../../../src/errors.ts";
import { signatureAlgorithm } from "../../../src/x509/algorithm.ts";
import { createCsr, parseCsr, verifyCsr } from "../../../src/x509/csr.ts";
import { encodeSubjectAltName } from "../../../src/x509/extension.ts";
import { generateKey, KEY_TYPES } from "../../../src/x509/key.ts";
import { attributeValues } from "../../../src/x509/name.ts";
import { toPem } from "../../../src/x509/pem.ts";
import { hasOpenssl, openssl, SKIPPED } from "../../openssl.ts";
import { attribute, craftCsr, type CraftedCsr, extension } from "../craft.ts";
import { faultOf, hex, indexOf, patched, rejectionOf, typeErrorOf } from "../support.ts";

const key = await generateKey("ec-p256");
const SUBJECT = { organization: "system:etcd-peers", commonName: "system:etcd-peer:etcd1" };
const REQUEST = { key, subject: SUBJECT, dnsNames: ["etcd1"], ipAddresses: ["10.8.89.9"] };

if (!hasOpenssl) console.log(SKIPPED);
const needsOpenssl = hasOpenssl ? test : test.skip;

for (const type of KEY_TYPES) {
  needsOpenssl(`createCsr with ${type} parses, verifies, and does so for openssl and @peculiar/asn1-csr`, async () => {
    const { der, pem } = await createCsr({ ...REQUEST, key: await generateKey(type) });
    for (const input of [pem, der]) {
      const csr = parseCsr(input);
      await verifyCsr(csr);
      assert.equal(csr.der, der);
      assert.equal(attributeValues(csr.subject, "commonName"), [SUBJECT.commonName]);
      assert.equal(csr.attributes, ["extensionRequest"]);
      assert.equal(csr.extensions.subjectAltName, [{ type: "dns", value: "etcd1" }, {
        type: "ip",
        value: "10.8.89.9",
      }]);
    }
    assert.equal(new Uint8Array(AsnConvert.serialize(AsnConvert.parse(der, CertificationRequest))), der);
    const text = fromUtf8(openssl(["req", "-verify", "-noout", "-text"], pem));
    assert.match(text, "DNS:etcd1, IP Address:10.8.89.9");
    assert.match(text, /Subject: O\s?=\s?system:etcd-peers, CN\s?=\s?system:etcd-peer:etcd1/);
  });
}

test("the parts of a CSR put together again are the CSR", async () => {
  const { der } = await createCsr(REQUEST);
  const { certificationRequestInfo, signatureAlgorithm, signature, subject, publicKey } = parseCsr(der);
  if (signatureAlgorithm.family === "unsupported") throw new Error("unsupported");
  assert.equal(sequence(certificationRequestInfo, signatureAlgorithm.der, bitStringOf(signature)), der);
  const extensions = [encodeSubjectAltName([{ type: "dns", value: "etcd1" }, { type: "ip", value: "10.8.89.9" }])];
  const request = explicit(0, attribute(Oid.extensionRequest, sequence(...extensions)));
  assert.equal(sequence(integer(0), subject.der, publicKey.spki, request), certificationRequestInfo);
});

test("R24 createCsr without names writes empty attributes, and an empty subject", async () => {
  const { der } = await createCsr({ key, subject: {} });
  const csr = parseCsr(der);
  await verifyCsr(csr);
  assert.equal(csr.attributes, []);
  assert.equal(csr.subject.attributes, []);
  assert.is(csr.extensions.all.length, 0);
  assert.equal(csr.certificationRequestInfo.slice(-2), hex("a0 00"));
});

test("createCsr refuses names that are none, and subjects that cannot be written", async () => {
  await rejectionOf("invalid-object", createCsr({ ...REQUEST, dnsNames: [""] }));
  await rejectionOf("invalid-object", createCsr({ ...REQUEST, dnsNames: ["*.x"] }));
  await rejectionOf("invalid-object", createCsr({ ...REQUEST, ipAddresses: ["etcd1"] }));
  await typeErrorOf(createCsr({ ...REQUEST, subject: { commonName: "" } }));
});

test("parseCsr takes both labels, and no other", async () => {
  const { der } = await createCsr(REQUEST);
  for (const label of ["CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"]) {
    assert.equal(parseCsr(toPem(label, der)).der, der);
  }
  for (const label of ["CERTIFICATE", "CERTIFICATE REQUESTS", "PRIVATE KEY"]) {
    faultOf("malformed-pem", () => parseCsr(toPem(label, der)));
  }
});

test("R24 a version other than 0 is refused", async () => {
  for (const version of ["02 01 01", "02 01 02", "02 01 ff", "02 02 01 00", "02 09 01 00 00 00 00 00 00 00 00"]) {
    const der = await craftCsr({ key, version: hex(version) });
    const error = faultOf("malformed-asn1", () => parseCsr(der));
    assert.match(error.message, "version is not 0");
    assert.is(error.offset, indexOf(der, hex(version)));
  }
});

test("R24 attributes may be empty, and may be missing", async () => {
  for (const attributesField of [hex("a0 00"), hex("")]) {
    const csr = parseCsr(await craftCsr({ key, attributesField }));
    await verifyCsr(csr);
    assert.equal(csr.attributes, []);
  }
});

test("R23 unknown attributes are named, their values ignored", async () => {
  const attributes = [
    attribute("1.2.3.4", sequence(boolean(true))),
    attribute(Oid.challengePassword, utf8String("secret"), utf8String("other")),
    attribute("1.3.6.1.4.1.311.2.1.14", sequence(extension(Oid.subjectAltName, hex("ff")))),
  ];
  const csr = parseCsr(await craftCsr({ key, attributes }));
  await verifyCsr(csr);
  assert.equal([...csr.attributes].sort(), ["1.2.3.4", "1.3.6.1.4.1.311.2.1.14", "challengePassword"]);
  assert.is(csr.extensions.all.length, 0);
});

test("R20 attributes out of order are refused: a SET OF has one encoding", async () => {
  const [first, second] = [attribute("1.2.3.4", sequence()), attribute("1.2.3.5", sequence())];
  await verifyCsr(parseCsr(await craftCsr({ key, attributesField: explicit(0, first, second) })));
  const swapped = await craftCsr({ key, attributesField: explicit(0, second, first) });
  assert.match(faultOf("malformed-asn1", () => parseCsr(swapped)).message, "attributes are out of order");
});

const SAN = encodeSubjectAltName([{ type: "dns", value: "a" }]);
const REQUESTED = attribute(Oid.extensionRequest, sequence(SAN));

/** Structures that are none; the offset is that of the part given, moved on. */
const FAULTS: Readonly<Record<string, readonly [Omit<CraftedCsr, "key">, part: Bytes, number]>> = {
  "R22 two extensionRequest attributes": [
    { attributes: [REQUESTED, attribute(Oid.extensionRequest, sequence(extension("1.2.3", hex("05 00"))))] },
    REQUESTED, // the second, since the shorter one stands first
    0,
  ],
  "R22 two equal extensionRequest attributes": [{ attributes: [REQUESTED, REQUESTED] }, REQUESTED, REQUESTED.length],
  "R22 two values of extensionRequest": [
    { attributes: [attribute(Oid.extensionRequest, sequence(SAN), sequence(SAN, extension("1.2.3", hex(""))))] },
    sequence(SAN, extension("1.2.3", hex(""))),
    0,
  ],
  "R22 an extension twice": [{ extensions: [SAN, SAN] }, SAN, SAN.length],
  "no extension in extensionRequest": [{ extensions: [] }, attribute(Oid.extensionRequest, sequence()), 17],
  "an empty set of values": [{ attributes: [attribute(Oid.challengePassword)] }, attribute(Oid.challengePassword), 15],
  "extensions that are no SEQUENCE": [
    { attributes: [attribute(Oid.extensionRequest, nullValue())] },
    attribute(Oid.extensionRequest, nullValue()),
    15,
  ],
  "an attribute without values": [{ attributes: [sequence(oid("1.2.3"))] }, sequence(oid("1.2.3")), 6],
  "an attribute with more": [
    { attributes: [sequence(oid("1.2.3"), setOf(nullValue()), nullValue())] },
    sequence(oid("1.2.3"), setOf(nullValue()), nullValue()),
    10,
  ],
  "attributes of another tag": [{ attributesField: explicit(1, REQUESTED) }, explicit(1, REQUESTED), 0],
  "a second attributes field": [
    { attributesField: concat([hex("a0 00"), explicit(0, REQUESTED)]) },
    explicit(0, REQUESTED),
    0,
  ],
  "a subject that is a SET": [{ subject: hex("31 00") }, hex("31 00 30 59"), 0],
  "a signature of another type": [{ signature: hex("04 02 00 aa") }, hex("04 02 00 aa"), 0],
  "a signature with unused bits": [{ signature: hex("03 02 01 aa") }, hex("03 02 01 aa"), 0],
  "a part too many": [{ signature: hex("03 02 00 aa 05 00") }, hex("05 00"), 0],
  "ECDSA parameters": [{ algorithm: sequence(oid(Oid.ecdsaWithSha256), nullValue()) }, hex("05 00"), 0],
};

for (const [name, [parts, part, offset]] of Object.entries(FAULTS)) {
  test(`parseCsr refuses ${name}, with the place`, async () => {
    const der = await craftCsr({
      key,
      ...parts,
      ...(parts.signature === undefined ? { signature: hex("03 01 00") } : {}),
    });
    const error = faultOf("malformed-asn1", () => parseCsr(der));
    assert.is(error.offset, indexOf(der, part) + offset, error.message);
  });
}

test("parseCsr refuses DER that is something else, or only a part", async () => {
  const { der } = await createCsr(REQUEST);
  const faults: readonly (readonly [Bytes, ErrorCode, number])[] = [
    [hex(""), "malformed-der", 0],
    [hex("05 00"), "malformed-asn1", 0],
    [hex("31 00"), "malformed-asn1", 0],
    [hex("04 03 30 01 00"), "malformed-asn1", 0],
    [hex("30 00"), "malformed-asn1", 2],
    [concat([der, hex("00")]), "malformed-der", der.length],
    [der.slice(0, -1), "malformed-der", 1],
  ];
  for (const [bytes, code, offset] of faults) {
    assert.is(faultOf(code, () => parseCsr(bytes)).offset, offset);
  }
});

test("R19 R20 a CSR in another encoding is refused, though it means the same", async () => {
  const { der } = await createCsr(REQUEST);
  const content = der.subarray(der.length < 259 ? 3 : 4);
  const indefinite = concat([hex("30 80"), content, hex("00 00")]);
  assert.is(faultOf("malformed-der", () => parseCsr(indefinite)).offset, 1);
  const long = concat([hex("30 83 00"), Uint8Array.of(content.length >> 8, content.length & 0xff), content]);
  assert.is(faultOf("malformed-der", () => parseCsr(long)).offset, 1);
});

test("verifyCsr says no to another key, another content, and what it does not use", async () => {
  const other = await generateKey("ec-p256");
  await rejectionOf("invalid-signature", verifyCsr(parseCsr(await craftCsr({ key, spki: other.publicKey.spki }))));
  const { der } = await createCsr(REQUEST);
  const changed = patched(der, indexOf(der, hex("65 74 63 64 31")), 0x66);
  const error = await rejectionOf("invalid-signature", verifyCsr(parseCsr(changed)));
  assert.is(error.message, "Cannot verify CSR: the signature is not valid");
  const wrong = await craftCsr({ key, algorithm: signatureAlgorithm("ed25519", undefined).der });
  await rejectionOf("invalid-signature", verifyCsr(parseCsr(wrong)));
  const sha1 = await craftCsr({ key, algorithm: sequence(oid("1.2.840.10045.4.1")) });
  await rejectionOf("unsupported-algorithm", verifyCsr(parseCsr(sha1)));
});

test("R39 verifyCsr takes no compressed point, though the key is the signer's", async () => {
  const point = key.publicKey.keyBits;
  const compressed = concat([Uint8Array.of(2 + ((point[64] ?? 0) & 1)), point.subarray(1, 33)]);
  const spki = sequence(sequence(oid(Oid.ecPublicKey), oid(Oid.secp256r1)), bitStringOf(compressed));
  const csr = parseCsr(await craftCsr({ key, spki }));
  assert.match((await rejectionOf("unsupported-algorithm", verifyCsr(csr))).message, "point is compressed");
});

test.run();
