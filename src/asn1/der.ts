/**
 * Reads strict DER (X.690): the only reader of untrusted bytes in this project. What it accepts has exactly one
 * encoding, so that re-encoding what was read gives the same bytes.
 * @module
 */
import { compare } from "../bytes.ts";
import { CertgenError } from "../errors.ts";
import { checkPrimitive } from "./primitive.ts";
import { CONSTRUCTED, Tag } from "./tag.ts";

/** Deepest nesting accepted: a certificate needs 9, and an attacker's 100,000 must not reach the stack. */
const MAX_DEPTH = 32;

/** One element: where it stands in the bytes it was read from. */
export class DerElement {
  /** The identifier octet, as in {@link Tag}. */
  readonly tag: number;
  /** Offset of the identifier octet from the start of the document. */
  readonly offset: number;
  readonly #source: Uint8Array;
  readonly #start: number;
  readonly #contentStart: number;
  readonly #end: number;

  /** Used by the reader only: an element over `source[start, end)` of a document that begins at `start - offset`. */
  constructor(tag: number, source: Uint8Array, start: number, contentStart: number, end: number, offset: number) {
    this.tag = tag;
    this.offset = offset;
    this.#source = source;
    this.#start = start;
    this.#contentStart = contentStart;
    this.#end = end;
  }

  /** The whole encoding: identifier, length and content octets as they were received. */
  get bytes(): Uint8Array {
    return this.#source.subarray(this.#start, this.#end);
  }

  /** The content octets as they were received. */
  get content(): Uint8Array {
    return this.#source.subarray(this.#contentStart, this.#end);
  }

