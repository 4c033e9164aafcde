/**
 * PATCH: reads a body of one of the four types and gives the object that it makes of another. Whether that object may be, and
 * what of it is taken over, is decided where every update is (`validation.ts`).
 * @module
 */
import { CertgenError, messageOf } from "../errors.ts";
import type { PatchType } from "./accept.ts";
import { applyConfiguration, parseApplyBody } from "./apply.ts";
import { forbidden, refuse, required } from "./field.ts";
import { isObject, type JsonObject, parseJson } from "./json.ts";
import { applyJsonPatch } from "./json_patch.ts";
import { applyMergePatch } from "./merge_patch.ts";
import { applyStrategicPatch } from "./strategic_patch.ts";
import { MISNAMED } from "./validation.ts";

/** A patch that has been read. */
export interface Patch {
  readonly type: PatchType;
  /** Plain JSON; an object for every type but `json`. */
  readonly value: unknown;
}

/**
 * Reads the body of a PATCH.
 * @throws CertgenError `malformed-object`
 */
export function parsePatch(type: PatchType, body: Uint8Array): Patch {
  let value: unknown;
  try {
    value = type === "apply" ? parseApplyBody(body) : parseJson(body);
  } catch (cause) {
    throw new CertgenError("malformed-object", `error decoding patch: ${messageOf(cause)}`, { cause });
  }
  if (type === "json" ? !Array.isArray(value) : !isObject(value)) {
    throw new CertgenError(
      "malformed-object",
      `error decoding patch: it is not ${type === "json" ? "a list" : "an object"}`,
    );
  }
  return { type, value };
}

/**
 * Applies a patch to an object, which stays as it is. A patch may be applied again, to a newer object.
 *
 * @param target plain JSON; `undefined` where there is no object, which only `apply` can make
 * @throws CertgenError `invalid-object` where the patch cannot be applied or makes no object of the object, `malformed-object`,
 * `too-large`, `not-found`
 */
export function applyPatch(patch: Patch, target: JsonObject | undefined): JsonObject {
  const { type, value } = patch;
  if (target === undefined && type !== "apply") throw new CertgenError("not-found", "there is nothing to patch");
  const result = type === "json"
    ? applyJsonPatch(target, value)
    : type === "merge"
    ? applyMergePatch(target, value)
    : !isObject(value)
    ? value
    : type === "strategic"
    ? applyStrategicPatch(target, value)
    : applyConfiguration(target, value);
  if (!isObject(result)) throw notAnObject("it is not an object");
  return result;
}

/**
 * The error for a patched object that cannot be decoded: not the body is malformed (400), but what it makes (422).
 *
 * @param error what decoding the patched object threw; anything but `malformed-object`, and another name, is given back as
 * it is
 */
export function patchedFault(error: unknown): unknown {
  if (!(error instanceof CertgenError) || error.code !== "malformed-object" || error.reason === MISNAMED) return error;
  return notAnObject(error.message);
}

function notAnObject(why: string): CertgenError {
  const message = `Invalid value: ${why}`;
  return new CertgenError("invalid-object", message, { field: "patch", fieldReason: "FieldValueInvalid" });
}

/**
 * The parameters that only some patches may have.
 * @throws CertgenError `invalid-object` of `PatchOptions`
 */
export function checkPatchOptions(type: PatchType, query: URLSearchParams): void {
  const isApply = type === "apply";
  refuse([
    ...(!isApply && query.has("force") ? [forbidden("force", "may not be specified for non-apply patch")] : []),
    ...(isApply && !query.get("fieldManager") ? [required("fieldManager", "is required for apply patch")] : []),
  ], { group: "meta.k8s.io", kind: "PatchOptions" });
}
