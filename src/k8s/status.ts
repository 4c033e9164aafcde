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

/** What a Status is about. */
export interface StatusDetails {
  readonly name?: string;
  readonly group?: string;
  readonly kind?: string;
  readonly causes?: readonly { readonly reason: string; readonly message: string; readonly field: string }[];
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
  "too-large": [413, "RequestEntityTooLarge"],
  "unsupported-media-type": [415, "UnsupportedMediaType"],
  "unavailable": [503, "ServiceUnavailable"],
  "io": [500, "InternalError"],
  "unsafe-path": [500, "InternalError"],
  "invalid-certificate": [500, "InternalError"],
  "rejected": [500, "InternalError"],
  "timed-out": [500, "InternalError"],
};

/** Seconds after which a client may try again what the signer cannot do now. */
const RETRY_AFTER_SECONDS = 5;

/**
 * The Status of an error. Whatever is a fault of the signer's own becomes a 500 with a fixed text, its detail only for the log.
 *
 * @param name name of the object that the request was about, where there is one
 */
export function statusOf(error: unknown, name?: string): Status {
  const known = error instanceof CertgenError ? error : undefined;
  const [code, reason] = HTTP[known?.code ?? "io"];
  const base = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", reason, code } as const;
  const subject = { ...(name === undefined ? {} : { name }), group: GROUP };
  if (known === undefined || code === 500) return { ...base, message: "Internal error: the signer's log says more" };
  if (code === 503) {
    return { ...base, message: known.message, details: { ...subject, retryAfterSeconds: RETRY_AFTER_SECONDS } };
  }
  if (code === 422) {
    const { field = "spec.request", fieldReason = "FieldValueInvalid" } = known;
    const message = `CertificateSigningRequest.${GROUP} ${
      JSON.stringify(name ?? "")
    } is invalid: ${field}: ${known.message}`;
    const causes = [{ reason: fieldReason, message: known.message, field }];
    return { ...base, message, details: { ...subject, kind: "CertificateSigningRequest", causes } };
  }
  const aboutObject = name !== undefined && [403, 404, 409].includes(code);
  if (aboutObject) return { ...base, message: objectMessage(known, name), details: { ...subject, kind: RESOURCE } };
  return { ...base, message: known.message, ...([404, 405, 406].includes(code) ? { details: {} } : {}) };
}

/** kube-apiserver's texts, which people search for. */
function objectMessage(error: CertgenError, name: string): string {
  const object = `${RESOURCE}.${GROUP} ${JSON.stringify(name)}`;
  switch (error.code) {
    case "not-found":
      return `${object} not found`;
    case "already-exists":
      return `${object} already exists`;
    case "conflict":
      return `Operation cannot be fulfilled on ${object}: the object has been modified; please apply your changes to the latest version and try again`;
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
  const codes: readonly ErrorCode[] = ["forbidden", "not-found", "too-large"];
  const code = codes.find((candidate) => HTTP[candidate][0] === httpStatus);
  if (code !== undefined) return new CertgenError(code, message);
  if (httpStatus === 409) return new CertgenError(isReason(body, "Conflict") ? "conflict" : "already-exists", message);
  if (httpStatus === 429 || httpStatus >= 500) return new CertgenError("unavailable", message);
  return new CertgenError("rejected", message);
}

function isReason(body: unknown, reason: string): boolean {
  return typeof body === "object" && body !== null && "reason" in body && body.reason === reason;
}
