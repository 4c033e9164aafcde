/**
 * What the signer does with a request: approve -> record -> issue -> record. Nothing is signed whose decision and serial
 * number are not in the store, and nothing is answered that is not.
 * @module
 */
import { issueCertificate, newSerialNumber, rebuildSubject } from "../ca/issuer.ts";
import type { Decision } from "../ca/policy.ts";
import { CertgenError, messageOf } from "../errors.ts";
import type { Identity } from "../identity.ts";
import { ADMINISTRATORS } from "../k8s/authorization.ts";
import {
  type CertificateSigningRequest,
  fromBase64Pem,
  isOwn,
  MIN_EXPIRATION_SECONDS,
  timestamp,
} from "../k8s/certificate_signing_request.ts";
import type { CreateRequest } from "../k8s/create_request.ts";
import type { Log, Now, Random } from "../ports.ts";
import { type Csr, parseCsr } from "../x509/csr.ts";
import { attributeValues } from "../x509/name.ts";
import type { Judge } from "./judge.ts";
import {
  isReplaceable,
  isThroughBeta,
  isUnfinished,
  newObject,
  serialNumberOf,
  withCertificate,
  withFailure,
  withSerialNumber,
} from "./object.ts";
import type { Objects, Stored } from "./objects.ts";
import type { UsageLimits } from "./usage.ts";

/** Who approves what the policy allows: the policy itself, or an administrator after it. */
export type Approval = "auto" | "manual";

/** What signing stands on. */
export interface SigningOptions {
  readonly judge: Judge;
  readonly objects: Objects;
  readonly approval: Approval;
  readonly limits: UsageLimits;
  readonly now: Now;
  readonly random: Random;
  readonly log: Log;
}

/** A request that was approved. */
interface Approved {
  readonly csr: Csr;
  readonly decision: Decision & { readonly approved: true };
}

/** Creates objects, and issues the certificates that they are approved for. */
export class Signing {
  readonly #options: SigningOptions;

  constructor(options: SigningOptions) {
    this.#options = options;
  }

  /**
   * Creates an object, decides about it and, where it is approved, issues its certificate.
   *
   * @param dryRun decides without keeping or issuing anything
   * @throws CertgenError for what is malformed or must not be created; a request that is only refused is an object with a
   * `Denied` condition
   */
  async create(request: CreateRequest, identity: Identity, dryRun = false): Promise<CertificateSigningRequest> {
    const { judge, objects, approval, now, random, log } = this.#options;
    const { csr, signerName, usages = [] } = request;
    checkOwners(request, identity);
    this.#checkName(request.name, csr);
    const judged = await judge.judge(
      { csr, signerName, usages, dropEmptyDnsNames: signerName === undefined },
      now(),
    );
    const allowed = judged?.approved === true ? { csr, decision: judged } : undefined;
    const waits = allowed !== undefined && approval === "manual";
    const decision = waits ? undefined : judged;
    const object = newObject({
      request,
      identity,
      decision,
      profile: allowed?.decision.profile,
      signerName: allowed && judge.signerNameOf(allowed.decision.profile),
      uid: random(16),
      serialNumber: newSerialNumber(random),
      now: now(),
    });
    if (dryRun) return await this.#onTrial(object, request, identity);
    return await objects.exclusively(request.name, async () => {
      const { stored, isNew } = await this.#keep(object, request, identity);
      if (!isNew) return await this.finish(stored);
      const refusal = decision?.approved === false ? { reason: decision.reason, because: decision.message } : {};
      const outcome = decision === undefined
        ? waits ? "waits for approval" : "left alone"
        : allowed
        ? "approved"
        : "denied";
      log("info", `request ${outcome}`, {
        name: request.name,
        user: identity.username,
        signerName: object.spec.signerName,
        ...refusal,
      });
      return await this.finish(stored, waits ? undefined : allowed);
    });
  }

  /**
   * Gets an object ready to be recorded as approved by an administrator: whatever happened since it came, the policy decides
   * again, over what is stored.
   *
   * @throws CertgenError `forbidden` where the policy refuses it now, `unavailable` where the CA cannot issue now
   */
  async approve(object: CertificateSigningRequest): Promise<CertificateSigningRequest> {
    const { judge, random } = this.#options;
    if (!judge.isOurs(object.spec.signerName)) return object;
    try {
      await this.#judgeAgain(object);
    } catch (error) {
      if (error instanceof CertgenError && error.code === "unavailable") throw error;
      throw new CertgenError("forbidden", `the policy does not allow it: ${messageOf(error)}`, { cause: error });
    }
    return withSerialNumber(object, newSerialNumber(random));
  }

  /** Whether an object has all that it will get from here. */
  isFinished({ object }: Stored): boolean {
    return !isUnfinished(object);
  }

