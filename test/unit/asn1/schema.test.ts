import { CertificationRequestInfo } from "@peculiar/asn1-csr";
import { AsnConvert } from "@peculiar/asn1-schema";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { readDer } from "../../../src/asn1/der.ts";
import { oid, sequence, setOf, utf8String } from "../../../src/asn1/der_writer.ts";
import { Oid } from "../../../src/asn1/oid.ts";
import { encodeCertificationRequestInfo } from "../../../src/asn1/schema.ts";
import { Tag } from "../../../src/asn1/tag.ts";
import { concat } from "../../../src/bytes.ts";
import { hex } from "../support.ts";

const SUBJECT = sequence(setOf(sequence(oid(Oid.commonName), utf8String("etcd1"))));
const SPKI = hex(`30 2a 30 05 06 03 2b 65 70 03 21 00 ${"aa".repeat(32)}`);

test("encodeCertificationRequestInfo puts subject and key in byte for byte, version 0 first", () => {
  const der = encodeCertificationRequestInfo({ subject: SUBJECT, subjectPublicKeyInfo: SPKI, attributes: [] });
  const fields = readDer(der, "info").children("info");
  assert.equal(fields.next(Tag.integer, "version").bytes, hex("02 01 00"));
  assert.equal(fields.next(Tag.sequence, "subject").bytes, SUBJECT);
  assert.equal(fields.next(Tag.sequence, "key").bytes, SPKI);
});

test("encodeCertificationRequestInfo writes [0] also where there are no attributes (RFC 2986 §4.1)", () => {
  const der = encodeCertificationRequestInfo({ subject: SUBJECT, subjectPublicKeyInfo: SPKI, attributes: [] });
  assert.equal(der.subarray(-2), hex("a0 00"));
});

test("encodeCertificationRequestInfo writes attributes in the order given", () => {
  const attributes = [
    { type: Oid.challengePassword, values: [utf8String("x")] },
    { type: Oid.extensionRequest, values: [sequence(), sequence(utf8String("y"))] },
  ];
  const der = encodeCertificationRequestInfo({ subject: SUBJECT, subjectPublicKeyInfo: SPKI, attributes });
  const members = attributes.map(({ type, values }) => sequence(oid(type), setOf(...values)));
  const end = concat(members);
  assert.equal(der.subarray(der.length - end.length), end);
  assert.equal(new Uint8Array(AsnConvert.serialize(AsnConvert.parse(der, CertificationRequestInfo))), der);
});

test.run();
