/**
 * Writes DER (X.690): each function gives the whole encoding of one element.
 * @module
 */
import { type Bytes, compare, concat, toLatin1, toUtf8 } from "../bytes.ts";
import { isPrintable } from "./primitive.ts";
import { contextConstructed, contextPrimitive, Tag } from "./tag.ts";

/** An element with this identifier octet whose content is the parts, one after the other. */
export function element(tag: number, ...parts: readonly Uint8Array[]): Bytes {
  let length = 0;
  for (const part of parts) length += part.length;
  return concat([header(tag, length), ...parts]);
}

/** Identifier and length octets (X.690 §8.1, §10.1). */
function header(tag: number, length: number): Uint8Array {
  if (length < 0x80) return Uint8Array.of(tag, length);
  if (length < 0x100) return Uint8Array.of(tag, 0x81, length);
  if (length < 0x10000) return Uint8Array.of(tag, 0x82, length >> 8, length & 0xff);
  if (length >= 0x1000000) throw new TypeError(`an element of ${length} octets is not written`);
  return Uint8Array.of(tag, 0x83, length >> 16, (length >> 8) & 0xff, length & 0xff);
}

/** SEQUENCE. */
export function sequence(...parts: readonly Uint8Array[]): Bytes {
  return element(Tag.sequence, ...parts);
}

/** SET OF: the members are put into the order that DER wants. */
export function setOf(...members: readonly Uint8Array[]): Bytes {
  return element(Tag.set, ...members.toSorted(compare));
}

/** `[number] EXPLICIT`, or `[number] IMPLICIT` over a constructed type. */
export function explicit(number: number, ...parts: readonly Uint8Array[]): Bytes {
  return element(contextConstructed(number), ...parts);
}

/** `[number] IMPLICIT` over a primitive type. */
export function implicit(number: number, content: Uint8Array): Bytes {
  return element(contextPrimitive(number), content);
}

/** INTEGER that is not negative, from big-endian octets. */
export function unsigned(octets: Uint8Array): Bytes {
  let start = 0;
  while (start < octets.length - 1 && octets[start] === 0) start++;
  const magnitude = octets.length === 0 ? Uint8Array.of(0) : octets.subarray(start);
  return (magnitude[0] ?? 0) >= 0x80
    ? element(Tag.integer, Uint8Array.of(0), magnitude)
    : element(Tag.integer, magnitude);
}

/** INTEGER from 0 to 2^31 - 1. */
export function integer(value: number): Bytes {
  return unsigned(Uint8Array.of(value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff));
}

/** BOOLEAN. */
export function boolean(value: boolean): Bytes {
  return element(Tag.boolean, Uint8Array.of(value ? 0xff : 0x00));
}

/** NULL. */
export function nullValue(): Bytes {
  return element(Tag.null);
}

/** OCTET STRING. */
export function octetString(content: Uint8Array): Bytes {
  return element(Tag.octetString, content);
}

/** BIT STRING of whole octets. */
export function bitStringOf(content: Uint8Array): Bytes {
  return element(Tag.bitString, Uint8Array.of(0), content);
}

/** BIT STRING with named bits: trailing zero bits are left out (X.690 §11.2.2). */
export function namedBits(positions: readonly number[]): Bytes {
  const highest = Math.max(-1, ...positions);
  const octets = new Uint8Array(Math.ceil((highest + 1) / 8));
  for (const position of positions) octets[position >> 3] = (octets[position >> 3] ?? 0) | (0x80 >> (position & 7));
  const unused = octets.length === 0 ? 0 : 7 - (highest & 7);
  return element(Tag.bitString, Uint8Array.of(unused), octets);
}

/** OBJECT IDENTIFIER from its dotted text; a `TypeError` where it is none. */
export function oid(text: string): Bytes {
  const [root = 0, second = 0, ...rest] = text.split(".").map(Number);
  // X.690 §8.19.4: the first two arcs share a number, which leaves 40 to the second below 0 and 1
  if (!/^[012](?:\.\d+)+$/.test(text) || (root < 2 && second > 39)) {
    throw new TypeError(`not an object identifier: ${text}`);
  }
  const octets: number[] = [];
  for (const arc of [root * 40 + second, ...rest]) {
    if (!Number.isSafeInteger(arc)) throw new TypeError(`not an object identifier: ${text}`);
    const groups = [arc % 128];
    for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128)) groups.unshift(0x80 | left % 128);
    octets.push(...groups);
  }
  return element(Tag.oid, Uint8Array.from(octets));
}

/** UTF8String. */
export function utf8String(text: string): Bytes {
  return element(Tag.utf8String, toUtf8(text));
}

/** PrintableString; a `TypeError` where the text has another character. */
export function printableString(text: string): Bytes {
  const bytes = toUtf8(text);
  if (!bytes.every(isPrintable)) throw new TypeError(`not a PrintableString: ${JSON.stringify(toLatin1(bytes))}`);
  return element(Tag.printableString, bytes);
}

/** Time of RFC 5280 §4.1.2.5: UTCTime through 2049, GeneralizedTime after; whole seconds. */
export function time(moment: Date): Bytes {
  if (Number.isNaN(moment.getTime())) throw new TypeError("not a moment");
  const digits = moment.toISOString().replace(/[-:T]|\.\d+/g, "");
  if (digits.length !== 15) throw new TypeError(`not a year of four digits: ${digits}`);
  const year = moment.getUTCFullYear();
  return year >= 1950 && year < 2050
    ? element(Tag.utcTime, toUtf8(digits.slice(2)))
    : element(Tag.generalizedTime, toUtf8(digits));
}
