import { test } from "uvu";
import * as assert from "uvu/assert";
import { printable, quote } from "../../../cli/print.ts";

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

test("quote quotes, and cuts what is long", () => {
  assert.is(quote(`a"b\n`), `"a\\"b\\n"`);
  assert.is(quote("x".repeat(100)), `"${"x".repeat(80)}…"`);
});

test.run();
