import { test } from "uvu";
import * as assert from "uvu/assert";
import type { ErrorCode } from "../../src/errors.ts";
import type { Change, Store } from "../../src/store/store.ts";
import { rejection } from "../fakes.ts";
import { contentOf, eventsAfter, lineOf, seeded, textOf, theOneOf } from "./store_texts.ts";

const create = (name: string, body: string): Change => ({ type: "create", name, text: textOf(name, body) });
const update = (name: string, body: string, revision: number): Change => ({
  type: "update",
  name,
  text: textOf(name, body),
  revision,
});
const remove = (name: string, revision: number): Change => ({ type: "delete", name, revision });
const KINDS = ["nonce", "token"];

/** A store with `a` at 1, `token/x` at 2 and `nonce/1` at 3. */
async function withThree(store: Store): Promise<Store> {
  for (const key of ["a", "token/x", "nonce/1"]) await store.create(key, textOf(key, "old"));
  return store;
}

/** The part of the suite that is about `commit`. */
export function storeCommitContract(name: string, makeStore: () => Promise<Store>): void {
  test(`${name}: commit makes all its changes, at revisions that follow each other, and tells them in order`, async () => {
    const store = await withThree(await makeStore());
    const [fromBefore, later] = [eventsAfter(store, 3, 4), eventsAfter(store, 4, 3)];
    const entries = await store.commit([
      create("z", "new"),
      update("token/x", "new", 2),
      remove("a", 1),
      create("certificate/1", "new"),
    ]);
    assert.equal(entries, [
      { name: "z", text: textOf("z", "new")(4), revision: 4 },
      { name: "token/x", text: textOf("token/x", "new")(5), revision: 5 },
      { name: "a", text: textOf("a", "old")(1), revision: 6 },
      { name: "certificate/1", text: textOf("certificate/1", "new")(7), revision: 7 },
    ]);
    assert.is(store.revision, 7);
    const lines = [
      "created z 4: undefined -> new",
      "updated token/x 5: old -> new",
      "deleted a 6: old -> old",
      "created certificate/1 7: undefined -> new",
    ];
    assert.equal((await fromBefore).map(lineOf), lines);
    assert.equal((await later).map(lineOf), lines.slice(1));
    assert.equal((await fromBefore).map(({ entry }) => entry), entries);
    assert.equal(await contentOf(store, ["certificate", ...KINDS]), {
      "z": "new",
      "certificate/1": "new",
      "nonce/1": "old",
      "token/x": "new",
    });
    assert.is(await store.get("a"), undefined);
    assert.is((await store.create("a", textOf("a", "again"))).revision, 8);
  });

  test(`${name}: a commit of nothing is nothing, one of one is what the methods are`, async () => {
    const store = await withThree(await makeStore());
    assert.equal(await store.commit([]), []);
    assert.is(store.revision, 3);
    assert.equal(await store.commit([update("a", "new", 1)]), [await store.get("a")]);
    assert.equal((await eventsAfter(store, 3, 1)).map(lineOf), ["updated a 4: old -> new"]);
  });

  test(`${name}: a commit of which one change cannot be made makes none, wherever that one stands`, async () => {
    const store = await withThree(await makeStore());
    const before = await contentOf(store, KINDS);
    const bad: [ErrorCode, Change][] = [
      ["already-exists", create("a", "x")],
      ["already-exists", create("token/x", "x")],
      ["conflict", update("a", "x", 2)],
      ["conflict", update("token/x", "x", 0)],
      ["conflict", remove("nonce/1", NaN)],
      ["not-found", update("b", "x", 1)],
      ["not-found", remove("token/y", 2)],
      ["unsafe-path", create("../x", "x")],
      ["unsafe-path", update("token/../x", "x", 1)],
      ["unsafe-path", remove("", 1)],
    ];
    const good = [create("n1", "x"), create("token/n2", "x")];
    for (const [code, change] of bad) {
      for (let at = 0; at <= good.length; at++) {
        const error = await rejection(code, store.commit([...good.slice(0, at), change, ...good.slice(at)]));
        if (code !== "unsafe-path") assert.ok(error.message.startsWith(JSON.stringify(change.name)), error.message);
      }
    }
    // good ones that would be made of what is there, beside one that cannot
    await rejection("conflict", store.commit([update("a", "x", 1), remove("nonce/1", 3), update("token/x", "x", 1)]));
    // the first says why
    await rejection("not-found", store.commit([update("b", "x", 1), create("a", "x")]));
    assert.equal(await contentOf(store, KINDS), before);
    assert.is(store.revision, 3);
    await store.create("later", textOf("later", "x"));
    assert.is((await eventsAfter(store, 3, 1))[0]?.entry.name, "later", "nothing was told");
  });

  test(`${name}: a commit with one name twice, or a text that cannot be made, makes nothing`, async () => {
    const store = await withThree(await makeStore());
    const before = await contentOf(store, KINDS);
    const broken: Change = {
      type: "create",
      name: "b",
      text: () => {
        throw new TypeError("no text");
      },
    };
    const commits = [
      [create("n", "x"), create("n", "y")],
      [remove("a", 1), create("a", "x")],
      [create("n", "x"), update("a", "x", 1), remove("nonce/1", 3), broken],
      [broken, create("n", "x")],
    ];
    for (const changes of commits) {
      const error: unknown = await store.commit(changes).catch((error: unknown) => error);
      assert.instance(error, TypeError);
    }
    assert.equal(await contentOf(store, KINDS), before);
    assert.is(store.revision, 3);
    const [entry] = await store.commit([create("n", "x"), update("a", "y", 1)]);
    assert.equal((await eventsAfter(store, 3, 1))[0]?.entry, entry);
  });

  test(`${name}: of 100 commits at once that use one token exactly one succeeds`, async () => {
    const store = await withThree(await makeStore());
    const results = await Promise.allSettled(Array.from({ length: 100 }, (_, i) => {
      const changes = [update("token/x", `used by ${i}`, 2), create(`n${i}`, `${i}`)];
      return store.commit(i % 2 === 0 ? changes : changes.reverse());
    }));
    const entries = theOneOf(results);
    for (const result of results) {
      if (result.status === "rejected") await rejection("conflict", Promise.reject(result.reason));
    }
    assert.equal((await eventsAfter(store, 3, 2)).map(({ entry }) => entry), entries);
    for (const entry of entries) assert.equal(await store.get(entry.name), entry);
    assert.is((await store.list({ prefix: "n" })).entries.length, 1);
    assert.is(store.revision, entries[1]?.revision);
  });

  test(`${name}: commits of names that overlap, in any order, neither wait for each other nor mix`, async () => {
    const [store, random] = [await makeStore(), seeded(11)];
    const keys = ["a", "b", "token/a", "token/b", "nonce/a"];
    for (const key of keys) await store.create(key, textOf(key, "0"));
    let made = 0;
    await Promise.all(Array.from({ length: 20 }, async (_, worker) => {
      for (let round = 0; round < 5; round++) {
        const start = random(keys.length);
        const step = 1 + random(4);
        const chosen = Array.from({ length: 1 + random(4) }, (_, i) => keys[(start + i * step) % keys.length] ?? "");
        const present = await Promise.all(chosen.map((key) => store.get(key)));
        const body = `${worker}.${round}`;
        const changes = chosen.map((key, i) => update(key, body, present[i]?.revision ?? -1));
        const entries = await store.commit(changes).catch((error: unknown) =>
          rejection("conflict", Promise.reject(error))
        );
        if (Array.isArray(entries)) made += entries.length;
      }
    }));
    assert.ok(made > 0);
    const events = await eventsAfter(store, keys.length, made);
    assert.is(events.at(-1)?.entry.revision, store.revision);
    const copy = new Map(keys.map((key, i) => [key, textOf(key, "0")(i + 1)]));
    const bodies = new Map<string, number[]>();
    for (const { entry, previous } of events) {
      assert.is(previous, copy.get(entry.name), "each is made of what the one before left");
      copy.set(entry.name, entry.text);
      const body = entry.text.slice(entry.text.indexOf("\n"));
      bodies.set(body, [...bodies.get(body) ?? [], entry.revision]);
    }
    for (const key of keys) assert.is((await store.get(key))?.text, copy.get(key));
    for (const revisions of bodies.values()) {
      assert.is((revisions.at(-1) ?? 0) - (revisions[0] ?? 0), revisions.length - 1, "nothing stands between them");
    }
  });

  test(`${name}: once a change of a commit is told, all of them are there`, async () => {
    const store = await withThree(await makeStore());
    const first = (async () => {
      for await (const { entry } of store.watch(3, new AbortController().signal)) {
        assert.is(entry.name, "n1");
        return await Promise.all(["n1", "token/n2", "nonce/n3"].map((key) => store.get(key)));
      }
      return [];
    })();
    const entries = await store.commit([create("n1", "x"), create("token/n2", "x"), create("nonce/n3", "x")]);
    assert.equal(await first, entries);
  });
}
