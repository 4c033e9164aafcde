/**
 * What administrators do to objects: approve, deny, change what may change, delete.
 * @module
 */
import { sha256Hex } from "../digest.ts";
import { CertgenError } from "../errors.ts";
import type { Identity } from "../identity.ts";
import {
  type ApiVersion,
  type CertificateSigningRequest,
  conditionOf,
  fromBase64Pem,
  isOwn,
  timestamp,
} from "../k8s/certificate_signing_request.ts";
import type { JsonObject } from "../k8s/json.ts";
import {
  checkApprovalNamesVersion,
  checkPreconditions,
  checkSameObject,
  type Preconditions,
  type Subresource,
  updateObject,
} from "../k8s/validation.ts";
import type { Log, Now } from "../ports.ts";
import type { Change } from "../store/store.ts";
import { parseCertificates } from "../x509/certificate.ts";
import type { Audited, Auditing } from "./auditing.ts";
import { type CertificateRecords, changeRecord } from "./certificate_records.ts";
import type { Judge } from "./judge.ts";
import { withDecider } from "./object.ts";
import type { Objects, Stored } from "./objects.ts";
import type { Rejudged, Signing } from "./signing.ts";
import { releaseOf } from "./takings.ts";
import type { Trace } from "./trace.ts";

/** What administration stands on. */
export interface AdministrationOptions {
  readonly objects: Objects;
  readonly records: CertificateRecords;
  readonly auditing: Auditing;
  readonly signing: Signing;
  readonly judge: Judge;
  readonly now: Now;
  readonly log: Log;
}

/** A change of an object that is there. */
export interface Update {
  readonly subresource: Subresource;
  /** The version that the object is sent in. */
  readonly version: ApiVersion;
  /** Makes the whole object that is wanted out of the one that is there. */
  readonly make: (object: CertificateSigningRequest) => JsonObject;
  readonly dryRun: boolean;
  readonly trace: Trace;
}

/** How an object is removed. */
export interface Deletion {
  /** Who does it by which request; what nobody asked for is not in the audit log. */
  readonly trace?: Trace;
  readonly preconditions?: Preconditions;
  readonly dryRun?: boolean;
}

/** What became of an object. */
export interface Deleted {
  readonly object: CertificateSigningRequest;
  /** Whether it is gone; a finalizer keeps it until that is taken away. */
  readonly isGone: boolean;
}

/** Changes and removes objects. Whether somebody may is asked before. */
export class Administration {
  readonly #options: AdministrationOptions;

  constructor(options: AdministrationOptions) {
    this.#options = options;
  }

  /**
   * Changes what a path may change of an object, and signs what is approved by it.
   *
   * @throws CertgenError `not-found`; `conflict` where another object, or another version of it, was meant; `invalid-object`;
   * `forbidden` for what the older system left, for an approval that the policy does not allow, and for a certificate that
   * is the signer's to issue
   */
  async update(name: string, update: Update, identity: Identity): Promise<CertificateSigningRequest> {
    const { objects, records, signing, now, log } = this.#options;
    return await objects.exclusively(name, async () => {
      const stored = await this.#present(name);
      const { object } = stored;
      const sent = update.make(object);
      if (update.subresource === "approval") checkApprovalNamesVersion(sent);
      checkSameObject(sent, name, object);
      if (!isOwn(object)) {
        throw new CertgenError("forbidden", "it was left by another signer: it can be shown and deleted, not changed");
      }
      const changed = updateObject(object, sent, { ...update, now: now() });
      if (changed === object) return object;
      this.#checkCertificate(object, changed);
      checkRevocation(object, changed);
      const decision = decisionBetween(object, changed);
      const judged = decision === "Approved" ? await signing.approve(changed) : undefined;
      const approved = judged?.object ?? changed;
      // nothing but an administrator undoes what one has said
      const next = changed.status === object.status ? approved : withDecider(approved, identity.username);
      if (update.dryRun) return next;
      const also = decision === "Revoked" ? await revocationOf(next, records, now()) : [];
      if (decision !== undefined) {
        await this.#tell(ACTIONS[decision], { object: next, identity, trace: update.trace, judged });
        log("info", `request ${decision.toLowerCase()} by an administrator`, { name, user: identity.username });
      }
      if (next.metadata.deletionTimestamp !== undefined && next.metadata.finalizers === undefined) {
        await this.#tell("delete", { object: next, identity, trace: update.trace });
        await this.#remove(stored);
        return next;
      }
      return await signing.finish(await objects.update(stored, next, also), judged);
    });
  }

