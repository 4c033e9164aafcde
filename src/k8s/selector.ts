/**
 * Which objects of a collection a client asks for: `labelSelector` and `fieldSelector`.
 * @module
 */
import { CertgenError } from "../errors.ts";
import { type LabelMatcher, parseLabelSelector } from "./label_selector.ts";

/** What selectors look at. */
export interface Selectable {
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
  readonly spec: { readonly signerName: string };
}

/** The selectors of one request. */
export interface Selectors {
  /** Whether everything matches: only then can a list say how many objects remain. */
  readonly matchesAll: boolean;
  /** The only name that can match, where `metadata.name=` says one: an authorizer's `resourceNames`. */
  readonly name: string | undefined;
  readonly matches: (object: Selectable) => boolean;
}

/** The fields that an object can be selected by (kubernetes/pkg/apis/certificates). */
const FIELDS: ReadonlyMap<string, (object: Selectable) => string> = new Map([
  ["metadata.name", (object: Selectable) => object.metadata.name],
  // the resource is cluster-scoped
  ["metadata.namespace", () => ""],
  ["spec.signerName", (object: Selectable) => object.spec.signerName],
]);

/** A requirement on one field. */
interface FieldTerm {
  readonly field: string;
  readonly equals: boolean;
  readonly value: string;
}

/**
 * Reads the selectors of a query; an absent or empty one matches everything.
 * @throws CertgenError `malformed-object`
 */
export function parseSelectors(labelSelector: string | null, fieldSelector: string | null): Selectors {
  const labels: LabelMatcher = parseLabelSelector(labelSelector ?? "");
  const terms = parseFieldTerms(fieldSelector ?? "");
  return {
    matchesAll: (labelSelector ?? "").trim() === "" && terms.length === 0,
    name: terms.find((term) => term.field === "metadata.name" && term.equals)?.value,
    matches: (object) =>
      terms.every(({ field, equals, value }) => (FIELDS.get(field)?.(object) === value) === equals) &&
      labels(object.metadata.labels ?? {}),
  };
}

/** `fields.ParseSelector` of apimachinery (`fields/selector.go`). */
function parseFieldTerms(text: string): FieldTerm[] {
  return splitTerms(text).filter((term) => term !== "").map((term) => {
    const found = /^(.*?)(!=|==|=)(.*)$/s.exec(term);
    if (found === null) throw bad(`invalid selector: '${text}'; can't understand '${term}'`);
    const [, field = "", operator, raw = ""] = found;
    if (!FIELDS.has(field)) throw bad(`field label not supported: ${field}`);
    return { field, equals: operator !== "!=", value: unescape(raw) };
  });
}

/** At commas that no backslash stands before. */
function splitTerms(text: string): string[] {
  const terms: string[] = [];
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    if (text.charAt(i) === "\\") i++;
    else if (text.charAt(i) === ",") {
      terms.push(text.slice(start, i));
      start = i + 1;
    }
  }
  return [...terms, text.slice(start)];
}

function unescape(text: string): string {
  let out = "";
  for (let i = 0; i < text.length; i++) {
    const c = text.charAt(i);
    if (c === "=") throw bad(`invalid field selector: unescaped character in value: ${text}: ${c}`);
    if (c !== "\\") {
      out += c;
      continue;
    }
    const next = text.charAt(++i);
    if (next === "" || !"\\,=".includes(next)) {
      throw bad(`invalid field selector: invalid escape sequence: ${JSON.stringify(c + next)}`);
    }
    out += next;
  }
  return out;
}

function bad(message: string): CertgenError {
  return new CertgenError("malformed-object", message);
}
