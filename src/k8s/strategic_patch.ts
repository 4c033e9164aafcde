/**
 * Strategic merge patch of Kubernetes (apimachinery, `util/strategicpatch/patch.go`), as far as a CertificateSigningRequest
 * has need of it: a merge patch with directives, in which two lists merge instead of being replaced.
 * @module
 */
import { CertgenError } from "../errors.ts";
import { isObject, type JsonObject } from "./json.ts";

/** The lists of ObjectMeta with a patch strategy `merge`: by value, or by one member of their objects. */
const MERGED_LISTS: ReadonlyMap<string, string | undefined> = new Map([
  ["metadata.finalizers", undefined],
  ["metadata.ownerReferences", "uid"],
]);

const PATCH = "$patch";
const RETAIN = "$retainKeys";
const ORDER = "$setElementOrder/";
const DELETE = "$deleteFromPrimitiveList/";

/**
 * Applies a strategic merge patch; neither argument changes.
 * @throws CertgenError `malformed-object` for a directive that is none, `invalid-object` without causes for an element without
 * its merge key
 */
export function applyStrategicPatch(target: unknown, patch: JsonObject): JsonObject {
  return mergeObject(isObject(target) ? target : {}, patch, "");
}

function mergeObject(target: JsonObject, patch: JsonObject, path: string): JsonObject {
  const directive = directiveOf(patch);
  if (directive === "replace") return withoutDirectives(patch);
  if (directive === "delete") return {};
  const merged = new Map(Object.entries(target));
  retain(merged, patch);
  for (const [key, value] of Object.entries(patch)) {
    if (key.startsWith(DELETE) || key.startsWith(ORDER)) {
      if (!Array.isArray(value)) throw bad(`${key} is not a list`);
      continue;
    }
    if (key.startsWith("$")) continue;
    const at = path === "" ? key : `${path}.${key}`;
    if (value === null) merged.delete(key);
    else if (isObject(value)) {
      const before = merged.get(key);
      const after = mergeObject(isObject(before) ? before : {}, value, at);
      if (directiveOf(value) === "delete") merged.delete(key);
      else merged.set(key, after);
    } else if (Array.isArray(value) && MERGED_LISTS.has(at)) merged.set(key, mergeList(merged.get(key), value, at));
    else merged.set(key, value);
  }
  for (const [path_, list] of listsOf(merged, path)) merged.set(list, finishList(merged.get(list), patch, list, path_));
  return Object.fromEntries(merged);
}

/** `$retainKeys`: whatever is not named goes. */
function retain(merged: Map<string, unknown>, patch: JsonObject): void {
  if (!Object.hasOwn(patch, RETAIN)) return;
  const kept = patch[RETAIN];
  if (!Array.isArray(kept)) throw bad("$retainKeys is not a list");
  for (const key of [...merged.keys()]) if (!kept.includes(key)) merged.delete(key);
}

/** The merged lists among the members of an object. */
function listsOf(members: ReadonlyMap<string, unknown>, path: string): [path: string, key: string][] {
  return [...MERGED_LISTS.keys()].flatMap((list): [string, string][] => {
    const key = list.slice(path.length + 1);
    return list === `${path}.${key}` && Array.isArray(members.get(key)) ? [[list, key]] : [];
  });
}

function mergeList(before: unknown, patch: readonly unknown[], path: string): unknown[] {
  const list: readonly unknown[] = Array.isArray(before) ? before : [];
  const mergeKey = MERGED_LISTS.get(path);
  if (mergeKey === undefined) {
    if (patch.some((one) => typeof one !== "string")) throw bad(`${path} is not a list of strings`);
    return [...new Set([...list, ...patch])];
  }
  const items = patch.map((item) => {
    if (!isObject(item)) throw bad(`${path} is not a list of objects`);
    return item;
  });
  const isReplaced = items.some((item) => directiveOf(item) === "replace");
  const merged = new Map(isReplaced ? [] : list.filter(isObject).map((item) => [item[mergeKey], item]));
  for (const item of items) {
    const key = item[mergeKey];
    if (directiveOf(item) === "replace" && Object.keys(item).length === 1) continue;
    if (key === undefined || key === null) {
      const message = `map: ${JSON.stringify(item).slice(0, 200)} does not contain declared merge key: ${mergeKey}`;
      throw new CertgenError("invalid-object", message, { causes: [] });
    }
    if (directiveOf(item) === "delete") merged.delete(key);
    else merged.set(key, mergeObject(merged.get(key) ?? {}, item, `${path}[]`));
  }
  return [...merged.values()];
}

/** `$deleteFromPrimitiveList/…` takes out, `$setElementOrder/…` puts in order; what it does not name comes last. */
function finishList(list: unknown, patch: JsonObject, key: string, path: string): unknown[] {
  const deleted = Object.hasOwn(patch, DELETE + key) ? patch[DELETE + key] : undefined;
  const order = Object.hasOwn(patch, ORDER + key) ? patch[ORDER + key] : undefined;
  const mergeKey = MERGED_LISTS.get(path);
  const keyOf = (item: unknown): unknown => mergeKey !== undefined && isObject(item) ? item[mergeKey] : item;
  const kept = (Array.isArray(list) ? list : []).filter((item) => {
    return mergeKey !== undefined || !Array.isArray(deleted) || !deleted.includes(item);
  });
  if (!Array.isArray(order)) return kept;
  const places = new Map(order.map((item, i) => [keyOf(item), i]));
  const placeOf = (item: unknown): number => places.get(keyOf(item)) ?? order.length;
  return kept.sort((a, b) => placeOf(a) - placeOf(b));
}

function directiveOf(patch: JsonObject): string | undefined {
  if (!Object.hasOwn(patch, PATCH)) return undefined;
  const directive = patch[PATCH];
  if (directive === "replace" || directive === "delete" || directive === "merge") return directive;
  throw bad(`unknown patch type: ${JSON.stringify(directive)?.slice(0, 100)}`);
}

function withoutDirectives(patch: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(patch).filter(([key]) => !key.startsWith("$")));
}

function bad(why: string): CertgenError {
  return new CertgenError("malformed-object", `error decoding patch: ${why}`);
}
