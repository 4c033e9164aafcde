import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { UsageError } from "../../../cli/exit.ts";
import { textfileWriter, writeTextfile } from "../../../cli/textfile.ts";
import { detectRuntime } from "../../../src/runtime/detect.ts";
import { fakeLog, rejection } from "../../fakes.ts";
import { MemoryFiles } from "../../memory_files.ts";
import { temporary } from "../../programs.ts";

const PATH = "/var/lib/certgen/certgen.prom";

test("the file is replaced whole, and everybody may read it", async () => {
  const files = new MemoryFiles();
  files.put(PATH, "old", 0o600);
  await writeTextfile(files, PATH, "a 1\n");
  assert.equal(files.snapshot(), { [PATH]: "644 a 1\n" });
  assert.equal(files.calls, [`replace ${PATH}`]);
});

test("on a real disk nothing but the file is left, with mode 644", async () => {
  const { files } = await detectRuntime();
  const { path, remove } = temporary();
  try {
    const file = join(path, "certgen.prom");
    await writeTextfile(files, file, "a 1\n");
    await writeTextfile(files, file, "a 2\n");
    assert.equal(readdirSync(path), ["certgen.prom"]);
    assert.is(readFileSync(file, "utf8"), "a 2\n");
    assert.is(statSync(file).mode & 0o7777, 0o644);
  } finally {
    remove();
  }
});

test("a name that the node exporter does not read is refused before anything is written", async () => {
  const files = new MemoryFiles();
  const metrics = { text: () => Promise.resolve("a 1\n") };
  for (const path of ["certgen", "certgen.prom.txt", "a.PROM", ".prom", "/x/.prom", "/x.prom/", "", "a.prom\n"]) {
    const error = await writeTextfile(files, path, "").then(() => undefined, (error: unknown) => error);
    assert.instance(error, UsageError, path);
    assert.match(error instanceof UsageError ? error.message : "", /^Cannot write metrics to ".*": .*\.prom$/);
    assert.throws(
      () => textfileWriter(files, path, metrics, () => {}),
      (error: unknown) => error instanceof UsageError,
    );
  }
  assert.equal(files.calls, []);
});

test("writeTextfile rejects where it cannot write", async () => {
  const files = new MemoryFiles();
  files.failWith({ at: 1, kind: "error" });
  await rejection("io", writeTextfile(files, PATH, "a 1\n"));
});

test("a failure of the writer is logged once, and the old file stays until a write succeeds", async () => {
  const files = new MemoryFiles();
  const { log, lines } = fakeLog();
  let value = 1;
  const write = textfileWriter(files, PATH, { text: () => Promise.resolve(`a ${value++}\n`) }, log);
  await write();
  files.failWith({ at: 1, kind: "crash-before" });
  for (let i = 0; i < 3; i++) await write();
  assert.is(files.text(PATH), "a 1\n");
  const because = `Cannot replace ${PATH}: no space left on the device (ENOSPC)`;
  const line = { level: "error", message: "the metrics cannot be written", facts: { file: PATH, because } };
  assert.equal(lines, [line]);
  files.failWith();
  await write();
  assert.is(files.text(PATH), "a 5\n");
  files.failWith({ at: 1, kind: "error" });
  await write();
  assert.equal(lines, [line, line]);
});

test("metrics that fail are logged, too", async () => {
  const { log, lines } = fakeLog();
  await textfileWriter(new MemoryFiles(), PATH, { text: () => Promise.reject(new Error("broken")) }, log)();
  assert.equal(lines.map(({ facts }) => facts["because"]), ["broken"]);
});

test("calls while it writes are one more write, of what is then", async () => {
  const files = new MemoryFiles();
  let value = 1;
  const write = textfileWriter(files, PATH, { text: () => Promise.resolve(`a ${value}\n`) }, () => {});
  const first = write();
  value = 2;
  const second = write();
  value = 3;
  const third = write();
  await first;
  assert.is(files.text(PATH), "a 1\n");
  await Promise.all([second, third]);
  assert.is(files.text(PATH), "a 3\n");
  assert.is(files.calls.length, 2);
  value = 4;
  await write();
  assert.is(files.text(PATH), "a 4\n");
});

test.run();
