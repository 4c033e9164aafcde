import { test } from "uvu";
import * as assert from "uvu/assert";
import { compareNames, nameFault } from "../../src/object_name.ts";

test("nameFault finds nothing wrong with names", () => {
  const names = [
    "a",
    "system:etcd-peer:etcd1",
    "...",
    ".a",
    "a b",
    "ü",
    "C:\\x",
    "x".repeat(253),
    "é".repeat(126),
    "😀",
  ];
  for (const name of names) assert.is(nameFault(name), undefined, name);
});

test("nameFault says what is wrong", () => {
  const cases: [string, string][] = [
    ["", "may not be empty"],
    [".", "may not be '.'"],
    ["..", "may not be '..'"],
    ["/", "may not contain '/'"],
    ["a/../b", "may not contain '/'"],
    ["%", "may not contain '%'"],
    ["%2e", "may not contain '%'"],
    ["x".repeat(254), "may not be longer than 253 bytes"],
    ["é".repeat(127), "may not be longer than 253 bytes"],
    ["😀".repeat(64), "may not be longer than 253 bytes"],
  ];
  for (const [name, fault] of cases) assert.is(nameFault(name), fault);
});

test("nameFault refuses every control, format, separator and lone surrogate character", () => {
  const codes = [
    ...Array.from({ length: 0x20 }, (_, i) => i),
    ...Array.from({ length: 0x21 }, (_, i) => 0x7f + i),
    0xad,
    0x61c,
    0x200b,
    0x200d,
    0x200e,
    0x202a,
    0x202e,
    0x2028,
    0x2029,
    0x2060,
    0x2066,
    0x2069,
    0xfeff,
    0xd800,
    0xdfff,
    0xe0001,
  ];
  for (const code of codes) {
    const c = code >= 0xd800 && code < 0xe000 ? String.fromCharCode(code) : String.fromCodePoint(code);
    for (const name of [c, `a${c}`, `${c}a`, `a${c}b`]) {
      assert.is(nameFault(name), "may not contain control or format characters", code.toString(16));
    }
  }
});

test("compareNames orders by code points", () => {
  const names = ["", "a", "a\0", "aa", "b", "é", "\ud7ff", "\ue000", "\uffff", "\u{10000}", "\u{10ffff}"];
  for (const [i, a] of names.entries()) {
    for (const [j, b] of names.entries()) assert.is(Math.sign(compareNames(a, b)), Math.sign(i - j), `${i} ${j}`);
  }
});

test.run();
