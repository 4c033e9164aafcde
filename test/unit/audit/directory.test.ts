import { test } from "uvu";
import * as assert from "uvu/assert";
import { fileName, fileNumbers, headOf, readHead, readLog, writeHead } from "../../../src/audit/directory.ts";
import { formatLine, NO_LINE } from "../../../src/audit/line.ts";
import { concat, fromUtf8, toUtf8 } from "../../../src/bytes.ts";
import { MOMENT, rejection, thrown } from "../../fakes.ts";
import { MemoryFiles } from "../../memory_files.ts";

const HEAD = { algorithm: "ecdsaWithSha256", keyId: NO_LINE, signature: "AA==" };
const LINE = { sequence: 1, time: MOMENT, previous: NO_LINE };

test("files are numbered from 1, in order, also after the millionth", async () => {
  const files = new MemoryFiles();
  for (const number of [2, 1, 999_999, 1_000_000]) files.put(`/audit/${fileName(number)}`, "");
  const foreign = ["audit-1.jsonl", "audit-000000.jsonl", "audit-0000001.jsonl", "audit-000003.jsonl.gz", "head"];
  for (const name of foreign) files.put(`/audit/${name}`, "");
  assert.equal(await fileNumbers(files, "/audit"), [1, 2, 999_999, 1_000_000]);
  assert.is(fileName(1), "audit-000001.jsonl");
});

test("a file is read whole, above a mebibyte as well", async () => {
  const files = new MemoryFiles();
  files.put("/audit/audit-000001.jsonl", new Uint8Array(3 << 20));
  assert.is((await readLog(files, "/audit", 1)).length, 3 << 20);
});

test("the copy of a head is its line, for its owner alone, and is read back", async () => {
  const files = new MemoryFiles();
  assert.is(await readHead(files, "/audit"), undefined);
  const bytes = formatLine(LINE, { head: HEAD });
  await writeHead(files, "/audit", bytes);
  assert.equal(files.snapshot(), { "/audit/head": `600 ${fromUtf8(bytes)}\n` });
  assert.equal(await readHead(files, "/audit"), { line: { ...LINE, head: HEAD }, bytes });
});

test("what is not one head is no copy", async () => {
  const files = new MemoryFiles();
  const head = concat([formatLine(LINE, { head: HEAD }), toUtf8("\n")]);
  const event = concat([formatLine(LINE, {}), toUtf8("\n")]);
  const broken = [new Uint8Array(), head.subarray(0, -1), concat([head, head]), concat([head, toUtf8("x")]), event];
  for (const content of broken) {
    thrown("malformed-object", () => headOf(new Uint8Array(content), "a"));
    files.put("/audit/head", content);
    assert.match((await rejection("malformed-object", readHead(files, "/audit"))).message, '"/audit/head"');
  }
  files.failWith({ at: 1, kind: "error" });
  await rejection("io", readHead(files, "/audit"));
});

test.run();
