import { AsnConvert } from "@peculiar/asn1-schema";
import * as theirs from "@peculiar/asn1-x509";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { readDer } from "../../../src/asn1/der.ts";
import {
  boolean,
  explicit,
  implicit,
  integer,
  namedBits,
  octetString,
  oid,
  sequence,
  utf8String,
} from "../../../src/asn1/der_writer.ts";
import { Oid } from "../../../src/asn1/oid.ts";
import { type Bytes, concat } from "../../../src/bytes.ts";
import type { ErrorCode } from "../../../src/errors.ts";
import * as ours from "../../../src/x509/extension.ts";
import { extension } from "../craft.ts";
import { faultOf, hex } from "../support.ts";

const parse = (...extensions: readonly Bytes[]): ours.Extensions =>
  ours.parseExtensions(readDer(sequence(...extensions), "thing"));
const value = (der: Bytes): ArrayBuffer => AsnConvert.parse(der, theirs.Extension).extnValue.buffer;

test("what is encoded is read back, in order", () => {
  const names = [{ type: "dns", value: "etcd1" }, { type: "ip", value: "10.0.0.1" }] as const;
  const read = parse(
    ours.encodeBasicConstraints(true, 0),
    ours.encodeKeyUsage(["keyCertSign", "cRLSign"]),
    ours.encodeExtKeyUsage(["serverAuth", "clientAuth"]),
    ours.encodeSubjectKeyIdentifier(hex("0102")),
    ours.encodeAuthorityKeyIdentifier(hex("0304")),
    ours.encodeSubjectAltName(names),
  );
  assert.equal(read.basicConstraints, { ca: true, pathLength: 0 });
  assert.equal(read.keyUsage, ["keyCertSign", "cRLSign"]);
  assert.equal(read.extKeyUsage, ["serverAuth", "clientAuth"]);
  assert.equal(read.subjectKeyIdentifier, hex("0102"));
  assert.equal(read.authorityKeyIdentifier, hex("0304"));
  assert.equal(read.subjectAltName, names);
  assert.equal(read.all.map(({ type, critical }) => [type, critical]), [
    ["basicConstraints", true],
    ["keyUsage", true],
    ["extKeyUsage", false],
    ["subjectKeyIdentifier", false],
    ["authorityKeyIdentifier", false],
    ["subjectAltName", false],
  ]);
});

test("what is encoded means the same to @peculiar/asn1-x509", () => {
  const bc = AsnConvert.parse(value(ours.encodeBasicConstraints(true, 3)), theirs.BasicConstraints);
  assert.ok(bc.cA && bc.pathLenConstraint === 3);
  assert.not(AsnConvert.parse(value(ours.encodeBasicConstraints(false)), theirs.BasicConstraints).cA);
  assert.equal(ours.encodeBasicConstraints(false).slice(-4), hex("04 02 30 00"));
  const usage = AsnConvert.parse(value(ours.encodeKeyUsage(["digitalSignature", "keyCertSign"])), theirs.KeyUsage);
  assert.equal(usage.toJSON().sort(), ["digitalSignature", "keyCertSign"]);
  const extended = AsnConvert.parse(value(ours.encodeExtKeyUsage([...ours.EXT_KEY_USAGES])), theirs.ExtendedKeyUsage);
  assert.equal([...extended], ours.EXT_KEY_USAGES.map((usage) => Oid[usage]));
  const san = AsnConvert.parse(
    value(ours.encodeSubjectAltName([{ type: "ip", value: "::1" }], true)),
    theirs.SubjectAlternativeName,
  );
  assert.is(san[0]?.iPAddress, "::1");
  assert.ok(
    AsnConvert.parse(ours.encodeSubjectAltName([{ type: "dns", value: "a" }], true), theirs.Extension).critical,
  );
  const aki = AsnConvert.parse(value(ours.encodeAuthorityKeyIdentifier(hex("0304"))), theirs.AuthorityKeyIdentifier);
  assert.equal(new Uint8Array(aki.keyIdentifier?.buffer ?? new ArrayBuffer(0)), hex("0304"));
});

test("keyUsage: each bit alone, and all of them", () => {
  for (const usage of ours.KEY_USAGES) assert.equal(parse(ours.encodeKeyUsage([usage])).keyUsage, [usage]);
  assert.equal(parse(ours.encodeKeyUsage([...ours.KEY_USAGES])).keyUsage, [...ours.KEY_USAGES]);
  assert.equal(parse(ours.encodeKeyUsage(["cRLSign", "digitalSignature"])).keyUsage, ["digitalSignature", "cRLSign"]);
});

test("extensions that are not known stand in `all` only; usages without a name are dotted", () => {
  const read = parse(
    extension("1.2.3", hex("ff")),
    extension(Oid.extKeyUsage, sequence(oid("1.2.3.4"), oid(Oid.anyExtendedKeyUsage))),
  );
  assert.equal(read.all[0], { type: "1.2.3", critical: false, value: hex("ff") });
  assert.equal(read.extKeyUsage, ["1.2.3.4", "anyExtendedKeyUsage"]);
  assert.is(read.keyUsage, undefined);
  assert.is(ours.NO_EXTENSIONS.all.length, 0);
  assert.ok(Object.isFrozen(ours.NO_EXTENSIONS));
});

