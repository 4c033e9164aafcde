import { test } from "uvu";
import * as assert from "uvu/assert";
import { Counter } from "../../../src/store/counter.ts";
import { rejection } from "../../fakes.ts";
import { MemoryFiles } from "../../memory_files.ts";

const open = (disk: MemoryFiles, highest = 0): Promise<Counter> =>
  Counter.open(disk, "counter", () => Promise.resolve(highest));

test("a counter begins at 0, or well beyond what is in use where its file is lost", async () => {
  const disk = new MemoryFiles();
  assert.is((await open(disk)).start, 0);
  assert.is(disk.text("counter"), "1000\n");
  assert.is((await open(new MemoryFiles(), 1)).start, 1_000_000_001);
  await rejection("io", open(new MemoryFiles(), Number.MAX_SAFE_INTEGER - 5));
});

test("every opening begins beyond all that could have been given out", async () => {
  const disk = new MemoryFiles();
  const first = await open(disk);
  await first.reserve(1000);
  assert.is((await open(disk, 5)).start, 1001);
  assert.is((await open(disk, 5)).start, 2002);
});

test("reserve writes before it answers, once for many at once, and again after a failure", async () => {
  const disk = new MemoryFiles();
  const counter = await open(disk);
  disk.calls.length = 0;
  disk.failWith({ at: 1, kind: "error" });
  const results = await Promise.allSettled(Array.from({ length: 20 }, (_, i) => counter.reserve(1001 + i)));
  assert.is(results.filter(({ status }) => status === "rejected").length, 1);
  assert.is(disk.calls.length, 2);
  assert.ok(Number(disk.text("counter")) >= 1020);
  await counter.reserve(1020);
  assert.is(disk.calls.length, 2);
});

test("reserve of more than can be counted is io", async () => {
  const disk = new MemoryFiles();
  disk.put("counter", `${Number.MAX_SAFE_INTEGER - 1002}\n`);
  const counter = await open(disk);
  await rejection("io", counter.reserve(Number.MAX_SAFE_INTEGER));
});

test.run();
