import { test } from "uvu";
import * as assert from "uvu/assert";
import { type DerElement, readDer, structureError } from "../../../src/asn1/der.ts";
import { element, sequence } from "../../../src/asn1/der_writer.ts";
import { type Bytes, concat } from "../../../src/bytes.ts";
import { faultOf, hex } from "../support.ts";

/** Each is refused as `malformed-der`, with the offset and words in the message. */
function refuses(name: string, faults: readonly (readonly [der: string, offset: number, words: string])[]): void {
  test(`readDer refuses ${name}`, () => {
    for (const [der, offset, words] of faults) {
      const error = faultOf("malformed-der", () => readDer(hex(der), "thing"));
      assert.is(error.offset, offset, `${der}: ${error.message}`);
      assert.ok(error.message.startsWith("Cannot read thing: "), error.message);
      assert.ok(error.message.includes(words), `${der}: ${error.message}`);
      assert.ok(error.message.endsWith(` at offset ${offset}`), error.message);
    }
  });
}

refuses("what ends too early", [
  ["", 0, "element is missing"],
  ["30", 1, "length is missing"],
  ["30 02 05", 1, "length of 2 goes beyond the end"],
  ["30 01 05", 3, "length is missing"],
  ["30 03 30 01 05", 5, "length is missing"],
  ["30 81", 1, "length is cut off"],
  ["30 82 01", 1, "length is cut off"],
  ["30 02 02 81 00", 3, "length is cut off"],
]);

refuses("R19 a trailing byte at each nesting level", [
  ["30 06 30 04 30 02 05 00 00", 8, "1 bytes after the end"],
  ["30 07 30 04 30 02 05 00 00", 9, "length is missing"],
  ["30 07 30 05 30 02 05 00 00", 9, "length is missing"],
  ["30 07 30 05 30 03 05 00 00", 9, "length is missing"],
  ["30 07 30 05 30 03 05 01 00", 6, "NULL is not empty"],
  ["30 08 30 06 30 04 05 00 00 00", 8, "end-of-contents"],
  ["05 00 05 00", 2, "2 bytes after the end"],
  ["05 00 ff ff ff", 2, "3 bytes after the end"],
]);

refuses("R20 lengths that are not DER's", [
  ["30 80 00 00", 1, "indefinite length"],
  ["30 04 24 80 00 00", 3, "indefinite length"],
  ["30 81 00", 1, "length is not minimal"],
  ["30 81 02 05 00", 1, "length is not minimal"],
  ["30 04 04 81 01 00", 3, "length is not minimal"],
  [`04 81 7f ${"00".repeat(127)}`, 1, "length is not minimal"],
  [`04 82 00 80 ${"00".repeat(128)}`, 1, "length is not minimal"],
  [`04 82 00 ff ${"00".repeat(255)}`, 1, "length is not minimal"],
  [`04 83 00 01 00 ${"00".repeat(256)}`, 1, "length is not minimal"],
  [`04 84 00 00 01 00 ${"00".repeat(256)}`, 1, "length is not minimal"],
  ["30 85 00 00 00 00 00", 1, "length of more than 4 octets"],
  ["30 88 7f ff ff ff ff ff ff ff", 1, "length of more than 4 octets"],
  ["30 ff 00", 1, "length of more than 4 octets"],
]);

refuses("R21 lengths that overrun the document or the element around", [
  ["30 03 02 01 05 00", 5, "1 bytes after the end"],
  ["30 03 02 02 05 00", 3, "length of 2 goes beyond the end"],
  ["30 05 30 03 02 02 05", 5, "length of 2 goes beyond the end"],
  ["04 05 00", 1, "length of 5 goes beyond the end"],
  ["30 84 80 00 00 00 00 00 00 00", 1, "length of 2147483648 goes beyond the end"],
  ["04 84 ff ff ff ff 00 00 00 00", 1, "length of 4294967295 goes beyond the end"],
  ["30 08 04 84 7f ff ff ff 00 00", 3, "length of 2147483647 goes beyond the end"],
]);

refuses("high tag numbers", [
  ["1f 81 00 00", 0, "tag number over 30"],
  ["bf 1f 00", 0, "tag number over 30"],
  ["30 03 9f 20 00", 2, "tag number over 30"],
]);

refuses("R20 constructed strings and primitive structures", [
  ["24 03 04 01 00", 0, "constructed encoding of tag 0x24"],
  ["23 04 03 02 00 00", 0, "constructed encoding of tag 0x23"],
  ["2c 02 0c 00", 0, "constructed encoding of tag 0x2c"],
  ["30 04 33 02 13 00", 2, "constructed encoding of tag 0x33"],
  ["22 03 02 01 00", 0, "constructed encoding of tag 0x22"],
  ["21 00", 0, "constructed encoding of tag 0x21"],
  ["10 00", 0, "SEQUENCE or SET is not constructed"],
  ["10 02 05 00", 0, "SEQUENCE or SET is not constructed"],
  ["30 02 11 00", 2, "SEQUENCE or SET is not constructed"],
]);

refuses("R20 members of a SET that are out of order", [
  ["31 06 02 01 02 02 01 01", 5, "SET members out of order"],
  ["31 04 05 00 01 00", 4, "BOOLEAN"],
  ["31 07 02 02 01 00 02 01 7f", 6, "SET members out of order"],
  ["31 05 0c 01 41 05 00", 5, "SET members out of order"],
  ["30 08 31 06 02 01 02 02 01 01", 7, "SET members out of order"],
]);

