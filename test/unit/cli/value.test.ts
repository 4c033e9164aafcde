import { test } from "uvu";
import * as assert from "uvu/assert";
import { UsageError } from "../../../cli/exit.ts";
import { parseDuration, parseList } from "../../../cli/value.ts";

test("parseDuration reads Go's units and days", () => {
  const cases: [string, number][] = [
    ["0", 0],
    ["0s", 0],
    ["90s", 90],
    ["8760h", 31_536_000],
    ["1h30m", 5400],
    ["365d", 31_536_000],
    ["1d1h1m1s", 90_061],
    ["1.5h", 5400],
    [".5m", 30],
    ["1.m", 60],
    ["100ms", 0.1],
    ["30m1h", 5400],
  ];
  for (const [text, seconds] of cases) assert.is(parseDuration(text, "--x"), seconds, text);
  for (const unit of ["us", "µs", "μs"]) assert.ok(Math.abs(parseDuration(`1${unit}`, "--x") - 1e-6) < 1e-12);
  assert.ok(Math.abs(parseDuration("1ns", "--x") - 1e-9) < 1e-15);
});

test("R48 parseDuration refuses the rest in a line that names the flag", () => {
  const texts = [
    "",
    " ",
    "1",
    "-1s",
    "+1s",
    "h",
    "1x",
    "1h ",
    " 1h",
    "1 h",
    "1h30",
    "1e3s",
    "0x1s",
    "1..5h",
    ".h",
    "1H",
    "∞",
  ];
  for (const text of texts) {
    assert.throws(() => parseDuration(text, "--timeout"), (error: unknown) => {
      return error instanceof UsageError &&
        error.message.startsWith(`Cannot use --timeout ${JSON.stringify(text)}: it takes a duration such`);
    }, text);
  }
});

test("R48 parseDuration refuses more than Go can say, in no time", () => {
  for (const text of ["2562048h", "1000000000000000d", `${"9".repeat(400)}h`]) {
    assert.throws(() => parseDuration(text, "--x"), "less than 292 years");
  }
  parseDuration("2562047h", "--x");
  const started = performance.now();
  assert.throws(() => parseDuration("1".repeat(100_000), "--x"));
  assert.throws(() => parseDuration(`${"1h".repeat(50_000)}x`, "--x"));
  assert.ok(performance.now() - started < 500);
});

test("parseList drops white space and empty items", () => {
  assert.equal(parseList("a, b ,,c,"), ["a", "b", "c"]);
  for (const text of ["", ",", " , "]) assert.equal(parseList(text), []);
});

test.run();
