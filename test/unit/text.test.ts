import { test } from "uvu";
import * as assert from "uvu/assert";
import { noneOf, printable, quoted, quotedList, shortened } from "../../src/text.ts";

test("printable leaves text alone that a terminal shows", () => {
  for (const text of ["", "plain text", `"quotes" \\ and = signs`, "Grüße 日本語 🔐", "e\u0301"]) {
    assert.is(printable(text), text);
  }
});

test("printable escapes what a terminal acts on", () => {
  assert.is(printable("a\nb\r\tc"), "a\\nb\\r\\tc");
  assert.is(printable("\x1b[31m\x07\x00\x7f"), "\\u001b[31m\\u0007\\u0000\\u007f");
  assert.is(printable("\x9b31m\x85"), "\\u009b31m\\u0085");
  assert.is(printable("\u202e\u2066\u200f\u061c"), "\\u202e\\u2066\\u200f\\u061c");
  assert.is(printable("\u2028\u2029\u200b\ufeff\u00ad"), "\\u2028\\u2029\\u200b\\ufeff\\u00ad");
  assert.is(printable("\ud800"), "\\ud800");
  assert.is(printable("\u{e0041}"), "\\udb40\\udc41");
});

test("printable leaves JSON the same JSON", () => {
  const value = { text: "\n\x7f\x9b\u202e\u{e0041}\ud800\\u202e" };
  assert.equal(JSON.parse(printable(JSON.stringify(value))), value);
});

test("shortened keeps to its length, and leaves no half of a pair", () => {
  assert.is(shortened("abc", 3), "abc");
  assert.is(shortened("abcd", 3), "ab…");
  assert.is(shortened("a🙂cd", 3), "a…");
});

test("quoted is short, printable and in quotes", () => {
  assert.is(quoted('a"b\u202e'), '"a\\"b\\u202e"');
  assert.is(quoted("x".repeat(1000)).length, 102);
});

test("a list shows its first members and how many more there are", () => {
  assert.is(quotedList(["a", "b"]), '"a", "b"');
  assert.is(
    quotedList(Array.from({ length: 10 }, (_, i) => String(i))),
    '"0", "1", "2", "3", "4", "5", "6", "7" and 2 more',
  );
  assert.is(noneOf("x", ["a"]), '"x" is none of "a"');
  assert.is(noneOf("x", []), '"x" is not given: none is');
});

test.run();
