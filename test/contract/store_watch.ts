import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Store, StoreEvent } from "../../src/store/store.ts";
import { rejection } from "../fakes.ts";
import { eventsAfter, lineOf, textOf } from "./store_texts.ts";

const never = (): AbortSignal => new AbortController().signal;

/** Lets everything that can go on go on. */
const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));

/** The part of the suite that is about `watch`. */
export function storeWatchContract(name: string, makeStore: () => Promise<Store>): void {
  test(`${name}: watch tells what was created, updated and deleted, from any revision on`, async () => {
    const store = await makeStore();
    const first = await store.create("a", textOf("a", "1"));
    const second = await store.update("a", textOf("a", "2"), first.revision);
    await store.delete("a", second.revision);
    await store.create("b", textOf("b", "1"));
    const lines = [
      "created a 1: undefined -> 1",
      "updated a 2: 1 -> 2",
      "deleted a 3: 2 -> 2",
      "created b 4: undefined -> 1",
    ];
    for (let after = 0; after < 4; after++) {
      assert.equal((await eventsAfter(store, after, 4 - after)).map(lineOf), lines.slice(after));
    }
    const [, update, deletion] = await eventsAfter(store, 0, 3);
    assert.equal(update?.entry, second);
    assert.equal(deletion?.entry, { ...second, revision: 3 });
    assert.is(deletion?.previous, second.text);
  });

  test(`${name}: under load every watcher gets every change once, in the order of revisions`, async () => {
    const store = await makeStore();
    const changes = 10 * 6;
    const watching = Array.from({ length: 5 }, () => eventsAfter(store, 0, changes));
    const late: Promise<StoreEvent[]>[] = [];
    await Promise.all(Array.from({ length: 10 }, async (_, i) => {
      const key = `n${i}`;
      for (let round = 0; round < 2; round++) {
        const { revision } = await store.create(key, textOf(key, "1"));
        // of two at once one fails
        const both = await Promise.allSettled([
          store.update(key, textOf(key, "2"), revision),
          store.update(key, textOf(key, "3"), revision),
        ]);
        const [won] = both.flatMap((result) => result.status === "fulfilled" ? [result.value] : []);
        late.push(eventsAfter(store, 0, changes));
        await store.delete(key, won?.revision ?? -1);
      }
    }));
    const all = await Promise.all([...watching, ...late]);
    for (const events of all) {
      const revisions = events.map(({ entry }) => entry.revision);
      assert.equal(revisions, [...new Set(revisions)].sort((a, b) => a - b));
      for (let i = 0; i < 10; i++) {
        const types = events.filter(({ entry }) => entry.name === `n${i}`).map(({ type }) => type);
        assert.equal(types, ["created", "updated", "deleted", "created", "updated", "deleted"]);
      }
    }
    assert.is(store.revision, all[0]?.at(-1)?.entry.revision);
  });

  test(`${name}: create and delete of one name at once are told in the order in which they happened`, async () => {
    const store = await makeStore();
    for (let round = 0; round < 10; round++) {
      const before = store.revision;
      const { revision } = await store.create("a", textOf("a", `${round}`));
      const results = await Promise.allSettled([
        store.delete("a", revision),
        store.create("a", textOf("a", "again")),
        store.create("a", textOf("a", "again")),
      ]);
      const made = results.filter(({ status }) => status === "fulfilled").length;
      const events = await eventsAfter(store, before, 1 + made);
      const last = events.at(-1);
      const present = await store.get("a");
      assert.equal(present, last?.type === "deleted" ? undefined : last?.entry);
      assert.equal(events.map(({ type }) => type), ["created", "deleted", "created"].slice(0, 1 + made));
      if (present !== undefined) await store.delete("a", present.revision);
    }
  });

  test(`${name}: a failed change tells nothing`, async () => {
    const store = await makeStore();
    const { revision } = await store.create("a", textOf("a", "1"));
    await rejection("already-exists", store.create("a", textOf("a", "2")));
    await rejection("conflict", store.update("a", textOf("a", "2"), revision + 1));
    await rejection("not-found", store.delete("b", revision));
    assert.is(store.revision, revision);
    await store.create("c", textOf("c", "1"));
    assert.equal((await eventsAfter(store, 0, 2)).map(({ entry }) => entry.name), ["a", "c"]);
  });

  test(`${name}: a revision that is still to come is waited for`, async () => {
    const store = await makeStore();
    const iterator = store.watch(2, never())[Symbol.asyncIterator]();
    const next = iterator.next();
    let isDone = false;
    void next.then(() => isDone = true);
    for (const key of ["a", "b"]) await store.create(key, textOf(key, "1"));
    await settle();
    assert.not(isDone);
    const c = await store.create("c", textOf("c", "1"));
    assert.equal((await next).value?.entry, c);
  });

  test(`${name}: a watcher that is read only later misses nothing of what came after its revision`, async () => {
    const store = await makeStore();
    await store.create("a", textOf("a", "1"));
    const { revision } = await store.list();
    const watcher = store.watch(revision, never())[Symbol.asyncIterator]();
    await store.create("b", textOf("b", "1"));
    await store.create("c", textOf("c", "1"));
    assert.is((await watcher.next()).value?.entry.name, "b");
    assert.is((await watcher.next()).value?.entry.name, "c");
  });

  test(`${name}: abort ends a watcher that waits, one that is not read, and one from before`, async () => {
    const store = await makeStore();
    await store.create("a", textOf("a", "1"));
    const controller = new AbortController();
    const waiting = store.watch(1, controller.signal)[Symbol.asyncIterator]();
    const next = waiting.next();
    const idle = store.watch(0, controller.signal)[Symbol.asyncIterator]();
    await settle();
    controller.abort();
    assert.equal(await next, { done: true, value: undefined });
    assert.equal(await idle.next(), { done: true, value: undefined });
    assert.equal(await store.watch(0, controller.signal)[Symbol.asyncIterator]().next(), {
      done: true,
      value: undefined,
    });
    await store.create("b", textOf("b", "1"));
    assert.equal(await waiting.next(), { done: true, value: undefined });
  });

  test(`${name}: return ends a watcher, also while a next of it waits`, async () => {
    const store = await makeStore();
    const iterator = store.watch(0, never())[Symbol.asyncIterator]();
    const next = iterator.next();
    await settle();
    assert.equal(await iterator.return?.(), { done: true, value: undefined });
    assert.equal(await next, { done: true, value: undefined });
    await store.create("a", textOf("a", "1"));
    assert.equal(await iterator.next(), { done: true, value: undefined });
  });

  test(`${name}: a watcher from before what is remembered, or that falls behind it, is expired once`, async () => {
    const store = await makeStore();
    const slow = store.watch(0, never())[Symbol.asyncIterator]();
    let { revision } = await store.create("a", textOf("a", ""));
    assert.is((await slow.next()).value?.entry.revision, 1);
    const { revision: second } = await store.update("a", textOf("a", "2"), revision);
    revision = second;
    // 20 changes of 4 MiB before and after are more than is remembered
    const body = "y".repeat(3_900_000);
    for (let i = 0; i < 20; i++) ({ revision } = await store.update("a", textOf("a", body + i), revision));
    const error = await rejection("expired", slow.next());
    assert.match(error.message, /^too old resource version: 1 \(\d+\)$/);
    assert.equal(await slow.next(), { done: true, value: undefined });
    await rejection("expired", store.watch(0, never())[Symbol.asyncIterator]().next());
    await rejection("expired", eventsAfter(store, -1, 1));
    assert.is((await eventsAfter(store, revision - 1, 1))[0]?.entry.revision, revision);
  });
}
