/**
 * Rules: who may have what. People write a {@link RuleConfig}; it is validated once, and then judges questions.
 * @module
 */
import { type DnsPattern, dnsPattern, isGivenDnsName, wildcardName } from "./dns_allowance.ts";
import { type IpRange, ipRange } from "./ip_range.ts";
import type { Judging } from "./judging.ts";
import type { AskedDnsName, SortedNames } from "./names.ts";
import { type Captures, partsOf, type Segment, segmentsOf, substitute } from "./pattern.ts";
import { type Check, checkOf, type Question, resultOf, type RuleResult } from "./question.ts";
import { noneOf, quoted } from "../text.ts";
import { at, RuleError, type Who, type WhoMatcher, whoMatcher } from "./who.ts";
import type { Work } from "./work.ts";

/** What a rule gives. `{part}` is what `who` captured, as one label. */
export interface Allowance {
  /** Names of profiles. */
  readonly profiles: readonly string[];
  /** Common names, whole; `{profile}` is the name of the profile that is asked for. */
  readonly commonNames: readonly string[];
  /** Organizations, exactly, where the profile does not say which; none unless said. */
  readonly organizations?: readonly string[];
  /** DNS names: `a.example.org`, all below one as `.example.org`, either with parts; none unless said. */
  readonly dnsNames?: readonly string[];
  /** Addresses and CIDRs; none unless said. */
  readonly ipAddresses?: readonly string[];
  /** Wildcard names as `*.example.org`, exactly; none unless said. */
  readonly wildcards?: readonly string[];
  /** Longest lifetime in seconds; the profile's unless said. */
  readonly maxLifetimeSeconds?: number;
}

/** One rule, as people write it. */
export interface RuleConfig {
  /** For explanations and the audit log; its number unless said. */
  readonly name?: string;
  /** Whom it is for; several are alternatives. */
  readonly who: Who | readonly Who[];
  /** What they may have. */
  readonly mayHave: Allowance;
  /** Whether a renewal may have names, within the rule's, that the certificate before did not have. */
  readonly widen?: boolean;
}

/** A rule that was validated. */
export interface Rule {
  /** Its name. */
  readonly name: string;
  /** What comes of it. */
  readonly judge: (judging: Judging) => RuleResult;
  /** Whether it gives the question's common name in any of its profiles. */
  readonly givesCommonName: (judging: Judging) => boolean;
}

/** An allowance as it is compared. */
interface Given {
  readonly profiles: readonly string[];
  readonly commonNames: readonly (readonly Segment[])[];
  readonly organizations: readonly string[];
  readonly dnsNames: readonly DnsPattern[];
  /** Those of them without parts. */
  readonly literals: ReadonlySet<string>;
  readonly ipAddresses: readonly IpRange[];
  readonly wildcards: ReadonlySet<string>;
  readonly maxLifetimeSeconds: number | undefined;
}

/** Most entries of any list of a rule. */
const MAX_ENTRIES = 1000;
/** Most ways in which an identity may match a rule; further ones are not tried. */
const MAX_BINDINGS = 256;

/**
 * Validates a rule.
 * @param name its name where it says none
 * @throws RuleError
 */
export function defineRule(config: RuleConfig, name: string): Rule {
  const { widen = false } = config;
  const given = givenBy(config.mayHave);
  const matchers = matchersOf(config, given);
  const bindingsOf = ({ question: { identity, renewal }, bindings: known, work }: Judging): readonly Captures[] => {
    // a successor may have what its rule gives to whoever had the first certificate
    const found = known.get(name) ??
      [identity, ...renewal === undefined ? [] : [renewal.origin]].flatMap((one) =>
        matchers.flatMap(({ bindings }) => bindings(one, work))
      ).slice(0, MAX_BINDINGS);
    known.set(name, found);
    return found;
  };
  return {
    name,
    judge: (judging) => {
      const { question, work, aside } = judging;
      const bindings = work.isSpent ? [] : bindingsOf(judging);
      const checks = bindings.length === 0 && !work.isSpent
        ? [checkOf("who", whoFault(matchers, question, aside))]
        : checksOf(given, bindings, judging, widen);
      // what was not looked at to the end gives nothing
      return resultOf(name, work.isSpent ? [{ check: "who", fault: "there is too much to judge" }] : checks);
    },
    givesCommonName: (judging) => {
      const { question: { subject }, work } = judging;
      const isGiven = !work.isSpent &&
        bindingsOf(judging).some((captures) =>
          given.profiles.some((profile) => commonNamesOf(given, captures, profile, work).includes(subject.commonName))
        );
      return isGiven && !work.isSpent;
    },
  };
}

