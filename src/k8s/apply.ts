/**
 * Server-side apply, as create-or-merge: what is applied is laid over what is there. Nobody's fields are owned, so nothing
 * conflicts and nothing is removed by being left out.
 * @module
 */
import { parse } from "yaml";
import { fromUtf8, toUtf8 } from "../bytes.ts";
import { CertgenError, messageOf } from "../errors.ts";
import { isObject, type JsonObject, MAX_JSON_DEPTH, parseJsonObject } from "./json.ts";

/** Lists that apply merges (`+listType=set` and `map` of the Go types): by value, or by one member of their objects. */
const MERGED_LISTS: ReadonlyMap<string, string | undefined> = new Map([
  ["metadata.finalizers", undefined],
  ["metadata.ownerReferences", "uid"],
  ["status.conditions", "type"],
]);

/** Largest YAML, in characters; an object with a large request is about 10,000. JSON may be as long as any body. */
const MAX_YAML = 32_768;
/** Widest indentation, and most signs of a list or a map on one line. */
const MAX_INDENTATION = 128;

/**
 * The body of an apply: JSON, as kubectl sends it, or YAML; what begins with a brace is JSON.
 * @throws CertgenError `malformed-object`
 */
export function parseApplyBody(body: Uint8Array): JsonObject {
  const text = fromUtf8(body);
  if (/^\s*\{/.test(text)) return parseJsonObject(body);
  checkYaml(text);
  let json: string | undefined;
  try {
    // aliases make large values of short texts; "error" only keeps warnings from being printed
    json = JSON.stringify(parse(text, { maxAliasCount: 0, schema: "core", prettyErrors: false, logLevel: "error" }));
  } catch (cause) {
    throw new CertgenError("malformed-object", `error decoding YAML: ${messageOf(cause).slice(0, 300)}`, { cause });
  }
  return parseJsonObject(toUtf8(json ?? "null"));
}

/**
 * Bounds the nesting before the text is parsed: the parser takes quadratic time for it, and 100,000 brackets end the whole
 * process (V8 gives up on a regular expression as deep). Quotes are not looked at, so that this errs on the safe side.
 */
function checkYaml(text: string): void {
  const fault = (why: string): CertgenError => new CertgenError("malformed-object", `error decoding YAML: ${why}`);
  if (text.length > MAX_YAML) throw fault(`longer than ${MAX_YAML} characters`);
  let depth = 0;
  for (const line of text.split(/\r\n|\r|\n/)) {
    let signs = 0;
    for (let i = 0; i < line.length; i++) {
      const c = line.charAt(i);
      if (c === "[" || c === "{") depth++;
      else if (c === "]" || c === "}") depth = Math.max(0, depth - 1);
      else if ("-?:".includes(c) && " \t".includes(line.charAt(i + 1))) signs++;
      if (depth > MAX_JSON_DEPTH || signs > MAX_JSON_DEPTH) throw fault(`nesting deeper than ${MAX_JSON_DEPTH}`);
    }
    if (line.length - line.trimStart().length > MAX_INDENTATION) throw fault("too wide an indentation");
  }
}

/** What is there after an applied configuration is laid over it; neither argument changes. */
export function applyConfiguration(target: unknown, applied: JsonObject): JsonObject {
  return merge(isObject(target) ? target : {}, applied, "");
}

function merge(target: JsonObject, applied: JsonObject, path: string): JsonObject {
  const merged = new Map(Object.entries(target));
  for (const [key, value] of Object.entries(applied)) {
    const at = path === "" ? key : `${path}.${key}`;
    const before = merged.get(key);
    // null is a field that is not applied
    if (value === null) continue;
    if (isObject(value)) merged.set(key, merge(isObject(before) ? before : {}, value, at));
    else if (Array.isArray(value) && Array.isArray(before) && MERGED_LISTS.has(at)) {
      merged.set(key, mergeList(before, value, MERGED_LISTS.get(at), at));
    } else merged.set(key, value);
  }
  return Object.fromEntries(merged);
}

function mergeList(before: unknown[], applied: unknown[], mergeKey: string | undefined, path: string): unknown[] {
  const keyOf = (item: unknown): unknown => mergeKey !== undefined && isObject(item) ? item[mergeKey] : item;
  const merged = new Map(before.map((item) => [keyOf(item), item]));
  for (const item of applied) {
    const present = merged.get(keyOf(item));
    merged.set(keyOf(item), isObject(item) && isObject(present) ? merge(present, item, `${path}[]`) : item);
  }
  return [...merged.values()];
}
