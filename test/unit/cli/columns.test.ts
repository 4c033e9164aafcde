import { test } from "uvu";
import * as assert from "uvu/assert";
import { columns } from "../../../cli/columns.ts";

test("columns: cells stand under each other, three apart, and no line has blanks at its end", () => {
  assert.is(
    columns([["NAME", "STATE", "NOTE"], ["a", "fresh", ""], ["longer", "due", "x"]]),
    [
      "NAME     STATE   NOTE\n",
      "a        fresh\n",
      "longer   due     x\n",
    ].join(""),
  );
});

test("columns: a header alone, and nothing", () => {
  assert.is(columns([["A", "B"]]), "A   B\n");
  assert.is(columns([]), "");
});

test("columns: no cell begins a line or turns one around", () => {
  const text = columns([["A", "B"], ["x\ny", "\u202e\x1b[31m"]]);
  assert.is(text.split("\n").length, 3);
  assert.not.ok(text.includes("\x1b") || text.includes("\u202e"));
});

test.run();
