/**
 * JSON from strangers: bounded in depth before it is parsed, and read field by field with a path in every complaint.
 * @module
 */
import { fromUtf8 } from "../bytes.ts";
import { CertgenError, messageOf } from "../errors.ts";

/** A JSON object whose members nothing has looked at yet. */
export type JsonObject = { readonly [key: string]: unknown };

/** Deepest nesting of objects and arrays. */
export const MAX_JSON_DEPTH = 32;

/**
 * Parses a JSON object.
 * @throws CertgenError `malformed-object`
 */
export function parseJsonObject(bytes: Uint8Array): JsonObject {
  const value = parseJson(bytes);
  if (!isObject(value)) throw new CertgenError("malformed-object", "Cannot read JSON: it is no object");
  return value;
}

/**
 * Parses any JSON value.
 * @throws CertgenError `malformed-object`
 */
export function parseJson(bytes: Uint8Array): unknown {
  const text = fromUtf8(bytes);
  if (depthOf(text) > MAX_JSON_DEPTH) {
    throw new CertgenError("malformed-object", `Cannot read JSON: nesting deeper than ${MAX_JSON_DEPTH}`);
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new CertgenError("malformed-object", `Cannot read JSON: ${messageOf(cause)}`, { cause });
  }
}

/** How deep brackets nest outside of strings. */
function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (inString) {
      if (c === 0x5c) i++;
      else if (c === 0x22) inString = false;
    } else if (c === 0x22) inString = true;
    else if (c === 0x7b || c === 0x5b) deepest = Math.max(deepest, ++depth);
    else if (c === 0x7d || c === 0x5d) depth--;
  }
  return deepest;
}

/** Whether a value is a JSON object: no array and not null. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A member that is an object; empty where it is absent or null. */
export function objectMember(object: JsonObject, key: string, path: string): JsonObject {
  const value = member(object, key);
  if (value === undefined) return {};
  if (!isObject(value)) throw wrongType(path, "an object");
  return value;
}

/** A member that is a string; `undefined` where it is absent, null or, as Go writes what is absent, empty. */
export function stringMember(object: JsonObject, key: string, path: string): string | undefined {
  const value = member(object, key);
  if (value === undefined || value === "") return undefined;
  if (typeof value !== "string") throw wrongType(path, "a string");
  return value;
}

/** A member that is a list of strings; `undefined` where it is absent or null. */
export function stringsMember(object: JsonObject, key: string, path: string): string[] | undefined {
  const value = member(object, key);
  if (value === undefined) return undefined;
  if (!Array.isArray(value) || !value.every((item) => typeof item === "string")) {
    throw wrongType(path, "a list of strings");
  }
  return value;
}

/** A member that is a map of strings; `undefined` where it is absent or null. */
export function mapMember(object: JsonObject, key: string, path: string): Record<string, string> | undefined {
  const value = member(object, key);
  if (value === undefined) return undefined;
  const entries = isObject(value) ? Object.entries(value) : undefined;
  if (!entries?.every((entry): entry is [string, string] => typeof entry[1] === "string")) {
    throw wrongType(path, "a map of strings");
  }
  return Object.fromEntries(entries);
}

/** Lists of strings by key, as `spec.extra` has them. */
export function listsMember(
  object: JsonObject,
  key: string,
  path: string,
): Record<string, readonly string[]> | undefined {
  const value = member(object, key);
  if (value === undefined) return undefined;
  if (!isObject(value)) throw wrongType(path, "an object");
  return Object.fromEntries(
    Object.keys(value).map((name) => [name, stringsMember(value, name, `${path}[${name.slice(0, 100)}]`) ?? []]),
  );
}

/** A member that is a 32-bit integer; `undefined` where it is absent or null. */
export function integerMember(object: JsonObject, key: string, path: string): number | undefined {
  const value = member(object, key);
  if (value === undefined) return undefined;
  if (typeof value !== "number" || (value | 0) !== value) throw wrongType(path, "a 32-bit integer");
  return value;
}

/** A member of the object's own, null being absent. */
export function member(object: JsonObject, key: string): unknown {
  return Object.hasOwn(object, key) ? object[key] ?? undefined : undefined;
}

function wrongType(path: string, type: string): CertgenError {
  return new CertgenError("malformed-object", `Cannot read ${path}: it is not ${type}`);
}
