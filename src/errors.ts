/**
 * Every fault that input, a peer or the machine can cause. The list is closed: `k8s/status.ts` maps each code to HTTP,
 * and a caller may switch over it.
 *
 * | code | what went wrong |
 * |---|---|
 * | `malformed-pem` | text is not RFC 7468 PEM, or not exactly one block with the right label |
 * | `malformed-der` | bytes are not strict DER (X.690); `offset` says where |
 * | `malformed-asn1` | DER that is not the structure it should be; `offset` says where |
 * | `malformed-key` | a private or public key that cannot be one (off-curve point, wrong parameters) |
 * | `malformed-object` | a request body or a file that cannot be decoded |
 * | `invalid-object` | an object with a field that is wrong; `field` names it |
 * | `unsupported-algorithm` | a key or signature algorithm that certgen does not use |
 * | `invalid-signature` | a signature that does not verify |
 * | `invalid-certificate` | a certificate that must not be trusted or used here |
 * | `denied` | a profile or policy refuses what was asked; `reason` is machine-readable |
 * | `unauthorized` | a credential that is bad, unknown, or one too many |
 * | `forbidden` | an identity that may not do this |
 * | `not-found`, `already-exists`, `conflict` | as in Kubernetes |
 * | `forked` | another key has renewed the same certificate: one of the two is a thief's |
 * | `expired` | changes that are no longer known: list again |
 * | `method-not-allowed`, `not-acceptable`, `unsupported-media-type`, `too-large` | as in HTTP |
 * | `too-many-requests` | more than one identity may have or ask at once |
 * | `unavailable` | a peer, or a part of the signer, that cannot serve now |
 * | `rejected` | a signer that refused a request outright; the message is its own |
 * | `timed-out` | a wait that came to its limit |
 * | `hook-failed` | a program that was told of new files and could not take them, or a server that does not show them |
 * | `unsafe-path` | a file, directory or name that somebody else could have planted, or that leaves its directory |
 * | `io` | a file, directory or socket that cannot be used |
 */
export type ErrorCode =
  | "malformed-pem"
  | "malformed-der"
  | "malformed-asn1"
  | "malformed-key"
  | "malformed-object"
  | "invalid-object"
  | "unsupported-algorithm"
  | "invalid-signature"
  | "invalid-certificate"
  | "denied"
  | "unauthorized"
  | "forbidden"
  | "not-found"
  | "already-exists"
  | "conflict"
  | "forked"
  | "expired"
  | "method-not-allowed"
  | "not-acceptable"
  | "unsupported-media-type"
  | "too-large"
  | "too-many-requests"
  | "unavailable"
  | "rejected"
  | "timed-out"
  | "hook-failed"
  | "unsafe-path"
  | "io";

/** What a {@link CertgenError} may carry besides its code and message. */
export interface ErrorDetails {
  /** Byte offset of the fault, from the start of the DER document. */
  readonly offset?: number;
  /** Machine-readable reason of a denial, in CamelCase. */
  readonly reason?: string;
  /** Path of the field that is wrong, as in `spec.request`. */
  readonly field?: string;
  /** Why a field is wrong, in the terms of the Kubernetes API. */
  readonly fieldReason?: FieldReason;
  /** All fields that are wrong, where they are not one; an empty list says that nothing more is known than the message. */
  readonly causes?: readonly FieldCause[];
  /** What the wrong fields are of, where it is not the object itself: `ListOptions` of `meta.k8s.io`. */
  readonly invalidKind?: { readonly group: string; readonly kind: string };
  /** When it may be tried again, in whole seconds. */
  readonly retryAfterSeconds?: number;
  /** What caused this error. */
  readonly cause?: unknown;
}

/** Kubernetes' causes of an invalid field (meta/v1 CauseType). */
export type FieldReason =
  | "FieldValueRequired"
  | "FieldValueInvalid"
  | "FieldValueNotSupported"
  | "FieldValueDuplicate"
  | "FieldValueTooLong"
  | "FieldValueForbidden";

/** One field that is wrong. */
export interface FieldCause {
  /** Path, as in `metadata.labels`. */
  readonly field: string;
  /** What kind of fault it is. */
  readonly reason: FieldReason;
  /** The fault in words. */
  readonly message: string;
}

/**
 * The one error class of certgen. Mistakes of the calling program are `TypeError`s instead.
 *
 * @example
 * ```ts
 * import { CertgenError, parseCsr } from "@certgen/core";
 *
 * try {
 *   parseCsr("not a CSR");
 * } catch (error) {
 *   if (!(error instanceof CertgenError)) throw error;
 *   console.log(error.code); // "malformed-pem"
 * }
 * ```
 */
export class CertgenError extends Error {
  /** Always `CertgenError`. */
  override readonly name: string = "CertgenError";
  /** What went wrong, from the closed list. */
  readonly code: ErrorCode;
  /** Byte offset of the fault, where there is one. */
  readonly offset: number | undefined;
  /** Machine-readable reason of a denial. */
  readonly reason: string | undefined;
  /** Path of the field that is wrong. */
  readonly field: string | undefined;
  /** Why the field is wrong. */
  readonly fieldReason: FieldReason | undefined;
  /** All fields that are wrong, where they are not one. */
  readonly causes: readonly FieldCause[] | undefined;
  /** What the wrong fields are of, where it is not the object itself. */
  readonly invalidKind: { readonly group: string; readonly kind: string } | undefined;
  /** When it may be tried again, in whole seconds. */
  readonly retryAfterSeconds: number | undefined;

  /**
   * Makes an error.
   *
   * @param code what went wrong
   * @param message what could not be done and why, without a full stop
   * @param details offset, reason, field or fields, and cause
   */
  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.offset = details.offset;
    this.reason = details.reason;
    this.field = details.field;
    this.fieldReason = details.fieldReason;
    this.causes = details.causes;
    this.invalidKind = details.invalidKind;
    this.retryAfterSeconds = details.retryAfterSeconds;
  }
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
