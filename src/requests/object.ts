/**
 * The CertificateSigningRequest objects that the signer makes, and the facts it keeps in them.
 * @module
 */
import { fromHex, toHex } from "../bytes.ts";
import type { Profile } from "../ca/profile.ts";
import { ANONYMOUS, EXTRA, type Extra, factOf, type Identity, PROOFS } from "../identity.ts";
import {
  type CertificateSigningRequest,
  conditionOf,
  isOwn,
  LEGACY_SIGNER_NAME,
  LEGACY_USAGES,
  timestamp,
  toBase64Pem,
} from "../k8s/certificate_signing_request.ts";
import type { CreateRequest } from "../k8s/create_request.ts";
import type { RequestCondition } from "../k8s/request_status.ts";
import { kubernetesUsages } from "../k8s/usages.ts";
import type { Decision } from "./judge.ts";

const SERIAL_NUMBER = "certgen.internal/serial-number";
const CREATED_THROUGH = "certgen.internal/created-through";
/** Who decided, where it was not the policy. */
const DECIDED_BY = "certgen.internal/decided-by";

/** What an object is made from. */
export interface ObjectParts {
  readonly request: CreateRequest;
  readonly identity: Identity;
  /** `undefined` while an administrator, or another signer, has to decide. */
  readonly decision: Decision | undefined;
  /** The profile that the policy would issue by, and its signer name `<domain>/<profile>`. */
  readonly profile: Profile | undefined;
  readonly signerName: string | undefined;
  readonly uid: string;
  /** The serial number that an approved request's certificate will have. */
  readonly serialNumber: Uint8Array;
  readonly now: Date;
}

/** The object with its decision, as it is recorded before anything is signed. */
export function newObject(parts: ObjectParts): CertificateSigningRequest {
  const { request, identity, decision, profile, now } = parts;
  const annotations = {
    ...request.annotations,
    ...decision?.approved === true ? { [SERIAL_NUMBER]: toHex(parts.serialNumber) } : {},
    ...request.version === "v1beta1" ? { [CREATED_THROUGH]: request.version } : {},
  };
  const defaultUsages = profile ? kubernetesUsages(profile.keyUsage, profile.extKeyUsage) : LEGACY_USAGES;
  return {
    kind: "CertificateSigningRequest",
    apiVersion: "certificates.k8s.io/v1",
    metadata: {
      name: request.name,
      ...request.generateName === undefined ? {} : { generateName: request.generateName },
      uid: parts.uid,
      resourceVersion: "1",
      creationTimestamp: timestamp(now),
      ...request.labels === undefined ? {} : { labels: request.labels },
      ...Object.keys(annotations).length === 0 ? {} : { annotations },
      ...request.ownerReferences === undefined ? {} : { ownerReferences: request.ownerReferences },
      ...request.finalizers === undefined ? {} : { finalizers: request.finalizers },
    },
    spec: {
      request: toBase64Pem(request.request),
      signerName: request.signerName ?? parts.signerName ?? LEGACY_SIGNER_NAME,
      ...request.expirationSeconds === undefined ? {} : { expirationSeconds: request.expirationSeconds },
      usages: request.usages ?? defaultUsages,
      username: identity.username,
      groups: identity.groups,
      ...extraOf(identity),
    },
    status: decision === undefined ? {} : { conditions: [conditionFor(decision, now)] },
  };
}

/** What is kept of an identity besides its names: enough to judge it again. */
function extraOf({ proof, extra }: Identity): { readonly extra?: Extra } {
  if (proof === "none" || proof === "token") return extra === undefined ? {} : { extra };
  return { extra: { [EXTRA.proof]: [proof], ...extra } };
}

/** Who asked for an object, as it was then. */
export function identityOf({ spec }: CertificateSigningRequest): Identity {
  const { username, groups, extra } = spec;
  const named = PROOFS.find((known) => known === factOf(spec, EXTRA.proof));
  const proof = named ?? (username === ANONYMOUS.username ? "none" : "token");
  return { username, groups, proof, ...extra === undefined ? {} : { extra } };
}

/**
 * Whether an object is of an identity. Two certificates may have one common name: their lines tell their holders apart.
 */
export function isOwner({ spec }: CertificateSigningRequest, identity: Identity): boolean {
  return spec.username === identity.username && factOf(spec, EXTRA.lineage) === factOf(identity, EXTRA.lineage);
}

function conditionFor(decision: Decision, now: Date): RequestCondition {
  return decision.approved
    ? condition("Approved", "PolicyApproved", decision.message, now)
    : condition("Denied", decision.reason, decision.message, now);
}

