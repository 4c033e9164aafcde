/**
 * What X.690 §8, §10 and §11 demand of the content octets of primitive types.
 * @module
 */
import { fromUtf8, toLatin1 } from "../bytes.ts";
import { CONSTRUCTED, Tag } from "./tag.ts";

/** What is wrong with the content octets of a universal primitive type, if anything is. */
export function checkPrimitive(tag: number, content: Uint8Array): string | undefined {
  const first = content[0];
  switch (tag) {
    case Tag.boolean:
      return content.length === 1 && (first === 0x00 || first === 0xff) ? undefined : "BOOLEAN is neither 00 nor FF";
    case Tag.integer:
    case Tag.enumerated:
      return integerFault(content);
    case Tag.bitString:
      return bitStringFault(content);
    case Tag.null:
      return content.length === 0 ? undefined : "NULL is not empty";
    case Tag.oid:
      return oidFault(content);
    case Tag.utf8String:
      return utf8Fault(content);
    case Tag.printableString:
      return every(content, isPrintable) ? undefined : "PrintableString has a character it cannot hold";
    case Tag.numericString:
      return every(content, (c) => c === 0x20 || (c >= 0x30 && c <= 0x39))
        ? undefined
        : "NumericString has a character it cannot hold";
    case Tag.ia5String:
      return every(content, (c) => c < 0x80) ? undefined : "IA5String has a character it cannot hold";
    case Tag.visibleString:
      return every(content, (c) => c >= 0x20 && c < 0x7f) ? undefined : "VisibleString has a character it cannot hold";
    case Tag.bmpString:
      return content.length % 2 === 0 ? undefined : "BMPString has an odd length";
    case Tag.universalString:
      return content.length % 4 === 0 ? undefined : "UniversalString has a length that is no multiple of 4";
    case Tag.utcTime:
    case Tag.generalizedTime:
      return timeOf(tag, content) === undefined ? "time is not YYMMDDHHMMSSZ or YYYYMMDDHHMMSSZ" : undefined;
    case 0x00:
      return "end-of-contents octets";
    case Tag.sequence & ~CONSTRUCTED:
    case Tag.set & ~CONSTRUCTED:
      return "SEQUENCE or SET is not constructed";
    default:
      return undefined;
  }
}

/** X.690 §8.3.2: the first nine bits are not all equal. */
function integerFault(content: Uint8Array): string | undefined {
  const [first, second] = content;
  if (first === undefined) return "INTEGER is empty";
  if (second === undefined) return undefined;
  const redundant = (first === 0x00 && second < 0x80) || (first === 0xff && second >= 0x80);
  return redundant ? "INTEGER is not minimal" : undefined;
}

/** X.690 §8.6, §11.2: the unused bits of the last octet are zero. */
function bitStringFault(content: Uint8Array): string | undefined {
  const unused = content[0];
  if (unused === undefined) return "BIT STRING is empty";
  if (unused > 7 || (unused > 0 && content.length === 1)) return "BIT STRING has a wrong number of unused bits";
  const last = content[content.length - 1] ?? 0;
  return unused > 0 && (last & ((1 << unused) - 1)) !== 0 ? "BIT STRING has unused bits that are not zero" : undefined;
}

/** X.690 §8.19: base-128 arcs, none with a leading 0x80; arcs from 2^49 on are refused rather than truncated. */
function oidFault(content: Uint8Array): string | undefined {
  if (content.length === 0) return "OBJECT IDENTIFIER is empty";
  let start = 0;
  for (let i = 0; i < content.length; i++) {
    if (i === start && content[i] === 0x80) return "OBJECT IDENTIFIER has an arc that is not minimal";
    if ((content[i] ?? 0) < 0x80) {
      if (i - start >= 7) return "OBJECT IDENTIFIER has an arc that is too large";
      start = i + 1;
    }
  }
  return start === content.length ? undefined : "OBJECT IDENTIFIER is cut off";
}

function utf8Fault(content: Uint8Array): string | undefined {
  if (every(content, (c) => c < 0x80)) return undefined;
  try {
    fromUtf8(content);
    return undefined;
  } catch {
    return "UTF8String is not UTF-8";
  }
}

/** X.680 §41.4. */
export function isPrintable(c: number): boolean {
  return (c >= 0x61 && c <= 0x7a) || (c >= 0x41 && c <= 0x5a) || (c >= 0x30 && c <= 0x39) ||
    c === 0x20 || (c >= 0x27 && c <= 0x2f && c !== 0x2a) || c === 0x3a || c === 0x3d || c === 0x3f;
}

function every(content: Uint8Array, test: (c: number) => boolean): boolean {
  for (const c of content) if (!test(c)) return false;
  return true;
}

/** RFC 5280 §4.1.2.5: whole seconds, `Z`, and a two-digit year from 1950 to 2049. */
export function timeOf(tag: number, content: Uint8Array): Date | undefined {
  const text = toLatin1(content);
  const match = /^(\d{2}|\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/.exec(text);
  const yearText = match?.[1];
  if (!match || yearText === undefined || (yearText.length === 2) !== (tag === Tag.utcTime)) return undefined;
  const short = Number(yearText);
  const year = yearText.length === 4 ? short : short < 50 ? 2000 + short : 1900 + short;
  const [month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(2).map(Number);
  const time = new Date(0);
  time.setUTCFullYear(year, month - 1, day);
  time.setUTCHours(hour, minute, second);
  // Date carries an overflow on, so a day or second that does not exist shows as another
  const same = time.getUTCMonth() === month - 1 && time.getUTCDate() === day && time.getUTCHours() === hour &&
    time.getUTCMinutes() === minute && time.getUTCSeconds() === second;
  return same ? time : undefined;
}
