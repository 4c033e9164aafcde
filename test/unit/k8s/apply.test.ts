import { test } from "uvu";
import * as assert from "uvu/assert";
import { toUtf8 } from "../../../src/bytes.ts";
import { applyConfiguration, parseApplyBody } from "../../../src/k8s/apply.ts";
import { faultOf } from "../support.ts";

const parse = (text: string) => parseApplyBody(toUtf8(text));

test("parseApplyBody reads JSON and YAML alike", () => {
  const expected = { kind: "X", metadata: { name: "a", labels: { n: "1" } }, spec: { n: 600, yes: "yes" } };
  assert.equal(parse(JSON.stringify(expected)), expected);
  assert.equal(parse('kind: X\nmetadata: {name: a, labels: {n: "1"}}\nspec:\n  n: 600\n  yes: yes\n'), expected);
  assert.equal(parse("---\na: 1\n"), { a: 1 });
});

test("parseApplyBody refuses what is neither, and what would grow", () => {
  const bomb = "a: &a [x,x]\n" + ["b", "c", "d", "e"].map((key, i) => {
    const before = "abcd".charAt(i);
    return `${key}: &${key} [*${before},*${before}]\n`;
  }).join("");
  const cases = [
    "",
    "[]",
    "x",
    "a: [",
    "{",
    '{"a":1}}',
    "a: 1\n---\nb: 2\n",
    "a: 1\na: 2\n",
    "a: &x 1\nb: *x\n",
    bomb,
    "- ".repeat(5_000) + "x",
    "a: " + "[".repeat(2_000),
    "a: " + "[".repeat(40) + "]".repeat(40),
    "a: " + "[".repeat(30_000),
    "a: " + "[".repeat(100_000),
    "? ".repeat(10_000),
    "a:\n".repeat(10_000),
    Array.from({ length: 150 }, (_, i) => " ".repeat(i) + "a:").join("\n"),
  ];
  for (const text of cases) {
    const start = performance.now();
    faultOf("malformed-object", () => parse(text));
    assert.ok(performance.now() - start < 2_000, text.slice(0, 20));
  }
  assert.equal(parse("__proto__:\n  polluted: 1\n")["polluted"], undefined);
  assert.is(Reflect.get({}, "polluted"), undefined);
});

test("applyConfiguration lays one object over another", () => {
  const target = {
    metadata: { labels: { a: "1" }, finalizers: ["x"], ownerReferences: [{ uid: "1", name: "n" }] },
    spec: { usages: ["client auth"] },
    status: { conditions: [{ type: "Approved", reason: "old" }] },
  };
  const before = JSON.stringify(target);
  const applied = {
    metadata: { labels: { b: "2" }, finalizers: ["y", "x"], ownerReferences: [{ uid: "1", name: "m" }], name: null },
    spec: { usages: ["server auth"] },
    status: { conditions: [{ type: "Approved", reason: "new" }, { type: "Failed" }] },
  };
  assert.equal(applyConfiguration(target, applied), {
    metadata: {
      labels: { a: "1", b: "2" },
      finalizers: ["x", "y"],
      ownerReferences: [{ uid: "1", name: "m" }],
    },
    spec: { usages: ["server auth"] },
    status: { conditions: [{ type: "Approved", reason: "new" }, { type: "Failed" }] },
  });
  assert.is(JSON.stringify(target), before);
  assert.equal(applyConfiguration(undefined, { a: { b: null, c: [1] } }), { a: { c: [1] } });
});

test.run();
