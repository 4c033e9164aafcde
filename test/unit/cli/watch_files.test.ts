import { test } from "uvu";
import * as assert from "uvu/assert";
import { watchFiles } from "../../../cli/watch_files.ts";
import { fakeLog, type LogLine } from "../../fakes.ts";
import { MemoryFiles } from "../../memory_files.ts";

/** A watch whose every wait ends when the test says so. */
function watching(reload: () => Promise<void>): {
  readonly files: MemoryFiles;
  readonly lines: LogLine[];
  readonly waits: number[];
  readonly tick: () => Promise<void>;
  readonly stop: () => void;
} {
  const files = new MemoryFiles();
  const { log, lines } = fakeLog();
  const waits: number[] = [];
  let wake = (): void => {};
  const sleep = (seconds: number, signal?: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      waits.push(seconds);
      wake = resolve;
      signal?.addEventListener("abort", () => reject(signal.reason));
    });
  files.put("a", "1");
  files.put("b", "1");
  const { stop } = watchFiles({ files, sleep }, log, [{ what: "CA", paths: () => ["a", "b"], reload }]);
  /** Lets the watch look once more and come back to its wait. */
  const tick = async (): Promise<void> => {
    const seen = waits.length;
    while (waits.length === seen) {
      wake();
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
  };
  return { files, lines, waits, tick, stop };
}

test("nothing is reloaded as long as the content is the same", async () => {
  let reloads = 0;
  const { files, lines, waits, tick, stop } = watching(() => Promise.resolve(void reloads++));
  await tick();
  files.put("a", "1"); // written again, with the same content
  await tick();
  await tick();
  assert.equal([reloads, lines], [0, []]);
  assert.ok(waits.length >= 3 && waits.every((seconds) => seconds === 2));
  stop();
});

test("each change is reloaded once and logged", async () => {
  let reloads = 0;
  const { files, lines, tick, stop } = watching(() => Promise.resolve(void reloads++));
  await tick();
  for (const [path, text, expected] of [["a", "2", 1], ["b", "2", 2], ["a", "1", 3]] as const) {
    files.put(path, text);
    await tick();
    await tick();
    assert.is(reloads, expected);
  }
  assert.equal(lines[0], { level: "info", message: "CA reloaded", facts: { files: ["a", "b"] } });
  stop();
});

test("a broken replacement is logged once, the next good one is taken", async () => {
  let broken = true;
  let taken = 0;
  const { files, lines, tick, stop } = watching(() => {
    if (broken) return Promise.reject(new Error("the key is not the CA certificate's"));
    return Promise.resolve(void taken++);
  });
  await tick();
  files.put("a", "2");
  for (let i = 0; i < 4; i++) await tick();
  assert.equal(lines, [{
    level: "error",
    message: "CA has changed and cannot be used; the old one stays",
    facts: { because: "the key is not the CA certificate's" },
  }]);
  broken = false;
  files.put("b", "2");
  await tick();
  await tick();
  assert.equal([taken, lines.length], [1, 2]);
  stop();
});

test("a file that is gone, and one that comes back, are changes", async () => {
  let reloads = 0;
  const { files, tick, stop } = watching(() => Promise.resolve(void reloads++));
  await tick();
  files.tree.delete("a");
  await tick();
  await tick();
  assert.is(reloads, 1);
  files.put("a", "1");
  await tick();
  await tick();
  assert.is(reloads, 2);
  stop();
});

test("stop ends it", async () => {
  let reloads = 0;
  const { files, waits, tick, stop } = watching(() => Promise.resolve(void reloads++));
  await tick();
  stop();
  const before = waits.length;
  files.put("a", "2");
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setTimeout(resolve, 0));
  assert.equal([reloads, waits.length], [0, before]);
});

test.run();
