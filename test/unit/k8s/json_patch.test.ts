import { test } from "uvu";
import * as assert from "uvu/assert";
import { applyJsonPatch, jsonEqual } from "../../../src/k8s/json_patch.ts";
import { faultOf } from "../support.ts";

/** RFC 6902 appendix A, and what else the text of the RFC says: document, patch, result. */
const GOOD: [unknown, unknown[], unknown][] = [
  [{ foo: "bar" }, [{ op: "add", path: "/baz", value: "qux" }], { foo: "bar", baz: "qux" }],
  [{ foo: ["bar", "baz"] }, [{ op: "add", path: "/foo/1", value: "qux" }], { foo: ["bar", "qux", "baz"] }],
  [{ baz: "qux", foo: "bar" }, [{ op: "remove", path: "/baz" }], { foo: "bar" }],
  [{ foo: ["bar", "qux", "baz"] }, [{ op: "remove", path: "/foo/1" }], { foo: ["bar", "baz"] }],
  [{ baz: "qux" }, [{ op: "replace", path: "/baz", value: "boo" }], { baz: "boo" }],
  [
    { foo: { bar: "baz", waldo: "fred" }, qux: { corge: "grault" } },
    [{ op: "move", from: "/foo/waldo", path: "/qux/thud" }],
    { foo: { bar: "baz" }, qux: { corge: "grault", thud: "fred" } },
  ],
  [{ foo: ["all", "grass", "cows", "eat"] }, [{ op: "move", from: "/foo/1", path: "/foo/3" }], {
    foo: ["all", "cows", "eat", "grass"],
  }],
  [{ baz: "qux", foo: ["a", 2, "c"] }, [{ op: "test", path: "/baz", value: "qux" }, {
    op: "test",
    path: "/foo/1",
    value: 2,
  }], { baz: "qux", foo: ["a", 2, "c"] }],
  [{ foo: "bar" }, [{ op: "add", path: "/child", value: { grandchild: {} } }], {
    foo: "bar",
    child: { grandchild: {} },
  }],
  [{ foo: "bar" }, [{ op: "add", path: "/baz", value: "qux", xyz: 123 }], { foo: "bar", baz: "qux" }],
  [{ "/": 9, "~1": 10 }, [{ op: "test", path: "/~01", value: 10 }, { op: "test", path: "/~1", value: 9 }], {
    "/": 9,
    "~1": 10,
  }],
  [{ foo: ["bar"] }, [{ op: "add", path: "/foo/-", value: ["abc", "def"] }], { foo: ["bar", ["abc", "def"]] }],
  [{ a: 1 }, [{ op: "add", path: "/a", value: null }], { a: null }],
  [{ a: { b: 1, c: 2 } }, [{ op: "test", path: "/a", value: { c: 2, b: 1 } }], { a: { b: 1, c: 2 } }],
  [{ a: [1] }, [{ op: "copy", from: "/a", path: "/b" }, { op: "add", path: "/b/0", value: 0 }], { a: [1], b: [0, 1] }],
  [{ a: 1 }, [{ op: "replace", path: "", value: { b: 2 } }], { b: 2 }],
  [{ a: 1 }, [{ op: "move", from: "/a", path: "/a" }], { a: 1 }],
  [{ "": { "": 1 } }, [{ op: "replace", path: "//", value: 2 }], { "": { "": 2 } }],
  [{ a: [0] }, [{ op: "add", path: "/a/1", value: 1 }], { a: [0, 1] }],
  [{}, [], {}],
];

test("applyJsonPatch does what RFC 6902 says", () => {
  for (const [document, patch, expected] of GOOD) {
    const before = JSON.stringify(document);
    assert.equal(applyJsonPatch(document, patch), expected, JSON.stringify(patch));
    assert.is(JSON.stringify(document), before);
  }
});

