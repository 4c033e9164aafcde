/**
 * The configuration file of a signer: profiles, rules, issuers of identities, limits.
 * @module
 */
import { checkPeerEquivalence, etcdProfiles, isEtcdProfile } from "../ca/etcd.ts";
import { defineProfile, type ProfileConfig } from "../ca/profile.ts";
import { shapeFault } from "../config_shape.ts";
import { messageOf } from "../errors.ts";
import { x509Usages } from "../k8s/usages.ts";
import { dnsNameFault } from "../x509/general_name.ts";
import { EXT_KEY_USAGES, type ExtKeyUsage } from "../x509/extension.ts";
import { CONFIG_SCHEMA, type ConfigFile, type LimitsFile, type ProfileFile } from "./config_schema.ts";
import { policyOf } from "./config_rules.ts";
import { checkJwt, type JwtFile } from "./jwt_config.ts";
import type { Policy } from "./question.ts";
import { durationAt, type Path, readSource, type Source } from "../yaml_source.ts";
import { quoted } from "../text.ts";

/** What a configuration says; what it leaves out is the caller's to fill in. */
export interface SignerConfig {
  /** Domain of the signer names. */
  readonly domain?: string;
  /** Paths of the CAs by the names that profiles call them. */
  readonly issuers: ReadonlyMap<string, { readonly certificate: string; readonly key: string }>;
  /** Profiles besides the three built-in ones. */
  readonly profiles: readonly ProfileConfig[];
  /** Absent where the file has no `rules`; one without any rule denies everything to everybody but administrators. */
  readonly policy?: Policy;
  /** Issuers of JWTs. */
  readonly jwt: readonly JwtFile[];
  /** Limits that are said. */
  readonly limits: LimitsFile;
  /** How long after its end a certificate's key may still renew it, in seconds. */
  readonly graceSeconds?: number;
}

/** The CAs that a command line gives. */
const GIVEN_ISSUERS: readonly string[] = ["etcd", "metric"];

/**
 * Reads a configuration, YAML or JSON, strictly.
 *
 * @param path for messages, which name file, line and member
 * @throws CertgenError `malformed-object`
 */
export function parseSignerConfig(text: string, path: string): SignerConfig {
  const source = readSource(text, `Cannot use configuration ${quoted(path)}`);
  const shape = shapeFault(source.value, CONFIG_SCHEMA);
  if (shape !== undefined) throw source.fault(shape.path, shape.why);
  const file = source.value as ConfigFile;
  const { domain, issuers = {}, jwt = [], rules, limits = {}, renewal } = file;
  if (domain !== undefined && !isDomain(domain)) {
    throw source.fault(["domain"], "is no domain of two labels or more, in lower case");
  }
  const profiles = profilesOf(file, source);
  checkJwt(jwt, source.fault);
  const grace = durationAt(source, ["renewal", "grace"], renewal?.grace, 0);
  return {
    ...domain === undefined ? {} : { domain },
    issuers: new Map(Object.entries(issuers)),
    profiles,
    ...rules === undefined ? {} : { policy: policyOf(file, [...etcdProfiles(), ...profiles], source) },
    jwt,
    limits,
    ...grace === undefined ? {} : { graceSeconds: grace },
  };
}

function isDomain(domain: string): boolean {
  return dnsNameFault(domain) === undefined && domain.includes(".") && domain === domain.toLowerCase();
}

function profilesOf({ profiles = [], issuers = {} }: ConfigFile, source: Source): ProfileConfig[] {
  const names = new Set<string>();
  return profiles.map((file, i): ProfileConfig => {
    const { name, issuer } = file;
    const path: Path = ["profiles", i];
    if (isEtcdProfile(name)) throw source.fault([...path, "name"], `${quoted(name)} is a built-in profile`);
    if (names.has(name)) throw source.fault([...path, "name"], `${quoted(name)} is a profile before`);
    names.add(name);
    if (!GIVEN_ISSUERS.includes(issuer) && !Object.hasOwn(issuers, issuer)) {
      const known = [...new Set([...GIVEN_ISSUERS, ...Object.keys(issuers)])].join(", ");
      throw source.fault([...path, "issuer"], `${quoted(issuer)} is not in issuers: there are ${known}`);
    }
    const config = profileOf(file, path, source);
    try {
      defineProfile(config);
      checkPeerEquivalence([...etcdProfiles(), config]);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      throw source.fault(path, messageOf(error).replace(/^Cannot use profile "[^"]*": /, ""));
    }
    return config;
  });
}

function profileOf(file: ProfileFile, path: Path, source: Source): ProfileConfig {
  const { name, issuer, subject, keys, maxNames, wildcards, peerEquivalent } = file;
  const { keyUsage, extKeyUsage } = x509Usages(file.usages);
  const isIssued = (usage: string): usage is ExtKeyUsage => EXT_KEY_USAGES.some((known) => known === usage);
  const foreign = extKeyUsage.find((usage) => !isIssued(usage));
  if (foreign !== undefined) throw source.fault([...path, "usages"], `certgen does not issue ${quoted(foreign)}`);
  const maxLifetimeSeconds = durationAt(source, [...path, "maxLifetime"], file.maxLifetime);
  const renewSeconds = durationAt(source, [...path, "renewFor"], file.renewFor, 0);
  return {
    name,
    issuer,
    keyUsage: [...new Set(keyUsage)],
    extKeyUsage: [...new Set(extKeyUsage.filter(isIssued))],
    lifetimeSeconds: durationAt(source, [...path, "lifetime"], file.lifetime) ?? 0,
    ...subject === undefined ? {} : { subject },
    ...maxLifetimeSeconds === undefined ? {} : { maxLifetimeSeconds },
    ...renewSeconds === undefined ? {} : { renewSeconds },
    ...keys === undefined ? {} : { keys },
    ...maxNames === undefined ? {} : { maxNames },
    ...wildcards === undefined ? {} : { wildcards },
    ...peerEquivalent === undefined ? {} : { peerEquivalent },
  };
}
