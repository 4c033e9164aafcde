import { test } from "uvu";
import * as assert from "uvu/assert";
import type { ListOptions, Store } from "../../src/store/store.ts";
import { bodyOf, eventsAfter, textOf } from "./store_texts.ts";

/** In the order of their code points; U+FF61 comes after U+1F600 where UTF-16 units are compared. */
const SORTED = ["A", "a", "a b", "a.b", "a:1", "aa", "b", "x".repeat(253), "~", "é", "\uff61", "\u{1f600}"];

async function withNames(store: Store, names: readonly string[] = SORTED): Promise<Store> {
  for (const name of [...names].sort().reverse()) await store.create(name, textOf(name, "x"));
  return store;
}

/** The part of the suite that is about `list`. */
export function storeListContract(name: string, makeStore: () => Promise<Store>): void {
  test(`${name}: list gives all entries as they are, by the code points of their names`, async () => {
    const store = await makeStore();
    assert.equal(await store.list(), { entries: [], revision: 0, remaining: 0 });
    await withNames(store);
    const { entries, revision, remaining } = await store.list();
    assert.equal(entries.map((entry) => entry.name), SORTED);
    assert.equal([revision, remaining], [SORTED.length, 0]);
    for (const entry of entries) assert.equal(await store.get(entry.name), entry);
  });

  test(`${name}: list takes prefix, from and limit together, and counts what remains`, async () => {
    const store = await withNames(await makeStore());
    const options: ListOptions[] = [];
    for (const prefix of [undefined, "", "a", "a:", "x", "\ud83d", "none"]) {
      for (const from of [undefined, "", "a", "a\0", "a b\0", "b", "\uff61", "\uff61\0", "\u{1f600}", "\u{1f601}"]) {
        for (const limit of [undefined, 0, 1, 2, 11, 12, 100]) {
          options.push({
            ...prefix === undefined ? {} : { prefix },
            ...from === undefined ? {} : { from },
            ...limit === undefined ? {} : { limit },
          });
        }
      }
    }
    for (const one of options) {
      const { prefix = "", from, limit = Infinity } = one;
      // `from` is one of the names or right after one, so its place is known without comparing
      const first = SORTED.findIndex((key) => from === undefined || from === "" || from === key || from === `${key}\0`);
      const start = from === "\u{1f601}" ? SORTED.length : from?.endsWith("\0") ? first + 1 : first;
      const all = SORTED.slice(start).filter((key) => key.startsWith(prefix));
      const { entries, remaining } = await store.list(one);
      assert.equal(entries.map((entry) => entry.name), all.slice(0, limit), JSON.stringify(one));
      assert.is(remaining, Math.max(0, all.length - limit), JSON.stringify(one));
    }
  });

  test(`${name}: pages give every entry once that is there all the time, whatever changes between them`, async () => {
    const store = await makeStore();
    const names = Array.from({ length: 60 }, (_, i) => `n${String(i).padStart(2, "0")}`);
    await withNames(store, names);
    const seen: string[] = [];
    let [from, step] = ["", 0];
    for (;;) {
      const { entries, remaining } = await store.list({ from, limit: 7 });
      seen.push(...entries.map((entry) => entry.name));
      const last = entries.at(-1)?.name ?? "";
      if (remaining === 0) break;
      from = `${last}\0`;
      // the last of the page goes, and one before and one after come
      await store.delete(last, (await store.get(last))?.revision ?? -1);
      await store.create(`a${step}`, textOf(`a${step}`, "new"));
      await store.create(`n${last.slice(1)}x`, textOf(`n${last.slice(1)}x`, "new"));
      step++;
    }
    assert.equal(seen.filter((key) => !key.endsWith("x")), names);
    assert.is(new Set(seen).size, seen.length);
  });

  test(`${name}: what is watched from a listing's revision makes up for all that it does not show`, async () => {
    const store = await makeStore();
    const names = Array.from({ length: 40 }, (_, i) => `n${i}`);
    const written = names.map(async (key, i) => {
      const { revision } = await store.create(key, textOf(key, "1"));
      const second = await store.update(key, textOf(key, "2"), revision);
      if (i % 4 === 0) await store.delete(key, second.revision);
    });
    const done = Promise.all(written);
    const listings = [await store.list()];
    let isDone = false;
    void done.finally(() => isDone = true);
    while (!isDone) {
      listings.push(await store.list());
      await new Promise((resolve) => setTimeout(resolve));
    }
    await done;
    const truth = new Map((await store.list()).entries.map((entry) => [entry.name, entry.text]));
    assert.is(truth.size, 30);
    for (const { entries, revision } of listings) {
      const copy = new Map(entries.map((entry) => [entry.name, entry.text]));
      for (const { type, entry } of await eventsAfter(store, revision, store.revision - revision)) {
        if (type === "deleted") copy.delete(entry.name);
        else copy.set(entry.name, entry.text);
      }
      assert.equal(new Map([...copy].sort()), new Map([...truth].sort()));
    }
  });

  test(`${name}: store.revision names no change that get and list do not show`, async () => {
    const store = await makeStore();
    const known = new Map<number, string>();
    const write = async (key: string): Promise<void> => {
      for (let i = 0, revision = 0; i < 5; i++) {
        const text = textOf(key, `${i}`);
        ({ revision } = i === 0 ? await store.create(key, text) : await store.update(key, text, revision));
        known.set(revision, key);
        assert.ok(store.revision >= revision, "told before it is answered");
      }
    };
    let isDone = false;
    const writing = Promise.all(Array.from({ length: 10 }, (_, i) => write(`n${i}`))).finally(() => isDone = true);
    const checks: [number, readonly { readonly revision: number; readonly name: string }[]][] = [];
    while (!isDone) {
      const { revision } = store;
      checks.push([revision, (await store.list()).entries]);
      await new Promise((resolve) => setTimeout(resolve));
    }
    await writing;
    for (const [revision, entries] of checks) {
      for (const [made, key] of known) {
        const listed = entries.find((entry) => entry.name === key);
        if (made <= revision) assert.ok((listed?.revision ?? 0) >= made, `${key} at ${made}, told ${revision}`);
      }
    }
    assert.is(bodyOf((await store.get("n0"))?.text), "4");
  });
}
