import { type Bytes, fromUtf8, toUtf8 } from "../bytes.ts";
import { CertgenError } from "../errors.ts";

/** Members of a line besides those that every line has; `undefined` ones are left out. */
export type Body = { readonly [key: string]: unknown };

/** A signature over everything before it. */
export interface HeadSignature {
  /** Always `ecdsaWithSha256`. */
  readonly algorithm: string;
  /** SHA-256 of the signing key's SubjectPublicKeyInfo, in hexadecimal. */
  readonly keyId: string;
  /** Of X.509's form, in base64. */
  readonly signature: string;
}

/** Where the log goes on from, where that is not the end of the file before: what stands in between is no part of it. */
export interface Resume {
  /** Number of the file. */
  readonly file: number;
  /** How many bytes of it count. */
  readonly bytes: number;
}

/** What every line says, and which kind it is: with neither `head` nor `resume` it is an event. */
export interface AuditLine {
  /** 1 for the first line of a log, then one more for each. */
  readonly sequence: number;
  /** RFC 3339, UTC, with milliseconds. */
  readonly time: string;
  /** SHA-256 of the line before, without its line feed, in hexadecimal; of the first line {@link NO_LINE}. */
  readonly previous: string;
  /** Signs for everything before it. */
  readonly head?: HeadSignature;
  /** Says what does not count, after a write that failed. */
  readonly resume?: Resume;
}

/** What stands for the hash of a line before the first one. */
export const NO_LINE: string = "0".repeat(64);
/** Ends every line. */
export const LINE_FEED = 0x0a;

/** The bytes of a line, without its line feed. Nothing in them is acted on by a terminal. */
export function formatLine({ sequence, time, previous }: AuditLine, body: Body): Bytes {
  return toUtf8(escaped(JSON.stringify({ sequence, time, ...body, previous })));
}

/** Format characters (bidirectional ones, zero-width ones, tags), controls, separators, as JSON escapes: the same JSON. */
function escaped(json: string): string {
  return json.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, (character) => {
    let out = "";
    for (let i = 0; i < character.length; i++) out += `\\u${character.charCodeAt(i).toString(16).padStart(4, "0")}`;
    return out;
  });
}

/** Reads a line; `undefined` where it is none. */
export function parseLine(bytes: Uint8Array): AuditLine | undefined {
  const value = parseObject(bytes);
  if (value === undefined) return undefined;
  const { sequence, time, previous, head, resume } = value;
  if (!isNatural(sequence) || sequence < 1 || typeof time !== "string" || !isDigest(previous)) return undefined;
  if (head !== undefined && !isHead(head) || resume !== undefined && !isResume(resume)) return undefined;
  if (head !== undefined && resume !== undefined) return undefined;
  return { sequence, time, previous, ...head === undefined ? {} : { head }, ...resume === undefined ? {} : { resume } };
}

function parseObject(bytes: Uint8Array): Body | undefined {
  try {
    const value: unknown = JSON.parse(fromUtf8(bytes));
    return isObject(value) ? value : undefined;
  } catch (error) {
    // a RangeError is a nesting that is too deep for the parser
    if (error instanceof SyntaxError || error instanceof RangeError || error instanceof CertgenError) return undefined;
    throw error;
  }
}

function isObject(value: unknown): value is Body {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isNatural(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

/** Whether it is a SHA-256 digest in hexadecimal, as this log writes it. */
export function isDigest(value: unknown): value is string {
  return typeof value === "string" && /^[0-9a-f]{64}$/.test(value);
}

function isHead(value: unknown): value is HeadSignature {
  return isObject(value) && typeof value["algorithm"] === "string" && isDigest(value["keyId"]) &&
    typeof value["signature"] === "string";
}

function isResume(value: unknown): value is Resume {
  return isObject(value) && isNatural(value["file"]) && isNatural(value["bytes"]);
}

/** The lines of a file, without their line feeds, and where what comes after the last line feed begins. */
export function splitLines(content: Bytes): { readonly lines: Bytes[]; readonly end: number } {
  const lines: Bytes[] = [];
  let end = 0;
  for (let at = content.indexOf(LINE_FEED); at >= 0; at = content.indexOf(LINE_FEED, end)) {
    lines.push(content.subarray(end, at));
    end = at + 1;
  }
  return { lines, end };
}