function matchersOf({ who }: RuleConfig, { commonNames, dnsNames }: Given): readonly WhoMatcher[] {
  const used = new Set([...commonNames.flatMap(partsOf), ...dnsNames.flatMap(({ parts }) => parts)]);
  const isList = (value: RuleConfig["who"]): value is readonly Who[] => Array.isArray(value);
  const matchers = isList(who)
    ? list(who, ["who"]).map((one, i) => whoMatcher(one, ["who", i], used))
    : [whoMatcher(who, ["who"], used)];
  if (matchers.length === 0) throw new RuleError(["who"], "is empty");
  const check = (parts: readonly string[], path: readonly (string | number)[]): void => {
    const missing = parts.find((part) => part !== "profile" && !matchers.every((matcher) => matcher.parts.has(part)));
    if (missing === undefined) return;
    const which = matchers.length > 1 ? "an alternative of who" : "who";
    throw new RuleError(path, `has the part {${missing}}, which ${which} does not capture`);
  };
  commonNames.forEach((segments, i) => check(partsOf(segments), ["mayHave", "commonNames", i]));
  dnsNames.forEach(({ parts }, i) => {
    const path = ["mayHave", "dnsNames", i];
    if (parts.includes("profile")) {
      throw new RuleError(path, "has the part {profile}, which common names alone may have");
    }
    check(parts, path);
  });
  return matchers;
}

function list<T>(values: readonly T[], path: readonly (string | number)[]): readonly T[] {
  if (values.length > MAX_ENTRIES) {
    throw new RuleError(path, `has ${values.length} entries: ${MAX_ENTRIES} are possible`);
  }
  return values;
}

function givenBy(mayHave: Allowance): Given {
  const each = <T>(key: keyof Allowance, values: readonly string[], read: (text: string) => T): readonly T[] =>
    list(values, ["mayHave", key]).map((text, i) => at(["mayHave", key, i], () => read(text)));
  const { maxLifetimeSeconds } = mayHave;
  if (maxLifetimeSeconds !== undefined && !(Number.isInteger(maxLifetimeSeconds) && maxLifetimeSeconds >= 1)) {
    throw new RuleError(["mayHave", "maxLifetime"], "is not a whole number of seconds from 1 on");
  }
  if (mayHave.profiles.length === 0) throw new RuleError(["mayHave", "profiles"], "is empty");
  const dnsNames = each("dnsNames", mayHave.dnsNames ?? [], dnsPattern);
  return {
    profiles: each("profiles", mayHave.profiles, profileName),
    commonNames: each("commonNames", mayHave.commonNames, commonName),
    organizations: each("organizations", mayHave.organizations ?? [], organization),
    dnsNames,
    literals: new Set(dnsNames.flatMap(({ parts, fill }) => parts.length === 0 ? fill(new Map()) ?? [] : [])),
    ipAddresses: each("ipAddresses", mayHave.ipAddresses ?? [], ipRange),
    wildcards: new Set(each("wildcards", mayHave.wildcards ?? [], wildcardName)),
    maxLifetimeSeconds,
  };
}

function profileName(text: string): string {
  if (!/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(text)) throw new TypeError("is no name of a profile");
  return text;
}

function commonName(text: string): readonly Segment[] {
  if (text.includes("*")) throw new TypeError("has a *: common names are given whole, with parts of who in them");
  return segmentsOf(text);
}

function organization(text: string): string {
  if (text === "" || text.length > 64) throw new TypeError(`has ${text.length} characters, not 1 to 64`);
  return text;
}

function whoFault(matchers: readonly WhoMatcher[], { identity, renewal }: Question, aside: Work): string {
  const faults = matchers.slice(0, 3).map(({ fault }) => fault(identity, aside));
  const others = matchers.length > 3 ? ` and ${matchers.length - 3} alternatives more do not match` : "";
  const origin = renewal === undefined
    ? ""
    : `; nor was ${quoted(renewal.origin.username)}, who had the first certificate`;
  return `${faults.join("; ")}${others}${origin}`;
}

function commonNamesOf({ commonNames }: Given, captures: Captures, profile: string, work: Work): string[] {
  if (!work.spend(4 * commonNames.length + captures.size)) return [];
  const all = new Map([...captures, ["profile", profile]]);
  return commonNames.flatMap((segments) => substitute(segments, all) ?? []);
}