const BAD: unknown[] = [
  { op: "add", path: "/x/y", value: 1 },
  { op: "add", path: "/list/4", value: 1 },
  { op: "add", path: "/list/01", value: 1 },
  { op: "add", path: "/list/-1", value: 1 },
  { op: "add", path: "/list/a", value: 1 },
  { op: "add", path: "/list/1e0", value: 1 },
  { op: "add", path: "a", value: 1 },
  { op: "add", path: "/~2", value: 1 },
  { op: "add", path: "/a" },
  { op: "add", value: 1 },
  { op: "add", path: 7, value: 1 },
  { path: "/a", value: 1 },
  { op: "spam", path: "/a", value: 1 },
  { op: "toString", path: "/a", value: 1 },
  { op: "remove", path: "/x" },
  { op: "remove", path: "/list/3" },
  { op: "remove", path: "/list/-" },
  { op: "remove", path: "" },
  { op: "replace", path: "/x", value: 1 },
  { op: "replace", path: "/list/3", value: 1 },
  { op: "test", path: "/a", value: "1" },
  { op: "test", path: "/x", value: null },
  { op: "test", path: "/list", value: [1, 2] },
  { op: "test", path: "/o", value: { b: 1, c: 1 } },
  { op: "test", path: "/a" },
  { op: "move", path: "/x" },
  { op: "move", from: "/o", path: "/o/b" },
  { op: "move", from: "/x", path: "/y" },
  { op: "copy", from: "/x", path: "/y" },
  { op: "copy", from: "/a/b", path: "/y" },
  { op: "add", path: "/__proto__/polluted", value: 1 },
  { op: "add", path: "/__proto__", value: {} },
  { op: "add", path: "/constructor/prototype/polluted", value: 1 },
  { op: "test", path: "/toString", value: null },
];

test("applyJsonPatch refuses operations that cannot be done, and does none of the others", () => {
  const document = { a: 1, list: [1, 2, 3], o: { b: 1 } };
  for (const operation of BAD) {
    const patch = [{ op: "add", path: "/a", value: 2 }, operation];
    const fault = faultOf("invalid-object", () => applyJsonPatch(document, patch));
    assert.is(fault.message, "the server rejected our request due to an error in our request");
    assert.equal(fault.causes, []);
    assert.equal(document, { a: 1, list: [1, 2, 3], o: { b: 1 } });
  }
  assert.is(Reflect.get({}, "polluted"), undefined);
});

test("applyJsonPatch refuses what is no patch", () => {
  for (const patch of [{}, "x", null, 7, [1], [[]], [null]]) {
    assert.match(faultOf("malformed-object", () => applyJsonPatch({}, patch)).message, /^error decoding patch: /);
  }
  const many = Array.from({ length: 1_001 }, () => ({ op: "test", path: "", value: {} }));
  assert.match(faultOf("too-large", () => applyJsonPatch({}, many)).message, "is 1000, got 1001");
});

test("applyJsonPatch lets no short patch make a large or deep object", () => {
  const doubling = Array.from({ length: 60 }, () => ({ op: "copy", from: "/a", path: "/a/-" }));
  faultOf("invalid-object", () => applyJsonPatch({ a: ["x"] }, doubling));
  const deepening = Array.from({ length: 40 }, (_, i) => ({ op: "add", path: "/a".repeat(i + 1), value: {} }));
  faultOf("invalid-object", () => applyJsonPatch({}, deepening));
  applyJsonPatch({}, deepening.slice(0, 31));
  const nested = [{ op: "copy", from: "", path: "/a" }];
  let document: unknown = { a: {} };
  assert.throws(() => {
    for (let i = 0; i < 40; i++) document = applyJsonPatch(document, nested);
  });
});

test("applyJsonPatch keeps __proto__ in values a member like any other", () => {
  const value: unknown = JSON.parse('{"__proto__":{"polluted":1}}');
  const result = applyJsonPatch({}, [{ op: "add", path: "/a", value }]) as { a: object };
  assert.is(JSON.stringify(result), '{"a":{"__proto__":{"polluted":1}}}');
  assert.is(Object.getPrototypeOf(result.a), Object.prototype);
});

test("applyJsonPatch takes the worst patch in time", () => {
  const start = performance.now();
  const list = Array.from({ length: 50_000 }, () => 0);
  applyJsonPatch({ list }, Array.from({ length: 1_000 }, () => ({ op: "add", path: "/list/0", value: 0 })));
  applyJsonPatch({ list }, Array.from({ length: 1_000 }, () => ({ op: "test", path: "/list/49999", value: 0 })));
  assert.ok(performance.now() - start < 2_000);
});

test("jsonEqual compares values and not their order", () => {
  assert.ok(jsonEqual({ a: [1, { b: null }], c: "" }, { c: "", a: [1, { b: null }] }));
  const unequal: [unknown, unknown][] = [[[1, 2], [2, 1]], [{}, []], [{ a: 1 }, { b: 1 }], [null, {}], [1, "1"], [
    { a: undefined },
    {},
  ]];
  for (const [a, b] of unequal) assert.not(jsonEqual(a, b));
});

test.run();