  /**
   * Issues the certificate that an object was approved for and records it; an object that needs none is done already. Only
   * inside of `exclusively`.
   *
   * @param approved what was approved a moment ago; the stored bytes are judged again without it
   * @throws CertgenError `unavailable` where the CA cannot issue now
   */
  async finish(stored: Stored, approved?: Approved): Promise<CertificateSigningRequest> {
    const { object } = stored;
    if (this.isFinished(stored)) return object;
    const { objects, log, now } = this.#options;
    let finished: CertificateSigningRequest;
    try {
      finished = withCertificate(object, await this.#issue(object, approved ?? await this.#judgeAgain(object)));
    } catch (error) {
      if (error instanceof CertgenError && error.code === "unavailable") throw error;
      log("error", "issuing failed", { name: object.metadata.name, because: messageOf(error) });
      finished = withFailure(object, now());
    }
    return (await objects.update(stored, finished)).object;
  }

  /** A name that looks like a node's is that node's: nobody occupies another's. */
  #checkName(name: string, csr: Csr): void {
    if (!this.#options.judge.isNodeName(name)) return;
    const [commonName = ""] = attributeValues(csr.subject, "commonName");
    if (name === commonName || (commonName !== "" && name.startsWith(`${commonName}-`))) return;
    throw new CertgenError(
      "forbidden",
      `the name must be the common name ${JSON.stringify(commonName)}, or that and a suffix after "-"`,
    );
  }

  /** Records the decision: in a new entry, or in place of what the same agent asked for through v1beta1 before. */
  async #keep(
    object: CertificateSigningRequest,
    request: CreateRequest,
    identity: Identity,
  ): Promise<{ stored: Stored; isNew: boolean }> {
    const { objects } = this.#options;
    try {
      return { stored: await this.#add(object), isNew: true };
    } catch (error) {
      const code = error instanceof CertgenError ? error.code : undefined;
      // who has too much is answered with what is there all the same; through v1 that need not even be readable
      const isLooked = code === "too-many-requests" || (code === "already-exists" && request.version === "v1beta1");
      const present = isLooked ? await objects.get(request.name) : undefined;
      if (present === undefined) throw error;
      if (!this.#isSame(present, object, request, identity)) throw alreadyExists(request.name);
      if (present.object.spec.request === object.spec.request) return { stored: present, isNew: false };
      return { stored: await objects.update(present, object), isNew: true };
    }
  }

  /** Keeps one more, as long as its owner may have one more: counted before it is written, since many come at once. */
  async #add(object: CertificateSigningRequest): Promise<Stored> {
    const { objects, limits } = this.#options;
    const release = objects.usage.reserve(object, limits);
    try {
      return await objects.create(object);
    } finally {
      release();
    }
  }

  /** Whether what is there is the same agent's, made through v1beta1: then it is the answer, or makes room for the new one. */
  #isSame(
    present: Stored,
    object: CertificateSigningRequest,
    request: CreateRequest,
    identity: Identity,
  ): boolean {
    return request.version === "v1beta1" && isOwn(present.object) && isThroughBeta(present.object) &&
      present.object.spec.username === identity.username &&
      (present.object.spec.request === object.spec.request ||
        (this.#options.approval === "auto" && isReplaceable(present.object)));
  }

  /** What would be made: of no version, since it is not kept. */
  async #onTrial(
    object: CertificateSigningRequest,
    request: CreateRequest,
    identity: Identity,
  ): Promise<CertificateSigningRequest> {
    const { objects, limits } = this.#options;
    const present = await objects.get(request.name);
    if (present === undefined) objects.usage.reserve(object, limits)();
    else if (!this.#isSame(present, object, request, identity)) throw alreadyExists(request.name);
    return { ...object, metadata: { ...object.metadata, resourceVersion: "" } };
  }

  /** Whatever happened to the store between, nothing is signed but what is approved now. */
  async #judgeAgain(object: CertificateSigningRequest): Promise<Approved> {
    const csr = parseCsr(fromBase64Pem(object.spec.request));
    this.#checkName(object.metadata.name, csr);
    const { signerName, usages, expirationSeconds = MIN_EXPIRATION_SECONDS } = object.spec;
    if (!Number.isInteger(expirationSeconds) || expirationSeconds < MIN_EXPIRATION_SECONDS) {
      throw new Error("the stored lifetime is too short");
    }
    const decision = await this.#options.judge.judge(
      { csr, signerName, usages, dropEmptyDnsNames: isThroughBeta(object) },
      this.#options.now(),
    );
    if (decision?.approved !== true) throw new Error(`the stored request is not approved now: ${decision?.message}`);
    return { csr, decision };
  }

  async #issue(object: CertificateSigningRequest, { csr, decision }: Approved): Promise<string> {
    const { judge, now, log } = this.#options;
    const { profile, names } = decision;
    const issuer = judge.issuerOf(profile);
    if (issuer === undefined) throw new Error(`no CA for profile ${profile.name}`);
    const certificate = await issueCertificate({
      issuer,
      profile,
      publicKey: csr.publicKey,
      subject: rebuildSubject(csr.subject),
      names,
      lifetimeSeconds: object.spec.expirationSeconds ?? profile.lifetimeSeconds,
      now: now(),
      serialNumber: serialNumberOf(object),
    });
    const facts = {
      name: object.metadata.name,
      serial: certificate.serialNumber,
      notAfter: timestamp(certificate.notAfter),
    };
    log("info", "certificate issued", facts);
    return certificate.pem;
  }
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
