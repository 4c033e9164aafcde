/** Questions for policies, and the policy of the README. */
import { etcdProfiles } from "../src/ca/etcd.ts";
import { defineProfile, type Profile } from "../src/ca/profile.ts";
import { EXTRA, type Identity } from "../src/identity.ts";
import type { Answer, AskedSubject, Question, Renewal, RuleResult } from "../src/policy/question.ts";
import type { RuleConfig } from "../src/policy/rule.ts";
import type { GeneralName } from "../src/x509/general_name.ts";

/** The policy of the README: a cluster of etcd nodes, each its own names and nothing else. */
export const NODES: RuleConfig = {
  who: { user: "etcd:{node}" },
  mayHave: {
    profiles: ["etcd-peer", "etcd-server", "etcd-metric"],
    commonNames: ["system:{profile}:{node}"],
    dnsNames: ["{node}", "{node}.etcd.example", "localhost"],
    ipAddresses: ["10.8.89.0/24", "127.0.0.1", "::1"],
  },
};

/** A profile that says nothing of the subject. */
export const WEB: Profile = defineProfile({
  name: "web",
  issuer: "web",
  keyUsage: ["digitalSignature"],
  extKeyUsage: ["serverAuth"],
  lifetimeSeconds: 3600,
  maxLifetimeSeconds: 7200,
  wildcards: true,
});

const PROFILES = new Map([...etcdProfiles(), WEB].map((profile) => [profile.name, profile]));

/** One of the built-in profiles, or `web`. */
export function profileNamed(name: string): Profile {
  const profile = PROFILES.get(name);
  if (profile === undefined) throw new Error(`no profile ${name}`);
  return profile;
}

/** What is asked, as short as it can be said: `etcd1`'s peer certificate unless said. */
export interface Asked {
  readonly user?: string;
  readonly groups?: readonly string[];
  readonly proof?: Identity["proof"];
  readonly extra?: Identity["extra"];
  readonly profile?: string;
  readonly commonName?: string;
  readonly organization?: string;
  readonly others?: readonly string[];
  readonly dns?: readonly string[];
  readonly ip?: readonly string[];
  readonly names?: readonly GeneralName[];
  readonly lifetimeSeconds?: number;
  readonly renewal?: Partial<Renewal>;
}

/** General names. */
export function namesOf(dns: readonly string[], ip: readonly string[] = []): GeneralName[] {
  return [
    ...dns.map((value): GeneralName => ({ type: "dns", value })),
    ...ip.map((value): GeneralName => ({ type: "ip", value })),
  ];
}

/** An identity. */
export function identityOf({ user = "etcd:etcd1", groups = [], proof = "token", extra }: Asked): Identity {
  return { username: user, groups, proof, ...extra === undefined ? {} : { extra } };
}

/** The question. */
export function ask(asked: Asked = {}): Question {
  const { profile = "etcd-peer", commonName = `system:${profile}:etcd1`, organization, others = [] } = asked;
  const subject: AskedSubject = { commonName, ...organization === undefined ? {} : { organization }, others };
  const names = asked.names ?? namesOf(asked.dns ?? ["etcd1"], asked.ip ?? ["10.8.89.9"]);
  const before: Renewal = { profile, subject, names, origin: identityOf({}) };
  return {
    identity: identityOf(asked),
    profile: profileNamed(profile),
    subject,
    names,
    ...asked.lifetimeSeconds === undefined ? {} : { lifetimeSeconds: asked.lifetimeSeconds },
    ...asked.renewal === undefined ? {} : { renewal: { ...before, ...asked.renewal } },
  };
}

/** A renewal by the key of `etcd1`'s peer certificate. */
export function askAgain(asked: Asked = {}): Question {
  const user = "certgen:cert:etcd-peer:system:etcd-peer:etcd1";
  return ask({ user, proof: "certificate", renewal: {}, ...asked });
}

/** A bootstrap token and what it is good for. */
export function tokenOf(
  lists: Partial<Record<"commonNames" | "dnsNames" | "ipAddresses" | "profiles", string[]>>,
): Asked {
  const keys = {
    commonNames: EXTRA.allowedCommonNames,
    dnsNames: EXTRA.allowedDnsNames,
    ipAddresses: EXTRA.allowedIpAddresses,
    profiles: EXTRA.allowedProfiles,
  };
  const named = Object.entries(keys).flatMap(([name, key]) => {
    const values = lists[name as keyof typeof keys];
    return values === undefined ? [] : [[key, values] as const];
  });
  const extra = { ...Object.fromEntries(named), [EXTRA.tokenId]: ["abc123"] };
  return { user: "system:bootstrap:abc123", proof: "bootstrap-token", extra };
}

/** The names of the checks of a rule that fail. */
export function failed({ checks }: RuleResult): string[] {
  return checks.flatMap(({ check, fault }) => fault === undefined ? [] : [check]);
}

/** What came of one rule. */
export function resultNamed({ rules }: Answer, name: string): RuleResult {
  const result = rules.find(({ rule }) => rule === name);
  if (result === undefined) throw new Error(`no rule ${name}`);
  return result;
}
