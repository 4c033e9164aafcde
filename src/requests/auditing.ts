/**
 * What the audit log is told about objects.
 * @module
 */
import { sha256Hex } from "../digest.ts";
import type { Audit, AuditAction, AuditDecision, AuditEvent } from "../audit/entry.ts";
import { toHex } from "../bytes.ts";
import type { Identity } from "../identity.ts";
import { type CertificateSigningRequest, conditionOf } from "../k8s/certificate_signing_request.ts";
import { formatGeneralName } from "../x509/general_name.ts";
import type { Csr } from "../x509/csr.ts";
import { attributeValues } from "../x509/name.ts";
import { isPromised, serialNumberOf } from "./object.ts";
import type { Requester } from "./requester.ts";
import type { Trace } from "./trace.ts";

/** What was decided about an object. */
export interface Audited {
  readonly trace: Trace;
  /** Who did it. */
  readonly identity: Identity;
  readonly action: AuditAction;
  readonly decision: AuditDecision;
  /** As it will be kept. */
  readonly object: CertificateSigningRequest;
  /** What led to it, in words. */
  readonly rules?: string | undefined;
  readonly csr?: Csr | undefined;
  readonly requester?: Requester | undefined;
  readonly profile?: string | undefined;
}

/** Tells the audit log. */
export class Auditing {
  readonly #audit: Audit;

  constructor(audit: Audit) {
    this.#audit = audit;
  }

  /**
   * Resolves once the log has it, before which nothing may be stored or shown.
   * @throws CertgenError `unavailable`
   */
  async record(audited: Audited): Promise<void> {
    await this.#audit.record(await eventOf(audited));
  }
}

async function eventOf(audited: Audited): Promise<AuditEvent> {
  const { trace, identity, action, decision, object, rules, csr, requester, profile } = audited;
  const { name, uid } = object.metadata;
  const condition = (["Denied", "Forked", "Failed", "Approved"] as const).map((type) => conditionOf(object, type))
    .find((found) => found !== undefined);
  const [commonName] = csr === undefined ? [] : attributeValues(csr.subject, "commonName");
  return {
    ...trace,
    identity,
    action,
    decision,
    object: { name, uid },
    signerName: object.spec.signerName,
    profile,
    commonName,
    names: csr?.extensions.subjectAltName?.map(formatGeneralName),
    reason: condition?.reason,
    rules,
    serialNumber: isPromised(object) ? toHex(serialNumberOf(object)) : undefined,
    keyFingerprint: csr && await sha256Hex(csr.publicKey.spki),
    predecessor: requester?.predecessor?.fingerprint,
  };
}
