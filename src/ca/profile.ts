/**
 * Profiles: how certificates of one kind look. People write a {@link ProfileConfig}; it is validated and encoded once.
 * @module
 */
import type { Bytes } from "../bytes.ts";
import {
  encodeBasicConstraints,
  encodeExtKeyUsage,
  encodeKeyUsage,
  EXT_KEY_USAGES,
  type ExtKeyUsage,
  KEY_USAGES,
  type KeyUsage,
} from "../x509/extension.ts";
import type { KeyAlgorithm } from "../x509/public_key.ts";

/** What a profile asks of a subject: exactly these two attributes, once each. */
export interface SubjectRule {
  /** The organization, exactly. */
  readonly organization: string;
  /** What the common name begins with; something must follow. */
  readonly commonNamePrefix: string;
}

/** A kind of certificates, as people write it. */
export interface ProfileConfig {
  /** Lower-case letters, digits and hyphens, as `etcd-peer`. */
  readonly name: string;
  /** Which CA issues it: a name that the signer gives its issuers. */
  readonly issuer: string;
  /** What the subject must be; any subject of one value for each attribute without it. */
  readonly subject?: SubjectRule;
  /** `keyEncipherment` is issued to RSA keys only. */
  readonly keyUsage: readonly KeyUsage[];
  /** Extended usages that every certificate gets. */
  readonly extKeyUsage: readonly ExtKeyUsage[];
  /** Lifetime of a certificate for which no other is asked, in seconds. */
  readonly lifetimeSeconds: number;
  /** The longest lifetime that may be asked for, in seconds; `lifetimeSeconds` unless said. */
  readonly maxLifetimeSeconds?: number;
  /** Key algorithms that are certified; all that certgen knows unless said. */
  readonly keys?: readonly KeyAlgorithm[];
  /** Most subject alternative names; 100 unless said. */
  readonly maxNames?: number;
  /** Whether DNS names may be wildcards as `*.example.org`. */
  readonly wildcards?: boolean;
  /** Says that its certificates may be taken for those of etcd's peers: {@link checkPeerEquivalence} asks for it. */
  readonly peerEquivalent?: boolean;
  /** How long after the first certificate of a lineage its key may renew it, in seconds; for ever unless said. */
  readonly renewSeconds?: number;
}

/** A profile that was validated: frozen, with the parts that all its certificates share in DER. */
export interface Profile {
  /** As in {@link ProfileConfig}. */
  readonly name: string;
  /** The name of the CA that issues it. */
  readonly issuer: string;
  /** What the subject must be, if anything particular. */
  readonly subject: SubjectRule | undefined;
  /** Key usages; `keyEncipherment` is issued to RSA keys only. */
  readonly keyUsage: readonly KeyUsage[];
  /** Extended usages. */
  readonly extKeyUsage: readonly ExtKeyUsage[];
  /** Lifetime in seconds, where no other is asked for. */
  readonly lifetimeSeconds: number;
  /** The longest lifetime in seconds. */
  readonly maxLifetimeSeconds: number;
  /** Key algorithms that are certified. */
  readonly keys: readonly KeyAlgorithm[];
  /** Most subject alternative names. */
  readonly maxNames: number;
  /** Whether DNS names may be wildcards. */
  readonly wildcards: boolean;
  /** Whether its certificates may be taken for those of etcd's peers. */
  readonly peerEquivalent: boolean;
  /** How long after the first certificate of a lineage its key may renew it, in seconds; for ever without it. */
  readonly renewSeconds: number | undefined;
  /** basicConstraints, keyUsage and extKeyUsage. */
  readonly encoded: { readonly rsa: readonly Bytes[]; readonly other: readonly Bytes[] };
}

/** Key algorithms that a profile may certify. */
export const KEY_ALGORITHMS: readonly KeyAlgorithm[] = [
  "ec-p256",
  "ec-p384",
  "ec-p521",
  "ed25519",
  "rsa",
];
/** Ten years: what is longer is a mistake of units more often than a wish. */
const MAX_LIFETIME_SECONDS = 10 * 366 * 86_400;

