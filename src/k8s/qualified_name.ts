/**
 * The names that Kubernetes gives to labels, annotations and finalizers: `[prefix/]name` (apimachinery,
 * `util/validation/validation.go`).
 * @module
 */

const NAME = /^(?:[A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;
const SUBDOMAIN = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/;
const MAX_NAME = 63;
const MAX_SUBDOMAIN = 253;

const NAME_RULE =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric " +
  "character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is " +
  "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const SUBDOMAIN_RULE =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', " +
  "and must start and end with an alphanumeric character";

/** What is wrong with a qualified name, if anything is. */
export function qualifiedNameFault(text: string): string | undefined {
  const parts = text.split("/");
  const [prefix, name] = parts.length === 1 ? [undefined, text] : parts;
  if (parts.length > 2 || name === undefined) {
    return `a qualified name ${NAME_RULE} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`;
  }
  if (prefix === "") return "prefix part must be non-empty";
  if (prefix !== undefined && prefix.length > MAX_SUBDOMAIN) {
    return `prefix part must be no more than ${MAX_SUBDOMAIN} bytes`;
  }
  if (prefix !== undefined && !SUBDOMAIN.test(prefix)) return `prefix part ${SUBDOMAIN_RULE}`;
  if (name === "") return "name part must be non-empty";
  if (name.length > MAX_NAME) return `name part must be no more than ${MAX_NAME} bytes`;
  return NAME.test(name) ? undefined : `name part ${NAME_RULE}`;
}

/** What is wrong with the value of a label, if anything is. */
export function labelValueFault(text: string): string | undefined {
  if (text.length > MAX_NAME) return `must be no more than ${MAX_NAME} bytes`;
  if (text === "" || NAME.test(text)) return undefined;
  return `a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start ` +
    "and end with an alphanumeric character";
}
