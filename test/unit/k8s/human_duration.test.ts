import { test } from "uvu";
import * as assert from "uvu/assert";
import { humanDuration } from "../../../src/k8s/human_duration.ts";

const MINUTE = 60;
const HOUR = 3_600;
const DAY = 24 * HOUR;
const YEAR = 365 * DAY;

test("humanDuration prints what Kubernetes prints, on both sides of every boundary", () => {
  const cases: [number, string][] = [
    [-2, "<invalid>"],
    [-1.9, "0s"],
    [-1, "0s"],
    [-0.5, "0s"],
    [0, "0s"],
    [0.9, "0s"],
    [119.9, "119s"],
    [120, "2m"],
    [121, "2m1s"],
    [10 * MINUTE - 1, "9m59s"],
    [10 * MINUTE, "10m"],
    [HOUR, "60m"],
    [3 * HOUR - 1, "179m"],
    [3 * HOUR, "3h"],
    [3 * HOUR + MINUTE, "3h1m"],
    [8 * HOUR - 1, "7h59m"],
    [8 * HOUR, "8h"],
    [DAY, "24h"],
    [2 * DAY - 1, "47h"],
    [2 * DAY, "2d"],
    [2 * DAY + HOUR, "2d1h"],
    [8 * DAY - 1, "7d23h"],
    [8 * DAY, "8d"],
    [2 * YEAR - 1, "729d"],
    [2 * YEAR, "2y"],
    [2 * YEAR + DAY, "2y1d"],
    [8 * YEAR - 1, "7y364d"],
    [8 * YEAR, "8y"],
    [100 * YEAR, "100y"],
  ];
  for (const [seconds, expected] of cases) assert.is(humanDuration(seconds), expected, String(seconds));
});

test.run();
