/**
 * How an object comes to be: judge -> take what its credential is good for -> audit -> record, and then sign. Nothing is signed
 * whose decision and serial number are not in the store, and nothing is stored that is not in the audit log.
 * @module
 */
import { newSerialNumber } from "../ca/issuer.ts";
import { CertgenError } from "../errors.ts";
import type { Identity } from "../identity.ts";
import { ADMINISTRATORS } from "../k8s/authorization.ts";
import { type CertificateSigningRequest, conditionOf, isOwn } from "../k8s/certificate_signing_request.ts";
import type { CreateRequest } from "../k8s/create_request.ts";
import type { Log, Now, Random } from "../ports.ts";
import type { Store } from "../store/store.ts";
import type { Auditing } from "./auditing.ts";
import type { CertificateRecords, ObjectReference } from "./certificate_records.ts";
import { approvedIn, type Judge, type Verdict } from "./judge.ts";
import { checkMayHaveName, checkNodeName } from "./node_name.ts";
import { isOwner, isRefused, isReplaceable, isThroughBeta, newObject, uuid, withFork } from "./object.ts";
import type { Objects, Stored } from "./objects.ts";
import { type Requester, requesterOf } from "./requester.ts";
import type { Signing } from "./signing.ts";
import { NOTHING_TAKEN, take, takenOf, type Taking } from "./takings.ts";
import type { Trace } from "./trace.ts";
import type { UsageLimits } from "./usage.ts";

/** Who approves what the policy allows: the policy itself, or an administrator after it. */
export type Approval = "auto" | "manual";

/** What creation stands on. */
export interface CreationOptions {
  readonly judge: Judge;
  readonly objects: Objects;
  readonly records: CertificateRecords;
  readonly store: Store;
  readonly signing: Signing;
  readonly auditing: Auditing;
  readonly approval: Approval;
  readonly limits: UsageLimits;
  readonly now: Now;
  readonly random: Random;
  readonly log: Log;
}

/** How an object is created. */
export interface CreateOptions {
  readonly trace: Trace;
  /** Decides without keeping or issuing anything. */
  readonly dryRun?: boolean;
}

/** A request that was judged, with what its object will carry. */
interface Intent {
  readonly request: CreateRequest;
  readonly requester: Requester;
  readonly verdict: Verdict;
  readonly reference: ObjectReference;
  readonly serialNumber: Uint8Array;
  readonly trace: Trace;
}

/** Creates objects. */
export class Creation {
  readonly #options: CreationOptions;

  constructor(options: CreationOptions) {
    this.#options = options;
  }

  /**
   * Creates an object, decides about it and, where it is approved, issues its certificate.
   *
   * @throws CertgenError for what is malformed or must not be created, and where the audit log cannot be written; a request
   * that is only refused is an object with a `Denied` condition
   */
  async create(request: CreateRequest, identity: Identity, how: CreateOptions): Promise<CertificateSigningRequest> {
    const { judge, records, objects, now, random } = this.#options;
    const { csr, name, signerName, usages = [], expirationSeconds } = request;
    checkOwners(request, identity);
    checkNodeName(judge, name, csr);
    const requester = await requesterOf(identity, records, now());
    const asked = { csr, signerName, usages, expirationSeconds, dropEmptyDnsNames: signerName === undefined };
    const verdict = await judge.judge({ ...asked, requester }, now());
    checkMayHaveName(judge, name, csr, verdict);
    const reference = { name, uid: uuid(random(16)) };
    const serialNumber = newSerialNumber(random);
    const intent = { request, requester, verdict, reference, serialNumber, trace: how.trace };
    if (how.dryRun === true) return await this.#onTrial(intent);
    const lock = approvedIn(verdict) && takenOf(requester);
    const make = async (): Promise<CertificateSigningRequest> => await this.#make(intent);
    return lock === undefined ? await make() : await objects.exclusively(lock, make);
  }

