/**
 * From an object that is approved to its certificate: judged again over what is stored, issued with the serial number that was
 * recorded, recorded itself.
 * @module
 */
import { sha256Hex } from "../digest.ts";
import { issueCertificate, newSerialNumber, rebuildSubject } from "../ca/issuer.ts";
import { CertgenError, messageOf } from "../errors.ts";
import {
  type CertificateSigningRequest,
  fromBase64Pem,
  MIN_EXPIRATION_SECONDS,
  timestamp,
} from "../k8s/certificate_signing_request.ts";
import type { Log, Now, Random } from "../ports.ts";
import type { Change } from "../store/store.ts";
import type { Certificate } from "../x509/certificate.ts";
import { type Csr, parseCsr } from "../x509/csr.ts";
import { addRecord, type CertificateRecords } from "./certificate_records.ts";
import { type Approved, approvedIn, type Judge } from "./judge.ts";
import { checkMayHaveName, checkNodeName } from "./node_name.ts";
import {
  identityOf,
  isThroughBeta,
  isUnfinished,
  serialNumberOf,
  withCertificate,
  withFailure,
  withSerialNumber,
} from "./object.ts";
import type { Objects, Stored } from "./objects.ts";
import { type Requester, requesterOf } from "./requester.ts";

/** What signing stands on. */
export interface SigningOptions {
  readonly judge: Judge;
  readonly objects: Objects;
  readonly records: CertificateRecords;
  readonly now: Now;
  readonly random: Random;
  readonly log: Log;
}

/** An object that was judged again, from what is stored of it. */
export interface Rejudged {
  readonly csr: Csr;
  readonly requester: Requester;
  readonly approved: Approved;
}

/** Issues the certificates that objects are approved for. */
export class Signing {
  readonly #options: SigningOptions;

  constructor(options: SigningOptions) {
    this.#options = options;
  }

  /**
   * Gets an object ready to be recorded as approved by an administrator: whatever happened since it came, the policy decides
   * again, over what is stored.
   *
   * @returns `undefined` for an object of another signer's
   * @throws CertgenError `forbidden` where the policy refuses it now, `unavailable` where the CA cannot issue now
   */
  async approve(
    object: CertificateSigningRequest,
  ): Promise<Rejudged & { object: CertificateSigningRequest } | undefined> {
    const { judge, random } = this.#options;
    if (!judge.isOurs(object.spec.signerName)) return undefined;
    try {
      const rejudged = await this.judgeAgain(object);
      return { ...rejudged, object: withSerialNumber(object, newSerialNumber(random)) };
    } catch (error) {
      if (error instanceof CertgenError && error.code === "unavailable") throw error;
      throw new CertgenError("forbidden", `the policy does not allow it: ${messageOf(error)}`, { cause: error });
    }
  }

  /** Whether an object has all that it will get from here. */
  isFinished({ object }: Stored): boolean {
    return !isUnfinished(object);
  }

  /**
   * Issues the certificate that an object was approved for and records it; an object that needs none is done already. Only
   * inside of `exclusively`.
   *
   * @param judged what was decided a moment ago; the stored bytes are judged again without it
   * @throws CertgenError `unavailable` where the CA cannot issue now
   */
  async finish(stored: Stored, judged?: Rejudged): Promise<CertificateSigningRequest> {
    const { object } = stored;
    if (this.isFinished(stored)) return object;
    const { objects, log, now } = this.#options;
    let finished: CertificateSigningRequest;
    let also: readonly Change[] = [];
    try {
      const certainly = judged ?? await this.judgeAgain(object);
      const certificate = await this.#issue(object, certainly);
      finished = withCertificate(object, certificate.pem);
      also = await this.#recordOf(object, certificate, certainly);
    } catch (error) {
      if (error instanceof CertgenError && (error.code === "unavailable" || error.code === "io")) throw error;
      log("error", "issuing failed", { name: object.metadata.name, because: messageOf(error) });
      finished = withFailure(object, now());
    }
    return (await objects.update(stored, finished, also)).object;
  }

  /**
   * Whatever happened to the store between, nothing is signed but what is approved now.
   * @throws CertgenError and Error where it is not approved
   */
  async judgeAgain(object: CertificateSigningRequest): Promise<Rejudged> {
    const { judge, records, now } = this.#options;
    const { name } = object.metadata;
    const csr = parseCsr(fromBase64Pem(object.spec.request));
    checkNodeName(judge, name, csr);
    const { signerName, usages, expirationSeconds } = object.spec;
    const seconds = expirationSeconds ?? MIN_EXPIRATION_SECONDS;
    if (!Number.isInteger(seconds) || seconds < MIN_EXPIRATION_SECONDS) {
      throw new Error("the stored lifetime is too short");
    }
    const requester = await requesterOf(identityOf(object), records, now());
    const asked = { csr, signerName, usages, expirationSeconds, dropEmptyDnsNames: isThroughBeta(object) };
    const verdict = await judge.judge({ ...asked, requester }, now());
    checkMayHaveName(judge, name, csr, verdict);
    const approved = approvedIn(verdict);
    if (approved === undefined) {
      const because = verdict.decision?.message;
      throw new CertgenError("denied", `the stored request is not approved now: ${because}`);
    }
    return { csr, requester, approved };
  }

  async #issue(object: CertificateSigningRequest, { csr, approved }: Rejudged): Promise<Certificate> {
    const { judge, now, log } = this.#options;
    const { profile, names } = approved;
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
    return certificate;
  }

  /** What is recorded of a certificate, to be committed with it. One that nobody known asked for proves nothing later. */
  async #recordOf(
    object: CertificateSigningRequest,
    certificate: Certificate,
    { requester, approved: { profile } }: Rejudged,
  ): Promise<Change[]> {
    const { judge, now } = this.#options;
    const { identity, predecessor } = requester;
    const issuer = judge.issuerOf(profile);
    if (identity.proof === "none" || issuer === undefined) return [];
    const ends = profile.renewSeconds === undefined
      ? undefined
      : new Date(now().getTime() + profile.renewSeconds * 1000);
    const renewUntil = predecessor === undefined ? ends : predecessor.record.renewUntil;
    const fingerprint = await sha256Hex(certificate.der);
    const record = {
      certificate,
      profile: profile.name,
      signerName: object.spec.signerName,
      issuerKey: await sha256Hex(issuer.publicKey.spki),
      object: { name: object.metadata.name, uid: object.metadata.uid },
      origin: predecessor?.record.origin ?? identity,
      lineage: predecessor?.record.lineage ?? fingerprint,
      ...predecessor === undefined ? {} : { predecessor: predecessor.fingerprint },
      ...renewUntil === undefined ? {} : { renewUntil },
    };
    return [addRecord(fingerprint, record)];
  }
}
