import { test } from "uvu";
import * as assert from "uvu/assert";
import { fromUtf8, toUtf8 } from "../../../src/bytes.ts";
import { decodeRecord, encodeRecord, isRecordName, recordName } from "../../../src/store/commit_record.ts";
import { thrown } from "../../fakes.ts";

const STATES = [
  { name: "a", revision: 7, text: "x\0\ufeff\u2028😀" },
  { name: "token/a", revision: 8, text: undefined },
  { name: "b", revision: 9, text: "" },
];

test("a record comes back as it was written, under its name", () => {
  assert.is(recordName(7), ".commit-7");
  assert.equal(decodeRecord(".commit-7", encodeRecord(STATES)), STATES);
  assert.ok(isRecordName(".commit-7") && isRecordName(".commit-x"));
  for (const file of [".commit", "commit-7", ".revision", ".0a1b.tmp"]) assert.not(isRecordName(file));
});

test("a record that is too large is not written", () => {
  const text = "x".repeat(12 << 20);
  thrown("too-large", () => encodeRecord(STATES.map((state) => ({ ...state, text }))));
});

test("a record that is not as it was written is io, and named", () => {
  const good = fromUtf8(encodeRecord(STATES));
  const one = (change: unknown): string => JSON.stringify({ version: 1, changes: [change] });
  const broken = [
    "",
    "null",
    "[]",
    "{}",
    good.slice(0, -3),
    good.replace('"version":1', '"version":2'),
    good.replace('"version":1', '"version":1,"more":1'),
    good.replace('"revision":8', '"revision":9'),
    good.replace('"revision":7', '"revision":6'),
    good.replace('"b"', '"a"'),
    good.replace('"b"', '"../b"'),
    good.replace('"b"', '"b","x":1'),
    good.replace("null", "1"),
    good.replace('"text":null', '"x":null'),
    '{"version":1,"changes":[]}',
    '{"version":1,"changes":{"length":1}}',
    one(null),
    one("x"),
    one({ name: "a", revision: "7", text: "x" }),
    one({ name: "a", revision: 7.5, text: "x" }),
    one({ name: 1, revision: 7, text: "x" }),
  ];
  for (const text of broken) {
    const error = thrown("io", () => decodeRecord(".commit-7", toUtf8(text)));
    assert.match(error.message, /^Cannot finish the changes in "\.commit-7": /, text);
  }
  thrown("io", () => decodeRecord(".commit-7", Uint8Array.of(0xff)));
  for (const file of [".commit-8", ".commit-07", ".commit-"]) thrown("io", () => decodeRecord(file, toUtf8(good)));
});

test.run();
