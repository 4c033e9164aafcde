import { test } from "uvu";
import * as assert from "uvu/assert";
import { parse } from "yaml";
import { printable } from "../../../src/text.ts";
import { toYaml } from "../../../cli/yaml.ts";

const HOSTILE = [
  "\u202eevil",
  "\x1b[2J",
  "a\u0085b",
  "a\u2028b",
  "\u200b",
  "\ufeff",
  "a\n\x1b[2J\nb",
  "tab\there",
  "cr\rlf\r\n",
  "\ud800",
  "\u{e0001}tag",
  "\u0000",
  "\u009b31m",
];

test("toYaml says the same again, and has nothing in it that a terminal acts on", () => {
  const texts = [...HOSTILE, "", " ", "a: b", "- x", "yes", "1_000", "null", "multi\nline\n", "x".repeat(500), "ü"];
  for (const text of texts) {
    for (const value of [text, { [text]: 1 }, [{ a: { [text]: text } }, text]]) {
      const yaml = toYaml(value);
      assert.equal(parse(yaml), value, yaml);
      for (const line of yaml.split("\n")) assert.is(printable(line), line);
    }
  }
});

test("nothing is folded, and what is the same twice is written twice", () => {
  const shared = { a: "word ".repeat(60).trim() };
  assert.is(toYaml([shared, shared]).trimEnd().split("\n").length, 2);
  assert.is(toYaml({ a: 1, b: [true, null, "true"] }), 'a: 1\nb:\n  - true\n  - null\n  - "true"\n');
});

test.run();
