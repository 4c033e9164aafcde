import { test } from "uvu";
import * as assert from "uvu/assert";
import { Work } from "../../../src/policy/work.ts";

test("work is spent step by step, and once it is too much it stays so", () => {
  const work = new Work(10);
  assert.ok(work.spend(4));
  assert.ok(work.spend(6));
  assert.not(work.isSpent);
  assert.ok(work.spend(0));
  assert.not(work.spend(1));
  assert.ok(work.isSpent);
  assert.not(work.spend(0), "nor what is for nothing");
});

test("a question has a bounded number of steps, and what only explains far fewer", () => {
  assert.ok(new Work().spend(300_000));
  assert.not(new Work().spend(300_001));
  assert.ok(Work.aside().spend(50_000));
  assert.not(Work.aside().spend(50_001));
});

test.run();
