/**
 * The rules of a configuration: what they name must be there, and what they give must be something a profile issues.
 * @module
 */
import type { ProfileConfig } from "../ca/profile.ts";
import type { ConfigFile, RuleFile } from "./config_schema.ts";
import { definePolicy } from "./define_policy.ts";
import { claimName } from "./jwt_config.ts";
import { type Segment, segmentsOf } from "./pattern.ts";
import type { Policy } from "./question.ts";
import type { RuleConfig } from "./rule.ts";
import { durationAt, type Source } from "../yaml_source.ts";
import { quoted, quotedList } from "../text.ts";
import { RuleError } from "./who.ts";

type KnownProfile = Pick<ProfileConfig, "name" | "maxLifetimeSeconds"> & {
  readonly subject?: ProfileConfig["subject"] | undefined;
};

/**
 * The policy of a file that has `rules`.
 * @throws CertgenError `malformed-object`
 */
export function policyOf(file: ConfigFile, profiles: readonly KnownProfile[], source: Source): Policy {
  const { rules = [] } = file;
  let policy: Policy;
  try {
    policy = definePolicy(rules.map((rule, i) => ruleOf(rule, i, source)));
  } catch (error) {
    throw error instanceof RuleError ? source.fault(["rules", ...error.path], error.message) : error;
  }
  const byName = new Map(profiles.map((profile) => [profile.name, profile]));
  rules.forEach((rule, i) => {
    checkProfiles(rule, i, byName, source);
    checkClaims(rule, i, file, source);
  });
  return policy;
}

function ruleOf(
  { mayHave: { maxLifetime, ...mayHave }, ...rest }: RuleFile,
  index: number,
  source: Source,
): RuleConfig {
  const seconds = durationAt(source, ["rules", index, "mayHave", "maxLifetime"], maxLifetime);
  return { ...rest, mayHave: seconds === undefined ? mayHave : { ...mayHave, maxLifetimeSeconds: seconds } };
}

/** A rule that can never give anything is a mistake that nobody would see. */
function checkProfiles(
  { mayHave: { profiles, commonNames } }: RuleFile,
  index: number,
  byName: ReadonlyMap<string, KnownProfile>,
  { fault }: Source,
): void {
  const path = ["rules", index, "mayHave"];
  const known = profiles.map((name, i) => {
    const profile = byName.get(name);
    if (profile === undefined) {
      throw fault(
        [...path, "profiles", i],
        `${quoted(name)} is no profile: there are ${quotedList([...byName.keys()])}`,
      );
    }
    const { subject } = profile;
    if (subject === undefined || commonNames.some((text) => canFit(text, name, subject.commonNamePrefix))) {
      return profile;
    }
    const prefix = quoted(subject.commonNamePrefix);
    throw fault(
      [...path, "profiles", i],
      `no common name of the rule can begin with ${prefix}, which ${quoted(name)} asks for`,
    );
  });
  commonNames.forEach((text, i) => {
    const fits = known.some(({ name, subject }) =>
      subject === undefined || canFit(text, name, subject.commonNamePrefix)
    );
    if (!fits) throw fault([...path, "commonNames", i], `${quoted(text)} fits no profile of the rule`);
  });
}

/** Whether a common name can begin with a prefix and go on after it, whatever its parts are. */
function canFit(text: string, profile: string, prefix: string): boolean {
  const segments = segmentsOf(text).map((segment): Segment =>
    "part" in segment && segment.part === "profile" ? { literal: profile } : segment
  );
  return goesOn(segments, prefix);
}

function goesOn([first, ...others]: readonly Segment[], prefix: string): boolean {
  if (first === undefined) return false;
  if (prefix === "") return true;
  if ("literal" in first) {
    if (prefix.startsWith(first.literal)) return goesOn(others, prefix.slice(first.literal.length));
    return first.literal.startsWith(prefix);
  }
  // a part takes some characters of a label, and may go on after the prefix
  const most = /^[a-z0-9-]*/.exec(prefix)?.[0].length ?? 0;
  if (most === prefix.length) return true;
  for (let length = 1; length <= most; length++) if (goesOn(others, prefix.slice(length))) return true;
  return false;
}

/** A claim that nobody keeps would never match; one that two issuers give would be either's. */
function checkClaims({ who }: RuleFile, index: number, { jwt = [] }: ConfigFile, { fault }: Source): void {
  const isList = (value: RuleFile["who"]): value is Exclude<RuleFile["who"], { user?: string }> => Array.isArray(value);
  const alternatives = isList(who) ? who : [who];
  alternatives.forEach(({ claim = {}, user, group }, i) => {
    const path = ["rules", index, "who", ...isList(who) ? [i] : []];
    for (const name of Object.keys(claim)) {
      const keepers = jwt.filter(({ claims = [] }) => claims.some((claim) => claimName(claim) === name)).length;
      if (keepers === 0) {
        throw fault([...path, "claim", name], "is in the claims of no entry of jwt, so that it is never there");
      }
      if (keepers > 1 && user === undefined && group === undefined) {
        throw fault([...path, "claim", name], "may come from several issuers: say which, with a user or a group");
      }
    }
  });
}
