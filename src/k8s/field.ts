/**
 * Faults of fields in the words of Kubernetes (apimachinery, `util/validation/field/errors.go`): the message begins with the
 * kind of fault, then the value, then the detail.
 * @module
 */
import { CertgenError, type FieldCause } from "../errors.ts";

/** Longest value that a message shows. */
const SHOWN = 100;
/** Most causes that are told: a small body must not make a large answer. */
const MAX_CAUSES = 100;

/** A field that must be there. */
export function required(field: string, detail = ""): FieldCause {
  return { field, reason: "FieldValueRequired", message: withDetail("Required value", detail) };
}

/** A value that breaks a rule. */
export function invalid(field: string, value: string | number, detail: string): FieldCause {
  return { field, reason: "FieldValueInvalid", message: withDetail(`Invalid value: ${shown(value)}`, detail) };
}

/** A value that is none of those known. */
export function notSupported(field: string, value: string, supported: readonly string[]): FieldCause {
  const list = supported.map((one) => JSON.stringify(one)).join(", ");
  const message = `Unsupported value: ${shown(value)}: supported values: ${list}`;
  return { field, reason: "FieldValueNotSupported", message };
}

/** A value that is there already. */
export function duplicate(field: string, value: string): FieldCause {
  return { field, reason: "FieldValueDuplicate", message: `Duplicate value: ${shown(value)}` };
}

/** A value that is too long; lengths in bytes. */
export function tooLong(field: string, limit: number): FieldCause {
  return { field, reason: "FieldValueTooLong", message: `Too long: must have at most ${limit} bytes` };
}

/** A field or change that is not allowed here. */
export function forbidden(field: string, detail: string): FieldCause {
  return { field, reason: "FieldValueForbidden", message: `Forbidden: ${detail}` };
}

/**
 * Refuses an object that has any fault.
 *
 * @param invalidKind what the fields are of, where it is not the object itself
 * @throws CertgenError `invalid-object` with all the causes, or the first 100; `field` and `fieldReason` are the first one's
 */
export function refuse(causes: readonly FieldCause[], invalidKind?: { group: string; kind: string }): void {
  const [first] = causes;
  if (first === undefined) return;
  throw new CertgenError("invalid-object", first.message, {
    field: first.field,
    fieldReason: first.reason,
    causes: causes.slice(0, MAX_CAUSES),
    ...(invalidKind === undefined ? {} : { invalidKind }),
  });
}

function withDetail(text: string, detail: string): string {
  return detail === "" ? text : `${text}: ${detail}`;
}

function shown(value: string | number): string {
  if (typeof value === "number") return String(value);
  return JSON.stringify(value.length > SHOWN ? `${value.slice(0, SHOWN)}…` : value);
}
