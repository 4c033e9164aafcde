/**
 * What a client asks of a collection: the query of a list or a watch, as meta/v1 ListOptions has it.
 * @module
 */
import { CertgenError, type FieldCause } from "../errors.ts";
import { forbidden, notSupported, refuse } from "./field.ts";
import { parseSelectors, type Selectors } from "./selector.ts";
import { TOO_LARGE } from "./status.ts";

/** The query of a list or a watch. */
export interface ListOptions {
  readonly watch: boolean;
  readonly selectors: Selectors;
  /** 0: no limit. */
  readonly limit: number;
  /** The token of the next page, as it was sent. */
  readonly continueToken: string | undefined;
  readonly resourceVersion: ResourceVersion;
  /** How long a watch may last; `undefined` where the server chooses. */
  readonly timeoutSeconds: number | undefined;
  readonly allowWatchBookmarks: boolean;
}

/**
 * How new an answer must be: `latest`; `any`, which a cache could give; at least as new as a revision, or exactly that one.
 * To a watch `latest` and `any` mean that it begins with what is there, and `notOlderThan` that it goes on from a revision.
 */
export type ResourceVersion =
  | { readonly match: "latest" | "any" }
  | { readonly match: "notOlderThan" | "exact"; readonly revision: number };

const INVALID = { group: "meta.k8s.io", kind: "ListOptions" };
/** A timer of more than 2^31 milliseconds fires at once; a day is long enough. */
const MAX_TIMEOUT_SECONDS = 86_400;

/**
 * Reads the query of a list or a watch; parameters that nobody knows are passed over.
 * @throws CertgenError `malformed-object` for what cannot be read, `invalid-object` (of `ListOptions`) for what does not go
 * together. `sendInitialEvents` is refused, upon which clients list first.
 */
export function parseListOptions(query: URLSearchParams): ListOptions {
  const watch = booleanOf(query.get("watch")) === true;
  const text = query.get("resourceVersion") ?? "";
  const revision = parseRevision(text);
  const timeoutSeconds = integerOf(query, "timeoutSeconds");
  const options = {
    watch,
    selectors: parseSelectors(query.get("labelSelector"), query.get("fieldSelector")),
    limit: Math.max(0, integerOf(query, "limit") ?? 0),
    continueToken: query.get("continue") || undefined,
    resourceVersion: resourceVersionOf(query, revision),
    timeoutSeconds: timeoutSeconds === undefined || timeoutSeconds <= 0
      ? undefined
      : Math.min(timeoutSeconds, MAX_TIMEOUT_SECONDS),
    allowWatchBookmarks: booleanOf(query.get("allowWatchBookmarks")) === true,
  };
  refuse(listFaults(query, watch, text), INVALID);
  if (options.continueToken !== undefined && !watch && text !== "" && text !== "0") {
    throw new CertgenError("malformed-object", "specifying resource version is not allowed when using continue");
  }
  return options;
}

/** `runtime.Convert_Slice_string_To_bool`: there and not `0` or `false` is true. */
function booleanOf(value: string | null): boolean | undefined {
  return value === null ? undefined : value !== "0" && value.toLowerCase() !== "false";
}

function integerOf(query: URLSearchParams, key: string): number | undefined {
  const text = query.get(key);
  if (text === null || text === "") return undefined;
  if (/^[+-]?\d{1,15}$/.test(text)) return Number(text);
  const fault = /^[+-]?\d+$/.test(text) ? "value out of range" : "invalid syntax";
  throw new CertgenError(
    "malformed-object",
    `strconv.ParseInt: parsing ${JSON.stringify(text.slice(0, 100))}: ${fault}`,
  );
}

/**
 * A revision, as a client has kept it; one beyond what can be counted is the largest number.
 * @throws CertgenError `malformed-object`; kube-apiserver says 500, but nothing a client sends is a fault of ours
 */
export function parseRevision(text: string): number | undefined {
  if (text === "") return undefined;
  if (/^\d{1,20}$/.test(text)) return Math.min(Number(text), Number.MAX_SAFE_INTEGER);
  const shown = JSON.stringify(text.slice(0, 100));
  const message = `resourceVersion: Invalid value: ${shown}: strconv.ParseUint: parsing ${shown}: invalid syntax`;
  throw new CertgenError("malformed-object", message);
}

function resourceVersionOf(query: URLSearchParams, revision: number | undefined): ResourceVersion {
  if (revision === undefined) return { match: "latest" };
  if (revision === 0) return { match: "any" };
  return { match: query.get("resourceVersionMatch") === "Exact" ? "exact" : "notOlderThan", revision };
}

/** `ValidateListOptions` of apimachinery, with the WatchList feature off. */
function listFaults(query: URLSearchParams, watch: boolean, resourceVersion: string): FieldCause[] {
  const match = query.get("resourceVersionMatch") ?? "";
  const faults: FieldCause[] = [];
  if (query.has("sendInitialEvents")) {
    const where = watch ? "watch unless the WatchList feature gate is enabled" : "list";
    faults.push(forbidden("sendInitialEvents", `sendInitialEvents is forbidden for ${where}`));
  }
  if (match === "") return faults;
  const field = "resourceVersionMatch";
  if (watch) {
    faults.push(forbidden(field, "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"));
    return faults;
  }
  if (resourceVersion === "") {
    faults.push(forbidden(field, "resourceVersionMatch is forbidden unless resourceVersion is provided"));
  }
  if (query.get("continue")) {
    faults.push(forbidden(field, "resourceVersionMatch is forbidden when continue is provided"));
  }
  if (match !== "Exact" && match !== "NotOlderThan") {
    faults.push(notSupported(field, match, ["Exact", "NotOlderThan", ""]));
  }
  if (match === "Exact" && resourceVersion === "0") {
    faults.push(forbidden(field, 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'));
  }
  return faults;
}

/**
 * Whether a list can be answered from what is there now.
 *
 * @param current the store's revision
 * @throws CertgenError `expired` for a past revision that is asked for exactly, since only the present is kept, and for one
 * that this store has not come to: it is of another store, and the client has to begin anew. (kube-apiserver waits for it, and
 * then says 504 with the same cause.)
 */
export function checkListRevision(wanted: ResourceVersion, current: number): void {
  if (!("revision" in wanted)) return;
  const { revision, match } = wanted;
  if (revision > current) {
    const message = `Too large resource version: ${revision}, current: ${current}`;
    throw new CertgenError("expired", message, { reason: TOO_LARGE });
  }
  if (match === "exact" && revision < current) throw tooOld(revision, current);
}

/** The error for changes that are no longer known. */
export function tooOld(revision: number, oldest: number): CertgenError {
  return new CertgenError("expired", `too old resource version: ${revision} (${oldest})`);
}
