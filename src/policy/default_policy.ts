/**
 * Policies without a file: open to everybody, or, once there are credentials, what those say of themselves.
 * @module
 */
import { isEtcdProfile } from "../ca/etcd.ts";
import { EXTRA, factsOf, type Identity } from "../identity.ts";
import { administratorsResult, tokenResult } from "./limits.ts";
import { sortNames } from "./names.ts";
import {
  answerOf,
  type CheckName,
  checkOf,
  type Policy,
  type Question,
  resultOf,
  type RuleResult,
} from "./question.ts";
import { exactRenewalFault, isRenewal } from "./renewal.ts";
import { organizationFault } from "./rule.ts";
import { noneOf, quoted } from "../text.ts";

/** Everybody may have what fits a profile: a signer without any credentials. */
export const openPolicy: Policy = Object.freeze({
  judge: () => ({
    allowed: true,
    allowedBy: "anybody",
    rules: [resultOf("anybody", [{ check: "who" }])],
    mayHaveCommonName: true,
  }),
});

/**
 * Administrators may have anything, bootstrap tokens what they name, and the key of a certificate that certificate once
 * more. A token that names no profile is good for the three of etcd, and for the profile of a common name that it names.
 * Where the profile has no rule for the subject, a token gives the common names that it names, and else none.
 */
export const defaultPolicy: Policy = Object.freeze({
  judge: (question: Question) => {
    const token = bootstrapResult(question);
    const results = [administratorsResult(question), token, renewalResult(question)];
    const limit = tokenResult(question);
    const all = limit === undefined ? results : [limit, ...results];
    return answerOf(all, mayHaveCommonName(question, token, limit));
  },
});

function bootstrapResult(question: Question): RuleResult {
  const { identity, names, profile, subject } = question;
  const name = "bootstrap tokens";
  if (identity.proof !== "bootstrap-token") {
    return resultOf(name, [{ check: "who", fault: `user ${quoted(identity.username)} has no bootstrap token` }]);
  }
  const { wildcards, fault } = sortNames(names, profile.maxNames);
  const isGiven = isEtcdProfile(profile.name) || isNamed(identity, EXTRA.allowedProfiles) ||
    (isNamed(identity, EXTRA.allowedCommonNames) && profile.subject !== undefined);
  const [wildcard] = isNamed(identity, EXTRA.allowedDnsNames) ? [] : wildcards;
  return resultOf(name, [
    { check: "who" },
    checkOf("profile", isGiven ? undefined : `the token does not name the profile ${quoted(profile.name)}`),
    ...profile.subject === undefined
      ? [
        checkOf("commonName", commonNameFault(question)),
        checkOf("organization", organizationFault([], subject)),
      ]
      : [],
    checkOf("dnsNames", fault),
    checkOf("wildcards", wildcard && `the token does not name ${quoted(wildcard)}`),
  ]);
}

/** Anything could stand there otherwise: Kubernetes and etcd take common names for users. */
function commonNameFault({ identity, subject: { commonName } }: Question): string | undefined {
  const given = factsOf(identity, EXTRA.allowedCommonNames) ?? [];
  return commonName === "" || given.includes(commonName) ? undefined : noneOf(commonName, given);
}

function renewalResult(question: Question): RuleResult {
  const who = `user ${quoted(question.identity.username)} has not proven it with a certificate's key`;
  if (!isRenewal(question)) return resultOf("renewal", [{ check: "who", fault: who }]);
  return resultOf("renewal", [{ check: "who" }, checkOf("renewal", exactRenewalFault(question))]);
}

function mayHaveCommonName(question: Question, token: RuleResult, limit: RuleResult | undefined): boolean {
  const { identity, renewal, subject } = question;
  const fails = (result: RuleResult | undefined, checks: readonly CheckName[]): boolean =>
    result?.checks.some(({ check, fault }) => fault !== undefined && checks.includes(check)) ?? false;
  if (fails(limit, ["commonName"])) return false;
  if (isRenewal(question)) return renewal?.subject.commonName === subject.commonName;
  if (administratorsResult(question).allowed || isNamed(identity, EXTRA.allowedCommonNames)) return true;
  return !fails(limit, ["profile"]) && !fails(token, ["who", "profile", "commonName"]);
}

function isNamed(identity: Identity, key: string): boolean {
  return factsOf(identity, key) !== undefined;
}
