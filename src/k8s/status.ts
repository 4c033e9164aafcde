/**
 * meta/v1 Status <-> CertgenError: the only place that knows which code is which in HTTP.
 * @module
 */
import { CertgenError, type ErrorCode } from "../errors.ts";

/** A meta/v1 Status object, as far as certgen writes and reads it. */
export interface Status {
  readonly kind: "Status";
  readonly apiVersion: "v1";
  readonly metadata: Record<string, never>;
  readonly status: "Success" | "Failure";
  readonly message: string;
  readonly reason?: string;
  readonly details?: StatusDetails;
  readonly code: number;
}

/** What a request was about: an object of this API, or the collection where there is no name. */
export interface StatusSubject {
  readonly name: string | undefined;
}

/** What a Status is about. */
export interface StatusDetails {
  readonly name?: string;
  readonly group?: string;
  readonly kind?: string;
  readonly causes?: readonly { readonly reason: string; readonly message: string; readonly field?: string }[];
  readonly retryAfterSeconds?: number;
}

/** The group and resource that objects of this API are of. */
export const GROUP = "certificates.k8s.io";
/** The resource's name in paths and messages. */
export const RESOURCE = "certificatesigningrequests";

/** HTTP status and meta/v1 reason of each code; what stands for faults of the signer itself tells nothing. */
const HTTP: Readonly<Record<ErrorCode, readonly [code: number, reason: string]>> = {
  "malformed-pem": [422, "Invalid"],
  "malformed-der": [422, "Invalid"],
  "malformed-asn1": [422, "Invalid"],
  "malformed-key": [422, "Invalid"],
  "invalid-signature": [422, "Invalid"],
  "unsupported-algorithm": [422, "Invalid"],
  "invalid-object": [422, "Invalid"],
  "malformed-object": [400, "BadRequest"],
  "unauthorized": [401, "Unauthorized"],
  "forbidden": [403, "Forbidden"],
  "denied": [403, "Forbidden"],
  "not-found": [404, "NotFound"],
  "method-not-allowed": [405, "MethodNotAllowed"],
  "not-acceptable": [406, "NotAcceptable"],
  "already-exists": [409, "AlreadyExists"],
  "conflict": [409, "Conflict"],
  "forked": [409, "Conflict"],
  "expired": [410, "Expired"],
  "too-large": [413, "RequestEntityTooLarge"],
  "unsupported-media-type": [415, "UnsupportedMediaType"],
  "too-many-requests": [429, "TooManyRequests"],
  "unavailable": [503, "ServiceUnavailable"],
  "io": [500, "InternalError"],
  "unsafe-path": [500, "InternalError"],
  "invalid-certificate": [500, "InternalError"],
  "rejected": [500, "InternalError"],
  "timed-out": [500, "InternalError"],
  "hook-failed": [500, "InternalError"],
};

/** The reason of an `expired` whose revision this store has not come to; clients know the cause by this word. */
export const TOO_LARGE = "ResourceVersionTooLarge";

/** The reason of a `conflict` whose own message says what did not match; any other is a write that came too late. */
export const PRECONDITION = "Precondition";

/** Seconds after which a client may try again what the signer cannot do now. */
const RETRY_AFTER_SECONDS = 5;
/** The same for a client that has asked for too much. */
const LONG_RETRY_AFTER_SECONDS = 60;

/**
 * The Status of an error. Whatever is a fault of the signer's own becomes a 500 with a fixed text, its detail only for the log.
 *
 * @param about what the request was about, where it was about objects
 */
