/**
 * JSON Patch (RFC 6902) over JSON Pointer (RFC 6901), with bounds on what a short patch can make of an object.
 * @module
 */
import { CertgenError } from "../errors.ts";
import { isObject, MAX_JSON_DEPTH } from "./json.ts";

/** A JSON container that is being changed. */
type Container = unknown[] | Record<string, unknown>;

/** Most operations of one patch; kube-apiserver takes 10,000. */
const MAX_OPERATIONS = 1_000;
/** `copy` may double a document with each operation: the sum of what is copied, in characters of JSON. */
const MAX_COPIED = 262_144;

const NEEDS_VALUE: readonly string[] = ["add", "replace", "test"];
const NEEDS_FROM: readonly string[] = ["move", "copy"];

/** An operation whose members have the right types. */
interface Operation {
  readonly op: string;
  readonly path: readonly string[];
  readonly from: readonly string[];
  readonly value: unknown;
}

/**
 * Applies a patch to a document, which stays as it is.
 *
 * @param document plain JSON
 * @throws CertgenError `malformed-object` where the patch is none, `too-large` for too many operations; `invalid-object` without
 * causes where an operation cannot be done: then nothing is
 */
export function applyJsonPatch(document: unknown, patch: unknown): unknown {
  if (!Array.isArray(patch)) throw undecodable("it is not a list of operations");
  if (patch.length > MAX_OPERATIONS) {
    const message = `The allowed maximum operations in a JSON patch is ${MAX_OPERATIONS}, got ${patch.length}`;
    throw new CertgenError("too-large", message);
  }
  const operations = patch.map(operationOf);
  // the empty path is then one member like any other
  const root: Record<string, unknown> = { document: copyOf(document) };
  let copied = 0;
  for (const operation of operations) copied = apply(root, operation, copied);
  return root["document"];
}

function operationOf(operation: unknown): Operation {
  if (!isObject(operation)) throw undecodable("an operation is not an object");
  const { op, path, from } = operation;
  if (typeof op !== "string" || typeof path !== "string") throw impossible();
  if (NEEDS_VALUE.includes(op) ? !Object.hasOwn(operation, "value") : op !== "remove" && !NEEDS_FROM.includes(op)) {
    throw impossible();
  }
  if (NEEDS_FROM.includes(op) && typeof from !== "string") throw impossible();
  const source = typeof from === "string" ? tokensOf(from) : [];
  return { op, path: tokensOf(path), from: source, value: operation["value"] };
}

/** RFC 6901 §3 and §4. A member that would be a prototype is no member of ours. */
function tokensOf(pointer: string): string[] {
  if (pointer !== "" && !pointer.startsWith("/")) throw impossible();
  const tokens = pointer.split("/").slice(1);
  if (
    tokens.length > MAX_JSON_DEPTH || tokens.includes("__proto__") || tokens.some((token) => /~(?![01])/.test(token))
  ) {
    throw impossible();
  }
  return ["document", ...tokens.map((token) => token.replaceAll("~1", "/").replaceAll("~0", "~"))];
}

/** @returns how much has been copied */
function apply(root: Record<string, unknown>, { op, path, from, value }: Operation, copied: number): number {
  switch (op) {
    case "add":
      add(root, path, copyOf(value));
      return copied;
    case "remove":
      remove(root, path);
      return copied;
    case "replace":
      replace(root, path, copyOf(value));
      return copied;
    case "test":
      if (!jsonEqual(get(root, path), value)) throw impossible();
      return copied;
    case "move": {
      // RFC 6902 §4.4: not into one of its own children
      if (from.length < path.length && from.every((token, i) => token === path[i])) throw impossible();
      const moved = get(root, from);
      if (from.length === path.length && from.every((token, i) => token === path[i])) return copied;
      remove(root, from);
      add(root, path, moved);
      return copied;
    }
    default: {
      const text = JSON.stringify(get(root, from));
      if (copied + text.length > MAX_COPIED) throw impossible();
      add(root, path, JSON.parse(text));
      return copied + text.length;
    }
  }
}

function parentOf(root: Record<string, unknown>, path: readonly string[]): [Container, string] {
  let container: unknown = root;
  for (const token of path.slice(0, -1)) container = child(container, token);
  if (!Array.isArray(container) && !isObject(container)) throw impossible();
  return [container, path.at(-1) ?? ""];
}

function get(root: Record<string, unknown>, path: readonly string[]): unknown {
  const [container, token] = parentOf(root, path);
  return child(container, token);
}

function child(container: unknown, token: string): unknown {
  if (Array.isArray(container)) return container[indexOf(token, container.length - 1)];
  if (!isObject(container) || !Object.hasOwn(container, token)) throw impossible();
  return container[token];
}

function add(root: Record<string, unknown>, path: readonly string[], value: unknown): void {
  const [container, token] = parentOf(root, path);
  checkDepth(value, MAX_JSON_DEPTH + 1 - path.length);
  if (!Array.isArray(container)) container[token] = value;
  else container.splice(token === "-" ? container.length : indexOf(token, container.length), 0, value);
}

function replace(root: Record<string, unknown>, path: readonly string[], value: unknown): void {
  const [container, token] = parentOf(root, path);
  child(container, token);
  checkDepth(value, MAX_JSON_DEPTH + 1 - path.length);
  if (Array.isArray(container)) container[indexOf(token, container.length - 1)] = value;
  else container[token] = value;
}

function remove(root: Record<string, unknown>, path: readonly string[]): void {
  // the whole document cannot go: an object remains an object
  if (path.length === 1) throw impossible();
  const [container, token] = parentOf(root, path);
  child(container, token);
  if (Array.isArray(container)) container.splice(indexOf(token, container.length - 1), 1);
  else delete container[token];
}

/** RFC 6901 §4: digits without leading zeros. */
function indexOf(token: string, last: number): number {
  if (!/^(?:0|[1-9]\d{0,8})$/.test(token) || Number(token) > last) throw impossible();
  return Number(token);
}

function checkDepth(value: unknown, allowed: number): void {
  if (allowed < 0) throw impossible();
  if (typeof value !== "object" || value === null) return;
  for (const member of Object.values(value)) checkDepth(member, allowed - 1);
}

/** A copy of plain JSON; `JSON.parse` makes `__proto__` a member like any other. */
function copyOf(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value));
}

/** Whether two JSON values are equal as RFC 6902 §4.6 says: the order of members does not count. */
export function jsonEqual(a: unknown, b: unknown): boolean {
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((one, i) => jsonEqual(one, b[i]));
  }
  if (!isObject(a) || !isObject(b)) return a === b;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && jsonEqual(a[key], b[key]));
}

/** What kube-apiserver says of every operation that cannot be done. */
function impossible(): CertgenError {
  return new CertgenError("invalid-object", "the server rejected our request due to an error in our request", {
    causes: [],
  });
}

function undecodable(why: string): CertgenError {
  return new CertgenError("malformed-object", `error decoding patch: ${why}`);
}
