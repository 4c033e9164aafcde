import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Store } from "../../src/store/store.ts";
import { rejection } from "../fakes.ts";
import { contentOf, eventsAfter, lineOf, textOf } from "./store_texts.ts";

/** In the order of their code points; the last is one whose own name is too long for a file. */
const NAMES = ["a/x", "token/.a", "token/A", "token/a", "token/a:b", "token/x", `token/${"x".repeat(253)}`, "x"];
const TOKENS = NAMES.filter((name) => name.startsWith("token/"));

/** The part of the suite that is about entries of kinds. */
export function storeKindContract(name: string, makeStore: () => Promise<Store>): void {
  test(`${name}: entries of kinds are kept as others are, and are others than those of the same name`, async () => {
    const store = await makeStore();
    for (const key of NAMES) {
      assert.is(await store.get(key), undefined, key);
      await rejection("not-found", store.update(key, textOf(key, "x"), 1));
      const created = await store.create(key, textOf(key, `body of ${key}`));
      assert.is(created.name, key);
      assert.equal(await store.get(key), created);
      await rejection("already-exists", store.create(key, textOf(key, "x")));
    }
    const entry = await store.update("token/x", textOf("token/x", "new"), (await store.get("token/x"))?.revision ?? 0);
    assert.equal(await store.get("token/x"), entry);
    await store.delete("a/x", (await store.get("a/x"))?.revision ?? 0);
    const content = await contentOf(store, ["a", "token"]);
    assert.equal(content, {
      ...Object.fromEntries(NAMES.slice(1).map((key) => [key, `body of ${key}`])),
      "token/x": "new",
    });
  });

  test(`${name}: list gives one kind, or the plain ones, whole names in their order`, async () => {
    const store = await makeStore();
    assert.equal(await store.list({ kind: "token" }), { entries: [], revision: 0, remaining: 0 });
    for (const key of [...NAMES].reverse()) await store.create(key, textOf(key, "x"));
    const names = async (options: Parameters<Store["list"]>[0]): Promise<unknown> => {
      const { entries, remaining } = await store.list(options);
      return [...entries.map((entry) => entry.name), remaining];
    };
    assert.equal(await names({}), ["x", 0]);
    assert.equal(await names({ kind: "a" }), ["a/x", 0]);
    assert.equal(await names({ kind: "b" }), [0]);
    assert.equal(await names({ kind: "token" }), [...TOKENS, 0]);
    assert.equal(await names({ kind: "token", limit: 2 }), ["token/.a", "token/A", 4]);
    assert.equal(await names({ kind: "token", from: "token/A\0", limit: 1 }), ["token/a", 3]);
    assert.equal(await names({ kind: "token", prefix: "token/a" }), ["token/a", "token/a:b", 0]);
    assert.equal(await names({ kind: "token", prefix: "a" }), [0]);
    assert.equal(await names({ prefix: "token/" }), [0], "no kind, no entries of one");
    for (const { name: key, ...entry } of (await store.list({ kind: "token" })).entries) {
      assert.equal(await store.get(key), { name: key, ...entry });
    }
  });

  test(`${name}: what is no kind cannot be listed`, async () => {
    const store = await makeStore();
    for (const kind of ["", ".", "..", "a/b", "A", "a1", "revision", "a".repeat(21), "../x", "token/"]) {
      const error: unknown = await store.list({ kind }).catch((error: unknown) => error);
      assert.instance(error, TypeError, kind);
    }
  });

  test(`${name}: watch tells changes of every kind, under one row of revisions`, async () => {
    const store = await makeStore();
    const watching = eventsAfter(store, 0, 4);
    await store.create("token/x", textOf("token/x", "1"));
    await store.create("x", textOf("x", "2"));
    await store.create("a/x", textOf("a/x", "3"));
    await store.delete("token/x", 1);
    assert.equal((await watching).map(lineOf), [
      "created token/x 1: undefined -> 1",
      "created x 2: undefined -> 2",
      "created a/x 3: undefined -> 3",
      "deleted token/x 4: 1 -> 1",
    ]);
  });
}
