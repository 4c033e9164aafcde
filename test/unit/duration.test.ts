import { test } from "uvu";
import * as assert from "uvu/assert";
import { LONGEST_SECONDS, secondsOf } from "../../src/duration.ts";

test("secondsOf reads Go's units and days", () => {
  const cases: [string, number][] = [
    ["0", 0],
    ["0s", 0],
    ["90s", 90],
    ["8760h", 31_536_000],
    ["1h30m", 5400],
    ["1d1h1m1s", 90_061],
    ["1.5h", 5400],
    [".5m", 30],
    ["100ms", 0.1],
  ];
  for (const [text, seconds] of cases) assert.is(secondsOf(text), seconds, text);
  for (const text of ["", "1", "-1s", "1x", " 1h", "1h30", "1e3s", "1H"]) assert.is(secondsOf(text), undefined, text);
  assert.ok((secondsOf("2562048h") ?? 0) > LONGEST_SECONDS);
});

test.run();
