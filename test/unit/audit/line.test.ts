import { test } from "uvu";
import * as assert from "uvu/assert";
import { formatLine, isDigest, NO_LINE, parseLine, splitLines } from "../../../src/audit/line.ts";
import { fromUtf8, toUtf8 } from "../../../src/bytes.ts";
import { MOMENT } from "../../fakes.ts";

const LINE = { sequence: 1, time: MOMENT, previous: NO_LINE };
const parse = (change: object): unknown => parseLine(toUtf8(JSON.stringify({ ...LINE, ...change })));

test("a line is JSON on one line, whatever stands in it, and nothing that a terminal acts on", () => {
  const texts = ["a\nb", "\u202egnp.exe", "\u200b", "\u{e0041}", "\x9b31m", "\u2028", "\ud800", "ü", "\0", '"\\'];
  const line = fromUtf8(formatLine(LINE, { texts }));
  assert.not.match(line, /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
  assert.match(line, "ü");
  assert.match(line, "\\u202e");
  assert.equal(JSON.parse(line), { ...LINE, texts });
});

test("a body cannot take the place of the hash before it", () => {
  assert.is((JSON.parse(fromUtf8(formatLine(LINE, { previous: "x" }))) as { previous: string }).previous, NO_LINE);
});

test("parseLine reads what formatLine writes", () => {
  const head = { algorithm: "ecdsaWithSha256", keyId: "a".repeat(64), signature: "AA==" };
  assert.equal(parseLine(formatLine(LINE, { requestId: "r" })), LINE);
  assert.equal(parseLine(formatLine(LINE, { head })), { ...LINE, head });
  assert.equal(parseLine(formatLine(LINE, { resume: { file: 1, bytes: 0 } })), {
    ...LINE,
    resume: { file: 1, bytes: 0 },
  });
});

test("parseLine takes nothing else", () => {
  for (const text of ["", "{", "[]", "null", "1", '"a"', "{}", "[".repeat(200_000), '{"a":'.repeat(200_000)]) {
    assert.is(parseLine(toUtf8(text)), undefined, text.slice(0, 9));
  }
  assert.is(parseLine(Uint8Array.of(0x7b, 0xff, 0x7d)), undefined);
  const head = { algorithm: "a", keyId: "a".repeat(64), signature: "AA==" };
  for (
    const change of [
      { sequence: 0 },
      { sequence: -1 },
      { sequence: 1.5 },
      { sequence: "1" },
      { sequence: 2 ** 53 },
      { time: 1 },
      { previous: NO_LINE.slice(1) },
      { previous: "A".repeat(64) },
      { previous: undefined },
      { head: null },
      { head: [] },
      { head: { ...head, keyId: "a" } },
      { head: { ...head, signature: 1 } },
      { resume: { file: 1 } },
      { resume: { file: 1, bytes: -1 } },
      { head, resume: { file: 1, bytes: 1 } },
    ]
  ) assert.is(parse(change), undefined, JSON.stringify(change));
  assert.ok(parse({}));
});

test("splitLines says where the last whole line ends", () => {
  const split = (text: string): unknown => {
    const { lines, end } = splitLines(toUtf8(text));
    return [lines.map(fromUtf8), end];
  };
  assert.equal(split(""), [[], 0]);
  assert.equal(split("a"), [[], 0]);
  assert.equal(split("a\n\nb\n"), [["a", "", "b"], 5]);
  assert.equal(split("a\nb"), [["a"], 2]);
});

test("isDigest takes lower-case hexadecimal digits of 32 bytes", () => {
  assert.ok(isDigest(NO_LINE));
  for (const other of ["", `${NO_LINE}0`, `${NO_LINE}\n`, "A".repeat(64), 1, null]) assert.not(isDigest(other));
});

test.run();
