/**
 * The values inside of primitive DER elements that the reader has checked.
 * @module
 */
import { fromUtf8, toLatin1 } from "../bytes.ts";
import type { DerElement } from "./der.ts";
import { timeOf } from "./primitive.ts";
import { Tag } from "./tag.ts";

/** The unused bits of a BIT STRING's last octet, and its octets. */
export interface BitString {
  readonly unusedBits: number;
  readonly bytes: Uint8Array;
}

/** The value of a BOOLEAN. */
export function booleanValue(element: DerElement): boolean {
  return element.content[0] === 0xff;
}

/** The value of an INTEGER from 0 to 2^31 - 1; `undefined` where it is none of these. */
export function smallInteger(element: DerElement): number | undefined {
  const content = element.content;
  if (content.length > 4 || (content[0] ?? 0) >= 0x80) return undefined;
  let value = 0;
  for (const octet of content) value = value * 256 + octet;
  return value;
}

/** The octets of an INTEGER that is not negative, without its sign octet, big-endian; `undefined` where it is. */
export function unsignedInteger(element: DerElement): Uint8Array | undefined {
  const content = element.content;
  if ((content[0] ?? 0) >= 0x80) return undefined;
  return content[0] === 0 && content.length > 1 ? content.subarray(1) : content;
}

/** The value of a BIT STRING. */
export function bitString(element: DerElement): BitString {
  const content = element.content;
  return { unusedBits: content[0] ?? 0, bytes: content.subarray(1) };
}

/** The dotted text of an OBJECT IDENTIFIER. */
export function oidText(element: DerElement): string {
  const arcs: number[] = [];
  let arc = 0;
  for (const octet of element.content) {
    arc = arc * 128 + (octet & 0x7f);
    if (octet >= 0x80) continue;
    if (arcs.length === 0) {
      const root = Math.min(2, Math.floor(arc / 40));
      arcs.push(root, arc - root * 40);
    } else arcs.push(arc);
    arc = 0;
  }
  return arcs.join(".");
}

/** The text of a character string; `undefined` where the type is none. TeletexString is taken for Latin-1. */
export function stringValue(element: DerElement): string | undefined {
  switch (element.tag) {
    case Tag.utf8String:
      return fromUtf8(element.content);
    case Tag.printableString:
    case Tag.numericString:
    case Tag.ia5String:
    case Tag.visibleString:
    case Tag.teletexString:
      return toLatin1(element.content);
    case Tag.bmpString:
      return wideText(element.content, 2);
    case Tag.universalString:
      return wideText(element.content, 4);
    default:
      return undefined;
  }
}

function wideText(content: Uint8Array, width: 2 | 4): string {
  let text = "";
  for (let at = 0; at < content.length; at += width) {
    let code = 0;
    for (let i = 0; i < width; i++) code = code * 256 + (content[at + i] ?? 0);
    text += code <= 0x10ffff ? String.fromCodePoint(code) : "\ufffd";
  }
  return text;
}

/** The moment of a UTCTime or GeneralizedTime. */
export function timeValue(element: DerElement): Date {
  const time = timeOf(element.tag, element.content);
  if (time === undefined) throw new TypeError("not a time");
  return time;
}