  async #make(intent: Intent): Promise<CertificateSigningRequest> {
    const { objects, signing } = this.#options;
    const taking = await this.#takingOf(intent);
    if (taking.present !== undefined) return await this.#present(taking.present);
    return await objects.exclusively(intent.reference.name, async () => {
      const object = this.#objectOf(intent, taking);
      const { stored, isNew } = await this.#keep(object, intent, taking);
      const { request: { csr }, requester, verdict } = intent;
      const approved = approvedIn(verdict);
      const judged = isNew && approved !== undefined ? { csr, requester, approved } : undefined;
      // what waits for somebody is not approved, whatever the policy says: nothing is issued for it
      return await signing.finish(stored, judged);
    });
  }

  async #takingOf({ request, requester, verdict, reference }: Intent): Promise<Taking> {
    const { store, records, judge, objects } = this.#options;
    const approved = approvedIn(verdict);
    if (approved === undefined) return NOTHING_TAKEN;
    const { profile, names } = approved;
    const wanted = { csr: request.csr, signerName: judge.signerNameOf(profile), names, object: reference };
    return await take(requester, wanted, {
      store,
      records,
      isRefused: async ({ name, uid }) => {
        const stored = await objects.get(name);
        return stored?.object.metadata.uid === uid && isRefused(stored.object);
      },
    });
  }

  /** What was made for the same thing before. */
  async #present({ name, uid }: ObjectReference): Promise<CertificateSigningRequest> {
    const { objects, signing } = this.#options;
    return await objects.exclusively(name, async () => {
      const stored = await objects.get(name);
      if (stored?.object.metadata.uid === uid) return await signing.finish(stored);
      throw new CertgenError(
        "forbidden",
        `its credential was used for ${JSON.stringify(name)}, which has been deleted`,
      );
    });
  }

  /** The object as it would be kept. */
  #objectOf(
    { request, requester, verdict, reference, serialNumber }: Intent,
    taking: Taking,
  ): CertificateSigningRequest {
    const { judge, approval, now } = this.#options;
    const approved = approvedIn(verdict);
    const waits = approved !== undefined && (approval === "manual" || taking.isForked);
    const object = newObject({
      request,
      identity: requester.identity,
      decision: waits ? undefined : verdict.decision,
      profile: approved?.profile,
      signerName: approved && judge.signerNameOf(approved.profile),
      uid: reference.uid,
      serialNumber,
      now: now(),
    });
    return taking.isForked ? withFork(object, now()) : object;
  }

  /** Records the decision: in a new entry, or in place of what the same agent asked for through v1beta1 before. */
  async #keep(
    object: CertificateSigningRequest,
    intent: Intent,
    taking: Taking,
  ): Promise<{ stored: Stored; isNew: boolean }> {
    const { objects, auditing, limits } = this.#options;
    const { request, requester, verdict, trace } = intent;
    // through v1 what takes the name need not even be readable
    const present = request.version === "v1"
      ? await objects.get(request.name).catch(() => undefined)
      : await objects.get(request.name);
    const isTaken = present !== undefined && !this.#isSame(present, object, intent, taking);
    // a fork is told also where there is no room for its object: a thief may have taken the owner's name
    if (isTaken && !taking.isForked) throw alreadyExists(request.name);
    if (!isTaken && present?.object.spec.request === object.spec.request) return { stored: present, isNew: false };
    // counted before it is written, since many come at once
    const release = isTaken ? () => {} : objects.usage.reserve(object, limits, present);
    try {
      await auditing.record({
        trace,
        identity: requester.identity,
        action: taking.isForked ? "fork" : "create",
        decision: outcomeOf(object, taking),
        object,
        rules: verdict.decision?.message,
        csr: request.csr,
        requester,
        profile: verdict.decision?.profile?.name,
      });
      if (isTaken) {
        this.#tell(object, intent, "forked");
        throw alreadyExists(request.name);
      }
      const stored = present === undefined
        ? await objects.create(object, taking.changes)
        : await objects.update(present, object, taking.changes);
      this.#tell(stored.object, intent, outcomeOf(object, taking));
      return { stored, isNew: true };
    } finally {
      release();
    }
  }

  #tell(
    object: CertificateSigningRequest,
    { requester, verdict }: Intent,
    outcome: ReturnType<typeof outcomeOf>,
  ): void {
    const { name } = object.metadata;
    const words = { approved: "approved", denied: "denied", forked: "forked", pending: "waits for approval" } as const;
    const word = verdict.decision === undefined ? "left alone" : words[outcome];
    const refusal = verdict.decision?.approved === false
      ? { reason: verdict.decision.reason, because: verdict.decision.message }
      : {};
    const facts = { name, user: requester.identity.username, signerName: object.spec.signerName, ...refusal };
    this.#options.log(outcome === "forked" ? "error" : "info", `request ${word}`, facts);
  }

  /** Whether what is there is the same agent's, made through v1beta1: then it is the answer, or makes room for the new one. */
  #isSame(present: Stored, object: CertificateSigningRequest, intent: Intent, { isForked }: Taking): boolean {
    const { request, requester } = intent;
    return request.version === "v1beta1" && !isForked && isOwn(present.object) && isThroughBeta(present.object) &&
      isOwner(present.object, requester.identity) &&
      (present.object.spec.request === object.spec.request ||
        (this.#options.approval === "auto" && isReplaceable(present.object)));
  }

  /** What would be made: of no version, since it is not kept. */
  async #onTrial(intent: Intent): Promise<CertificateSigningRequest> {
    const { objects, limits } = this.#options;
    const { name } = intent.reference;
    const taking = await this.#takingOf(intent);
    const object = this.#objectOf(intent, taking);
    const present = await objects.get(name);
    if (present === undefined) objects.usage.reserve(object, limits)();
    else if (!this.#isSame(present, object, intent, taking)) throw alreadyExists(name);
    return { ...object, metadata: { ...object.metadata, resourceVersion: "" } };
  }
}

/** What became of an object that is new. */
function outcomeOf(
  object: CertificateSigningRequest,
  { isForked }: Taking,
): "approved" | "denied" | "forked" | "pending" {
  if (isForked) return "forked";
  if (conditionOf(object, "Approved") !== undefined) return "approved";
  return conditionOf(object, "Denied") === undefined ? "pending" : "denied";
}

function alreadyExists(name: string): CertgenError {
  return new CertgenError("already-exists", `${JSON.stringify(name)} already exists`);
}

/** Finalizers keep an object from going, and owners take it with them: both are an administrator's. */
function checkOwners({ finalizers, ownerReferences }: CreateRequest, { groups }: Identity): void {
  if (groups.includes(ADMINISTRATORS)) return;
  const field = finalizers ? "finalizers" : ownerReferences ? "ownerReferences" : undefined;
  if (field !== undefined) throw new CertgenError("forbidden", `only administrators set metadata.${field}`);
}
