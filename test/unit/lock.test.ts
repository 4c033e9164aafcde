import { test } from "uvu";
import * as assert from "uvu/assert";
import { KeyedLock } from "../../src/lock.ts";

/** A task that ends when it is told to. */
function task(log: string[], name: string): { run: () => Promise<string>; end: () => void; fail: (e: Error) => void } {
  let [end, fail] = [(): void => {}, (_: Error): void => {}];
  const ended = new Promise<void>((resolve, reject) => [end, fail] = [resolve, reject]);
  return {
    end: () => end(),
    fail: (error) => fail(error),
    run: async () => {
      log.push(`${name} begins`);
      await ended;
      log.push(`${name} ends`);
      return name;
    },
  };
}

const settle = async (): Promise<void> => {
  for (let i = 0; i < 20; i++) await Promise.resolve();
};

test("tasks of one key run one after the other, in order", async () => {
  const [lock, log] = [new KeyedLock(), [] as string[]];
  const [a, b, c] = [task(log, "a"), task(log, "b"), task(log, "c")];
  const results = [a, b, c].map(({ run }) => lock.run("k", run));
  await settle();
  assert.equal(log, ["a begins"]);
  c.end();
  b.end();
  await settle();
  assert.equal(log, ["a begins"]);
  a.end();
  assert.equal(await Promise.all(results), ["a", "b", "c"]);
  assert.equal(log, ["a begins", "a ends", "b begins", "b ends", "c begins", "c ends"]);
});

test("tasks of different keys run at the same time", async () => {
  const [lock, log] = [new KeyedLock(), [] as string[]];
  const [a, b] = [task(log, "a"), task(log, "b")];
  const results = [lock.run("k1", a.run), lock.run("__proto__", b.run)];
  await settle();
  assert.equal(log, ["a begins", "b begins"]);
  a.end();
  b.end();
  await Promise.all(results);
});

test("a task that fails gives its error and lets the next one run", async () => {
  const [lock, log] = [new KeyedLock(), [] as string[]];
  const [a, b] = [task(log, "a"), task(log, "b")];
  const first = lock.run("k", a.run).catch((error: Error) => error.message);
  const thrower = lock.run("k", () => {
    throw new Error("at once");
  }).catch((error: Error) => error.message);
  const second = lock.run("k", b.run);
  a.fail(new Error("broken"));
  b.end();
  assert.equal([await first, await thrower, await second], ["broken", "at once", "b"]);
});

test("a key that was used and left can be used again", async () => {
  const lock = new KeyedLock();
  for (let i = 0; i < 3; i++) assert.is(await lock.run("k", () => Promise.resolve(i)), i);
});

test.run();
