import { test } from "uvu";
import * as assert from "uvu/assert";
import { partsOf, segmentsOf, substitute, whoPattern } from "../../../src/policy/pattern.ts";

const captured = (pattern: string, value: string): Record<string, string> | undefined => {
  const captures = whoPattern(pattern).match(value);
  return captures && Object.fromEntries(captures);
};

test("a part captures one label in lower case, and the rest is literal", () => {
  assert.equal(captured("etcd:{node}", "etcd:etcd1"), { node: "etcd1" });
  assert.equal(captured("{a}.{b}:x", "1.b-2:x"), { a: "1", b: "b-2" });
  assert.equal(captured("{a}-x:{b}", "a-x-x:b"), { a: "a-x", b: "b" });
  assert.equal(captured("a.b+(c)[d]|e^f$g\\h/i?", "a.b+(c)[d]|e^f$g\\h/i?"), {});
  assert.is(captured("a.b", "axb"), undefined);
});

test("nothing but a label is captured", () => {
  const values = [
    "",
    "a.b",
    ".a",
    "a.",
    "*",
    "a*",
    "Etcd1",
    "-a",
    "a-",
    "a_b",
    "a:b",
    "a/b",
    "a b",
    "a\n",
    "\na",
    "a\0",
    "é",
    "\u212a", // the Kelvin sign, a k in lower case
    "ａ",
    "a\u202e",
    "a".repeat(64),
    "{node}",
  ];
  for (const value of values) assert.is(captured("etcd:{node}", `etcd:${value}`), undefined, JSON.stringify(value));
  assert.equal(captured("etcd:{node}", `etcd:${"a".repeat(63)}`), { node: "a".repeat(63) });
  assert.is(captured("etcd:{node}", "x\netcd:a"), undefined);
});

test("a star at the end is any rest, and captures nothing", () => {
  assert.equal(captured("etcd:*", "etcd:"), {});
  assert.equal(captured("etcd:*", "etcd:a\nb:c"), {});
  assert.equal(captured("*", ""), {});
  assert.equal(captured("{a}:*", "x:y:z"), { a: "x" });
  assert.is(captured("etcd:*", "etcd"), undefined);
});

test("a pattern that could be read in two ways is none", () => {
  const FAULTS: Readonly<Record<string, string>> = {
    "": "has 0 characters",
    [`${"a".repeat(1025)}`]: "has 1025 characters",
    "a\u202eb": "control or format",
    "a{": '"{", which is no part',
    "a}": '"}", which is no part',
    "{}": '"{}", which is no part',
    "{a{b}}": "which is no part",
    "{Node}": "which is no part",
    "{a b}": "which is no part",
    "{a}.{a}": "a part twice",
    "{a}{b}": "between them",
    "{a}-{b}": "between them",
    "{a}x1{b}": "between them",
    "a*b": "not at its end",
    "**": "not at its end",
    "{a}*": "between them",
    "{a}x*": "between them",
    "{profile}": "the profile that is asked for",
  };
  for (const [text, words] of Object.entries(FAULTS)) {
    assert.throws(() => whoPattern(text), (error: unknown) => {
      return error instanceof TypeError && error.message.includes(words);
    }, JSON.stringify(text));
  }
});

test("substitute puts labels in, and refuses whatever is none", () => {
  const segments = segmentsOf("system:{profile}:{node}");
  assert.equal(partsOf(segments), ["profile", "node"]);
  const filled = (node: string): string | undefined =>
    substitute(segments, new Map([["profile", "p"], ["node", node]]));
  assert.is(filled("etcd1"), "system:p:etcd1");
  for (const value of ["", "a.b", "*", "A", "a:b", "é", "a\n", "-a", "{node}"]) {
    assert.is(filled(value), undefined, value);
  }
  assert.is(substitute(segments, new Map([["profile", "p"]])), undefined);
});

test("a hostile value is looked at in no time", () => {
  const started = performance.now();
  captured("{a}-x:{b}.{c}:*", `${"a-x".repeat(100_000)}:`);
  captured("{a}:{b}:{c}", "a:".repeat(500_000));
  assert.ok(performance.now() - started < 200);
});

test.run();
