/**
 * Finds unknown and duplicate fields, with the paths and in the words of Kubernetes' decoder (sigs.k8s.io/json).
 * @module
 */
import { fromUtf8 } from "../bytes.ts";
import { CertgenError } from "../errors.ts";
import { FREE, JSON_PATCH, REQUEST_SHAPE, type Shape } from "./field_shape.ts";
import { isObject, type JsonObject, MAX_JSON_DEPTH } from "./json.ts";

/** Most faults that are told, as in Kubernetes. */
const MAX_FAULTS = 100;
/** Most of a key, and of a path, that is told: a body must not make an answer of many times its length. */
const MAX_KEY = 100;
const MAX_PATH = 200;

/**
 * The unknown and duplicate fields of a CertificateSigningRequest in JSON, as `unknown field "spec.bogus"`, in order, each once.
 * Of duplicates the last one holds, as `JSON.parse` reads them. Go's decoder, which lays the later object over the earlier,
 * differs where both are objects.
 *
 * @param body what `parseJsonObject` has read
 */
export function bodyFaults(body: Uint8Array): string[] {
  return scan(body, REQUEST_SHAPE);
}

/** The unknown fields of a CertificateSigningRequest that a patch has made. */
export function unknownFields(object: JsonObject): string[] {
  const faults = new Faults();
  walk(object, REQUEST_SHAPE, [], faults);
  return faults.found;
}

/**
 * What is doubled in the body of a JSON merge patch or a strategic one, and what is doubled or unknown in a JSON Patch. What
 * the patch makes of an object is for {@link unknownFields}.
 *
 * @param body what `parsePatch` has read
 */
export function patchFaults(type: "json" | "merge" | "strategic", body: Uint8Array): string[] {
  return type === "json" ? scan(body, JSON_PATCH).map((fault) => `json patch ${fault}`) : scan(body, FREE);
}

/** Pieces of a path: keys, shortened, and places in lists. */
type Path = (string | number)[];

class Faults {
  readonly found: string[] = [];

  add(what: "unknown" | "duplicate", path: Path, key: string): void {
    if (this.found.length === MAX_FAULTS) return;
    const text = `${what} field ${quoted([...path, short(key)])}`;
    if (!this.found.includes(text)) this.found.push(text);
  }
}

/** `metadata.ownerReferences[0].x` in quotes; nothing in it but printable ASCII, so that it can stand in a header or a log. */
function quoted(path: Path): string {
  let text = "";
  for (const piece of path) text += typeof piece === "number" ? `[${piece}]` : text === "" ? piece : `.${piece}`;
  return JSON.stringify(text.length > MAX_PATH ? `${text.slice(0, MAX_PATH)}...` : text)
    .replace(/[^\x20-\x7e]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

function short(key: string): string {
  return key.length > MAX_KEY ? key.slice(0, MAX_KEY) : key;
}

function walk(value: unknown, shape: Shape, path: Path, faults: Faults): void {
  if (Array.isArray(value)) {
    const { items } = shape;
    if (items !== undefined) value.forEach((item, i) => walk(item, items, [...path, i], faults));
    return;
  }
  if (!isObject(value)) return;
  for (const [key, one] of Object.entries(value)) {
    const inner = shape.fields === undefined ? shape.values : shape.fields.get(key);
    if (inner !== undefined) walk(one, inner, [...path, short(key)], faults);
    else if (shape.fields !== undefined) faults.add("unknown", path, key);
  }
}

function scan(body: Uint8Array, shape: Shape): string[] {
  const scanner = new Scanner(fromUtf8(body));
  scanner.value(shape);
  return scanner.faults.found;
}

/** Goes once through text that is JSON. Its recursion ends where that of `parseJson` does. */
class Scanner {
  readonly faults: Faults = new Faults();
  readonly #text: string;
  readonly #path: Path = [];
  #depth = 0;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  value(shape: Shape): void {
    const first = this.#next();
    if (first === '"') this.#string();
    else if (first === "{" || first === "[") {
      if (++this.#depth > MAX_JSON_DEPTH) {
        throw new CertgenError("malformed-object", "Cannot read JSON: it is too deep");
      }
      if (first === "{") this.#object(shape);
      else this.#array(shape);
      this.#depth--;
    } else this.#skip(/[^\s,\]}]*/y);
  }

  #object({ fields, values }: Shape): void {
    const seen = new Set<string>();
    this.#members("}", () => {
      const key = this.#key();
      this.#next();
      this.#at++;
      const shape = fields === undefined ? values : fields.get(key);
      if (shape !== undefined && seen.has(key)) this.faults.add("duplicate", this.#path, key);
      else if (shape === undefined && fields !== undefined) this.faults.add("unknown", this.#path, key);
      if (shape !== undefined) seen.add(key);
      this.#path.push(short(key));
      this.value(shape ?? {});
      this.#path.pop();
    });
  }

  #array({ items = {} }: Shape): void {
    let i = 0;
    this.#members("]", () => {
      this.#path.push(i++);
      this.value(items);
      this.#path.pop();
    });
  }

  /** From an opening bracket to behind the closing one. */
  #members(end: "}" | "]", read: () => void): void {
    this.#at++;
    if (this.#next() === end) {
      this.#at++;
      return;
    }
    do {
      read();
      this.#next();
    } while (this.#text.charAt(this.#at++) === ",");
  }

  #key(): string {
    this.#next();
    const start = this.#at;
    this.#string();
    const text = this.#text.slice(start, this.#at);
    return text.includes("\\") ? String(JSON.parse(text)) : text.slice(1, -1);
  }

  #string(): void {
    for (this.#at++; this.#at < this.#text.length; this.#at++) {
      const c = this.#text.charAt(this.#at);
      if (c === "\\") this.#at++;
      else if (c === '"') break;
    }
    this.#at++;
  }

  /** The next character that is no white space. */
  #next(): string {
    this.#skip(/\s*/y);
    return this.#text.charAt(this.#at);
  }

  #skip(pattern: RegExp): void {
    // beyond the end it would begin anew
    pattern.lastIndex = Math.min(this.#at, this.#text.length);
    pattern.test(this.#text);
    this.#at = pattern.lastIndex;
  }
}