  /** Offset of the first content octet from the start of the document. */
  get contentOffset(): number {
    return this.offset + (this.#contentStart - this.#start);
  }

  /**
   * A cursor over the elements inside, for the structure called `what`.
   * @throws CertgenError `malformed-asn1` where it is primitive: nothing has checked what is inside
   */
  children(what: string): DerCursor {
    if ((this.tag & CONSTRUCTED) === 0) {
      throw structureError(what, `tag ${hexTag(this.tag)} has no elements inside`, this.offset);
    }
    return new DerCursor(this.#source, this.#contentStart, this.#end, this.offset - this.#start, what);
  }
}

/** Walks the elements inside of a constructed one, in order, and says what it missed. */
export class DerCursor {
  readonly #source: Uint8Array;
  readonly #end: number;
  readonly #base: number;
  readonly #what: string;
  #at: number;

  /** Made by {@link DerElement.children}. */
  constructor(source: Uint8Array, start: number, end: number, base: number, what: string) {
    this.#source = source;
    this.#at = start;
    this.#end = end;
    this.#base = base;
    this.#what = what;
  }

  /** Whether an element is left. */
  get more(): boolean {
    return this.#at < this.#end;
  }

  /**
   * The next element, whatever it is.
   * @throws CertgenError `malformed-asn1` where there is none
   */
  any(field: string): DerElement {
    if (!this.more) throw structureError(this.#what, `${field} is missing`, this.#base + this.#at);
    const element = readElement(this.#source, this.#at, this.#end, this.#base);
    this.#at += element.bytes.length;
    return element;
  }

  /**
   * The next element, which must have this tag.
   * @throws CertgenError `malformed-asn1` where it is missing or another
   */
  next(tag: number, field: string): DerElement {
    const element = this.any(field);
    if (element.tag !== tag) {
      throw structureError(
        this.#what,
        `${field} has tag ${hexTag(element.tag)} where ${hexTag(tag)} is expected`,
        element.offset,
      );
    }
    return element;
  }

  /** The next element if it has this tag. */
  optional(tag: number): DerElement | undefined {
    return this.more && this.#source[this.#at] === tag ? this.any("element") : undefined;
  }

  /**
   * Ends the walk.
   * @throws CertgenError `malformed-asn1` where something is left
   */
  end(): void {
    if (this.more) throw structureError(this.#what, "unexpected element", this.#base + this.#at);
  }
}

/**
 * Reads bytes that are exactly one DER element, and checks everything inside of it that DER constrains.
 *
 * @param bytes the encoding, nothing before and nothing after it
 * @param what what it should be, for messages: `Cannot read CSR: …`
 * @param base offset of `bytes` in the document, where they are a part of one
 * @throws CertgenError `malformed-der` with the offset of the fault
 */
export function readDer(bytes: Uint8Array, what: string, base = 0): DerElement {
  try {
    const element = checkElement(bytes, 0, bytes.length, base, 1);
    const length = element.bytes.length;
    if (length !== bytes.length) throw derError(`${bytes.length - length} bytes after the end`, base + length);
    return element;
  } catch (error) {
    if (!(error instanceof CertgenError)) throw error;
    throw new CertgenError(error.code, `Cannot read ${what}: ${error.message}`, { offset: error.offset ?? base });
  }
}

/** The error for DER that is not the structure it should be. */
export function structureError(what: string, fault: string, offset: number): CertgenError {
  return new CertgenError("malformed-asn1", `Cannot read ${what}: ${fault} at offset ${offset}`, { offset });
}

function derError(fault: string, offset: number): CertgenError {
  return new CertgenError("malformed-der", `${fault} at offset ${offset}`, { offset });
}

function hexTag(tag: number): string {
  return `0x${tag.toString(16).padStart(2, "0")}`;
}

/** Reads one element and, recursively, checks what is inside of it. */
function checkElement(source: Uint8Array, at: number, limit: number, base: number, depth: number): DerElement {
  if (depth > MAX_DEPTH) throw derError(`nesting deeper than ${MAX_DEPTH}`, base + at);
  const element = readElement(source, at, limit, base);
  const constructed = (element.tag & CONSTRUCTED) !== 0;
  const universal = (element.tag & 0xc0) === 0;
  if (universal && constructed && element.tag !== Tag.sequence && element.tag !== Tag.set) {
    throw derError(`constructed encoding of tag ${hexTag(element.tag)}`, element.offset);
  }
  if (!constructed) {
    if (universal) {
      const fault = checkPrimitive(element.tag, element.content);
      if (fault !== undefined) throw derError(fault, element.offset);
    }
    return element;
  }
  const end = at + element.bytes.length;
  let previous: Uint8Array | undefined;
  for (let child = element.contentOffset - base; child < end;) {
    const inner = checkElement(source, child, end, base, depth + 1).bytes;
    // X.690 §11.6: the members of a SET OF stand in the order of their encodings
    if (element.tag === Tag.set) {
      if (previous !== undefined && compare(previous, inner) > 0) {
        throw derError("SET members out of order", base + child);
      }
      previous = inner;
    }
    child += inner.length;
  }
  return element;
}

/** Reads identifier and length octets (X.690 §8.1, §10.1). */
function readElement(source: Uint8Array, start: number, limit: number, base: number): DerElement {
  const tag = source[start];
  if (tag === undefined || start >= limit) throw derError("element is missing", base + start);
  if ((tag & 0x1f) === 0x1f) throw derError("tag number over 30", base + start);
  const first = start + 1 < limit ? source[start + 1] : undefined;
  if (first === undefined) throw derError("length is missing", base + start + 1);
  let at = start + 2;
  let length = first;
  if (first === 0x80) throw derError("indefinite length", base + start + 1);
  if (first > 0x80) {
    const octets = first & 0x7f;
    if (octets > 4) throw derError("length of more than 4 octets", base + start + 1);
    if (at + octets > limit) throw derError("length is cut off", base + start + 1);
    length = 0;
    for (let i = 0; i < octets; i++) length = length * 256 + (source[at++] ?? 0);
    if (length < 0x80 || length < 256 ** (octets - 1)) throw derError("length is not minimal", base + start + 1);
  }
  if (length > limit - at) throw derError(`length of ${length} goes beyond the end`, base + start + 1);
  return new DerElement(tag, source, start, at, at + length, base + start);
}