test("readDer takes SETs in order, and equal members side by side", () => {
  for (const der of ["31 00", "31 06 02 01 01 02 01 02", "31 06 02 01 01 02 01 01", "31 07 02 01 7f 02 02 00 80"]) {
    assert.equal(readDer(hex(der), "thing").bytes, hex(der));
  }
});

/** As many SEQUENCEs, one in the other. */
function nested(depth: number): Bytes {
  let der: Bytes = sequence();
  for (let i = 1; i < depth; i++) der = sequence(der);
  return der;
}

test("R21 readDer takes 32 levels and refuses 33, and 100,000 as soon", () => {
  assert.is(readDer(nested(32), "thing").bytes.length, 64);
  const error = faultOf("malformed-der", () => readDer(nested(33), "thing"));
  assert.is(error.offset, 64);
  assert.match(error.message, "nesting deeper than 32");
  const bomb = new Uint8Array(4 * 100_000);
  for (let at = 0; at < bomb.length; at += 4) bomb.set([0x30, 0x82, 0xff, 0xff], at);
  faultOf("malformed-der", () => readDer(bomb, "thing"));
});

test("readDer counts offsets from the document that the bytes are a part of", () => {
  const error = faultOf("malformed-der", () => readDer(hex("30 03 01 01 01"), "thing", 100));
  assert.is(error.offset, 102);
  assert.match(error.message, "at offset 102");
  const inner = readDer(hex("30 02 05 00"), "thing", 100).children("thing").any("inner");
  assert.is(inner.offset, 102);
  assert.is(inner.contentOffset, 104);
});

test("readDer reads bytes that are a view of others", () => {
  const whole = concat([hex("ff ff"), hex("30 03 02 01 05"), hex("ff")]);
  const read = readDer(whole.subarray(2, 7), "thing");
  assert.is(read.offset, 0);
  assert.equal(read.bytes, hex("30 03 02 01 05"));
  assert.equal(read.children("thing").any("number").content, hex("05"));
});

test("DerCursor walks, and says what is missing, wrong and left over", () => {
  const outer = readDer(hex("30 0a 02 01 05 a0 02 05 00 04 01 aa"), "thing");
  const cursor = outer.children("widget");
  assert.is(cursor.next(0x02, "count").offset, 2);
  assert.is(cursor.optional(0x04), undefined);
  assert.is(cursor.optional(0xa0)?.contentOffset, 7);
  const left = faultOf("malformed-asn1", () => cursor.end());
  assert.is(left.message, "Cannot read widget: unexpected element at offset 9");
  assert.is(left.offset, 9);
  const wrong = faultOf("malformed-asn1", () => cursor.next(0x02, "size"));
  assert.is(wrong.message, "Cannot read widget: size has tag 0x04 where 0x02 is expected at offset 9");
  assert.not.ok(cursor.more);
  cursor.end();
  assert.is(cursor.optional(0x04), undefined);
  const missing = faultOf("malformed-asn1", () => cursor.any("colour"));
  assert.is(missing.message, "Cannot read widget: colour is missing at offset 12");
  assert.is(missing.offset, 12);
});

test("DerElement.children refuses a primitive element, whose content nobody checked", () => {
  for (const der of ["04 02 05 00", "80 03 02 01 05", "05 00"]) {
    const error = faultOf("malformed-asn1", () => readDer(hex(der), "thing", 7).children("widget"));
    assert.is(error.offset, 7);
    assert.match(error.message, "has no elements inside");
  }
});

test("structureError says what, why and where", () => {
  const error = structureError("CSR", "it is blue", 4);
  assert.is(error.code, "malformed-asn1");
  assert.is(error.message, "Cannot read CSR: it is blue at offset 4");
  assert.is(error.offset, 4);
});

/** Encodes what was read anew: what is accepted has exactly one encoding. */
function encodedAnew(read: DerElement): Bytes {
  if ((read.tag & 0x20) === 0) return element(read.tag, read.content);
  const members: Bytes[] = [];
  for (const cursor = read.children("thing"); cursor.more;) members.push(encodedAnew(cursor.any("member")));
  return element(read.tag, ...members);
}

test("R20 whatever readDer accepts encodes anew to the same bytes", () => {
  const start = hex("30 1b 31 0d 02 01 05 04 02 01 02 0c 04 65 74 63 64 a0 03 01 01 ff 06 03 55 04 03 80 00");
  start[1] = start.length - 2;
  // every one-byte change of a document, and every one of 20,000 seeded pairs of changes
  let seed = 1;
  const next = (limit: number): number => (seed = (seed * 48271) % 0x7fffffff) % limit;
  let [accepted, refused] = [0, 0];
  const look = (der: Bytes): void => {
    let read: DerElement;
    try {
      read = readDer(der, "thing");
    } catch {
      faultOf("malformed-der", () => readDer(der, "thing"));
      refused++;
      return;
    }
    assert.equal(encodedAnew(read), der);
    accepted++;
  };
  for (let at = 0; at < start.length; at++) {
    for (let value = 0; value < 256; value++) look(Uint8Array.from(start, (octet, i) => i === at ? value : octet));
  }
  for (let round = 0; round < 20_000; round++) {
    const der = new Uint8Array(start);
    for (let i = 0; i < 2; i++) der[next(der.length)] = next(256);
    look(der);
  }
  assert.ok(accepted > 1000 && refused > 1000, `${accepted} ${refused}`);
});

test.run();
