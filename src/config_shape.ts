/**
 * Shapes that the configurations of signer and agent are made of. Each says what is wrong as the end of a sentence that
 * begins with the place.
 * @module
 */
import * as v from "valibot";
import { nearest } from "./nearest.ts";

/** A shape whose values, once checked, are these. */
export type Shape<T> = v.GenericSchema<unknown, T>;

const MAX_ENTRIES = 1000;
const MAX_TEXT = 1024;
/** Durations are Go's, and `d` for a day; without the signs that are not ASCII, which runtimes print differently. */
const DURATION = /^(?:0|(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|ms|s|m|h|d))+)$/;
const NO_DURATION = "is no duration such as 8760h, 1h30m, 90s or 365d";

/** Any text but the empty one. */
export const text: Shape<string> = v.pipe(
  v.string("is not a text"),
  v.minLength(1, "is empty"),
  v.maxLength(MAX_TEXT, `has more than ${MAX_TEXT} characters`),
);

/** A label, as a profile's name. */
export const name: Shape<string> = v.pipe(
  v.string("is not a text"),
  v.regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/, "is not 1 to 63 lower-case letters, digits and inner hyphens"),
);

/** A duration; how long is not looked at. */
export const duration: Shape<string> = v.pipe(
  v.string(NO_DURATION),
  v.maxLength(64, NO_DURATION),
  v.regex(DURATION, NO_DURATION),
);

/** True or false. */
export const flag: Shape<boolean> = v.boolean("is neither true nor false");

/** A whole number in a range. */
export function whole(least: number, most: number): Shape<number> {
  const words = `is not a whole number from ${least} to ${most}`;
  return v.pipe(v.number(words), v.integer(words), v.minValue(least, words), v.maxValue(most, words));
}

/** A list, by default one that may be empty. */
export function list<T>(item: Shape<T>, least = 0): Shape<T[]> {
  return v.pipe(
    v.array(item, "is not a list"),
    v.minLength(least, "is empty"),
    v.maxLength(MAX_ENTRIES, `has more than ${MAX_ENTRIES} entries`),
  );
}

/** One of these texts; a message names the first `most`. */
export function choice<const T extends readonly string[]>(values: T, most = 8): Shape<T[number]> {
  return v.picklist(values, `is none of ${values.slice(0, most).join(", ")}${values.length > most ? ", …" : ""}`);
}

/** Valibot takes a list for an object, and `who: []` would be everybody. */
const isMap = v.check<unknown, string>(
  (value) => typeof value === "object" && value !== null && !Array.isArray(value),
  "is not a map",
);

/** A map of these members and no other. */
export function members<T extends v.ObjectEntries>(
  entries: T,
): Shape<v.InferOutput<v.StrictObjectSchema<T, undefined>>> {
  const names = Object.keys(entries);
  return v.pipe(
    v.unknown(),
    isMap,
    v.strictObject(entries, ({ expected, path }) => {
      const key = String(path?.at(-1)?.key ?? "");
      if (expected !== "never") return `lacks ${key}`;
      const near = key.length > MAX_TYPED ? undefined : nearest(key, names);
      return `is not known: there are ${names.join(", ")}${near === undefined ? "" : `; did you mean ${near}?`}`;
    }),
  );
}

/** Keys beyond this are nobody's slip, and take long to compare. */
const MAX_TYPED = 64;

/** A map of any such keys. */
export function record<T>(keys: Shape<string>, values: Shape<T>): Shape<Readonly<Record<string, T>>> {
  return v.pipe(v.unknown(), isMap, v.record(keys as v.GenericSchema<string>, values));
}

/** A member that may be left out. */
export function may<T>(shape: Shape<T>): v.ExactOptionalSchema<Shape<T>, undefined> {
  return v.exactOptional(shape);
}

/** What is wrong with a value's shape, and where, if anything is. */
export function shapeFault(
  value: unknown,
  shape: v.GenericSchema,
): { readonly path: readonly (string | number)[]; readonly why: string } | undefined {
  const { issues } = v.safeParse(shape, value);
  if (issues === undefined) return undefined;
  const issue = deepest(issues[0]);
  const path = issue.path.map((key) => typeof key === "number" ? key : String(key));
  const isAbsent = issue.why.startsWith("lacks ");
  return { path: isAbsent ? path.slice(0, -1) : path, why: issue.why };
}

interface Found {
  readonly path: readonly unknown[];
  readonly why: string;
}

/** Of the alternatives of a union that alone says something which is nearest to what was meant: the one that got furthest. */
function deepest(issue: v.BaseIssue<unknown>, above: readonly unknown[] = []): Found {
  const path = [...above, ...issue.path?.map(({ key }) => key) ?? []];
  const inner = (issue.type === "union" ? issue.issues ?? [] : []).map((one) => deepest(one, path));
  return inner.reduce<Found>((best, one) => one.path.length > best.path.length ? one : best, {
    path,
    why: issue.message,
  });
}
