import { decide } from "../src/ca/policy.ts";
import { etcdProfiles } from "../src/ca/etcd.ts";
import { defineProfile, type Profile } from "../src/ca/profile.ts";
import { fromUtf8 } from "../src/bytes.ts";
import { CertgenError } from "../src/errors.ts";
import { EXTRA, type Identity } from "../src/identity.ts";
import { parseSignerConfig } from "../src/policy/config.ts";
import { defaultPolicy } from "../src/policy/default_policy.ts";
import { explain, type Explanation } from "../src/policy/explain.ts";
import { askedSubject, type Policy } from "../src/policy/question.ts";
import type { Files } from "../src/ports.ts";
import { type Csr, parseCsr, verifyCsr } from "../src/x509/csr.ts";
import { UsageError } from "./exit.ts";
import type { FlagDefinition } from "./flag.ts";
import { quoted } from "../src/text.ts";

/** Flag of every command that judges as the signer does. */
export const CONFIG_FLAG: FlagDefinition = {
  name: "config",
  value: "path",
  defaultWords: "none: administrators, bootstrap tokens and renewals only",
  placeholder: "FILE",
  description: "the signer's configuration: its profiles and rules",
};

/** What a signer with a configuration judges by. */
export interface Judging {
  readonly profiles: readonly Profile[];
  readonly policy: Policy;
}

/**
 * Reads a configuration; without one, or without rules in it, the policy is what holds without any.
 * @throws CertgenError where it cannot be used
 */
export async function readJudging(files: Files, path: string | undefined): Promise<Judging> {
  if (path === undefined) return { profiles: etcdProfiles(), policy: defaultPolicy };
  const { profiles, policy = defaultPolicy } = parseSignerConfig(await readUtf8(files, path), path);
  return { profiles: [...etcdProfiles(), ...profiles.map(defineProfile)], policy };
}

/**
 * Text of a file.
 * @throws CertgenError `malformed-object` where it is not UTF-8
 */
export async function readUtf8(files: Files, path: string): Promise<string> {
  const content = await files.read(path);
  try {
    return fromUtf8(content);
  } catch (cause) {
    throw new CertgenError("malformed-object", `Cannot read ${quoted(path)}: it is not UTF-8`, { cause });
  }
}

/**
 * Reads a CSR, PEM or DER, and verifies that it is its key's own, where its algorithms are known.
 * @throws CertgenError what reading, parsing and verifying throw
 */
export async function readCsr(files: Files, path: string): Promise<Csr> {
  const content = await files.read(path);
  const sequence = 0x30; // DER begins with it, and no PEM does
  const csr = parseCsr(content[0] === sequence ? content : await readUtf8(files, path));
  const isVerifiable = csr.publicKey.fault === undefined && csr.signatureAlgorithm.family !== "unsupported";
  if (isVerifiable) await verifyCsr(csr);
  return csr;
}

/** Who asks, as a command line or a case says it. */
export interface Asking {
  readonly user: string;
  readonly groups: readonly string[];
  readonly claims: Readonly<Record<string, readonly string[]>>;
  /** Id of a bootstrap token. */
  readonly token: string | undefined;
}

/** The identity that an authenticator would have found. */
export function identityOf({ user, groups, claims, token }: Asking): Identity {
  const entries = Object.entries(claims).map(([name, values]) => [EXTRA.claim + name, values] as const);
  const extra = Object.fromEntries([...entries, ...token === undefined ? [] : [[EXTRA.tokenId, [token]] as const]]);
  return { username: user, groups: [...new Set(groups)], proof: proofOf(user, entries.length, token), extra };
}

function proofOf(user: string, claims: number, token: string | undefined): Identity["proof"] {
  if (user === "system:anonymous") return "none";
  if (user.startsWith("certgen:cert:")) return "certificate";
  if (token !== undefined) return "bootstrap-token";
  return claims > 0 ? "jwt" : "token";
}

/** What is judged. */
export interface Judged {
  readonly csr: Csr;
  readonly identity: Identity;
  /** Name of a profile; without one the subject picks it. */
  readonly profile: string | undefined;
  readonly lifetimeSeconds?: number;
}

/**
 * Judges as the signer does when it is asked.
 * @throws UsageError where there is no such profile
 */
export function judge({ profiles, policy }: Judging, judged: Judged): Explanation & { readonly profile?: string } {
  const { csr, identity, lifetimeSeconds } = judged;
  const wanted = profiles.find(({ name }) => name === judged.profile);
  if (judged.profile !== undefined && wanted === undefined) {
    const known = profiles.map(({ name }) => name).join(", ");
    throw new UsageError(`Cannot use profile ${quoted(judged.profile)}: there are ${known}`);
  }
  const judgement = decide({ csr, ...wanted === undefined ? {} : { profile: wanted } }, profiles);
  const { profile, names } = judgement;
  if (profile === undefined) return explain(judgement);
  const subject = askedSubject(csr.subject);
  const question = { identity, profile, subject, names, ...lifetimeSeconds === undefined ? {} : { lifetimeSeconds } };
  return { ...explain(judgement, policy.judge(question)), profile: profile.name };
}
