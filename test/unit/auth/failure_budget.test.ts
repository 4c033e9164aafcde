import { test } from "uvu";
import * as assert from "uvu/assert";
import { FailureBudget } from "../../../src/auth/failure_budget.ts";

/** A budget whose clock is in seconds. */
function budget(): { at: (seconds: number, failures: number) => number[]; rest: () => number | undefined } {
  let now = 0;
  const failures = new FailureBudget({ now: () => new Date(now) });
  return {
    at: (seconds, count) => {
      now = seconds * 1000;
      return Array.from({ length: count }, () => failures.count()).flatMap((line) => line ? [line.unsaid] : []);
    },
    rest: () => failures.rest()?.unsaid,
  };
}

const TEN = Array<number>(10).fill(0);

test("ten failures a minute are said, and the first of the next says how many were not", () => {
  const { at, rest } = budget();
  assert.equal(at(0, 9), TEN.slice(1));
  assert.equal(at(30, 1), [0]);
  assert.equal(at(59.999, 990), []);
  assert.equal(at(60, 3), [990, 0, 0]);
  assert.equal(at(119.999, 10), TEN.slice(3));
  assert.equal(at(120, 1), [3]);
  assert.is(rest(), undefined);
});

test("a minute begins with its first failure", () => {
  const { at } = budget();
  assert.equal(at(50, 11), TEN);
  assert.equal(at(60, 1), []);
  assert.equal(at(109.999, 1), []);
  assert.equal(at(110, 1), [3]);
});

test("what is left after a flood can be asked for, once", () => {
  const { at, rest } = budget();
  assert.is(rest(), undefined);
  assert.equal(at(0, 25), TEN);
  assert.is(rest(), 15);
  assert.is(rest(), undefined);
  assert.equal(at(1, 5), [], "it buys no lines");
  assert.equal(at(60, 1), [5]);
});

test("a clock that is put back silences nothing for long, and nothing is lost", () => {
  const { at, rest } = budget();
  assert.equal(at(1000, 12), TEN);
  assert.equal(at(500, 12), [2, ...TEN.slice(1)]);
  assert.equal(at(559.999, 1), []);
  assert.equal(at(560, 1), [3]);
  assert.is(rest(), undefined);
});

test("whatever comes when, everything is said or counted, and no minute has more than its lines", () => {
  const { at, rest } = budget();
  let [seed, seconds, counted, told] = [4, 0, 0, 0];
  const next = (limit: number): number => (seed = (seed * 48_271) % 2_147_483_647) % limit;
  const said: number[] = [];
  for (let i = 0; i < 2000; i++) {
    seconds += next(30);
    const failures = next(20);
    counted += failures;
    for (const unsaid of at(seconds, failures)) {
      told += 1 + unsaid;
      said.push(seconds);
    }
    if (next(50) === 0) told += rest() ?? 0;
  }
  assert.is(told + (rest() ?? 0), counted);
  assert.ok(said.length <= (Math.floor(seconds / 60) + 1) * 10, String(said.length));
  // any twenty-first line is in a third minute
  said.forEach((at, i) => assert.ok(i < 20 || at - (said[i - 20] ?? 0) >= 60));
});

test.run();