/**
 * Validates a profile.
 *
 * @throws TypeError where the profile cannot be one; the message names the profile and the field
 * @example
 * ```ts
 * import { createCa, createCsr, defineProfile, generateKey, signCsr } from "@certgen/core";
 *
 * const profile = defineProfile({
 *   name: "web",
 *   issuer: "web",
 *   keyUsage: ["digitalSignature"],
 *   extKeyUsage: ["serverAuth"],
 *   lifetimeSeconds: 90 * 86_400,
 * });
 * const csr = await createCsr({ key: await generateKey(), subject: { commonName: "www" }, dnsNames: ["www.example.org"] });
 * const certificate = await signCsr(csr.pem, await createCa({ commonName: "web CA" }), { profile });
 * console.log(certificate.extensions.extKeyUsage); // ["serverAuth"]
 * ```
 */
export function defineProfile(config: ProfileConfig): Profile {
  const refuse = (fault: string): never => {
    throw new TypeError(`Cannot use profile ${JSON.stringify(config.name)}: ${fault}`);
  };
  if (!/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(config.name)) {
    refuse("name is not lower-case letters, digits and hyphens");
  }
  const { lifetimeSeconds, maxLifetimeSeconds = lifetimeSeconds, renewSeconds, maxNames = 100, keys = KEY_ALGORITHMS } =
    config;
  for (const [field, seconds] of Object.entries({ lifetimeSeconds, maxLifetimeSeconds })) {
    if (Number.isInteger(seconds) && seconds >= 1 && seconds <= MAX_LIFETIME_SECONDS) continue;
    refuse(`${field} is not a whole number from 1 to ${MAX_LIFETIME_SECONDS}`);
  }
  if (maxLifetimeSeconds < lifetimeSeconds) refuse("maxLifetimeSeconds is less than lifetimeSeconds");
  if (renewSeconds !== undefined && (!Number.isInteger(renewSeconds) || renewSeconds < 0)) {
    refuse("renewSeconds is not a whole number from 0 on");
  }
  if (!Number.isInteger(maxNames) || maxNames < 0) refuse("maxNames is not a whole number from 0 on");
  const unknown = keys.find((key) => !KEY_ALGORITHMS.includes(key)) ??
    config.keyUsage.find((usage) => !KEY_USAGES.includes(usage)) ??
    config.extKeyUsage.find((usage) => !EXT_KEY_USAGES.includes(usage));
  if (unknown !== undefined) refuse(`${JSON.stringify(unknown)} is no key algorithm or usage`);
  if (config.keyUsage.includes("keyCertSign") || config.keyUsage.includes("cRLSign")) refuse("keyUsage is a CA's");
  if (keys.length === 0) refuse("keys is empty");
  // RFC 5280 §4.2.1.3, §4.2.1.12: without them a certificate is good for everything
  if (!config.keyUsage.includes("digitalSignature")) refuse("keyUsage lacks digitalSignature");
  if (config.extKeyUsage.length === 0) refuse("extKeyUsage is empty");
  if (config.subject?.organization === "" || config.subject?.commonNamePrefix === "") {
    refuse("subject has an empty part");
  }
  const { subject } = config;
  const keyUsage = Object.freeze([...config.keyUsage]);
  const extKeyUsage = Object.freeze([...config.extKeyUsage]);
  const encode = (usages: readonly KeyUsage[]): readonly Bytes[] =>
    Object.freeze([
      encodeBasicConstraints(false),
      encodeKeyUsage(usages),
      encodeExtKeyUsage(extKeyUsage),
    ]);
  return Object.freeze({
    name: config.name,
    issuer: config.issuer,
    subject: subject && Object.freeze({ ...subject }),
    keyUsage,
    extKeyUsage,
    lifetimeSeconds,
    maxLifetimeSeconds,
    keys: Object.freeze([...keys]),
    maxNames,
    wildcards: config.wildcards === true,
    peerEquivalent: config.peerEquivalent === true,
    renewSeconds,
    encoded: Object.freeze({
      rsa: encode(keyUsage),
      other: encode(keyUsage.filter((usage) => usage !== "keyEncipherment")),
    }),
  });
}