function checksOf(given: Given, bindings: readonly Captures[], judging: Judging, widen: boolean): Check[] {
  const { question, work, aside, renewal } = judging;
  const { profile, subject } = question;
  const says = (value: string, values: readonly string[]): string => foreign(value, values, aside);
  const fitting = bindings.filter((captures) => isGivenCommonName(given, captures, question, work));
  const [first = new Map<string, string>()] = bindings;
  const before = [
    { check: "who" } as const,
    checkOf("profile", given.profiles.includes(profile.name) ? undefined : says(profile.name, given.profiles)),
    checkOf(
      "commonName",
      fitting.length > 0 ? undefined : says(subject.commonName, commonNamesOf(given, first, profile.name, work)),
    ),
    ...profile.subject === undefined ? [checkOf("organization", organizationFault(given.organizations, subject))] : [],
  ];
  const isOpen = before.every(({ fault }) => fault === undefined);
  const names = namesChecks(given, isOpen ? fitting : [first], judging.names, isOpen ? work : aside, says);
  return [
    ...before,
    ...isOpen || !aside.isSpent ? names : [],
    checkOf("lifetime", lifetimeFault(given, question)),
    ...renewal === undefined ? [] : [checkOf("renewal", widen ? renewal.subject : renewal.exact)],
  ];
}

/** What does not depend on what was captured is looked at once. */
function namesChecks(
  given: Given,
  bindings: readonly Captures[],
  names: SortedNames,
  work: Work,
  says: typeof noneOf,
): Check[] {
  const { ipAddresses, wildcards } = given;
  const address = names.ipAddresses.find(({ octets }) =>
    !work.spend(1 + (ipAddresses.length >> 1)) || !ipAddresses.some(({ has }) => has(octets))
  );
  const wildcard = names.wildcards.find((name) => !work.spend(1) || !wildcards.has(name));
  return [
    checkOf("dnsNames", names.fault ?? dnsFault(given, bindings, names.dnsNames, work, says)),
    checkOf("ipAddresses", address && says(address.text, ipAddresses.map(({ text }) => text))),
    checkOf("wildcards", wildcard && says(wildcard, [...wildcards])),
  ];
}

/** Why none of the bindings gives all DNS names, in the words of the first. */
function dnsFault(
  { dnsNames, literals }: Given,
  bindings: readonly Captures[],
  names: readonly AskedDnsName[],
  work: Work,
  says: typeof noneOf,
): string | undefined {
  const others = names.filter((name) => !work.spend(1 + name.suffixes.length) || !isGivenDnsName(name, literals));
  if (others.length === 0) return undefined;
  const patterns = dnsNames.filter(({ parts }) => parts.length > 0);
  let fault: string | undefined;
  for (const captures of patterns.length > 0 ? bindings : bindings.slice(0, 1)) {
    if (!work.spend(4 * patterns.length)) break;
    const filled = new Set(patterns.flatMap(({ fill }) => fill(captures) ?? []));
    const other = others.find((name) => !work.spend(1 + name.suffixes.length) || !isGivenDnsName(name, filled));
    if (other === undefined) return undefined;
    fault ??= says(other.text, dnsNames.flatMap(({ fill }) => fill(captures) ?? []));
  }
  return fault ?? "there is too much to judge";
}

/** That a value is not given; what is given instead is repeated as long as there is room for explanations. */
function foreign(value: string, given: readonly string[], aside: Work): string {
  return aside.spend(100) ? noneOf(value, given) : `${quoted(value)} is not given`;
}

function isGivenCommonName(given: Given, captures: Captures, { profile, subject }: Question, work: Work): boolean {
  // names nobody; a profile that wants a common name has its own rule for it
  if (subject.commonName === "" && profile.subject === undefined) return true;
  return commonNamesOf(given, captures, profile.name, work).includes(subject.commonName);
}

/** Where the profile has no rule for the subject, the requester would choose a group: Kubernetes takes organizations for groups. */
export function organizationFault(
  given: readonly string[],
  { organization, others }: Question["subject"],
): string | undefined {
  const [other] = others;
  if (other !== undefined) return `the subject has ${quoted(other)}, which no rule gives`;
  return organization === undefined || given.includes(organization) ? undefined : noneOf(organization, given);
}

function lifetimeFault({ maxLifetimeSeconds }: Given, { profile, lifetimeSeconds }: Question): string | undefined {
  // beyond the profile's it is cut down
  const wanted = Math.min(lifetimeSeconds ?? profile.lifetimeSeconds, profile.maxLifetimeSeconds);
  if (maxLifetimeSeconds === undefined || wanted <= maxLifetimeSeconds) return undefined;
  return `${wanted} s are asked for, more than ${maxLifetimeSeconds} s: ask for less with expirationSeconds`;
}
