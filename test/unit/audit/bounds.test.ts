import { test } from "uvu";
import * as assert from "uvu/assert";
import { Bounds } from "../../../src/audit/bounds.ts";

test("a text is cut where it is too long, and says so", () => {
  const bounds = new Bounds(10_000);
  assert.is(bounds.text("x".repeat(1024)), "x".repeat(1024));
  assert.is(bounds.text("x".repeat(1025)), `${"x".repeat(1024)}…`);
  assert.is(bounds.text("x".repeat(3000), 2000), `${"x".repeat(2000)}…`);
});

test("all texts together are cut where there is no more room", () => {
  const bounds = new Bounds(10);
  assert.equal([bounds.text("12345678"), bounds.text("12"), bounds.text(""), bounds.text("1")], [
    "12345678",
    "12",
    "",
    "…",
  ]);
});

test("a list says how many items are left out, for their number or their length", () => {
  const many = Array.from({ length: 200 }, (_, i) => `${i}`);
  assert.equal(new Bounds(10_000).list(many.slice(0, 128)), many.slice(0, 128));
  assert.equal(new Bounds(10_000).list(many), [...many.slice(0, 128), "… 72 more"]);
  assert.equal(new Bounds(5).list(["ab", "cde", "f", "g"]), ["ab", "cde", "… 2 more"]);
  assert.equal(new Bounds(4).list(["ab", "cde", "f", "g"]), ["ab", "cd…", "… 2 more"]);
});

test("lists by key are bounded in number and length, and no key is special", () => {
  const special = JSON.parse('{"__proto__": ["a"], "constructor": ["b"]}') as Record<string, string[]>;
  assert.is(JSON.stringify(new Bounds(100).lists(special)), '{"__proto__":["a"],"constructor":["b"]}');
  const many = Object.fromEntries(Array.from({ length: 130 }, (_, i) => [`k${i}`, [`v${i}`]]));
  const kept = new Bounds(100_000).lists(many);
  assert.is(Object.keys(kept).length, 129);
  assert.equal(kept["…"], ["2 more"]);
  assert.equal(new Bounds(4).lists({ ab: ["cd"], e: ["f"] }), { ab: ["cd"], "…": ["1 more"] });
});

test.run();
