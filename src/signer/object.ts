/**
 * The CertificateSigningRequest objects that the signer makes, and the facts it keeps in them.
 * @module
 */
import { fromHex, toHex } from "../bytes.ts";
import type { Decision } from "../ca/policy.ts";
import type { Identity } from "../identity.ts";
import {
  type CertificateSigningRequest,
  type Condition,
  conditionOf,
  type CreateRequest,
  isOwn,
  LEGACY_SIGNER_NAME,
  timestamp,
  toBase64Pem,
} from "../k8s/certificate_signing_request.ts";
import { kubernetesUsages } from "../k8s/usages.ts";

const SERIAL_NUMBER = "certgen.internal/serial-number";
const CREATED_THROUGH = "certgen.internal/created-through";

/** What an object is made from. */
export interface ObjectParts {
  readonly request: CreateRequest;
  readonly identity: Identity;
  /** `undefined` for an object that another signer decides about. */
  readonly decision: Decision | undefined;
  /** `<domain>/<profile>` of the profile that was decided on. */
  readonly signerName: string | undefined;
  /** 16 random octets. */
  readonly uid: Uint8Array;
  /** The serial number that an approved request's certificate will have. */
  readonly serialNumber: Uint8Array;
  readonly now: Date;
}

/** The object with its decision, as it is recorded before anything is signed. */
export function newObject(parts: ObjectParts): CertificateSigningRequest {
  const { request, identity, decision, now } = parts;
  const annotations = {
    ...request.annotations,
    ...decision?.approved === true ? { [SERIAL_NUMBER]: toHex(parts.serialNumber) } : {},
    ...request.version === "v1beta1" ? { [CREATED_THROUGH]: request.version } : {},
  };
  const profile = decision?.approved === true ? decision.profile : undefined;
  const defaultUsages = profile
    ? kubernetesUsages(profile.keyUsage, profile.extKeyUsage)
    : ["digital signature", "key encipherment"];
  return {
    kind: "CertificateSigningRequest",
    apiVersion: "certificates.k8s.io/v1",
    metadata: {
      name: request.name,
      uid: uuid(parts.uid),
      resourceVersion: "1",
      creationTimestamp: timestamp(now),
      ...request.labels === undefined ? {} : { labels: request.labels },
      ...Object.keys(annotations).length === 0 ? {} : { annotations },
    },
    spec: {
      request: toBase64Pem(request.request),
      signerName: request.signerName ?? parts.signerName ?? LEGACY_SIGNER_NAME,
      ...request.expirationSeconds === undefined ? {} : { expirationSeconds: request.expirationSeconds },
      usages: request.usages ?? defaultUsages,
      username: identity.username,
      groups: identity.groups,
    },
    status: decision === undefined ? {} : { conditions: [conditionFor(decision, now)] },
  };
}

function conditionFor(decision: Decision, now: Date): Condition {
  return decision.approved
    ? condition("Approved", "PolicyApproved", `approved by the policy for profile ${decision.profile.name}`, now)
    : condition("Denied", decision.reason, decision.message, now);
}

function condition(type: Condition["type"], reason: string, message: string, now: Date): Condition {
  const time = timestamp(now);
  return { type, status: "True", reason, message, lastUpdateTime: time, lastTransitionTime: time };
}

/** The object with its certificate. */
export function withCertificate(object: CertificateSigningRequest, pem: string): CertificateSigningRequest {
  return withStatus(object, { ...object.status, certificate: toBase64Pem(pem) });
}

/** The object with a Failed condition: approved, but never to be issued. */
export function withFailure(object: CertificateSigningRequest, now: Date): CertificateSigningRequest {
  const failed = condition(
    "Failed",
    "IssuingFailed",
    "the certificate could not be issued: the signer's log says more",
    now,
  );
  return withStatus(object, { ...object.status, conditions: [...object.status.conditions ?? [], failed] });
}

function withStatus(
  object: CertificateSigningRequest,
  status: CertificateSigningRequest["status"],
): CertificateSigningRequest {
  const resourceVersion = String(Number(object.metadata.resourceVersion) + 1);
  return { ...object, metadata: { ...object.metadata, resourceVersion }, status };
}

/** Whether an object is ours, was approved, and still has neither certificate nor failure. */
export function isUnfinished(object: CertificateSigningRequest): boolean {
  return isOwn(object) && object.status.certificate === undefined && conditionOf(object, "Approved") !== undefined &&
    conditionOf(object, "Denied") === undefined && conditionOf(object, "Failed") === undefined;
}

/** The serial number that was recorded with the decision. */
export function serialNumberOf(object: CertificateSigningRequest): Uint8Array {
  const octets = fromHex(object.metadata.annotations?.[SERIAL_NUMBER] ?? "");
  if (octets.length !== 16 || octets.every((octet) => octet === 0)) {
    throw new Error("the recorded serial number is not one that the signer makes");
  }
  return octets;
}

/** Whether an object was made through v1beta1. */
export function isThroughBeta(object: CertificateSigningRequest): boolean {
  return object.metadata.annotations?.[CREATED_THROUGH] === "v1beta1";
}

/** RFC 9562 §5.4. */
function uuid(octets: Uint8Array): string {
  const hex = toHex(
    octets.map((octet, i) => i === 6 ? (octet & 0x0f) | 0x40 : i === 8 ? (octet & 0x3f) | 0x80 : octet),
  );
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
