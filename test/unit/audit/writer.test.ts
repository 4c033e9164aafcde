import { test } from "uvu";
import * as assert from "uvu/assert";
import { NO_LINE } from "../../../src/audit/line.ts";
import type { Tail } from "../../../src/audit/tail.ts";
import { LogWriter } from "../../../src/audit/writer.ts";
import { toUtf8 } from "../../../src/bytes.ts";
import { rejection } from "../../fakes.ts";
import { MemoryFiles } from "../../memory_files.ts";

const TAIL: Tail = {
  point: { sequence: 0, hash: NO_LINE, uncovered: 0 },
  file: 1,
  bytes: 0,
  next: 1,
  hasRest: false,
  head: undefined,
};
const [FIRST, SECOND, THIRD] = ["/audit/audit-000001.jsonl", "/audit/audit-000002.jsonl", "/audit/audit-000003.jsonl"];

test("a writer adds to one file until it is told to begin another", async () => {
  const files = new MemoryFiles();
  const writer = new LogWriter(files, "/audit", TAIL);
  for (const text of ["a\n", "b\n"]) await writer.write(toUtf8(text));
  assert.is(writer.size, 4);
  await writer.rotate();
  assert.equal([writer.size, writer.resume], [0, undefined]);
  await writer.write(toUtf8("c\n"));
  assert.is(writer.size, 2);
  await writer.close();
  await writer.close();
  assert.equal(files.snapshot(), { [FIRST]: "600 a\nb\n", [SECOND]: "600 c\n" });
});

test("after a write that failed, the next file says where the log goes on from, until one succeeds", async () => {
  for (const kind of ["error", "part", "lost"] as const) {
    const files = new MemoryFiles();
    const writer = new LogWriter(files, "/audit", TAIL);
    await writer.write(toUtf8("a\n"));
    files.failWith({ at: 1, kind });
    await rejection("io", writer.write(toUtf8("bb\n")));
    files.failWith({ at: 3, kind }); // stat, append, write
    assert.equal([writer.resume, writer.size], [{ file: 1, bytes: 2 }, 0]);
    await rejection("io", writer.write(toUtf8("cc\n")));
    assert.equal(writer.resume, { file: 1, bytes: 2 });
    await writer.write(toUtf8("d\n"));
    assert.equal([writer.resume, writer.size], [undefined, 2]);
    assert.is(files.text(THIRD), "d\n");
  }
});

test("a file that cannot be opened is tried again, and what is there is synced first", async () => {
  const files = new MemoryFiles();
  files.put(FIRST, "a\n");
  const writer = new LogWriter(files, "/audit", { ...TAIL, bytes: 2 });
  files.failWith({ at: 1, kind: "error" });
  await rejection("io", writer.write(toUtf8("b\n")));
  assert.is(writer.resume, undefined);
  await writer.write(toUtf8("b\n"));
  assert.is(files.text(FIRST), "a\nb\n");
  assert.equal(files.calls.slice(1), [`append ${FIRST}`, `write ${FIRST}`, `write ${FIRST}`]);
});

test("a file of another size than it should have is not written to", async () => {
  const files = new MemoryFiles();
  files.put(FIRST, "abc\n");
  const fresh = new LogWriter(files, "/audit", TAIL);
  assert.match((await rejection("io", fresh.write(toUtf8("b\n")))).message, "somebody else has changed");
  const shorter = new LogWriter(files, "/audit", { ...TAIL, bytes: 2, next: 2, hasRest: true });
  files.put(FIRST, "a");
  await rejection("io", shorter.write(toUtf8("b\n")));
  files.tree.delete(FIRST);
  await rejection("io", shorter.write(toUtf8("b\n")));
  assert.equal([...files.tree.keys()], []);
});

test("a write that somebody else has written beside is none that is answered", async () => {
  const files = new MemoryFiles();
  const writer = new LogWriter(files, "/audit", TAIL);
  await writer.write(toUtf8("a\n"));
  files.put(FIRST, "a\nx\n");
  await rejection("io", writer.write(toUtf8("b\n")));
  assert.equal(writer.resume, { file: 1, bytes: 2 });
});

test.run();
