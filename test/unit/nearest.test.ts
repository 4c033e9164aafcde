import { test } from "uvu";
import * as assert from "uvu/assert";
import { editDistance, nearest } from "../../src/nearest.ts";

test("editDistance counts insertions, deletions, replacements and swaps", () => {
  const cases: [string, string, number][] = [
    ["", "", 0],
    ["", "abc", 3],
    ["abc", "", 3],
    ["abc", "abc", 0],
    ["abc", "axc", 1],
    ["abc", "ac", 1],
    ["ac", "abc", 1],
    ["acb", "abc", 1],
    ["kitten", "sitting", 3],
  ];
  for (const [a, b, distance] of cases) assert.is(editDistance(a, b), distance, `${a} ${b}`);
});

test("nearest names the closest, the first of equals, and nothing that is far", () => {
  const names = ["cacrt", "cakey", "csrdir", "servcrt", "servkey"];
  assert.is(nearest("ca-crt", names), "cacrt");
  assert.is(nearest("ca-cert", names), "cacrt");
  assert.is(nearest("CSRDir", names), "csrdir");
  assert.is(nearest("cackey", names), "cakey");
  assert.is(nearest("cacrx", ["cacrt", "cacrz"]), "cacrt");
  assert.is(nearest("servXXX", names), undefined);
  assert.is(nearest("foo", names), undefined);
  assert.is(nearest("", names), undefined);
  assert.is(nearest("x", ["a", "b"]), undefined);
});

test.run();
