import type { Identity } from "../identity.ts";
import { Bounds } from "./bounds.ts";
import type { Body } from "./line.ts";

/** What was done or asked for. */
export type AuditAction = "create" | "approve" | "deny" | "fork" | "revoke" | "delete";

/** What became of it; `done` where there was nothing to decide. */
export type AuditDecision = "approved" | "denied" | "pending" | "forked" | "revoked" | "done";

/** One decision, as the audit log keeps it. Long texts and lists are cut, and say so; nothing in it may be a secret. */
export interface AuditEvent {
  /** The same as in the answer's header and in the log. */
  readonly requestId: string;
  /** Address the request came from, where there is one. */
  readonly source?: string | undefined;
  /** Who asks, and how that was proven. */
  readonly identity: Identity;
  /** What was done or asked for. */
  readonly action: AuditAction;
  /** The object it is about: a request by name and uid, a token by its public half. */
  readonly object?: AuditObject | undefined;
  /** The signer that is asked. */
  readonly signerName?: string | undefined;
  /** The profile that the request fits. */
  readonly profile?: string | undefined;
  /** The subject's common name. */
  readonly commonName?: string | undefined;
  /** Names asked for, as they would stand in the certificate. */
  readonly names?: readonly string[] | undefined;
  /** What became of it. */
  readonly decision: AuditDecision;
  /** Machine-readable reason, in CamelCase. */
  readonly reason?: string | undefined;
  /** Every rule that was looked at, in words. */
  readonly rules?: string | undefined;
  /** Of the certificate, in hexadecimal. */
  readonly serialNumber?: string | undefined;
  /** SHA-256 of the SubjectPublicKeyInfo, in hexadecimal. */
  readonly keyFingerprint?: string | undefined;
  /** SHA-256 of the certificate that this one follows, in hexadecimal. */
  readonly predecessor?: string | undefined;
  /** When the certificate ends. */
  readonly notAfter?: Date | undefined;
}

/** What an {@link AuditEvent} is about. */
export interface AuditObject {
  /** As in `metadata.name`. */
  readonly name: string;
  /** As in `metadata.uid`, where it has one. */
  readonly uid?: string | undefined;
}

/** Where decisions are kept; `AuditLog` is one. */
export interface Audit {
  /**
   * Resolves once the event is on disk: nothing that it says may be stored or shown before.
   * @throws CertgenError `unavailable` where it cannot be written; it may then be on disk or not
   */
  record(event: AuditEvent): Promise<void>;
}

/** Room for a certificate's names: a hundred of 253 bytes, and some more. */
const NAME_UNITS = 32_768;
/** Room for everything else but the identity, rules included. */
const OTHER_UNITS = 16_384;
const MAX_RULES = 8192;
const IDENTITY_UNITS = 16_384;

/** An event as it stands in a line, within bounds: under 512 KiB however it is escaped. */
export function entryOf(event: AuditEvent): Body {
  const { identity, object, names, rules, notAfter } = event;
  const bounds = new Bounds(OTHER_UNITS);
  const text = (value: string | undefined): string | undefined => value === undefined ? undefined : bounds.text(value);
  return {
    requestId: text(event.requestId),
    source: text(event.source),
    identity: identityOf(identity),
    action: event.action,
    object: object && { name: text(object.name), uid: text(object.uid) },
    signerName: text(event.signerName),
    profile: text(event.profile),
    commonName: text(event.commonName),
    names: names && new Bounds(NAME_UNITS).list(names),
    decision: event.decision,
    reason: text(event.reason),
    serialNumber: text(event.serialNumber),
    keyFingerprint: text(event.keyFingerprint),
    predecessor: text(event.predecessor),
    notAfter: notAfter?.toISOString(),
    rules: rules && bounds.text(rules, MAX_RULES),
  };
}

function identityOf({ username, proof, groups, extra }: Identity): Body {
  const bounds = new Bounds(IDENTITY_UNITS);
  return {
    username: bounds.text(username),
    proof,
    groups: bounds.list(groups),
    extra: extra && bounds.lists(extra),
  };
}
