import { test } from "uvu";
import * as assert from "uvu/assert";
import { Changes } from "../../../src/store/changes.ts";
import type { StoreEvent } from "../../../src/store/store.ts";
import { rejection } from "../../fakes.ts";

/** A change that is made when the test says so. */
interface Held {
  readonly made: Promise<readonly StoreEvent[]>;
  readonly finish: (error?: Error) => Promise<void>;
}

const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

function hold(changes: Changes, isUndone?: () => Promise<boolean>, count = 1): Held {
  let finish = (_?: Error): void => {};
  const made = changes.make(count, async (first) => {
    const error = await new Promise<Error | undefined>((resolve) => finish = resolve);
    if (error !== undefined) throw error;
    return Array.from({ length: count }, (_, i) => eventAt(first + i));
  }, isUndone);
  made.catch(() => {});
  return {
    made,
    finish: async (error) => {
      finish(error);
      await settle();
    },
  };
}

function eventAt(revision: number, text = ""): StoreEvent {
  return { type: "created", entry: { name: "a", text, revision }, previous: undefined };
}

async function write(changes: Changes, text = ""): Promise<StoreEvent> {
  const [event] = await changes.make(1, (revision) => Promise.resolve([eventAt(revision, text)]));
  return event ?? eventAt(NaN);
}

function watch(changes: Changes, after: number, signal = new AbortController().signal): AsyncIterator<StoreEvent> {
  return changes.watch(after, signal)[Symbol.asyncIterator]();
}

async function revisionsFrom(watcher: AsyncIterator<StoreEvent>, count: number): Promise<(number | undefined)[]> {
  const revisions = [];
  for (let i = 0; i < count; i++) revisions.push((await watcher.next()).value?.entry.revision);
  return revisions;
}

test("changes are told in the order of their numbers, however they end, and answered once they are told", async () => {
  const changes = new Changes(10);
  const [a, b, c, d] = [hold(changes), hold(changes), hold(changes), hold(changes)];
  const watcher = watch(changes, 10);
  const answered = new Set<string>();
  for (const [name, { made }] of Object.entries({ a, b, c, d })) made.then(() => answered.add(name), () => {});
  await c.finish();
  await b.finish(new Error("failed"));
  assert.equal([changes.revision, [...answered]], [10, []]);
  await a.finish();
  assert.equal([changes.revision, [...answered].sort()], [13, ["a", "c"]]);
  await d.finish(new Error("failed"));
  assert.is(changes.revision, 13, "a failed change is not told");
  const last = await write(changes);
  assert.equal(await revisionsFrom(watcher, 3), [11, 13, 15]);
  assert.is(last.entry.revision, changes.revision);
  const reason: unknown = await b.made.catch((error: unknown) => error);
  assert.is(String(reason), "Error: failed");
});

test("a failed change is answered at once, and does not hold up the ones after it", async () => {
  const changes = new Changes(0);
  const [first, second, third] = [hold(changes), hold(changes), hold(changes)];
  await second.finish(new Error("failed"));
  assert.is(String(await second.made.catch((error: unknown) => error)), "Error: failed");
  await first.finish();
  await third.finish();
  assert.is((await third.made)[0]?.entry.revision, 3);
});

test("a failed change that may have happened expires everybody, in its turn", async () => {
  for (const isUndone of [() => Promise.resolve(false), () => Promise.reject(new Error("cannot look"))]) {
    const changes = new Changes(0);
    await write(changes);
    const [first, second] = [hold(changes), hold(changes, isUndone)];
    const waiting = watch(changes, 1);
    const next = rejection("expired", waiting.next());
    await second.finish(new Error("failed"));
    assert.is(changes.revision, 1);
    await first.finish();
    assert.is((await first.made)[0]?.entry.revision, 2);
    await next;
    await rejection("expired", watch(changes, 2).next());
    assert.is(changes.revision, 3);
    const after = watch(changes, 3);
    await write(changes);
    assert.equal(await revisionsFrom(after, 1), [4]);
  }
});

test("changes that belong together have consecutive numbers, and are told in one piece or not at all", async () => {
  const changes = new Changes(0);
  const [a, three, b, two, c] = [
    hold(changes),
    hold(changes, undefined, 3),
    hold(changes),
    hold(changes, undefined, 2),
    hold(changes),
  ];
  const [fromStart, within] = [watch(changes, 0), watch(changes, 2)];
  await b.finish();
  await three.finish();
  assert.is(changes.revision, 0);
  await a.finish();
  assert.is(changes.revision, 5);
  assert.equal((await three.made).map(({ entry }) => entry.revision), [2, 3, 4]);
  await two.finish(new Error("failed"));
  await c.finish();
  assert.is(changes.revision, 8, "what failed has its numbers, and nobody is told");
  assert.equal(await revisionsFrom(fromStart, 6), [1, 2, 3, 4, 5, 8]);
  assert.equal(await revisionsFrom(within, 4), [3, 4, 5, 8], "a watcher may begin in the middle");
});

