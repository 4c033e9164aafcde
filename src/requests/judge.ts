/**
 * From what the API says to what the CA and the policy know: signer names to profiles, usage strings to usages, and one verdict
 * of the profile's rules and the policy's.
 * @module
 */
import type { Issuer } from "../ca/issuer.ts";
import { decide } from "../ca/policy.ts";
import type { Profile } from "../ca/profile.ts";
import { CertgenError } from "../errors.ts";
import { x509Usages } from "../k8s/usages.ts";
import { explain } from "../policy/explain.ts";
import { askedSubject, type Policy, type Question } from "../policy/question.ts";
import { caFault } from "../x509/certificate.ts";
import { type Csr, verifyCsr } from "../x509/csr.ts";
import type { GeneralName } from "../x509/general_name.ts";
import { renewalOf, type Requester } from "./requester.ts";

/** CAs by the name that profiles call them. */
export type Issuers = Readonly<Record<string, Issuer>>;

/** What is judged of a request, whether it has just come or was stored. */
export interface JudgedRequest {
  readonly csr: Csr;
  readonly requester: Requester;
  /** Absent where the subject picks the profile. */
  readonly signerName: string | undefined;
  readonly usages: readonly string[];
  /** The lifetime that was asked for. */
  readonly expirationSeconds: number | undefined;
  readonly dropEmptyDnsNames: boolean;
}

/** A request that may have its certificate. */
export interface Approved {
  readonly approved: true;
  readonly profile: Profile;
  readonly names: readonly GeneralName[];
  /** What allowed it, in words. */
  readonly message: string;
}

/** A request that may not. */
export interface Refused {
  readonly approved: false;
  readonly profile: Profile | undefined;
  /** Machine-readable, in CamelCase. */
  readonly reason: string;
  /** Every rule that was against it, in words. */
  readonly message: string;
}

/** What was decided about a request. */
export type Decision = Approved | Refused;

/** What came of judging a request. */
export interface Verdict {
  /** `undefined` for a request to another signer. */
  readonly decision: Decision | undefined;
  /** Whether the requester may have a common name at all: else it must not occupy an object that is called so. */
  readonly mayHaveName: (commonName: string) => boolean;
}

/** The approval in a verdict, if it is one. */
export function approvedIn({ decision }: Verdict): Approved | undefined {
  return decision?.approved === true ? decision : undefined;
}

/** What a judge goes by. */
export interface JudgeOptions {
  readonly profiles: readonly Profile[];
  readonly policy: Policy;
  readonly issuers: Issuers;
  /** Of the signer names. */
  readonly domain: string;
}

/** Decides about requests with the profiles, the policy and the CAs of a signer. */
export class Judge {
  readonly #domain: string;
  #profiles: readonly Profile[];
  #policy: Policy;
  #issuers: Issuers;

  constructor({ profiles, policy, issuers, domain }: JudgeOptions) {
    this.#domain = domain;
    this.#profiles = profiles;
    this.#policy = policy;
    this.#issuers = issuers;
  }

  /** Goes on with other CAs. */
  useIssuers(issuers: Issuers): void {
    this.#issuers = issuers;
  }

  /** Goes on with other profiles and another policy. */
  usePolicy(profiles: readonly Profile[], policy: Policy): void {
    this.#profiles = profiles;
    this.#policy = policy;
  }

