/**
 * What every policy has besides its rules: administrators, and what a bootstrap token says of itself.
 * @module
 */
import { EXTRA, factsOf, type Identity } from "../identity.ts";
import { ADMINISTRATORS } from "../k8s/authorization.ts";
import { canonicalIp, type SortedNames, sortNames } from "./names.ts";
import { type Check, checkOf, type Question, resultOf, type RuleResult } from "./question.ts";
import { exactRenewalFault, isRenewal } from "./renewal.ts";
import { noneOf, quoted } from "../text.ts";

/** Whether an identity is an administrator; the key of an administrator's certificate does not make one. */
export function isAdministrator({ proof, groups }: Identity): boolean {
  return proof !== "none" && proof !== "certificate" && groups.includes(ADMINISTRATORS);
}

/** Administrators may have any profile and names. A certificate that one had asked for may be renewed as it is. */
export function administratorsResult(question: Question): RuleResult {
  const { identity, renewal } = question;
  const name = "administrators";
  if (!isRenewal(question)) {
    const fault = isAdministrator(identity)
      ? undefined
      : `user ${quoted(identity.username)} is not in group "${ADMINISTRATORS}"`;
    return resultOf(name, [checkOf("who", fault)]);
  }
  if (renewal === undefined || !isAdministrator(renewal.origin)) {
    const first = renewal === undefined ? "nobody that is known" : `user ${quoted(renewal.origin.username)}`;
    return resultOf(name, [{
      check: "who",
      fault: `${first} had the first certificate, who is not in group "${ADMINISTRATORS}"`,
    }]);
  }
  return resultOf(name, [{ check: "who" }, checkOf("renewal", exactRenewalFault(question))]);
}

/**
 * What a bootstrap token is good for, where it says so: nothing beyond is given, whatever else allows it. A certificate's
 * key is held to what the token was good for that the first certificate of its lineage was asked for with.
 */
export function tokenResult(question: Question): RuleResult | undefined {
  const names = sortNames(question.names, question.profile.maxNames);
  const checks = holdersOf(question).flatMap((identity) => limitsOf(identity, question, names));
  return checks.length === 0 ? undefined : resultOf("token", checks, true);
}

/** Whether the tokens that count for a question are good for its common name. */
export function tokenGivesCommonName(question: Question): boolean {
  return holdersOf(question).every((identity) =>
    factsOf(identity, EXTRA.allowedCommonNames)?.includes(question.subject.commonName) ?? true
  );
}

/** Whose token counts. */
function holdersOf({ identity, renewal }: Question): readonly Identity[] {
  return renewal === undefined ? [identity] : [identity, renewal.origin];
}

function limitsOf(
  identity: Identity,
  { profile, subject }: Question,
  { dnsNames, wildcards, ipAddresses, fault }: SortedNames,
): readonly Check[] {
  const read = (text: string): string => canonicalIp(text) ?? text;
  const textOf = ({ text }: { readonly text: string }): string => text;
  const addresses = ipAddresses.map(textOf);
  const names = [...dnsNames.map(textOf), ...wildcards];
  return [
    limitOf(identity, EXTRA.allowedProfiles, "profile", [profile.name]),
    limitOf(identity, EXTRA.allowedCommonNames, "commonName", [subject.commonName]),
    limitOf(identity, EXTRA.allowedDnsNames, "dnsNames", names, (name) => name.toLowerCase(), fault),
    limitOf(identity, EXTRA.allowedIpAddresses, "ipAddresses", addresses, read, fault),
  ].flatMap((check) => check ?? []);
}

function limitOf(
  identity: Identity,
  key: string,
  check: Check["check"],
  asked: readonly string[],
  read: (text: string) => string = (text) => text,
  unread?: string,
): Check | undefined {
  const given = factsOf(identity, key)?.map(read);
  if (given === undefined) return undefined;
  if (unread !== undefined) return checkOf(check, unread);
  const foreign = asked.find((value) => !given.includes(value));
  return checkOf(check, foreign === undefined ? undefined : noneOf(foreign, given));
}