  /**
   * Removes an object, or marks it where a finalizer keeps it.
   * @throws CertgenError `not-found`, `conflict`
   */
  async delete(name: string, identity: Identity, deletion: Deletion = {}): Promise<Deleted> {
    const { objects, now, log } = this.#options;
    const { preconditions, dryRun = false, trace } = deletion;
    return await objects.exclusively(name, async () => {
      const stored = await this.#present(name);
      const { object } = stored;
      if (preconditions !== undefined) checkPreconditions(preconditions, object);
      if (object.metadata.finalizers !== undefined) {
        if (object.metadata.deletionTimestamp !== undefined) return { object, isGone: false };
        const deletionTimestamp = timestamp(now());
        const marked = {
          ...object,
          metadata: { ...object.metadata, deletionTimestamp, deletionGracePeriodSeconds: 0 },
        };
        return { object: dryRun ? marked : (await objects.update(stored, marked)).object, isGone: false };
      }
      if (!dryRun) {
        // what the signer itself removes was decided long ago
        if (trace !== undefined) await this.#tell("delete", { object, identity, trace });
        await this.#remove(stored);
        log("info", "request deleted", { name, user: identity.username });
      }
      return { object, isGone: true };
    });
  }

  async #remove(stored: Stored): Promise<void> {
    const { objects, records } = this.#options;
    await objects.delete(stored, await releaseOf(stored.object, records));
  }

  async #tell(
    action: keyof typeof OUTCOMES,
    about: Pick<Audited, "object" | "identity" | "trace"> & { readonly judged?: Rejudged | undefined },
  ): Promise<void> {
    const { object, identity, trace, judged } = about;
    await this.#options.auditing.record({
      trace,
      identity,
      action,
      decision: OUTCOMES[action],
      object,
      csr: judged?.csr,
      requester: judged?.requester,
      profile: judged?.approved.profile.name,
      rules: judged?.approved.message,
    });
  }

  /** The certificates of our own signer names are made here and nowhere else. */
  #checkCertificate(before: CertificateSigningRequest, after: CertificateSigningRequest): void {
    const { signerName } = before.spec;
    if (before.status.certificate === after.status.certificate || !this.#options.judge.isOurs(signerName)) return;
    const message = `user not permitted to sign requests with signerName ${JSON.stringify(signerName)}`;
    throw new CertgenError("forbidden", message);
  }

  async #present(name: string): Promise<Stored> {
    const stored = await this.#options.objects.get(name);
    if (stored === undefined) throw new CertgenError("not-found", `${JSON.stringify(name)} not found`);
    return stored;
  }
}

/** What was never issued cannot be revoked. */
function checkRevocation(before: CertificateSigningRequest, after: CertificateSigningRequest): void {
  const isNew = conditionOf(before, "Revoked") === undefined && conditionOf(after, "Revoked") !== undefined;
  if (!isNew || before.status.certificate !== undefined) return;
  throw new CertgenError("forbidden", "there is no certificate to revoke");
}

const ACTIONS = { Approved: "approve", Denied: "deny", Revoked: "revoke" } as const;
const OUTCOMES = { approve: "approved", deny: "denied", revoke: "revoked", delete: "done" } as const;

/** What changes besides an object whose certificate is revoked: that proves nothing any more. */
async function revocationOf(
  { status }: CertificateSigningRequest,
  records: CertificateRecords,
  now: Date,
): Promise<Change[]> {
  const [certificate] = parseCertificates(fromBase64Pem(status.certificate ?? ""));
  const stored = certificate && await records.get(await sha256Hex(certificate.der));
  if (stored === undefined || stored.record.revoked !== undefined) return [];
  return [changeRecord(stored, { ...stored.record, revoked: now })];
}

function decisionBetween(
  before: CertificateSigningRequest,
  after: CertificateSigningRequest,
): keyof typeof ACTIONS | undefined {
  return (["Approved", "Denied", "Revoked"] as const).find((type) =>
    conditionOf(before, type) === undefined && conditionOf(after, type) !== undefined
  );
}
