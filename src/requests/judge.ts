/**
 * From what the API says to what the CA knows: signer names to profiles, usage strings to usages, and the policy's decision.
 * @module
 */
import type { Issuer } from "../ca/issuer.ts";
import { decide, type Decision } from "../ca/policy.ts";
import type { Profile } from "../ca/profile.ts";
import { CertgenError } from "../errors.ts";
import { x509Usages } from "../k8s/usages.ts";
import { caFault } from "../x509/certificate.ts";
import { type Csr, verifyCsr } from "../x509/csr.ts";

/** CAs by the name that profiles call them. */
export type Issuers = Readonly<Record<string, Issuer>>;

/** What is judged of a request, whether it has just come or was stored. */
export interface JudgedRequest {
  readonly csr: Csr;
  /** Absent where the subject picks the profile. */
  readonly signerName: string | undefined;
  readonly usages: readonly string[];
  readonly dropEmptyDnsNames: boolean;
}

/** Decides about requests with the profiles and CAs of a signer. */
export class Judge {
  readonly #profiles: readonly Profile[];
  readonly #domain: string;
  #issuers: Issuers;

  constructor(profiles: readonly Profile[], domain: string, issuers: Issuers) {
    this.#profiles = profiles;
    this.#domain = domain;
    this.#issuers = issuers;
  }

  /** Goes on with other CAs. */
  useIssuers(issuers: Issuers): void {
    this.#issuers = issuers;
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

  /** The common-name prefix of a profile that a name begins with, if it begins with one. */
  isNodeName(name: string): boolean {
    return this.#profiles.some(({ subject }) => subject !== undefined && name.startsWith(subject.commonNamePrefix));
  }

  /**
   * Decides about a request, and verifies that it is its key's own.
   *
   * @returns `undefined` for a request to another signer
   * @throws CertgenError `invalid-signature`; `unavailable` where it is approved and the CA cannot issue now
   */
  async judge(request: JudgedRequest, now: Date): Promise<Decision | undefined> {
    const { csr, signerName, usages, dropEmptyDnsNames } = request;
    const profile = this.#profiles.find((known) => signerName === this.signerNameOf(known));
    const foreign = signerName !== undefined && profile === undefined;
    const caKeys = Object.values(this.#issuers).map(({ publicKey }) => publicKey.spki);
    const wanted = { csr, ...x509Usages(usages), caKeys, dropEmptyDnsNames };
    const decision = foreign
      ? undefined
      : decide(profile === undefined ? wanted : { ...wanted, profile }, this.#profiles);
    const verifiable = csr.publicKey.fault === undefined && csr.signatureAlgorithm.family !== "unsupported";
    // what cannot be verified is denied for its algorithm; for another signer nobody would say so
    if (verifiable || decision?.approved !== false) await verifyCsr(csr);
    if (decision?.approved !== true) return decision;
    const issuer = this.issuerOf(decision.profile);
    if (issuer === undefined) {
      return {
        approved: false,
        reason: "ProfileUnknown",
        message: `this signer has no CA for the profile ${decision.profile.name}`,
      };
    }
    const fault = caFault(issuer.certificate, now);
    if (fault !== undefined) throw new CertgenError("unavailable", `Cannot issue: ${fault}`);
    return decision;
  }
}
