/**
 * What a policy is asked, and what it answers: plain data, so that a question can be put together from a request that has
 * just come, from a stored one, or from a file of cases.
 * @module
 */
import type { Profile } from "../ca/profile.ts";
import type { Identity } from "../identity.ts";
import type { GeneralName } from "../x509/general_name.ts";
import type { Name } from "../x509/name.ts";

/** The subject that is asked for, or that a certificate has. */
export interface AskedSubject {
  /** Empty where there is none. */
  readonly commonName: string;
  /** Absent where there is none. */
  readonly organization?: string;
  /** All other attributes, second values of the two above among them, as `organizationalUnit=db`. */
  readonly others: readonly string[];
}

/** A subject as the policy looks at it. */
export function askedSubject(name: Name): AskedSubject {
  const first = (type: string): string | undefined =>
    name.attributes.find((attribute) => attribute.type === type)?.value;
  const organization = first("organization");
  const seen = new Set<string>();
  const others = name.attributes.filter(({ type }) => {
    const isFirst = (type === "commonName" || type === "organization") && !seen.has(type);
    seen.add(type);
    return !isFirst;
  });
  return {
    commonName: first("commonName") ?? "",
    ...organization === undefined ? {} : { organization },
    others: others.map(({ type, value }) => `${type}=${value}`),
  };
}

/** What is known of the certificate whose key asks for its successor. */
export interface Renewal {
  /** Name of its profile. */
  readonly profile: string;
  /** Its subject. */
  readonly subject: AskedSubject;
  /** Its names. */
  readonly names: readonly GeneralName[];
  /** Who asked for the first certificate of its lineage. */
  readonly origin: Identity;
}

/** May this identity have a certificate like this? */
export interface Question {
  /** Who asks. */
  readonly identity: Identity;
  /** Must be there where the identity was proven by a certificate: nothing is given without it. */
  readonly renewal?: Renewal;
  /** The profile that the request was judged by. */
  readonly profile: Profile;
  /** The subject that is asked for. */
  readonly subject: AskedSubject;
  /** The names that are asked for. */
  readonly names: readonly GeneralName[];
  /** Lifetime in seconds; the profile's where it is absent. */
  readonly lifetimeSeconds?: number;
}

/** One thing that a rule looks at. */
export type CheckName =
  | "who"
  | "profile"
  | "commonName"
  | "organization"
  | "dnsNames"
  | "ipAddresses"
  | "wildcards"
  | "lifetime"
  | "renewal";

/** What came of looking at it. */
export interface Check {
  /** What was looked at. */
  readonly check: CheckName;
  /** Why not, in words, printable and short; absent where it holds. */
  readonly fault?: string;
}

/** What came of one rule. */
export interface RuleResult {
  /** Its name. */
  readonly rule: string;
  /** Whether everything that it looks at holds. */
  readonly allowed: boolean;
  /** What it looked at, in order; nothing after `who` where that does not hold. */
  readonly checks: readonly Check[];
  /** Whether it allows nothing by itself, and must hold besides the rule that does. */
  readonly isLimit?: boolean;
}

/** The answer to a {@link Question}. */
export interface Answer {
  /** Whether a rule allows it, and all limits hold. */
  readonly allowed: boolean;
  /** Name of the first rule that allows it. */
  readonly allowedBy?: string;
  /** What came of every rule, limits first. */
  readonly rules: readonly RuleResult[];
  /** Whether the identity may have the common name in some profile: else it must not occupy an object of that name. */
  readonly mayHaveCommonName: boolean;
}

/** Says who may have which certificate. */
export interface Policy {
  /** Answers; never throws, whatever the question has in it. */
  readonly judge: (question: Question) => Answer;
}

/** A rule's result from its checks. */
export function resultOf(rule: string, checks: readonly Check[], isLimit = false): RuleResult {
  const allowed = checks.length > 0 && checks.every(({ fault }) => fault === undefined);
  return { rule, allowed, checks, ...isLimit ? { isLimit } : {} };
}

/** A check from its fault. */
export function checkOf(check: CheckName, fault: string | undefined): Check {
  return fault === undefined ? { check } : { check, fault };
}

/** The answer from the results: one rule must allow it, and every limit must hold. */
export function answerOf(rules: readonly RuleResult[], mayHaveCommonName: boolean): Answer {
  const allowedBy = rules.every(({ isLimit, allowed }) => isLimit !== true || allowed)
    ? rules.find(({ isLimit, allowed }) => isLimit !== true && allowed)?.rule
    : undefined;
  return {
    allowed: allowedBy !== undefined,
    ...allowedBy === undefined ? {} : { allowedBy },
    rules,
    mayHaveCommonName,
  };
}
