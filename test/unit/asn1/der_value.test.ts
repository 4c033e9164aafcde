import { test } from "uvu";
import * as assert from "uvu/assert";
import { type DerElement, readDer } from "../../../src/asn1/der.ts";
import * as values from "../../../src/asn1/der_value.ts";
import { element } from "../../../src/asn1/der_writer.ts";
import { Tag } from "../../../src/asn1/tag.ts";
import { toUtf8 } from "../../../src/bytes.ts";
import { hex } from "../support.ts";

const read = (der: string): DerElement => readDer(hex(der), "thing");
const ofText = (tag: number, text: string): Uint8Array => element(tag, toUtf8(text));

test("timeValue reads the moment, two-digit years from 1950 to 2049", () => {
  const times: readonly (readonly [number, string, string])[] = [
    [Tag.utcTime, "000101000000Z", "2000-01-01T00:00:00.000Z"],
    [Tag.utcTime, "491231235959Z", "2049-12-31T23:59:59.000Z"],
    [Tag.utcTime, "500101000000Z", "1950-01-01T00:00:00.000Z"],
    [Tag.utcTime, "991231235959Z", "1999-12-31T23:59:59.000Z"],
    [Tag.utcTime, "240229000000Z", "2024-02-29T00:00:00.000Z"],
    [Tag.utcTime, "240101235959Z", "2024-01-01T23:59:59.000Z"],
    [Tag.generalizedTime, "20500101000000Z", "2050-01-01T00:00:00.000Z"],
    [Tag.generalizedTime, "20000229000000Z", "2000-02-29T00:00:00.000Z"],
    [Tag.generalizedTime, "99991231235959Z", "9999-12-31T23:59:59.000Z"],
    [Tag.generalizedTime, "00500101000000Z", "0050-01-01T00:00:00.000Z"],
  ];
  for (const [tag, text, iso] of times) {
    assert.is(values.timeValue(readDer(ofText(tag, text), "time")).toISOString(), iso, text);
  }
  assert.throws(() => values.timeValue(read("05 00")), (error: unknown) => error instanceof TypeError);
});

test("booleanValue and smallInteger read the values", () => {
  assert.ok(values.booleanValue(read("01 01 ff")));
  assert.not(values.booleanValue(read("01 01 00")));
  const integers: readonly (readonly [string, number | undefined])[] = [
    ["02 01 00", 0],
    ["02 01 7f", 127],
    ["02 02 00 80", 128],
    ["02 03 01 00 00", 65536],
    ["02 04 7f ff ff ff", 2 ** 31 - 1],
    ["02 05 00 80 00 00 00", undefined],
    ["02 01 ff", undefined],
    ["02 01 80", undefined],
    ["02 04 80 00 00 00", undefined],
    ["02 08 7f ff ff ff ff ff ff ff", undefined],
  ];
  for (const [der, value] of integers) assert.is(values.smallInteger(read(der)), value, der);
});

test("unsignedInteger takes the sign octet off, and no negative number", () => {
  assert.equal(values.unsignedInteger(read("02 01 00")), hex("00"));
  assert.equal(values.unsignedInteger(read("02 02 00 ff")), hex("ff"));
  assert.equal(values.unsignedInteger(read("02 02 7f ff")), hex("7fff"));
  assert.is(values.unsignedInteger(read("02 01 ff")), undefined);
  assert.is(values.unsignedInteger(read("02 02 80 00")), undefined);
});

test("bitString gives unused bits and octets", () => {
  assert.equal(values.bitString(read("03 01 00")), { unusedBits: 0, bytes: hex("") });
  assert.equal(values.bitString(read("03 02 05 a0")), { unusedBits: 5, bytes: hex("a0") });
  assert.equal(values.bitString(read("03 03 00 a0 01")), { unusedBits: 0, bytes: hex("a001") });
});

test("oidText writes all roots and the largest arcs", () => {
  const oids: readonly (readonly [string, string])[] = [
    ["06 01 00", "0.0"],
    ["06 01 27", "0.39"],
    ["06 01 28", "1.0"],
    ["06 01 4f", "1.39"],
    ["06 01 50", "2.0"],
    ["06 01 7f", "2.47"],
    ["06 02 88 37", "2.999"],
    ["06 03 55 04 03", "2.5.4.3"],
    ["06 06 2a 86 48 86 f7 0d", "1.2.840.113549"],
    ["06 08 2a ff ff ff ff ff ff 7f", "1.2.562949953421311"],
  ];
  for (const [der, text] of oids) assert.is(values.oidText(read(der)), text, der);
});

test("R31 stringValue reads every string type, and nothing else", () => {
  const strings: readonly (readonly [string, string])[] = [
    ["0c 04 61 c3 a4 00", "aä\0"],
    ["0c 07 ef bb bf f0 9f 98 80", "\ufeff😀"],
    ["13 03 41 2e 3f", "A.?"],
    ["12 03 31 20 32", "1 2"],
    ["16 02 40 7f", "@\x7f"],
    ["1a 01 7e", "~"],
    ["14 02 e4 41", "äA"],
    ["1e 04 00 41 20 ac", "A€"],
    ["1e 04 d8 3d de 00", "😀"],
    ["1c 08 00 00 00 41 00 01 f6 00", "A😀"],
    ["1c 04 7f ff ff ff", "\ufffd"],
  ];
  for (const [der, text] of strings) assert.is(values.stringValue(read(der)), text, der);
  for (const der of ["05 00", "04 01 41", "02 01 41", "06 01 41", "30 00", "81 01 41"]) {
    assert.is(values.stringValue(read(der)), undefined, der);
  }
});

test.run();
