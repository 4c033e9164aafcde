/**
 * What the signer does with a request: approve -> record -> issue -> record. Nothing is signed whose decision and serial
 * number are not in the store, and nothing is answered that is not.
 * @module
 */
import { issueCertificate, newSerialNumber, rebuildSubject } from "../ca/issuer.ts";
import type { Decision } from "../ca/policy.ts";
import type { Profile } from "../ca/profile.ts";
import { CertgenError, messageOf } from "../errors.ts";
import { ANONYMOUS, type Identity } from "../identity.ts";
import {
  type CertificateSigningRequest,
  type CreateRequest,
  decodeStored,
  encode,
  fromBase64Pem,
  isOwn,
  MIN_EXPIRATION_SECONDS,
  timestamp,
} from "../k8s/certificate_signing_request.ts";
import { KeyedLock } from "../lock.ts";
import { nameFault } from "../object_name.ts";
import type { Log, Now, Random } from "../ports.ts";
import type { Entry, Store } from "../store/store.ts";
import { type Csr, parseCsr } from "../x509/csr.ts";
import { attributeValues } from "../x509/name.ts";
import { type Issuers, Judge } from "./judge.ts";
import { isThroughBeta, isUnfinished, newObject, serialNumberOf, withCertificate, withFailure } from "./object.ts";

/** What a signing service stands on. */
export interface SigningOptions {
  readonly issuers: Issuers;
  readonly profiles: readonly Profile[];
  readonly store: Store;
  /** Whether no credentials are configured: then everybody creates, and gets everything. Fixed at start. */
  readonly open: boolean;
  /** Domain of the signer names: `<domain>/<profile>`. */
  readonly domain: string;
  readonly now: Now;
  readonly random: Random;
  readonly log: Log;
}

/** Members of this group read everything. */
const ADMINISTRATORS = "certgen:admins";

/** An object as it stands in the store. */
interface Stored {
  readonly entry: Entry;
  readonly object: CertificateSigningRequest;
}

/** A request that was approved. */
interface Approved {
  readonly csr: Csr;
  readonly decision: Decision & { readonly approved: true };
}

/** Creates, decides, issues and finds requests. */
export class SigningService {
  readonly #options: SigningOptions;
  readonly #judge: Judge;
  readonly #lock = new KeyedLock();

  constructor(options: SigningOptions) {
    this.#options = options;
    this.#judge = new Judge(options.profiles, options.domain, options.issuers);
  }

  /** Goes on with other CAs, as when their files have changed. */
  useIssuers(issuers: Issuers): void {
    this.#judge.useIssuers(issuers);
  }

  /** Why the signer cannot issue now, if it cannot. */
  fault(): string | undefined {
    return this.#judge.fault(this.#options.now());
  }

  /**
   * The certificate of the CA that issues a profile's certificates, as PEM.
   * @throws CertgenError `not-found`
   */
  caOf(profileName: string): string {
    const issuer = this.#judge.issuerOf(profileName);
    if (issuer === undefined) throw new CertgenError("not-found", "the server could not find the requested resource");
    return issuer.certificate.pem;
  }

