import { test } from "uvu";
import * as assert from "uvu/assert";
import { pathText, readSource } from "../../src/yaml_source.ts";
import { faultOf } from "./support.ts";

const messageOf = (text: string): string =>
  faultOf("malformed-object", () => readSource(text, "Cannot read x")).message;

test("readSource reads YAML and JSON", () => {
  const value = { a: [1, "b", true, null], c: { d: "yes" } };
  assert.equal(readSource("a: [1, b, true, ~]\nc:\n  d: yes # a text in YAML 1.2\n", "x").value, value);
  assert.equal(readSource(`\ufeff${JSON.stringify(value, null, "\t")}`, "x").value, value);
  assert.equal(readSource("", "x").value, null);
  assert.equal(readSource("1: a", "x").value, { "1": "a" });
});

test("a fault says line and column of what it is about, or of what is around it", () => {
  const source = readSource("a: 1\nb:\n  - c: [x, y]\n    d: {}\n", "Cannot read x");
  const places: [(string | number)[], string][] = [
    [[], "line 1, column 1: no"],
    [["a"], "line 1, column 1: a: no"],
    [["b", 0, "c", 1], "line 3, column 12: b[0].c[1]: no"],
    [["b", 0, "d"], "line 4, column 5: b[0].d: no"],
    [["b", 0, "d", "missing"], "line 4, column 5: b[0].d.missing: no"],
    [["b", 1], "line 2, column 1: b[1]: no"],
    [["a", "x", 3], "line 1, column 1: a.x[3]: no"],
  ];
  for (const [path, message] of places) assert.is(source.fault(path, "no").message, `Cannot read x: ${message}`);
});

test("what is not plain is refused, with its line", () => {
  const FAULTS: Readonly<Record<string, string>> = {
    "a: 1\nb: 2\na: 3": 'line 3, column 1: the key "a" stands twice',
    '1: a\n"1": b': "stands twice",
    "a: &x 1\nb: 2": "line 1, column 7: anchors are not taken",
    "b: 2\na: &x {}": "line 2, column 7: anchors are not taken",
    "b: 2\na: &x\n  c: 1": "anchors are not taken",
    "a: &x [1]": "anchors are not taken",
    "a: !!map {}": "tags are not taken",
    "a: 1\nb: *x": "line 2, column 4: ",
    "a: &x 1\nb: *x": "not taken",
    "a: !!binary aGk=": "line 1",
    "a: !foo b": "line 1",
    "a: !!str 1": "tags are not taken",
    "%YAML 1.1\n---\na: yes": "directives are not taken",
    "a: 1\n---\nb: 2": "multiple documents",
    "? [a]\n: b": "line 1, column 3: ",
    "__proto__: {x: 1}": 'the key "__proto__" is not taken',
    "a:\n  constructor: 1": 'line 2, column 3: the key "constructor" is not taken',
    "a: [1": "line 1",
    "a: 1\n b: 2": "line ",
    "\ta: 1": "line 1",
    '"\u202e": 1\n"\u202e": 2': '"\\u202e" stands twice',
  };
  for (const [text, words] of Object.entries(FAULTS)) {
    const message = messageOf(text);
    assert.ok(message.startsWith("Cannot read x: ") && message.includes(words), `${JSON.stringify(text)}: ${message}`);
  }
});

test("a hostile text is refused in bounded time, and ends nothing", () => {
  const many = (text: string, length = 1_000_000): string => text.repeat(Math.floor(length / text.length));
  const steps = Array.from({ length: 1000 }, (_, i) => `${" ".repeat(i)}a:`).join("\n");
  const texts = ["[", "{", "[{", '{"a":', "- ", "-\t", "? ", ": ", "a: ", "- a: ", '"a": ', "a: {"].map((text) =>
    many(text)
  );
  for (
    const text of [...texts, `[${many("a: ")}`, `{${many('"a":')}`, `[${many("? ")}`, steps, "a".repeat((1 << 20) + 1)]
  ) {
    const started = performance.now();
    assert.match(messageOf(text), /nesting deeper|indentation|longer than/);
    assert.ok(performance.now() - started < 500, text.slice(0, 10));
  }
});

test("a large text that is not nested is read", () => {
  const keys = Array.from({ length: 20_000 }, (_, i) => `key${i}: [a, "b:c", {d: e}]\n`).join("");
  const started = performance.now();
  assert.is(Object.keys(readSource(keys, "x").value as object).length, 20_000);
  assert.ok(performance.now() - started < 10_000);
});

test("pathText quotes what is no plain word", () => {
  assert.is(pathText(["rules", 0, "who", "claim", "a b\u202e", "x"]), 'rules[0].who.claim["a b\\u202e"].x');
});

test.run();
