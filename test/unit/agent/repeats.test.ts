import { test } from "uvu";
import * as assert from "uvu/assert";
import { Repeats } from "../../../src/agent/repeats.ts";
import { fakeLog, MOMENT } from "../../fakes.ts";

const after = (seconds: number): Date => new Date(Date.parse(MOMENT) + seconds * 1000);

test("Repeats: the 1st, 2nd, 4th, 8th failure in a row is said, and after one that went well the first again", () => {
  const repeats = new Repeats();
  const told = (): boolean[] => Array.from({ length: 9 }, (_, i) => repeats.failed("unavailable", after(i)));
  const expected = [true, true, false, true, false, false, false, true, false];
  assert.equal(told(), expected);
  repeats.clear();
  assert.equal(told(), expected);
});

test("Repeats: one that is another is said, and one an hour, also where the clock was set back", () => {
  const repeats = new Repeats();
  for (let i = 0; i < 4; i++) repeats.failed("unavailable", after(0));
  assert.not(repeats.failed("unavailable", after(3599)), "5th");
  assert.ok(repeats.failed("rejected", after(3599)), "6th, another");
  for (let i = 7; i <= 8; i++) repeats.failed("rejected", after(3600));
  assert.not(repeats.failed("rejected", after(7199)), "9th");
  assert.ok(repeats.failed("rejected", after(7200)), "10th, an hour after the 8th");
  assert.not(repeats.failed("rejected", after(7201)), "11th");
  assert.ok(repeats.failed("rejected", after(0)), "12th, before the last that was said");
});

test("Repeats: what a try says is said as often, and an error each time", () => {
  const repeats = new Repeats();
  const { log, lines } = fakeLog();
  for (let i = 0; i < 4; i++) {
    const quieter = repeats.logOf(log);
    quieter("warn", "down", { i });
    quieter("error", "worse");
    repeats.failed("unavailable", after(i));
  }
  assert.equal(lines.map(({ level }) => level), [
    ...["warn", "error", "warn", "error"],
    ...["debug", "error", "warn", "error"],
  ]);
  assert.equal(lines[4]?.facts, { i: 2 });
});

test.run();
