/**
 * `who` of a rule: which identities it is for, and what the parts of its patterns are in one of them.
 * @module
 */
import { EXTRA, factOf, factsOf, type Identity } from "../identity.ts";
import { type Captures, type WhoPattern, whoPattern } from "./pattern.ts";
import { quoted, quotedList } from "../text.ts";
import type { Work } from "./work.ts";

/** Whom a rule is for: all that is given must match. In patterns `{part}` captures one label, and `*` at the end is any rest. */
export interface Who {
  /** Pattern of the user name. */
  readonly user?: string;
  /** Pattern of a group; any of the identity's may match. */
  readonly group?: string;
  /** Id of a bootstrap token, exactly. */
  readonly token?: string;
  /** Patterns of a JWT's claims by their names; any of a claim's values may match. */
  readonly claim?: Readonly<Record<string, string>>;
}

/** One thing of an identity that must match. */
interface Condition {
  readonly what: string;
  readonly pattern: WhoPattern;
  readonly valuesOf: (identity: Identity) => readonly string[];
}

/** One alternative of `who`. */
export interface WhoMatcher {
  /** Parts that it captures. */
  readonly parts: ReadonlySet<string>;
  /** What its parts can be in an identity, each way once; nothing where the identity does not match, or the work is spent. */
  readonly bindings: (identity: Identity, work: Work) => readonly Captures[];
  /** Why an identity does not match that does not. */
  readonly fault: (identity: Identity, work: Work) => string;
}

/** Most ways in which one identity may match; there are more than one only where several of its groups do. */
const MAX_BINDINGS = 64;

/** A fault in a rule: where it is, from the rule on, and what it is. */
export class RuleError extends TypeError {
  override readonly name: string = "RuleError";
  /** As `["mayHave", "dnsNames", 0]`. */
  readonly path: readonly (string | number)[];

  /** Makes one. */
  constructor(path: readonly (string | number)[], message: string) {
    super(message);
    this.path = path;
  }
}

/** Does something for a place in a rule, so that what it throws names the place. */
export function at<T>(path: readonly (string | number)[], action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (error instanceof RuleError || !(error instanceof TypeError)) throw error;
    throw new RuleError(path, error.message);
  }
}

/**
 * Reads one alternative.
 * @param path where it stands in the rule
 * @param wanted parts that the rule uses; what the others are is not told apart
 * @throws RuleError
 */
export function whoMatcher(who: Who, path: readonly (string | number)[], wanted: ReadonlySet<string>): WhoMatcher {
  const conditions: Condition[] = [];
  const add = (
    keys: readonly string[],
    text: string | undefined,
    what: string,
    valuesOf: Condition["valuesOf"],
  ): void => {
    if (text === undefined) return;
    const pattern = at([...path, ...keys], () => whoPattern(text));
    conditions.push({ what, valuesOf, pattern });
  };
  add(["user"], who.user, "user", ({ username }) => [username]);
  add(["group"], who.group, "group", ({ groups }) => groups);
  for (const [name, text] of Object.entries(who.claim ?? {})) {
    add(["claim", name], text, `claim ${quoted(name)}`, (identity) => factsOf(identity, EXTRA.claim + name) ?? []);
  }
  const { token } = who;
  if (token !== undefined && !/^[A-Za-z0-9_-]{1,64}$/.test(token)) {
    throw new RuleError([...path, "token"], "is no id of a bootstrap token: letters and digits, without the secret");
  }
  if (conditions.length === 0 && token === undefined) {
    throw new RuleError(path, "names nobody: it takes user, group, token or claim");
  }
  const told = toldParts(conditions, wanted);
  const isToken = (identity: Identity): boolean =>
    token === undefined || (identity.proof === "bootstrap-token" && factOf(identity, EXTRA.tokenId) === token);
  return {
    parts: new Set(conditions.flatMap(({ pattern }) => pattern.parts)),
    bindings: (identity, work) => isToken(identity) ? bindingsOf(conditions, told, identity, work) : [],
    fault: (identity, work) => {
      if (!isToken(identity)) return `bootstrap token ${quoted(token ?? "")} was not given`;
      const isFailed = ({ pattern, valuesOf }: Condition): boolean =>
        !valuesOf(identity).some((value) => matched(pattern, value, work));
      const failed = conditions.length > 1 ? conditions.find(isFailed) : conditions[0];
      if (work.isSpent) return "it does not match";
      return failed === undefined ? "no values of its parts agree" : faultOf(failed, identity);
    },
  };
}

/** Parts that are told apart: those that the rule uses, and those that two conditions must agree about. */
function toldParts(conditions: readonly Condition[], wanted: ReadonlySet<string>): ReadonlySet<string> {
  const all = conditions.flatMap(({ pattern }) => pattern.parts);
  const seen = new Set<string>();
  const shared = all.filter((part) => seen.has(part) || !seen.add(part));
  return new Set([...shared, ...all.filter((part) => wanted.has(part))]);
}

function matched(pattern: WhoPattern, value: string, work: Work): Captures | undefined {
  if (!work.spend(1) || !pattern.mayMatch(value)) return undefined;
  return work.spend(4 + 4 * pattern.parts.length + (value.length >> 2)) ? pattern.match(value) : undefined;
}

function bindingsOf(
  conditions: readonly Condition[],
  told: ReadonlySet<string>,
  identity: Identity,
  work: Work,
): readonly Captures[] {
  let bindings: readonly Captures[] = [new Map()];
  for (const { pattern, valuesOf } of conditions) {
    const isTold = pattern.parts.some((part) => told.has(part));
    if (!isTold) {
      if (!valuesOf(identity).some((value) => matched(pattern, value, work))) return [];
      continue;
    }
    const joined = new Map<string, Captures>();
    for (const value of valuesOf(identity)) {
      const captures = matched(pattern, value, work);
      if (captures === undefined) continue;
      const kept = new Map([...captures].filter(([part]) => told.has(part)));
      for (const binding of bindings) {
        if (joined.size >= MAX_BINDINGS || !work.spend(10 + 5 * (binding.size + kept.size))) break;
        const merged = merge(binding, kept);
        if (merged !== undefined) joined.set(JSON.stringify([...merged]), merged);
      }
    }
    bindings = [...joined.values()];
  }
  return work.isSpent ? [] : bindings;
}

/** Both together; `undefined` where a part would be two things. */
function merge(a: Captures, b: Captures): Captures | undefined {
  for (const [part, value] of b) if ((a.get(part) ?? value) !== value) return undefined;
  return new Map([...a, ...b]);
}

function faultOf({ what, pattern, valuesOf }: Condition, identity: Identity): string {
  if (what === "user") return `user ${quoted(identity.username)} is not ${quoted(pattern.text)}`;
  if (what === "group") return `user ${quoted(identity.username)} is not in group ${quoted(pattern.text)}`;
  const values = valuesOf(identity);
  return values.length === 0
    ? `the identity has no ${what}`
    : `${what} is ${quotedList(values)}, not ${quoted(pattern.text)}`;
}