function condition(
  type: "Approved" | "Denied" | "Failed" | "Forked",
  reason: string,
  message: string,
  now: Date,
): RequestCondition {
  const time = timestamp(now);
  return { type, status: "True", reason, message, lastUpdateTime: time, lastTransitionTime: time };
}

/** The object with its certificate. */
export function withCertificate(object: CertificateSigningRequest, pem: string): CertificateSigningRequest {
  return { ...object, status: { ...object.status, certificate: toBase64Pem(pem) } };
}

/** The object with a Failed condition: approved, but never to be issued. */
export function withFailure(object: CertificateSigningRequest, now: Date): CertificateSigningRequest {
  const failed = condition(
    "Failed",
    "IssuingFailed",
    "the certificate could not be issued: the signer's log says more",
    now,
  );
  return { ...object, status: { ...object.status, conditions: [...object.status.conditions ?? [], failed] } };
}

/** The object with the mark of a request that came second: pending until somebody has found out which of the two is a thief's. */
export function withFork(object: CertificateSigningRequest, now: Date): CertificateSigningRequest {
  const forked = condition(
    "Forked",
    "SecondSuccessor",
    "another key has renewed the same certificate before: one of the two was stolen; an administrator has to decide",
    now,
  );
  return { ...object, status: { ...object.status, conditions: [...object.status.conditions ?? [], forked] } };
}

/** The object with the serial number that its certificate will have. */
export function withSerialNumber(object: CertificateSigningRequest, octets: Uint8Array): CertificateSigningRequest {
  const annotations = { ...object.metadata.annotations, [SERIAL_NUMBER]: toHex(octets) };
  return { ...object, metadata: { ...object.metadata, annotations } };
}

/** Whether a serial number is recorded for a certificate. */
export function isPromised({ metadata }: CertificateSigningRequest): boolean {
  return metadata.annotations?.[SERIAL_NUMBER] !== undefined;
}

/** Whether a certificate was promised, a serial number being recorded for it, that is neither there nor failed. */
export function isUnfinished(object: CertificateSigningRequest): boolean {
  const { metadata, status } = object;
  return isOwn(object) && isPromised(object) &&
    metadata.deletionTimestamp === undefined &&
    status.certificate === undefined && has(object, "Approved") && !has(object, "Denied") && !has(object, "Failed");
}

/** Whether nobody has decided yet. */
export function isPending(object: CertificateSigningRequest): boolean {
  return !has(object, "Approved") && !has(object, "Denied") && !has(object, "Failed");
}

/** Whether an object was denied, or failed: it has no certificate and never will. */
export function isRefused(object: CertificateSigningRequest): boolean {
  return object.status.certificate === undefined && (has(object, "Denied") || has(object, "Failed"));
}

function has(object: CertificateSigningRequest, type: string): boolean {
  return conditionOf(object, type) !== undefined;
}

/** The serial number that was recorded with the decision. */
export function serialNumberOf(object: CertificateSigningRequest): Uint8Array {
  const octets = fromHex(object.metadata.annotations?.[SERIAL_NUMBER] ?? "");
  if (octets.length !== 16 || octets.every((octet) => octet === 0)) {
    throw new Error("the recorded serial number is not one that the signer makes");
  }
  return octets;
}

/** The object with a mark of the administrator who decided about it. */
export function withDecider(object: CertificateSigningRequest, username: string): CertificateSigningRequest {
  const annotations = { ...object.metadata.annotations, [DECIDED_BY]: username };
  return { ...object, metadata: { ...object.metadata, annotations } };
}

/** Whether an object holds nothing but what its requester and the policy said: another may take its place. */
export function isReplaceable(object: CertificateSigningRequest): boolean {
  const { metadata } = object;
  return !has(object, "Forked") && metadata.annotations?.[DECIDED_BY] === undefined &&
    metadata.finalizers === undefined &&
    metadata.deletionTimestamp === undefined;
}

/** Whether an object was made through v1beta1. */
export function isThroughBeta(object: CertificateSigningRequest): boolean {
  return object.metadata.annotations?.[CREATED_THROUGH] === "v1beta1";
}

/** The UUID of 16 random octets (RFC 9562 §5.4). */
export function uuid(octets: Uint8Array): string {
  const hex = toHex(
    octets.map((octet, i) => i === 6 ? (octet & 0x0f) | 0x40 : i === 8 ? (octet & 0x3f) | 0x80 : octet),
  );
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
