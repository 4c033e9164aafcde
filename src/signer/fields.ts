/**
 * What is done about fields that nobody knows or that stand twice: the values of `Warning` header fields, or a refusal.
 * @module
 */
import type { PatchType } from "../k8s/accept.ts";
import type { ApiVersion } from "../k8s/certificate_signing_request.ts";
import { bodyFaults, patchFaults, unknownFields } from "../k8s/field_faults.ts";
import { type FieldValidation, strictError, strictPatchError, warningHeaders } from "../k8s/field_validation.ts";
import type { JsonObject } from "../k8s/json.ts";
import type { SentObject } from "./body.ts";

/**
 * Looks at a whole object that was sent.
 * @throws CertgenError `malformed-object` under `Strict`
 */
export function checkBody({ json }: SentObject, version: ApiVersion, validation: FieldValidation): string[] {
  if (json === undefined) return [];
  return found(validation, () => bodyFaults(json), (faults) => strictError(faults, version));
}

/**
 * Looks at a patch.
 * @throws CertgenError `invalid-object` under `Strict`
 */
export function checkPatch(type: PatchType, body: Uint8Array, validation: FieldValidation): string[] {
  return type === "apply" ? [] : found(validation, () => patchFaults(type, body), strictPatchError);
}

/**
 * Looks at what a patch makes.
 * @throws CertgenError `invalid-object` under `Strict`
 */
export function checkMade(object: JsonObject, validation: FieldValidation): string[] {
  return found(validation, () => unknownFields(object), strictPatchError);
}

function found(
  validation: FieldValidation,
  look: () => string[],
  refusal: (faults: readonly string[]) => Error,
): string[] {
  const faults = validation === "Ignore" ? [] : look();
  if (faults.length > 0 && validation === "Strict") throw refusal(faults);
  return warningHeaders(faults);
}