export function statusOf(error: unknown, about?: StatusSubject): Status {
  const known = error instanceof CertgenError ? error : undefined;
  const [code, reason] = HTTP[known?.code ?? "io"];
  const base = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", reason, code } as const;
  const name = about?.name;
  const subject = { ...(name === undefined ? {} : { name }), group: GROUP };
  if (known === undefined || code === 500) return { ...base, message: "Internal error: the signer's log says more" };
  if (code === 503 || code === 429) {
    const retryAfterSeconds = known.retryAfterSeconds ??
      (code === 503 ? RETRY_AFTER_SECONDS : LONG_RETRY_AFTER_SECONDS);
    return { ...base, message: known.message, details: { ...subject, retryAfterSeconds } };
  }
  if (code === 410 && known.reason === TOO_LARGE) {
    const causes = [{ reason: TOO_LARGE, message: "Too large resource version" }];
    return { ...base, message: known.message, details: { causes } };
  }
  if (known.causes?.length === 0) return { ...base, message: known.message, details: {} };
  if (code === 422) return { ...base, ...invalidOf(known, name) };
  const isAboutObjects = about !== undefined && (code === 403 || (name !== undefined && [404, 409].includes(code)));
  if (isAboutObjects) return { ...base, message: objectMessage(known, name), details: { ...subject, kind: RESOURCE } };
  return { ...base, message: known.message, ...([404, 405, 406].includes(code) ? { details: {} } : {}) };
}

/** What answers a DELETE after which the object is gone. */
export function deletedStatus({ name, uid }: { readonly name: string; readonly uid: string }): Record<string, unknown> {
  const details = { name, group: GROUP, kind: RESOURCE, uid };
  return { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", details };
}

/** Message and details of a 422: every field that is wrong, with its cause. */
function invalidOf(error: CertgenError, name: string | undefined): { message: string; details: StatusDetails } {
  const { field = "spec.request", fieldReason = "FieldValueInvalid" } = error;
  const causes = error.causes ?? [{ reason: fieldReason, message: error.message, field }];
  const { group, kind } = error.invalidKind ?? { group: GROUP, kind: "CertificateSigningRequest" };
  const named = error.invalidKind === undefined ? name : undefined;
  const faults = causes.map((cause) => `${cause.field}: ${cause.message}`);
  const list = faults.length === 1 ? faults[0] : `[${faults.join(", ")}]`;
  return {
    message: `${kind}.${group} ${JSON.stringify(named ?? "")} is invalid: ${list}`,
    details: {
      ...(named === undefined ? {} : { name: named }),
      group,
      kind,
      causes: causes.map(({ reason, message, field }) => ({ reason, message, field })),
    },
  };
}

/** kube-apiserver's texts, which people search for. */
function objectMessage(error: CertgenError, name: string | undefined): string {
  const object = `${RESOURCE}.${GROUP}${name === undefined ? "" : ` ${JSON.stringify(name)}`}`;
  switch (error.code) {
    case "not-found":
      return `${object} not found`;
    case "already-exists":
      return `${object} already exists`;
    case "conflict":
      return `Operation cannot be fulfilled on ${object}: ${
        error.reason === PRECONDITION ? error.message : "the object has been modified; " +
          "please apply your changes to the latest version and try again"
      }`;
    case "forked":
      return `Operation cannot be fulfilled on ${object}: ${error.message}`;
    default:
      return `${object} is forbidden: ${error.message}`;
  }
}

/** What a Status that came from a signer means here: its message, and whether asking again can help. */
export function errorOf(httpStatus: number, body: unknown): CertgenError {
  const message = typeof body === "object" && body !== null && "message" in body && typeof body.message === "string"
    ? body.message.slice(0, 2000)
    : `HTTP status ${httpStatus}`;
  if (httpStatus === 401) {
    return new CertgenError("unauthorized", `${message}: the signer does not take this credential`);
  }
  const codes: readonly ErrorCode[] = ["forbidden", "not-found", "expired", "too-large"];
  const code = codes.find((candidate) => HTTP[candidate][0] === httpStatus);
  if (code !== undefined) return new CertgenError(code, message);
  if (httpStatus === 409) return new CertgenError(isReason(body, "Conflict") ? "conflict" : "already-exists", message);
  if (httpStatus === 429 || httpStatus >= 500) return new CertgenError("unavailable", message);
  return new CertgenError("rejected", message);
}

function isReason(body: unknown, reason: string): boolean {
  return typeof body === "object" && body !== null && "reason" in body && body.reason === reason;
}
