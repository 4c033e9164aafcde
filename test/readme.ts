/** What the README shows, for tests that do as it says. */
import { readFileSync } from "node:fs";
import * as assert from "uvu/assert";
import { ROOT } from "./runtimes.ts";

/** The policy of seven lines. */
export function readmePolicy(): string {
  const [, policy] = /```yaml\n(# signer\.yaml[^`]*)```/.exec(readFileSync(`${ROOT}README.md`, "utf8")) ?? [];
  assert.ok(policy, "the README has a policy");
  assert.is(policy?.trim().split("\n").filter((line) => !line.startsWith("#")).length, 7, "of seven lines");
  return policy ?? "";
}
