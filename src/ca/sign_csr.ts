/**
 * The library's one call: a CSR in, a certificate out.
 * @module
 */
import { systemNow } from "../clock.ts";
import { CertgenError } from "../errors.ts";
import type { Now, Random } from "../ports.ts";
import type { Certificate } from "../x509/certificate.ts";
import { parseCsr, verifyCsr } from "../x509/csr.ts";
import type { ExtKeyUsage } from "../x509/extension.ts";
import { type EtcdProfileName, etcdProfiles } from "./etcd.ts";
import { issueCertificate, type Issuer, newSerialNumber, rebuildSubject } from "./issuer.ts";
import { decide } from "./policy.ts";
import { defineProfile, type Profile } from "./profile.ts";

/** What the certificate is to be: of a profile, or for some usages. */
export interface SignOptions {
  /** A built-in profile's name, or one of {@link defineProfile}. */
  readonly profile?: EtcdProfileName | Profile;
  /** Without a profile: the extended usages, for any subject. */
  readonly usages?: readonly ExtKeyUsage[];
  /** Lifetime in seconds: at most the profile's; 8760 hours unless said. Never beyond the CA's. */
  readonly lifetimeSeconds?: number;
  /** The other way to say it: the last moment at which the certificate is valid. */
  readonly notAfter?: Date;
  /** The clock; the machine's unless said. */
  readonly now?: Now;
  /** The source of the serial number; WebCrypto's unless said. */
  readonly random?: Random;
}

const YEAR_SECONDS = 8760 * 3600;

/**
 * Issues the certificate that a CSR asks for. The CSR is parsed strictly, its signature is verified, and it must fit the
 * profile; of what it carries, only its key, its subject's values and its DNS names and IP addresses reach the certificate.
 *
 * @param csr PEM (exactly one block) or DER
 * @param issuer the CA
 * @throws CertgenError `denied` with a `reason` where the profile refuses; what {@link parseCsr} and {@link verifyCsr} throw;
 * `unavailable` where the CA is not valid
 * @throws TypeError where the options contradict each other
 * @example
 * ```ts
 * import { createCa, createCsr, generateKey, signCsr } from "@certgen/core";
 *
 * const ca = await createCa({ commonName: "our CA" });
 * const subject = { organization: "system:etcd-peers", commonName: "system:etcd-peer:etcd1" };
 * const csr = await createCsr({ key: await generateKey(), subject, dnsNames: ["etcd1"] });
 * const certificate = await signCsr(csr.pem, ca, { profile: "etcd-peer" });
 * console.log(certificate.pem, certificate.notAfter);
 * ```
 */
export async function signCsr(csr: string | Uint8Array, issuer: Issuer, options: SignOptions): Promise<Certificate> {
  const now = (options.now ?? systemNow)();
  const lifetimeSeconds = lifetimeOf(options, now);
  const profile = profileOf(options, lifetimeSeconds);
  const parsed = parseCsr(csr);
  const decision = decide({ csr: parsed, profile, caKeys: [issuer.publicKey.spki] }, []);
  if (!decision.approved) {
    throw new CertgenError("denied", `Cannot sign CSR: ${decision.message}`, { reason: decision.reason });
  }
  await verifyCsr(parsed);
  return await issueCertificate({
    issuer,
    profile,
    publicKey: parsed.publicKey,
    subject: rebuildSubject(parsed.subject),
    names: decision.names,
    lifetimeSeconds: lifetimeSeconds ?? profile.lifetimeSeconds,
    now,
    serialNumber: newSerialNumber(options.random),
  });
}

function lifetimeOf({ lifetimeSeconds, notAfter }: SignOptions, now: Date): number | undefined {
  if (lifetimeSeconds !== undefined && notAfter !== undefined) {
    throw new TypeError("lifetimeSeconds and notAfter exclude each other");
  }
  const seconds = notAfter === undefined
    ? lifetimeSeconds
    : Math.floor(notAfter.getTime() / 1000) - Math.floor(now.getTime() / 1000);
  if (seconds !== undefined && !(seconds >= 1)) throw new TypeError("the certificate would end before it begins");
  return seconds;
}

function profileOf({ profile, usages }: SignOptions, lifetimeSeconds: number | undefined): Profile {
  if ((profile === undefined) === (usages === undefined)) throw new TypeError("either profile or usages must be given");
  if (usages !== undefined) {
    return defineProfile({
      name: "custom",
      issuer: "custom",
      keyUsage: ["digitalSignature", "keyEncipherment"],
      extKeyUsage: usages,
      lifetimeSeconds: lifetimeSeconds ?? YEAR_SECONDS,
    });
  }
  const found = typeof profile === "string" ? builtIn().find(({ name }) => name === profile) : profile;
  if (found === undefined) throw new TypeError(`unknown profile ${JSON.stringify(profile)}`);
  return found;
}

/** Encoding the built-in profiles takes as long as issuing a certificate: once, and only where one is asked for. */
function builtIn(): readonly Profile[] {
  return builtInProfiles ??= etcdProfiles();
}

let builtInProfiles: readonly Profile[] | undefined;
