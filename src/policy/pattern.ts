/**
 * Patterns with parts: `etcd:{node}` takes a part out of a user's name, `{node}.etcd.example` puts it into a name that may
 * be asked for. A part is one label at both ends, so that it can never bring a dot, a wildcard or a colon with it.
 * @module
 */
import { quoted } from "../text.ts";

/** What a part stands for: one DNS label in lower case (RFC 1123 §2.1). */
const LABEL = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?";
const IS_LABEL = new RegExp(`^${LABEL}$`);
/** A character that no label has. */
const SEPARATOR = /[^A-Za-z0-9-]/;
const PART_NAME = /^[a-z][A-Za-z0-9_]{0,31}$/;
const MAX_LENGTH = 1024;

/** Values of parts by their names. */
export type Captures = ReadonlyMap<string, string>;

/** A piece of a pattern. */
export type Segment = { readonly literal: string } | { readonly part: string };

/**
 * Takes a pattern apart.
 * @throws TypeError where braces stand for no part, a part stands twice, or two could be divided in several ways
 */
export function segmentsOf(text: string): readonly Segment[] {
  if (text === "" || text.length > MAX_LENGTH) {
    throw new TypeError(`has ${text.length} characters, not 1 to ${MAX_LENGTH}`);
  }
  if (/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u.test(text)) throw new TypeError("has a control or format character");
  const segments = (text.match(/\{[^{}]*\}|[^{}]+|[{}]/g) ?? []).map((piece): Segment => {
    if (!/[{}]/.test(piece)) return { literal: piece };
    const part = piece.slice(1, -1);
    if (piece.length > 2 && PART_NAME.test(part)) return { part };
    throw new TypeError(`has ${quoted(piece)}, which is no part such as {node}`);
  });
  const parts = partsOf(segments);
  if (new Set(parts).size < parts.length) throw new TypeError("has a part twice");
  checkDivided(segments);
  return segments;
}

/** "a-b" and "c" must not read as "a" and "b-c": that would be another node's name. */
function checkDivided(segments: readonly Segment[]): void {
  let isOpen = false;
  for (const segment of segments) {
    if ("literal" in segment) isOpen &&= !SEPARATOR.test(segment.literal);
    else if (isOpen) throw new TypeError("has parts without a character such as . or : between them");
    else isOpen = true;
  }
}

/** Names of the parts, in order. */
export function partsOf(segments: readonly Segment[]): string[] {
  return segments.flatMap((segment) => "part" in segment ? [segment.part] : []);
}

/** The text with the parts in their places; `undefined` where one has no value, or one that is no label. */
export function substitute(segments: readonly Segment[], captures: Captures): string | undefined {
  let text = "";
  for (const segment of segments) {
    if ("literal" in segment) text += segment.literal;
    else {
      const value = captures.get(segment.part);
      if (value === undefined || !IS_LABEL.test(value)) return undefined;
      text += value;
    }
  }
  return text;
}

/** What a user, a group or a claim must be. */
export interface WhoPattern {
  /** As it was written. */
  readonly text: string;
  /** The parts it captures. */
  readonly parts: readonly string[];
  /** Whether a value begins as it must, which is fast to see. */
  readonly mayMatch: (value: string) => boolean;
  /** What the parts are in a value; `undefined` where it does not match. */
  readonly match: (value: string) => Captures | undefined;
}

/**
 * Reads a pattern of `who`: parts, and `*` at the very end for any rest.
 * @throws TypeError as {@link segmentsOf}; for another `*`, and for a part named `profile`
 */
export function whoPattern(text: string): WhoPattern {
  const isOpen = text.endsWith("*");
  const body = isOpen ? text.slice(0, -1) : text;
  if (body.includes("*")) throw new TypeError("has a * that is not at its end");
  const segments = body === "" && isOpen ? [] : segmentsOf(body);
  if (isOpen) checkDivided([...segments, { part: "*" }]);
  const parts = partsOf(segments);
  if (parts.includes("profile")) throw new TypeError("has the part {profile}, which is the profile that is asked for");
  const source = segments.map((segment) => "part" in segment ? `(${LABEL})` : escaped(segment.literal)).join("");
  const regExp = new RegExp(`^${source}${isOpen ? ".*" : ""}$`, "su");
  const match = (value: string): Captures | undefined => {
    const found = regExp.exec(value);
    return found === null ? undefined : new Map(parts.map((part, i) => [part, found[i + 1] ?? ""]));
  };
  const [first] = segments;
  const start = first !== undefined && "literal" in first ? first.literal : "";
  return { text, parts, mayMatch: (value) => value.startsWith(start), match };
}

function escaped(literal: string): string {
  return literal.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
}
