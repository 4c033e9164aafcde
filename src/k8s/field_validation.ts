/**
 * The query parameter `fieldValidation`: what is to be done about fields that nobody knows or that stand twice
 * (apiserver, `endpoints/handlers/rest.go`). Bodies in protobuf, and applied ones, are not looked at.
 * @module
 */
import { CertgenError } from "../errors.ts";
import type { ApiVersion } from "./certificate_signing_request.ts";
import { notSupported, refuse } from "./field.ts";

/** What is done about unknown and duplicate fields: nothing, a warning in the answer, or a refusal. */
export type FieldValidation = "Ignore" | "Warn" | "Strict";

/** Sorted, as the message lists them. */
const DIRECTIVES: readonly FieldValidation[] = ["Ignore", "Strict", "Warn"];

/** Longest warning, and longest of all of an answer together: kube-apiserver's own limits. */
const MAX_WARNING = 256;
const MAX_WARNINGS = 4_096;

/**
 * Reads the parameter.
 *
 * @param kind what the parameters are of
 * @throws CertgenError `invalid-object` of that kind
 */
export function parseFieldValidation(
  query: URLSearchParams,
  kind: "CreateOptions" | "UpdateOptions" | "PatchOptions",
): FieldValidation {
  const text = query.get("fieldValidation") ?? "";
  if (text === "") return "Warn";
  const found = DIRECTIVES.find((one) => one === text);
  if (found === undefined) {
    refuse([notSupported("fieldValidation", text, ["", ...DIRECTIVES])], { group: "meta.k8s.io", kind });
  }
  return found ?? "Warn";
}

/**
 * The values of the `Warning` headers of an answer (RFC 7234 §5.5), each of one line of ASCII; what would be too much is
 * left out.
 */
export function warningHeaders(texts: readonly string[]): string[] {
  let length = 0;
  const headers = texts.map((text) => {
    const line = text.slice(0, MAX_WARNING).replace(/[^\x20-\x7e]/g, "?");
    return `299 - "${line.replace(/["\\]/g, "\\$&")}"`;
  });
  return headers.filter((header) => (length += header.length) <= MAX_WARNINGS);
}

/** The error for a body with such fields under `Strict`. */
export function strictError(faults: readonly string[], version: ApiVersion): CertgenError {
  const kind = "CertificateSigningRequest";
  const message = `${kind} in version "${version}" cannot be handled as a ${kind}: ${strictText(faults)}`;
  return new CertgenError("malformed-object", message);
}

/** The error for a patch with such fields, or that makes such an object, under `Strict`. */
export function strictPatchError(faults: readonly string[]): CertgenError {
  const message = `Invalid value: ${strictText(faults)}`;
  return new CertgenError("invalid-object", message, { field: "patch", fieldReason: "FieldValueInvalid" });
}

function strictText(faults: readonly string[]): string {
  return `strict decoding error: ${faults.join(", ")}`;
}