test("authorityKeyIdentifier may have the issuer's name and serial number besides", () => {
  const issuer = concat([implicit(0, hex("0102")), explicit(1, explicit(4, sequence())), implicit(2, hex("05"))]);
  assert.equal(parse(extension(Oid.authorityKeyIdentifier, sequence(issuer))).authorityKeyIdentifier, hex("0102"));
  const without = extension(Oid.authorityKeyIdentifier, sequence());
  assert.is(parse(without).authorityKeyIdentifier, undefined);
});

test("R22 an extension that stands twice is refused, known or not, alike or not", () => {
  const pairs = [
    [extension("1.2.3", hex("05 00")), extension("1.2.3", hex("05 00"))],
    [ours.encodeKeyUsage(["digitalSignature"]), ours.encodeKeyUsage(["cRLSign"])],
    [
      ours.encodeSubjectAltName([{ type: "dns", value: "a" }]),
      ours.encodeSubjectAltName([{ type: "dns", value: "b" }]),
    ],
  ] as const;
  for (const [one, two] of pairs) {
    const error = faultOf("malformed-asn1", () => parse(one, ours.encodeBasicConstraints(false), two));
    assert.match(error.message, "stands twice");
    assert.is(error.offset, 2 + one.length + ours.encodeBasicConstraints(false).length);
  }
});

test("R20 a default value that is encoded is refused", () => {
  const critical = faultOf("malformed-asn1", () => parse(extension("1.2.3", hex("05 00"), boolean(false))));
  assert.match(critical.message, "a default value is encoded");
  assert.is(critical.offset, 8);
  const ca = faultOf("malformed-asn1", () => parse(extension(Oid.basicConstraints, sequence(boolean(false)))));
  assert.match(ca.message, "a default value is encoded");
  assert.is(ca.offset, 13);
});

/** Values that the type of their extension cannot have; offsets count from the first octet of the value. */
const UNREADABLE: readonly (readonly [keyof typeof Oid, string, ErrorCode, number])[] = [
  ["keyUsage", "03 02 00 80", "malformed-asn1", 0], // X.690 §11.2.2: trailing zero bits
  ["keyUsage", "03 03 00 80 00", "malformed-asn1", 0],
  ["basicConstraints", "30 03 02 01 00", "malformed-asn1", 2], // a path length without a CA
  ["subjectAltName", "", "malformed-der", 0],
  ["subjectAltName", "30 00", "malformed-asn1", 2],
  ["subjectAltName", "31 00", "malformed-asn1", 0],
  ["subjectAltName", "30 02 82 00 00", "malformed-der", 4],
  ["subjectAltName", "30 03 82 01 ff", "malformed-asn1", 2],
  ["subjectAltName", "30 05 87 03 01 02 03", "malformed-asn1", 2],
  ["basicConstraints", "30 03 01 01 01", "malformed-der", 2],
  ["basicConstraints", "30 06 01 01 ff 02 01 ff", "malformed-asn1", 5],
  ["basicConstraints", "30 0a 01 01 ff 02 05 01 00 00 00 00", "malformed-asn1", 5],
  ["basicConstraints", "30 06 02 01 00 01 01 ff", "malformed-asn1", 5],
  ["basicConstraints", "04 00", "malformed-asn1", 0],
  ["keyUsage", "03 02 01 01", "malformed-der", 0],
  ["keyUsage", "03 00", "malformed-der", 0],
  ["keyUsage", "04 01 80", "malformed-asn1", 0],
  ["keyUsage", "03 02 07 80 00", "malformed-der", 4],
  ["extKeyUsage", "30 00", "malformed-asn1", 2],
  ["extKeyUsage", "30 02 05 00", "malformed-asn1", 2],
  ["extKeyUsage", "06 01 2a", "malformed-asn1", 0],
  ["subjectKeyIdentifier", "30 00", "malformed-asn1", 0],
  ["subjectKeyIdentifier", "04 01", "malformed-der", 1],
  ["authorityKeyIdentifier", "04 00", "malformed-asn1", 0],
  ["authorityKeyIdentifier", "30 02 05 00", "malformed-asn1", 2],
  ["authorityKeyIdentifier", "30 05 80 01 aa 05 00", "malformed-asn1", 5],
];

test("an extension that certgen knows is read to the end, whoever asks", () => {
  for (const [type, der, code, offset] of UNREADABLE) {
    const crafted = extension(Oid[type], hex(der));
    const error = faultOf(code, () => parse(crafted));
    const start = 2 + crafted.length - hex(der).length;
    assert.is(error.offset, start + offset, `${type} ${der}: ${error.message}`);
  }
});

test("parseExtensions refuses another shape, with the place", () => {
  const whole = (der: Bytes): ours.Extensions => ours.parseExtensions(readDer(der, "thing", 50));
  const faults: readonly (readonly [Bytes, number])[] = [
    [hex("31 00"), 50],
    [octetString(hex("")), 50],
    [sequence(), 52],
    [sequence(utf8String("a")), 52],
    [sequence(sequence()), 54],
    [sequence(sequence(oid("1.2.3"))), 58],
    [sequence(sequence(oid("1.2.3"), integer(1), octetString(hex("")))), 58],
    [sequence(sequence(oid("1.2.3"), boolean(true))), 61],
    [sequence(sequence(oid("1.2.3"), namedBits([0]))), 58],
    [sequence(sequence(oid("1.2.3"), octetString(hex("")), octetString(hex("")))), 60],
  ];
  for (const [der, offset] of faults) assert.is(faultOf("malformed-asn1", () => whole(der)).offset, offset, `${der}`);
});

test.run();
