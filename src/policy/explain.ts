/**
 * Why a request was denied or allowed: one line for the `Denied` condition, and every rule for whoever wants to know.
 * @module
 */
import type { DenialReason, Judgement } from "../ca/policy.ts";
import type { Answer, RuleResult } from "./question.ts";
import { printable, shortened } from "../text.ts";

/** The reason of a denial: a rule of the profile, or the policy. */
export type ExplainedReason = DenialReason | "NotAllowedByPolicy";

/** One rule, of the profile or of the policy. */
export interface ExplainedRule {
  /** Whose rule it is. */
  readonly of: "profile" | "policy";
  /** Its name; for a rule of the profile what it looks at, as `subject`. */
  readonly rule: string;
  /** Whether it holds, or for a rule of the policy allows. */
  readonly pass: boolean;
  /** Why not, in words; absent where it passes. */
  readonly reason?: string;
}

/** What was decided, and why. */
export interface Explanation {
  /** Whether both the profile and the policy let it pass. */
  readonly allowed: boolean;
  /** Machine-readable reason of a denial. */
  readonly reason?: ExplainedReason;
  /** One line without control and format characters, at most 2,000 characters long. */
  readonly message: string;
  /** Every rule. */
  readonly results: readonly ExplainedRule[];
}

const MAX_MESSAGE = 2000;
/** Longest account of one rule. */
const MAX_RULE = 600;

/** What the rules of a profile look at. */
const LOOKS_AT: Readonly<Record<DenialReason, string>> = {
  ProfileUnknown: "profile",
  SubjectNotAllowed: "subject",
  KeyNotAllowed: "key",
  SignatureAlgorithmNotAllowed: "signature algorithm",
  ExtensionNotAllowed: "extensions",
  UsageNotAllowed: "usages",
  NameNotAllowed: "names",
};

/**
 * Puts the profile's judgement and the policy's answer together.
 *
 * @param answer absent where no profile was found that a policy could be asked about
 */
export function explain(judgement: Judgement, answer?: Answer): Explanation {
  const results = [
    ...judgement.rules.map(({ rule, fault }): ExplainedRule => ({
      of: "profile",
      rule: LOOKS_AT[rule],
      ...fault === undefined ? { pass: true } : { pass: false, reason: line(fault, MAX_RULE) },
    })),
    ...(answer?.rules ?? []).map((result): ExplainedRule => ({
      of: "policy",
      rule: result.rule,
      ...result.allowed ? { pass: true } : { pass: false, reason: faultsOf(result) },
    })),
  ];
  if (!judgement.approved) {
    return { allowed: false, reason: judgement.reason, message: line(judgement.message, MAX_MESSAGE), results };
  }
  const message = answer === undefined ? "the policy was not asked" : policyMessage(answer);
  if (answer?.allowed !== true) return { allowed: false, reason: "NotAllowedByPolicy", message, results };
  return { allowed: true, message: line(`${message} (profile ${judgement.profile.name})`, MAX_MESSAGE), results };
}

/** The policy's part of the message alone. */
export function policyMessage({ allowedBy, rules }: Answer): string {
  if (allowedBy !== undefined) return line(`allowed by ${allowedBy}`, MAX_MESSAGE);
  const limit = rules.find(({ isLimit, allowed }) => isLimit === true && !allowed);
  if (limit !== undefined) return line(`the bootstrap token is not good for it: ${faultsOf(limit)}`, MAX_MESSAGE);
  // those that are for this identity say most
  const denied = rules.filter(({ isLimit }) => isLimit !== true);
  const isFor = ({ checks }: RuleResult): boolean =>
    checks.some(({ check, fault }) => check === "who" && fault === undefined);
  const sorted = [...denied.filter(isFor), ...denied.filter((result) => !isFor(result))];
  const texts = sorted.map((result) => `${result.rule}: ${faultsOf(result)}`);
  return line(`no rule allows it: ${texts.join("; ")}`, MAX_MESSAGE);
}

function faultsOf({ checks }: RuleResult): string {
  const faults = checks.flatMap(({ check, fault }) => fault === undefined ? [] : [`${check}: ${fault}`]);
  return line(faults.join(", "), MAX_RULE);
}

function line(text: string, most: number): string {
  return shortened(printable(text), most);
}
