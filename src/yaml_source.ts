/**
 * A text of YAML or JSON, read strictly, whose parts know the line they stand on.
 * @module
 */
import { isAlias, isMap, isPair, isScalar, isSeq, LineCounter, type Node, parseDocument, visit } from "yaml";
import { secondsOf } from "./duration.ts";
import { CertgenError } from "./errors.ts";
import { printable, quoted, shortened } from "./text.ts";

/** Where something stands in a value, as `["rules", 0, "who"]`. */
export type Path = readonly (string | number)[];

/** A text that was read. */
export interface Source {
  /** Maps, lists, texts, numbers, booleans and null. */
  readonly value: unknown;
  /** An error that says where in the text a part of the value stands. */
  readonly fault: (path: Path, why: string) => CertgenError;
}

/** Largest text, in characters. */
const MAX_LENGTH = 1 << 20;
const MAX_DEPTH = 64;
/** Widest indentation. */
const MAX_INDENTATION = 128;
/** Keys that a reader of objects may trip over. */
const ODD_KEYS: readonly string[] = ["__proto__", "constructor", "prototype"];

/**
 * Reads a text. Aliases, anchors, tags, directives, several documents, keys that are no texts and keys that stand twice
 * are refused: what is written is what is meant.
 *
 * @param what what cannot be done, as `Cannot use configuration "signer.yaml"`
 * @throws CertgenError `malformed-object` with line and column
 */
export function readSource(text: string, what: string): Source {
  const lineCounter = new LineCounter();
  const error = (offset: number | undefined, why: string): CertgenError => {
    const { line, col } = lineCounter.linePos(offset ?? 0);
    const where = offset === undefined || line === 0 ? "" : `line ${line}, column ${col}: `;
    return new CertgenError("malformed-object", `${what}: ${where}${shortened(printable(why), 1000)}`);
  };
  checkNesting(text, (why) => error(undefined, why));
  const document = parseDocument(text, {
    lineCounter,
    prettyErrors: false,
    schema: "core",
    version: "1.2",
    stringKeys: true,
    uniqueKeys: false, // checked below: the parser takes quadratic time for it
    merge: false,
    resolveKnownTags: false,
    logLevel: "error",
  });
  const [problem] = [...document.errors, ...document.warnings];
  if (problem !== undefined) throw error(problem.pos[0], problem.message);
  if (document.directives.yaml.explicit === true) throw error(0, "directives are not taken");
  const refuseMarks = (node: Pick<Node, "range" | "tag"> & { readonly anchor?: string }): void => {
    if (node.anchor !== undefined) throw error(node.range?.[0], "anchors are not taken");
    if (node.tag !== undefined) throw error(node.range?.[0], "tags are not taken");
  };
  visit(document, {
    Alias: (_, node) => {
      throw error(offsetOf(node), "aliases are not taken");
    },
    Value: (_, node) => refuseMarks(node),
    // in the place of the one above, where it is a map
    Map: (_, map) => {
      refuseMarks(map);
      const seen = new Set<unknown>();
      for (const { key } of map.items) {
        const name = isScalar(key) ? key.value : key;
        const fault = keyFault(name, seen);
        if (fault !== undefined) throw error(offsetOf(key), fault);
        seen.add(name);
      }
    },
  });
  const root = document.contents;
  return {
    value: document.toJS(),
    fault: (path, why) => error(offsetAt(root, path), path.length === 0 ? why : `${pathText(path)}: ${why}`),
  };
}

function keyFault(name: unknown, seen: ReadonlySet<unknown>): string | undefined {
  if (typeof name !== "string") return "a key is no text";
  if (ODD_KEYS.includes(name)) return `the key ${quoted(name)} is not taken`;
  return seen.has(name) ? `the key ${quoted(name)} stands twice` : undefined;
}

/**
 * Bounds the nesting before the text is parsed: deep nesting ends the whole process (V8 gives up on a regular expression
 * as deep). Quotes are not looked at, so that this errs on the safe side.
 */
function checkNesting(text: string, error: (why: string) => CertgenError): void {
  if (text.length > MAX_LENGTH) throw error(`longer than ${MAX_LENGTH} characters`);
  let depth = 0;
  // in brackets up to the next comma, outside up to the end of the line
  let signs = 0;
  let indentation = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charAt(i);
    if (c === "\n" || c === "\r") {
      if (depth === 0) signs = 0;
      indentation = 0;
    } else if (indentation >= 0 && (c === " " || c === "\t")) indentation++;
    else indentation = -1;
    if (indentation > MAX_INDENTATION && depth === 0) throw error(`an indentation of more than ${MAX_INDENTATION}`);
    if ("[]{},".includes(c)) signs = 0;
    if (c === "[" || c === "{") depth++;
    else if (c === "]" || c === "}") depth = Math.max(0, depth - 1);
    else if (depth > 0 ? c === ":" || c === "?" : "-?:".includes(c) && /\s/.test(text.charAt(i + 1))) signs++;
    if (depth > MAX_DEPTH || signs > MAX_DEPTH) throw error(`nesting deeper than ${MAX_DEPTH}`);
  }
}

/** Where a part begins: in a map at its key; the nearest part around it where it is not there itself. */
function offsetAt(root: unknown, path: Path): number | undefined {
  let [node, offset] = [root, offsetOf(root)];
  for (const step of path) {
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && key.value === step);
      if (pair === undefined) break;
      [node, offset] = [pair.value, offsetOf(pair.key) ?? offset];
    } else if (isSeq(node) && typeof step === "number") {
      node = node.items[step];
      if (node === undefined) break;
      offset = offsetOf(node) ?? offset;
    } else break;
  }
  return offset;
}

function offsetOf(node: unknown): number | undefined {
  const at = isPair(node) ? node.key : node;
  const isNode = isScalar(at) || isMap(at) || isSeq(at) || isAlias(at);
  return isNode ? (at as Node).range?.[0] : undefined;
}

/**
 * Whole seconds of a duration of the file.
 * @throws CertgenError `malformed-object` where they are fewer, or no whole ones
 */
export function durationAt({ fault }: Source, path: Path, text: string | undefined, least = 1): number | undefined {
  if (text === undefined) return undefined;
  const seconds = secondsOf(text) ?? Number.NaN;
  if (Number.isSafeInteger(seconds) && seconds >= least) return seconds;
  throw fault(path, `${quoted(text)} is no duration of whole seconds, ${least} or more`);
}

/** As `rules[0].mayHave.profiles`. */
export function pathText(path: Path): string {
  return path.map((step, i) => {
    if (typeof step === "number") return `[${step}]`;
    if (!/^[A-Za-z0-9_-]{1,100}$/.test(step)) return `[${quoted(step)}]`;
    return i === 0 ? step : `.${step}`;
  }).join("");
}
