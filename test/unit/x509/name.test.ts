import { AsnConvert } from "@peculiar/asn1-schema";
import { Name as AsnName } from "@peculiar/asn1-x509";
import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { readDer } from "../../../src/asn1/der.ts";
import { element, oid, sequence, setOf, utf8String } from "../../../src/asn1/der_writer.ts";
import { Oid } from "../../../src/asn1/oid.ts";
import { Tag } from "../../../src/asn1/tag.ts";
import { type Bytes, toUtf8 } from "../../../src/bytes.ts";
import {
  attributeValues,
  encodeName,
  formatName,
  isSubjectAttribute,
  type Name,
  parseName,
  type Subject,
} from "../../../src/x509/name.ts";
import { faultOf, hex } from "../support.ts";

const parse = (der: Bytes): Name => parseName(readDer(der, "thing"), "thing");
const attribute = (type: string, value: Bytes): Bytes => sequence(oid(type), value);
const common = (value: Bytes): Bytes => sequence(setOf(attribute(Oid.commonName, value)));

test("encodeName writes attributes in the order of the keys, an RDN each, and parseName reads them", () => {
  const name = parse(encodeName({ organization: "system:etcd-peers", commonName: "system:etcd-peer:e1" }));
  assert.equal(name.attributes, [
    { type: "organization", value: "system:etcd-peers", tag: Tag.utf8String, rdn: 0 },
    { type: "commonName", value: "system:etcd-peer:e1", tag: Tag.utf8String, rdn: 1 },
  ]);
  const several = parse(
    encodeName({ commonName: "a", organizationalUnit: ["x", "y"], country: "DE", serialNumber: "1" }),
  );
  assert.equal(several.attributes.map(({ type, value, tag, rdn }) => [type, value, tag, rdn]), [
    ["commonName", "a", Tag.utf8String, 0],
    ["organizationalUnit", "x", Tag.utf8String, 1],
    ["organizationalUnit", "y", Tag.utf8String, 2],
    ["country", "DE", Tag.printableString, 3],
    ["serialNumber", "1", Tag.printableString, 4],
  ]);
  assert.equal(attributeValues(several, "organizationalUnit"), ["x", "y"]);
  assert.equal(attributeValues(several, "organization"), []);
  assert.equal(encodeName({}), hex("30 00"));
});

test("encodeName refuses what it cannot write", () => {
  const faults: readonly Subject[] = [
    { commonName: "" },
    { commonName: "a".repeat(65) },
    { commonName: "😀".repeat(65) },
    { organization: ["a", ""] },
    { country: "DEU" },
    { country: "Dä" },
    { serialNumber: "a@b" },
    { commonName: "\ud800" },
    { commonName: "a\udc00b" },
    { ["emailAddress" as "commonName"]: "a@b" },
    { ["__proto__x" as "commonName"]: "a" },
  ];
  for (const subject of faults) {
    assert.throws(() => encodeName(subject), (error: unknown) => error instanceof TypeError, JSON.stringify(subject));
  }
  assert.is(attributeValues(parse(encodeName({ commonName: "😀".repeat(64) })), "commonName")[0], "😀".repeat(64));
  assert.not(isSubjectAttribute("toString"));
});

test("R25 a name goes there and back whatever its text, and means the same to @peculiar/asn1-x509", () => {
  const special = fc.constantFrom(
    ..."\",+\\#;<>= \0\n\r\t'*/",
    "#0401",
    " a ",
    "\u2028",
    "\ufeff",
    "é",
    "e\u0301",
    "ﬀ",
    "：",
  );
  const text = fc.oneof(
    fc.string({ unit: "grapheme", minLength: 1, maxLength: 20 }),
    fc.array(special, { minLength: 1, maxLength: 12 }).map((parts) => parts.join("")),
  )
    .filter((text) => [...text].length <= 64);
  fc.assert(
    fc.property(text, text, (organization, commonName) => {
      const der = encodeName({ organization, commonName });
      const name = parse(der);
      assert.equal(name.attributes.map(({ value }) => value), [organization, commonName]);
      assert.equal(name.der, der);
      const theirs = AsnConvert.parse(der, AsnName);
      assert.equal([...theirs].flatMap((rdn) => rdn.map(({ value }) => value.utf8String)), [organization, commonName]);
      assert.equal(new Uint8Array(AsnConvert.serialize(theirs)), der);
    }),
    { seed: 1, numRuns: 300 },
  );
});

test("R31 parseName keeps the string type of each value, and the text of every type", () => {
  const types: readonly (readonly [number, Bytes, string])[] = [
    [Tag.utf8String, toUtf8("é"), "é"],
    [Tag.printableString, toUtf8("e"), "e"],
    [Tag.teletexString, hex("e9"), "é"],
    [Tag.bmpString, hex("00e9"), "é"],
    [Tag.universalString, hex("000000e9"), "é"],
    [Tag.ia5String, toUtf8("e@x"), "e@x"],
    [Tag.octetString, hex("e9"), "#0401e9"],
    [Tag.bitString, hex("00"), "#030100"],
  ];
  for (const [tag, content, value] of types) {
    const der = common(element(tag, content));
    assert.equal(parse(der), { attributes: [{ type: "commonName", value, tag, rdn: 0 }], der });
  }
  assert.is(parse(common(sequence(utf8String("x")))).attributes[0]?.value, "#30030c0178");
});

test("R30 R31 names that look alike differ: full width, combining, NUL, and the string type in the bytes", () => {
  const values = ["etcd", "ｅtcd", "etcd\0", "etcd\0.evil", "etcd ", "Etcd", "\u00e9", "e\u0301"];
  const names = values.map((value) => parse(common(utf8String(value))));
  assert.is(new Set(names.map((name) => attributeValues(name, "commonName")[0])).size, values.length);
  assert.not.equal(parse(common(element(Tag.printableString, toUtf8("etcd")))).der, names[0]?.der);
});

test("parseName reads RDNs of several attributes and types without a name", () => {
  const der = sequence(
    setOf(attribute(Oid.commonName, utf8String("b")), attribute(Oid.organization, utf8String("a"))),
    setOf(attribute("1.2.3.4", utf8String("c"))),
  );
  assert.equal(parse(der).attributes.map(({ type, value, rdn }) => [type, value, rdn]), [
    ["commonName", "b", 0],
    ["organization", "a", 0],
    ["1.2.3.4", "c", 1],
  ]);
});

test("parseName refuses another shape, with the place", () => {
  const value = utf8String("a");
  const faults: readonly (readonly [Bytes, number])[] = [
    [hex("31 00"), 0],
    [hex("04 00"), 0],
    [sequence(sequence()), 2],
    [sequence(setOf()), 4],
    [sequence(setOf(value)), 4],
    [sequence(setOf(sequence())), 6],
    [sequence(setOf(sequence(value, value))), 6],
    [sequence(setOf(sequence(oid(Oid.commonName)))), 11],
    [sequence(setOf(sequence(oid(Oid.commonName), value, value))), 14],
  ];
  for (const [der, offset] of faults) assert.is(faultOf("malformed-asn1", () => parse(der)).offset, offset, `${der}`);
});

test("formatName is for people", () => {
  assert.is(formatName(parse(encodeName({ organization: "a, b", commonName: "c+d\\" }))), "O=a\\, b, CN=c\\+d\\\\");
  assert.is(formatName(parse(sequence(setOf(attribute("1.2.3", utf8String("x")))))), "1.2.3=x");
  assert.is(formatName(parse(sequence())), "");
});

test.run();
