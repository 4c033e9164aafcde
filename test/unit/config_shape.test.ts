import { test } from "uvu";
import * as assert from "uvu/assert";
import * as shape from "../../src/config_shape.ts";

const whyOf = (one: Parameters<typeof shape.shapeFault>[1], value: unknown): string =>
  shape.shapeFault(value, one)?.why ?? "";

test("each shape takes what it is for", () => {
  const good: [Parameters<typeof shape.shapeFault>[1], readonly unknown[]][] = [
    [shape.text, ["a", "ä b", "x".repeat(1024)]],
    [shape.name, ["a", "etcd-peer", "0", "x".repeat(63)]],
    [shape.duration, ["0", "1h30m", "90s", "365d", ".5h"]],
    [shape.flag, [true, false]],
    [shape.whole(1, 3), [1, 2, 3]],
    [shape.list(shape.text), [[], ["a"]]],
    [shape.choice(["a", "b"]), ["a", "b"]],
    [shape.members({ a: shape.text, b: shape.may(shape.flag) }), [{ a: "x" }, { a: "x", b: true }]],
    [shape.record(shape.name, shape.text), [{}, { a: "x" }]],
  ];
  for (const [one, values] of good) for (const value of values) assert.is(shape.shapeFault(value, one), undefined);
});

test("and says what is wrong with the rest", () => {
  const bad: [Parameters<typeof shape.shapeFault>[1], unknown, string][] = [
    [shape.text, "", "is empty"],
    [shape.text, 1, "is not a text"],
    [shape.text, "x".repeat(1025), "has more than 1024 characters"],
    [shape.name, "A", "lower-case"],
    [shape.duration, 90, "is no duration"],
    [shape.duration, "1 h", "is no duration"],
    [shape.flag, "true", "is neither true nor false"],
    [shape.whole(1, 3), 4, "is not a whole number from 1 to 3"],
    [shape.whole(1, 3), 1.5, "is not a whole number"],
    [shape.list(shape.text), {}, "is not a list"],
    [shape.list(shape.text, 1), [], "is empty"],
    [shape.list(shape.text), Array(1001).fill("a"), "has more than 1000 entries"],
    [shape.choice(["a", "b", "c"], 2), "d", "is none of a, b, …"],
    [shape.members({}), [], "is not a map"],
    [shape.members({}), null, "is not a map"],
    [shape.members({ a: shape.text }), {}, "lacks a"],
    [shape.record(shape.name, shape.text), [], "is not a map"],
  ];
  for (const [one, value, why] of bad) assert.ok(whyOf(one, value).includes(why), `${whyOf(one, value)}: ${why}`);
});

test("a key that is not known is told with those that are, and the one that was meant", () => {
  const one = shape.members({ dnsNames: shape.may(shape.text), owner: shape.may(shape.text) });
  assert.equal(shape.shapeFault({ dnsnames: "a" }, one), {
    path: ["dnsnames"],
    why: "is not known: there are dnsNames, owner; did you mean dnsNames?",
  });
  assert.is(whyOf(one, { zzzzzz: "a" }), "is not known: there are dnsNames, owner");
  const many = shape.members(
    Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`aMemberOfALongName${i}`, shape.may(shape.text)])),
  );
  const begin = performance.now();
  assert.not.match(whyOf(many, { ["o".repeat(1 << 20)]: "a" }), "did you mean");
  assert.ok(performance.now() - begin < 1000, "a long key is not compared");
});

test("of a union's alternatives the one that got furthest is told", () => {
  const one = shape.list(shape.members({ a: shape.members({ b: shape.text }) }));
  assert.equal(shape.shapeFault([{ a: { b: 1 } }], one), { path: [0, "a", "b"], why: "is not a text" });
  assert.equal(shape.shapeFault([{ a: {} }], one), { path: [0, "a"], why: "lacks b" });
});

test.run();