  /**
   * Creates an object, decides about it and, where it is approved, issues its certificate.
   *
   * @param dryRun decides without keeping or issuing anything
   * @throws CertgenError for what is malformed or must not be created; a request that is only refused is an object with a
   * `Denied` condition
   */
  async create(request: CreateRequest, identity: Identity, dryRun = false): Promise<CertificateSigningRequest> {
    this.checkMayCreate(identity);
    const csr = parseCsr(request.request);
    this.#checkName(request.name, csr);
    const { now, random, log } = this.#options;
    const { signerName, usages = [] } = request;
    const decision = await this.#judge.judge(
      { csr, signerName, usages, dropEmptyDnsNames: signerName === undefined },
      now(),
    );
    const approved = decision?.approved === true ? { csr, decision } : undefined;
    const object = newObject({
      request,
      identity,
      decision,
      signerName: approved && this.#judge.signerNameOf(approved.decision.profile),
      uid: random(16),
      serialNumber: newSerialNumber(random),
      now: now(),
    });
    if (dryRun) return object;
    return await this.#lock.run(request.name, async () => {
      const stored = await this.#keep(object, request, identity);
      if (stored.object !== object) return await this.#finish(stored);
      const refusal = decision?.approved === false ? { reason: decision.reason, because: decision.message } : {};
      log("info", decision === undefined ? "request left alone" : approved ? "request approved" : "request denied", {
        name: request.name,
        user: identity.username,
        signerName: object.spec.signerName,
        ...refusal,
      });
      return await this.#finish(stored, approved);
    });
  }

  /**
   * The object of a name. One that was approved when the signer stopped gets its certificate now.
   * @throws CertgenError `not-found`, or `forbidden` where it is somebody else's
   */
  async get(name: string, identity: Identity): Promise<CertificateSigningRequest> {
    this.checkMayCreate(identity);
    // what can be no name has no object
    const stored = nameFault(name) === undefined ? await this.#read(name) : undefined;
    if (stored === undefined) throw new CertgenError("not-found", `${JSON.stringify(name)} not found`);
    if (!this.#mayGet(identity, stored.object)) {
      throw new CertgenError("forbidden", `User ${JSON.stringify(identity.username)} did not create it`);
    }
    if (!isUnfinished(stored.object)) return stored.object;
    return await this.#lock.run(name, async () => await this.#finish(await this.#read(name) ?? stored));
  }

  /**
   * Whether an identity may create, and so ask for, anything.
   * @throws CertgenError `forbidden`
   */
  checkMayCreate(identity: Identity): void {
    if (this.#options.open || identity.proof !== "none") return;
    throw new CertgenError(
      "forbidden",
      `User ${JSON.stringify(identity.username)} may not do this here: a token is needed`,
    );
  }

  #mayGet(identity: Identity, object: CertificateSigningRequest): boolean {
    const owner = isOwn(object) ? object.spec.username : ANONYMOUS.username;
    return this.#options.open || identity.groups.includes(ADMINISTRATORS) || identity.username === owner;
  }

  /** A name that looks like a node's is that node's: nobody occupies another's. */
  #checkName(name: string, csr: Csr): void {
    if (!this.#judge.isNodeName(name)) return;
    const [commonName = ""] = attributeValues(csr.subject, "commonName");
    if (name === commonName || (commonName !== "" && name.startsWith(`${commonName}-`))) return;
    throw new CertgenError(
      "forbidden",
      `the name must be the common name ${JSON.stringify(commonName)}, or that and a suffix after "-"`,
    );
  }

  /** Records the decision: in a new entry, or in place of what the same agent asked for through v1beta1 before. */
  async #keep(object: CertificateSigningRequest, request: CreateRequest, identity: Identity): Promise<Stored> {
    const { store } = this.#options;
    const { name } = object.metadata;
    const text = encode(object, "v1");
    try {
      return { entry: await store.create(name, text), object };
    } catch (error) {
      const taken = error instanceof CertgenError && error.code === "already-exists";
      const present = taken && request.version === "v1beta1" ? await this.#read(name) : undefined;
      const own = present !== undefined && isOwn(present.object) && isThroughBeta(present.object) &&
        present.object.spec.username === identity.username;
      if (!own) throw error;
      if (present.object.spec.request === object.spec.request) return present;
      return { entry: await store.update(name, text, present.entry.version), object };
    }
  }

  async #read(name: string): Promise<Stored | undefined> {
    const entry = await this.#options.store.get(name);
    return entry && { entry, object: decodeStored(entry.text, name) };
  }

  /**
   * Issues the certificate that an object was approved for and records it; an object that needs none is done already.
   *
   * @param approved what was approved a moment ago; the stored bytes are judged again without it
   */
  async #finish({ entry, object }: Stored, approved?: Approved): Promise<CertificateSigningRequest> {
    if (!isUnfinished(object)) return object;
    const { store, log, now } = this.#options;
    const { name } = object.metadata;
    let finished: CertificateSigningRequest;
    try {
      finished = withCertificate(object, await this.#issue(object, approved ?? await this.#judgeAgain(object)));
    } catch (error) {
      if (error instanceof CertgenError && error.code === "unavailable") throw error;
      log("error", "issuing failed", { name, because: messageOf(error) });
      finished = withFailure(object, now());
    }
    await store.update(name, encode(finished, "v1"), entry.version);
    return finished;
  }

  /** Whatever happened to the store between, nothing is signed but what is approved now. */
  async #judgeAgain(object: CertificateSigningRequest): Promise<Approved> {
    const csr = parseCsr(fromBase64Pem(object.spec.request));
    this.#checkName(object.metadata.name, csr);
    const { signerName, usages, expirationSeconds = MIN_EXPIRATION_SECONDS } = object.spec;
    if (!Number.isInteger(expirationSeconds) || expirationSeconds < MIN_EXPIRATION_SECONDS) {
      throw new Error("the stored lifetime is too short");
    }
    const decision = await this.#judge.judge(
      { csr, signerName, usages, dropEmptyDnsNames: isThroughBeta(object) },
      this.#options.now(),
    );
    if (decision?.approved !== true) throw new Error(`the stored request is not approved now: ${decision?.message}`);
    return { csr, decision };
  }

  async #issue(object: CertificateSigningRequest, { csr, decision }: Approved): Promise<string> {
    const { profile, names } = decision;
    const issuer = this.#judge.issuerOf(profile);
    if (issuer === undefined) throw new Error(`no CA for profile ${profile.name}`);
    const certificate = await issueCertificate({
      issuer,
      profile,
      publicKey: csr.publicKey,
      subject: rebuildSubject(csr.subject),
      names,
      lifetimeSeconds: object.spec.expirationSeconds ?? profile.lifetimeSeconds,
      now: this.#options.now(),
      serialNumber: serialNumberOf(object),
    });
    const facts = {
      name: object.metadata.name,
      serial: certificate.serialNumber,
      notAfter: timestamp(certificate.notAfter),
    };
    this.#options.log("info", "certificate issued", facts);
    return certificate.pem;
  }
}