  /** Why one of the CAs cannot issue at a moment, if one cannot. */
  fault(now: Date): string | undefined {
    for (const [name, { certificate }] of Object.entries(this.#issuers)) {
      const fault = caFault(certificate, now);
      if (fault !== undefined) return `${name}: ${fault}`;
    }
    return undefined;
  }

  /** The CA of a profile, by the profile or its name; `undefined` where the signer has none. */
  issuerOf(profile: Profile | string): Issuer | undefined {
    const found = typeof profile === "string" ? this.#profiles.find(({ name }) => name === profile) : profile;
    return found && Object.hasOwn(this.#issuers, found.issuer) ? this.#issuers[found.issuer] : undefined;
  }

  /** Whether a signer name is that of one of the profiles. */
  isOurs(signerName: string): boolean {
    return this.#profiles.some((known) => signerName === this.signerNameOf(known));
  }

  /** The signer name of a profile. */
  signerNameOf(profile: Profile): string {
    return `${this.#domain}/${profile.name}`;
  }

  /** Whether a name begins with the common-name prefix of a profile. */
  isNodeName(name: string): boolean {
    return this.#profileOfName(name) !== undefined;
  }

  /**
   * Decides about a request, and verifies that it is its key's own.
   *
   * @throws CertgenError `invalid-signature`; `unavailable` where it is approved and the CA cannot issue now
   */
  async judge(request: JudgedRequest, now: Date): Promise<Verdict> {
    const { csr } = request;
    const verdict = this.#verdict(request);
    const { decision } = verdict;
    const verifiable = csr.publicKey.fault === undefined && csr.signatureAlgorithm.family !== "unsupported";
    // what cannot be verified is denied for its algorithm; for another signer nobody would say so
    if (verifiable || decision?.approved !== false) await verifyCsr(csr);
    if (decision?.approved !== true) return verdict;
    const issuer = this.issuerOf(decision.profile);
    if (issuer === undefined) {
      const message = `this signer has no CA for the profile ${decision.profile.name}`;
      return { ...verdict, decision: { ...decision, approved: false, reason: "ProfileUnknown", message } };
    }
    const fault = caFault(issuer.certificate, now);
    if (fault !== undefined) throw new CertgenError("unavailable", `Cannot issue: ${fault}`);
    return verdict;
  }

  #verdict(request: JudgedRequest): Verdict {
    const { csr, signerName, usages, requester, dropEmptyDnsNames, expirationSeconds } = request;
    const named = this.#profiles.find((known) => signerName === this.signerNameOf(known));
    const caKeys = Object.values(this.#issuers).map(({ publicKey }) => publicKey.spki);
    const wanted = { csr, ...x509Usages(usages), caKeys, dropEmptyDnsNames, ...named && { profile: named } };
    const judgement = decide(wanted, this.#profiles);
    const renewal = renewalOf(requester);
    const subject = askedSubject(csr.subject);
    const policy = this.#policy;
    const questionOf = (profile: Profile): Question => ({
      identity: requester.identity,
      ...renewal && { renewal },
      profile,
      subject,
      // what the profile refuses is refused: there may be very many of them, and each rule would look at all
      names: judgement.approved ? judgement.names : [],
      ...expirationSeconds === undefined ? {} : { lifetimeSeconds: expirationSeconds },
    });
    const mayHaveName = (commonName: string): boolean => {
      const profile = this.#profileOfName(commonName);
      if (profile === undefined) return false;
      const question = { ...questionOf(profile), names: [], subject: { ...subject, commonName } };
      return policy.judge(question).mayHaveCommonName;
    };
    if (signerName !== undefined && named === undefined) {
      // whoever holds a certificate may renew that, and nothing else
      if (requester.predecessor === undefined) return { decision: undefined, mayHaveName };
      throw new CertgenError("forbidden", "a certificate proves requests to its own signer only");
    }
    const { profile } = judgement;
    const answer = profile && policy.judge(questionOf(profile));
    const { allowed, reason, message } = explain(judgement, answer);
    return {
      decision: allowed && profile !== undefined
        ? { approved: true, profile, names: judgement.names, message }
        : { approved: false, profile, reason: reason ?? "NotAllowedByPolicy", message },
      mayHaveName,
    };
  }

  #profileOfName(name: string): Profile | undefined {
    return this.#profiles.find(({ subject }) => subject !== undefined && name.startsWith(subject.commonNamePrefix));
  }
}