test("changes that belong together and may have happened in part expire everybody", async () => {
  const changes = new Changes(0);
  const three = hold(changes, () => Promise.resolve(false), 3);
  const waiting = [0, 1, 2].map((after) => rejection("expired", watch(changes, after).next()));
  await three.finish(new Error("failed"));
  await Promise.all(waiting);
  assert.is(changes.revision, 3);
  const after = watch(changes, 3);
  await write(changes);
  assert.equal(await revisionsFrom(after, 1), [4]);
});

test("more changes at once than are remembered leave the last of them", async () => {
  const changes = new Changes(0, { events: 3 });
  const five = hold(changes, undefined, 5);
  await five.finish();
  assert.equal(await revisionsFrom(watch(changes, 2), 3), [3, 4, 5]);
  await rejection("expired", watch(changes, 1).next());
});

test("so many events are remembered, and so much of their text, but always the last", async () => {
  const changes = new Changes(0, { events: 3, text: 100 });
  for (let i = 0; i < 5; i++) await write(changes);
  assert.equal(await revisionsFrom(watch(changes, 2), 3), [3, 4, 5]);
  assert.match((await rejection("expired", watch(changes, 1).next())).message, "too old resource version: 1 (2)");
  await write(changes, "x".repeat(60));
  assert.equal(await revisionsFrom(watch(changes, 3), 3), [4, 5, 6]);
  await write(changes, "x".repeat(41));
  await rejection("expired", watch(changes, 5).next());
  assert.equal(await revisionsFrom(watch(changes, 6), 1), [7]);
  await write(changes, "x".repeat(1000));
  await rejection("expired", watch(changes, 6).next());
  assert.equal(await revisionsFrom(watch(changes, 7), 1), [8]);
});

test("text that is forgotten no longer counts", async () => {
  const changes = new Changes(0, { text: 100 });
  for (let i = 0; i < 20; i++) await write(changes, "x".repeat(30));
  assert.equal(await revisionsFrom(watch(changes, 17), 3), [18, 19, 20]);
  await rejection("expired", watch(changes, 16).next());
});

test("a watcher is cut off when the ring has gone round, and not before", async () => {
  const changes = new Changes(0, { events: 3 });
  const [slow, future] = [watch(changes, 0), watch(changes, 5)];
  await write(changes);
  assert.equal(await revisionsFrom(slow, 1), [1]);
  for (let i = 0; i < 3; i++) await write(changes);
  assert.equal(await revisionsFrom(slow, 1), [2], "nothing that it needs is forgotten");
  for (let i = 0; i < 2; i++) await write(changes);
  await rejection("expired", slow.next());
  assert.equal(await slow.next(), { done: true, value: undefined });
  assert.equal(await revisionsFrom(future, 1), [6], "what it does not need may be forgotten");
});

test("a watcher is one iteration: its two loops share the events, and none is given twice", async () => {
  const changes = new Changes(0);
  const watcher = watch(changes, 0);
  const both = [watcher.next(), watcher.next()];
  for (let i = 0; i < 2; i++) await write(changes);
  assert.equal((await Promise.all(both)).map(({ value }) => value?.entry.revision), [1, 2]);
});

test("nothing is left of watchers that are aborted, returned or expired", async () => {
  const changes = new Changes(0, { events: 10 });
  const controller = new AbortController();
  const [{ signal }, added] = [controller, new Set<unknown>()];
  signal.addEventListener = (_: string, listener: unknown) => void added.add(listener);
  signal.removeEventListener = (_: string, listener: unknown) => void added.delete(listener);
  const returned = Array.from({ length: 100 }, () => watch(changes, 0, signal));
  const nexts = returned.map((watcher) => watcher.next());
  await settle();
  assert.equal([changes.waiting, added.size], [100, 100]);
  for (const watcher of returned) await watcher.return?.();
  assert.ok((await Promise.all(nexts)).every(({ done }) => done));
  assert.equal([changes.waiting, added.size], [0, 0]);
  const read = watch(changes, 0, signal);
  const waiting = read.next();
  await write(changes);
  await waiting;
  assert.equal([changes.waiting, added.size], [0, 0], "one that does not wait leaves nothing there");
});

test("200 watchers of 5,000 changes each get all of them in no time", async () => {
  const changes = new Changes(0);
  const controllers = Array.from({ length: 200 }, () => new AbortController());
  let read = 0;
  const watching = controllers.map(async ({ signal }) => {
    let last = 0;
    for await (const { entry } of changes.watch(0, signal)) {
      assert.is(entry.revision, ++last);
      read++;
    }
  });
  const started = performance.now();
  for (let i = 0; i < 5000; i++) await write(changes, "x".repeat(5000));
  for (let i = 0; i < 100 && read < 1_000_000; i++) await settle();
  assert.is(read, 1_000_000);
  assert.ok(performance.now() - started < 30_000);
  for (const controller of controllers) controller.abort();
  await Promise.all(watching);
  assert.is(changes.waiting, 0);
});

test.run();
