/**
 * The names of signers: `domain/path` (kubernetes, `pkg/apis/core/validation/names.go`).
 * @module
 */
import type { FieldCause } from "../errors.ts";
import { invalid, required, tooLong } from "./field.ts";

const LABEL = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/;
const MAX_LABEL = 63;
const MAX_SUBDOMAIN = 253;
/** `<domain>/<namespace>.<name>` of the longest each. */
const MAX_SIGNER_NAME = 571;

const LABEL_RULE =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start " +
  "and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is " +
  "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const SUBDOMAIN_RULE =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and " +
  "end with an alphanumeric character (e.g. 'example.com', regex used for validation is " +
  "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

/** Everything that is wrong with a signer name, as `ValidateSignerName` says it. */
export function signerNameFaults(field: string, signerName: string): FieldCause[] {
  if (signerName === "") return [required(field)];
  const [domain = "", path = "", ...more] = signerName.split("/");
  if (!signerName.includes("/") || more.length > 0) {
    const detail = "must be a fully qualified domain and path of the form 'example.com/signer-name'";
    return [invalid(field, signerName, detail)];
  }
  const labels = domain.split(".");
  const detail = "should be a domain with at least two segments separated by dots";
  return [
    ...(domain.length > MAX_SUBDOMAIN ? [tooLong(field, MAX_SUBDOMAIN)] : []),
    ...labelFaults(field, domain, MAX_LABEL, LABEL_RULE),
    ...(labels.length < 2 ? [invalid(field, domain, detail)] : []),
    // each piece of the path may be as long as a subdomain, since a whole name stands in one
    ...labelFaults(field, path, MAX_SUBDOMAIN, SUBDOMAIN_RULE),
    ...(signerName.length > MAX_SIGNER_NAME ? [tooLong(field, MAX_SIGNER_NAME)] : []),
  ];
}

/** What is wrong with the first piece between dots with which anything is. */
function labelFaults(field: string, text: string, limit: number, rule: string): FieldCause[] {
  for (const label of text.split(".")) {
    const faults = [
      ...(label.length > limit ? [`must be no more than ${limit} bytes`] : []),
      ...(LABEL.test(label) ? [] : [rule]),
    ];
    const where = `validating label ${JSON.stringify(label.slice(0, 100))}`;
    if (faults.length > 0) return faults.map((fault) => invalid(field, text, `${where}: ${fault}`));
  }
  return [];
}
