/**
 * CertificateSigningRequest of certificates.k8s.io, v1 and v1beta1: the object as it is kept and answered. How a client makes
 * one is in `create_request.ts`, how it is read back in `stored_object.ts`.
 * @module
 */
import { type Bytes, fromBase64, fromUtf8, toBase64, toUtf8 } from "../bytes.ts";
import { CertgenError } from "../errors.ts";
import type { Extra } from "../identity.ts";
import { type JsonObject, stringMember } from "./json.ts";
import type { ObjectMeta } from "./object_meta.ts";
import type { RequestCondition, RequestStatus } from "./request_status.ts";
import { GROUP } from "./status.ts";

/** The versions of the API that are served. */
export type ApiVersion = "v1" | "v1beta1";

/** The `spec`: what was asked for, and by whom. */
export interface RequestSpec {
  /** base64 of PEM. */
  readonly request: string;
  readonly signerName: string;
  readonly expirationSeconds?: number;
  readonly usages: readonly string[];
  readonly username: string;
  readonly groups: readonly string[];
  /** What else is known of the user. */
  readonly extra?: Extra;
}

/** An object as it is kept; members in the order in which Kubernetes writes them. */
export interface CertificateSigningRequest {
  readonly kind: "CertificateSigningRequest";
  /**
   * Who made the object, since an answer says the version of its path instead ({@link encode}): v1 is the signer's own,
   * v1beta1 what the older system left. Only `newObject` and `decodeStored` set it; {@link isOwn} reads it.
   */
  readonly apiVersion: `${typeof GROUP}/${ApiVersion}`;
  readonly metadata: ObjectMeta;
  readonly spec: RequestSpec;
  readonly status: RequestStatus;
}

/** The signer name of objects that name none and that no profile is for. */
export const LEGACY_SIGNER_NAME = "kubernetes.io/legacy-unknown";

/** The usages of objects of v1beta1 that name none and that no profile is for, as Kubernetes has them. */
export const LEGACY_USAGES: readonly string[] = ["digital signature", "key encipherment"];

/** Shortest lifetime that may be asked for, as in Kubernetes. */
export const MIN_EXPIRATION_SECONDS = 600;

/**
 * Checks that a body is of this kind, and of the version of its path; what says neither is.
 * @throws CertgenError `malformed-object`
 */
export function checkKind(object: JsonObject, version: ApiVersion): void {
  const kind = stringMember(object, "kind", "kind") ?? "CertificateSigningRequest";
  const expected = `${GROUP}/${version}`;
  const apiVersion = (stringMember(object, "apiVersion", "apiVersion") ?? expected).slice(0, 100);
  if (kind !== "CertificateSigningRequest") {
    const sent = JSON.stringify(apiVersion.slice(apiVersion.indexOf("/") + 1));
    const message = `${kind.slice(0, 100)} in version ${sent} cannot be handled as a CertificateSigningRequest`;
    throw new CertgenError("malformed-object", `${message}: no such kind is registered for version "${apiVersion}"`);
  }
  if (apiVersion !== expected) {
    const message = `the API version in the data (${apiVersion}) does not match the expected API version (${expected})`;
    throw new CertgenError("malformed-object", message);
  }
}

/**
 * Whether the signer itself made an object. Any other is what the older system left: it is shown, and never signed,
 * replaced, or taken for proof of anything.
 */
export function isOwn(object: Pick<CertificateSigningRequest, "apiVersion">): boolean {
  return object.apiVersion === `${GROUP}/v1`;
}

/** The object as JSON, read through one version of the API. */
export function encode(object: CertificateSigningRequest, version: ApiVersion): string {
  return JSON.stringify({ ...object, apiVersion: `${GROUP}/${version}` }) + "\n";
}

/** The condition of a type, where the object has it. */
export function conditionOf(
  object: Pick<CertificateSigningRequest, "status">,
  type: string,
): RequestCondition | undefined {
  return object.status.conditions?.find((condition) => condition.type === type);
}

/** PEM as `spec.request` and `status.certificate` carry it. */
export function toBase64Pem(pem: string): string {
  return toBase64(toUtf8(pem));
}

/**
 * The other way.
 * @throws CertgenError `malformed-object`
 */
export function fromBase64Pem(text: string): string {
  return fromUtf8(fromBase64(text) as Bytes);
}

/** A time as Kubernetes writes it: RFC 3339, whole seconds. */
export function timestamp(moment: Date): string {
  return moment.toISOString().replace(/\.\d+/, "");
}

/** A time of RFC 3339 as {@link timestamp} writes it; `undefined` where the text is none, or none in UTC's years 0 to 9999. */
export function parseTimestamp(text: string): string | undefined {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/.test(text)) return undefined;
  const moment = new Date(text);
  if (Number.isNaN(moment.getTime())) return undefined;
  const written = timestamp(moment);
  return /^\d{4}-/.test(written) ? written : undefined;
}
