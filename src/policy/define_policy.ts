/**
 * A policy from rules: what no rule gives is denied.
 * @module
 */
import { type Judging, judgingOf } from "./judging.ts";
import { administratorsResult, tokenGivesCommonName, tokenResult } from "./limits.ts";
import { answerOf, type Policy } from "./question.ts";
import { isRenewal } from "./renewal.ts";
import { defineRule, type Rule, type RuleConfig } from "./rule.ts";
import { quoted } from "../text.ts";
import { RuleError } from "./who.ts";

/** Rules that every policy has, which no other may be called like. */
const RESERVED: readonly string[] = ["token", "administrators", "renewal", "bootstrap tokens", "anybody"];
const NAME = /^[A-Za-z0-9](?:[A-Za-z0-9 ._:/@-]{0,98}[A-Za-z0-9])?$/;
const MAX_RULES = 1000;

/**
 * Validates rules. Besides them, administrators (group `certgen:admins`) may have anything, and a bootstrap token is good
 * for nothing beyond what it says of itself. The key of a certificate may have what a rule gives to it or to whoever had
 * the first certificate of its lineage, but only the same profile and subject, and no further names unless the rule
 * says `widen`.
 *
 * @throws RuleError whose path begins with the number of the rule, from 0 on
 */
export function definePolicy(configs: readonly RuleConfig[]): Policy {
  if (configs.length > MAX_RULES) throw new RuleError([], `has ${configs.length} rules: ${MAX_RULES} are possible`);
  const names = new Set<string>();
  const rules = configs.map((config, i): Rule => {
    const name = nameOf(config, i);
    if (names.has(name)) throw new RuleError([i, "name"], `is the name of a rule before, ${quoted(name)}`);
    names.add(name);
    try {
      return defineRule(config, name);
    } catch (error) {
      throw error instanceof RuleError ? new RuleError([i, ...error.path], error.message) : error;
    }
  });
  return {
    judge: (question) => {
      const judging = judgingOf(question);
      const results = [administratorsResult(question), ...rules.map(({ judge }) => judge(judging))];
      const limit = tokenResult(question);
      return answerOf(limit === undefined ? results : [limit, ...results], mayHaveCommonName(rules, judging));
    },
  };
}

function nameOf({ name }: RuleConfig, index: number): string {
  if (name === undefined) return `rule ${index + 1}`;
  if (!NAME.test(name)) throw new RuleError([index, "name"], "is not 1 to 100 letters, digits, spaces and ._:/@-");
  if (RESERVED.includes(name)) throw new RuleError([index, "name"], "is the name of a rule that every policy has");
  return name;
}

function mayHaveCommonName(rules: readonly Rule[], judging: Judging): boolean {
  const { question } = judging;
  const { renewal, subject } = question;
  if (!tokenGivesCommonName(question)) return false;
  if (isRenewal(question) && renewal?.subject.commonName !== subject.commonName) return false;
  return administratorsResult(question).checks[0]?.fault === undefined ||
    rules.some(({ givesCommonName }) => givesCommonName(judging));
}
