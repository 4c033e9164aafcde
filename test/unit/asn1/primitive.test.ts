import { test } from "uvu";
import * as assert from "uvu/assert";
import { readDer } from "../../../src/asn1/der.ts";
import { element } from "../../../src/asn1/der_writer.ts";
import { isPrintable } from "../../../src/asn1/primitive.ts";
import { Tag } from "../../../src/asn1/tag.ts";
import { toLatin1, toUtf8 } from "../../../src/bytes.ts";
import { faultOf, hex } from "../support.ts";

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
refuses("R20 OBJECT IDENTIFIER arcs from 2^49 on", "arc that is too large", [
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

test("isPrintable is X.680's list, character by character", () => {
  const list = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 '()+,-./:=?";
  for (let c = 0; c < 256; c++) assert.is(isPrintable(c), list.includes(toLatin1(Uint8Array.of(c))), `${c}`);
});

test.run();
