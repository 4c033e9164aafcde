import { test } from "uvu";
import * as assert from "uvu/assert";
import { type DerElement, readDer } from "../../../src/asn1/der.ts";
import * as values from "../../../src/asn1/der_value.ts";
import { element } from "../../../src/asn1/der_writer.ts";
import { Tag } from "../../../src/asn1/tag.ts";
import { toLatin1, toUtf8 } from "../../../src/bytes.ts";
import { faultOf, hex } from "../support.ts";

const read = (der: string): DerElement => readDer(hex(der), "thing");
const ofText = (tag: number, text: string): Uint8Array => element(tag, toUtf8(text));

/** Each value stands inside of a SEQUENCE, so that the offset of the fault is 2. */
function refuses(name: string, words: string, ders: readonly (string | Uint8Array)[]): void {
  test(`readDer refuses ${name}`, () => {
    for (const der of ders) {
      const inner = typeof der === "string" ? hex(der) : der;
      const error = faultOf("malformed-der", () => readDer(element(Tag.sequence, inner), "thing"));
      assert.is(error.offset, 2, `${der}: ${error.message}`);
      assert.ok(error.message.includes(words), `${der}: ${error.message}`);
    }
  });
}

refuses("R20 a BOOLEAN of BER", "BOOLEAN is neither 00 nor FF", [
  "01 01 01",
  "01 01 fe",
  "01 01 7f",
  "01 00",
  "01 02 ff ff",
]);
refuses("an empty INTEGER", "INTEGER is empty", ["02 00", "0a 00"]);
refuses("R20 an INTEGER that is not minimal", "INTEGER is not minimal", [
  "02 02 00 00",
  "02 02 00 7f",
  "02 02 ff 80",
  "02 02 ff ff",
  "02 03 00 00 80",
  "0a 02 00 01",
]);
refuses("a NULL that is not empty", "NULL is not empty", ["05 01 00"]);
refuses("R20 OBJECT IDENTIFIER arcs that are not minimal", "arc that is not minimal", [
  "06 01 80",
  "06 02 80 01",
  "06 04 55 04 80 03",
  "06 03 2a 80 01",
]);
refuses("R20 an OBJECT IDENTIFIER that is cut off or empty", "OBJECT IDENTIFIER is", [
  "06 00",
  "06 01 86",
  "06 03 55 04 83",
  "06 02 2a ff",
]);
refuses("R20 OBJECT IDENTIFIER arcs over 2^53", "arc that is too large", [
  "06 09 2a ff ff ff ff ff ff ff 7f",
  "06 09 2a 81 80 80 80 80 80 80 00",
  "06 0b 81 80 80 80 80 80 80 80 80 80 00",
]);
refuses("a BIT STRING with wrong unused bits", "BIT STRING", [
  "03 00",
  "03 01 01",
  "03 01 07",
  "03 02 08 00",
  "03 02 ff 00",
  "03 02 01 01",
  "03 02 07 c0",
  "03 03 04 ff f8",
]);
refuses("a PrintableString with another character", "PrintableString", [
  ...["*", "@", "&", "_", ";", "<", "!", '"', "#", "$", "%", "\0", "ä", "[", "`", "{", "\x7f"].map((text) =>
    ofText(Tag.printableString, text)
  ),
  "13 01 80",
]);
refuses("a NumericString with another character", "NumericString", ["12 01 41", "12 01 2e", "12 01 00", "12 01 80"]);
refuses("an IA5String with another byte", "IA5String", ["16 01 80", "16 01 ff", "16 02 c3 a4"]);
refuses("a VisibleString with another character", "VisibleString", ["1a 01 00", "1a 01 1f", "1a 01 7f", "1a 01 80"]);
refuses("R31 a UTF8String that is not UTF-8", "UTF8String is not UTF-8", [
  "0c 01 80",
  "0c 02 c0 80",
  "0c 02 c3 28",
  "0c 02 e2 82",
  "0c 03 ed a0 80",
  "0c 04 f4 90 80 80",
  "0c 04 f0 80 80 af",
  "0c 01 ff",
]);
refuses("R31 wide strings of a wrong length", "String has a", [
  "1e 01 00",
  "1e 03 00 41 00",
  "1c 02 00 41",
  "1c 05 00 00 00 41 00",
]);
refuses("end-of-contents octets", "end-of-contents", ["00 00"]);
refuses(
  "times that are none",
  "time is not",
  [
    [Tag.utcTime, "240230000000Z"],
    [Tag.utcTime, "230229000000Z"],
    [Tag.utcTime, "240431000000Z"],
    [Tag.utcTime, "241301000000Z"],
    [Tag.utcTime, "240001000000Z"],
    [Tag.utcTime, "240100000000Z"],
    [Tag.utcTime, "240101240000Z"],
    [Tag.utcTime, "240101006000Z"],
    [Tag.utcTime, "240101000060Z"],
    [Tag.utcTime, "240101000000"],
    [Tag.utcTime, "2401010000Z"],
    [Tag.utcTime, "240101000000z"],
    [Tag.utcTime, "240101000000+0000"],
    [Tag.utcTime, "240101000000.5Z"],
    [Tag.utcTime, "20240101000000Z"],
    [Tag.utcTime, "2401010000 0Z"],
    [Tag.utcTime, "240101000000Z\n"],
    [Tag.utcTime, ""],
    [Tag.generalizedTime, "240101000000Z"],
    [Tag.generalizedTime, "20230229000000Z"],
    [Tag.generalizedTime, "21000229000000Z"],
    [Tag.generalizedTime, "20240101000060Z"],
    [Tag.generalizedTime, "20240101000000"],
    [Tag.generalizedTime, "20240101000000.5Z"],
    [Tag.generalizedTime, "20240101000000,5Z"],
    [Tag.generalizedTime, "20240101000000+0100"],
    [Tag.generalizedTime, "202401010000Z"],
  ].map(([tag, text]) => ofText(Number(tag), String(text))),
);

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

test("isPrintable is X.680's list, character by character", () => {
  const list = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 '()+,-./:=?";
  for (let c = 0; c < 256; c++) assert.is(values.isPrintable(c), list.includes(toLatin1(Uint8Array.of(c))), `${c}`);
});

test.run();
