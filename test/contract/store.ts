/** What every {@link Store} must do, whatever it keeps its entries in. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Store } from "../../src/store/store.ts";
import { rejection } from "../fakes.ts";
import { storeCommitContract } from "./store_commit.ts";
import { storeKindContract } from "./store_kinds.ts";
import { storeListContract } from "./store_list.ts";
import { storeModelContract } from "./store_model.ts";
import { bodyOf, eventsAfter, textOf, theOneOf } from "./store_texts.ts";
import { storeWatchContract } from "./store_watch.ts";

/** Names that are good, and that a careless store takes for each other or for something else. */
const NAMES = [
  "a",
  "A",
  "system:etcd-peer:etcd1",
  "system:etcd-peer:etcd1-0a1b2c3d",
  "system%3Aetcd".replace("%", "_"),
  "...",
  "..a",
  ".a",
  "a.",
  "a ",
  " a",
  "con",
  "C:x",
  "a\\b",
  "a'b",
  "a*b",
  "a@b",
  "ü",
  "u\u0308",
  "~",
  "$x",
  "__proto__",
  "constructor",
  "toString",
  "x".repeat(200),
  "x".repeat(201),
  "x".repeat(253),
  `${"x".repeat(252)}y`,
  "é".repeat(126),
  "é".repeat(100),
  "sha256-" + "0".repeat(64),
  "revision",
  ".revision",
  ".x.tmp",
];

/** Names that are none. */
const BAD_NAMES = [
  "",
  ".",
  "..",
  "A/b",
  "a/b/c",
  "a/",
  "a/.",
  "a/..",
  "a/%",
  `a/${"x".repeat(254)}`,
  `${"a".repeat(21)}/b`,
  "revision/a",
  "proto_/a",
  "a1/b",
  "./a",
  "../x",
  "/x",
  "a%2Fb",
  "%",
  "%sha256-00",
  "a\0b",
  "a\nb",
  "\u202ea",
  "\u2028",
  "\ud800",
  "x".repeat(254),
  "é".repeat(127),
];

/** Texts that must come back as they are. */
const TEXTS = ["{}\n", "", "x", "ü€😀\0\r\n", "\ufeffx", "y".repeat(300_000)];

/**
 * Registers the suite.
 *
 * @param makeStore gives an empty store each time
 */
export function storeContract(name: string, makeStore: () => Promise<Store>): void {
  test(`${name}: create keeps an entry under every name, and get gives it back`, async () => {
    const store = await makeStore();
    for (const [index, key] of NAMES.entries()) {
      assert.is(await store.get(key), undefined, key);
      const created = await store.create(key, textOf(key, `text ${index}`));
      assert.is(bodyOf(created.text), `text ${index}`);
      assert.is(created.name, key);
    }
    for (const [index, key] of NAMES.entries()) assert.is(bodyOf((await store.get(key))?.text), `text ${index}`, key);
    assert.equal((await store.list()).entries.map((entry) => entry.name).sort(), [...NAMES].sort());
  });

  test(`${name}: texts come back as they are`, async () => {
    const store = await makeStore();
    for (const [index, text] of TEXTS.entries()) {
      const created = await store.create(`t${index}`, textOf(`t${index}`, text));
      assert.equal(await store.get(`t${index}`), created);
      assert.is(bodyOf(created.text), text);
    }
  });

  test(`${name}: names that are none are refused, in every method`, async () => {
    const store = await makeStore();
    for (const key of BAD_NAMES) {
      const about = JSON.stringify(key.slice(0, 300));
      const error = await rejection("unsafe-path", store.create(key, textOf(key, "x")));
      assert.ok(error.message.startsWith(`Cannot store under ${about}: name may not `), error.message);
      await rejection("unsafe-path", store.get(key));
      await rejection("unsafe-path", store.update(key, textOf(key, "x"), 1));
      await rejection("unsafe-path", store.delete(key, 1));
    }
    assert.is(store.revision, 0);
  });

  test(`${name}: revisions grow by one from 1, over all entries, and a text is given its own`, async () => {
    const store = await makeStore();
    assert.is(store.revision, 0);
    const a = await store.create("a", textOf("a", "1"));
    assert.equal([a.revision, store.revision], [1, 1]);
    assert.is(a.text, '1 "a"\n1');
    const b = await store.create("b", textOf("b", "1"));
    assert.equal([b.revision, store.revision], [2, 2]);
    const later = await store.update("a", textOf("a", "2"), a.revision);
    assert.equal([later.revision, later.text], [3, '3 "a"\n2']);
    assert.is((await store.delete("b", b.revision)).revision, 4);
    assert.is(store.revision, 4);
    assert.equal(await store.get("a"), later);
  });

  test(`${name}: create refuses a name that is taken, and leaves what is there`, async () => {
    const store = await makeStore();
    const created = await store.create("a", textOf("a", "first"));
    const error = await rejection("already-exists", store.create("a", textOf("a", "second")));
    assert.is(error.message, '"a" already exists');
    assert.equal(await store.get("a"), created);
  });

  test(`${name}: of many creates of one name at once exactly one succeeds`, async () => {
    const store = await makeStore();
    const results = await Promise.allSettled(
      Array.from({ length: 100 }, (_, i) => store.create("a", textOf("a", `text ${i}`))),
    );
    const entry = theOneOf(results);
    assert.equal(await store.get("a"), entry);
    assert.equal(await eventsAfter(store, 0, 1), [{ type: "created", entry, previous: undefined }]);
    assert.is(store.revision, entry.revision, "those that came too late are no changes");
    for (const result of results) {
      if (result.status === "rejected") await rejection("already-exists", Promise.reject(result.reason));
    }
  });

  test(`${name}: update replaces an entry at its revision`, async () => {
    const store = await makeStore();
    const first = await store.create("a", textOf("a", "first"));
    const second = await store.update("a", textOf("a", "second"), first.revision);
    assert.is(bodyOf(second.text), "second");
    assert.equal(await store.get("a"), second);
    const third = await store.update("a", textOf("a", "third"), second.revision);
    assert.equal(await store.get("a"), third);
  });

  test(`${name}: update and delete at another revision are a conflict, and change nothing`, async () => {
    const store = await makeStore();
    const first = await store.create("a", textOf("a", "first"));
    const second = await store.update("a", textOf("a", "second"), first.revision);
    for (const revision of [first.revision, 0, -1, second.revision + 1, NaN]) {
      const error = await rejection("conflict", store.update("a", textOf("a", "late"), revision));
      assert.match(error.message, /^"a" has been modified/);
      await rejection("conflict", store.delete("a", revision));
    }
    assert.equal(await store.get("a"), second);
    assert.is(store.revision, 2);
  });

  test(`${name}: of many updates and deletes of one revision at once exactly one succeeds`, async () => {
    const store = await makeStore();
    const { revision } = await store.create("a", textOf("a", "first"));
    const changes = Array.from({ length: 50 }, (_, i) => async () => {
      return i % 7 === 3 ? await store.delete("a", revision) : await store.update("a", textOf("a", `${i}`), revision);
    });
    const results = await Promise.allSettled(changes.map((change) => change()));
    assert.equal(await store.get("a"), theOneOf(results));
    for (const result of results) {
      if (result.status === "rejected") await rejection("conflict", Promise.reject(result.reason));
    }
  });

  test(`${name}: delete gives what was there at the deletion's revision, and the name is free`, async () => {
    const store = await makeStore();
    const created = await store.create("a", textOf("a", "first"));
    assert.equal(await store.delete("a", created.revision), { name: "a", text: created.text, revision: 2 });
    assert.is(await store.get("a"), undefined);
    assert.equal((await store.list()).entries, []);
    await rejection("not-found", store.delete("a", created.revision));
    const again = await store.create("a", textOf("a", "second"));
    assert.is(again.revision, 3);
    assert.equal(await store.get("a"), again);
  });

  test(`${name}: update and delete of nothing are not-found, and make nothing`, async () => {
    const store = await makeStore();
    const error = await rejection("not-found", store.update("a", textOf("a", "x"), 1));
    assert.is(error.message, '"a" not found');
    await rejection("not-found", store.delete("a", 0));
    assert.is(await store.get("a"), undefined);
  });

  test(`${name}: a text that cannot be made changes nothing and blocks nothing`, async () => {
    const store = await makeStore();
    const broken = (): never => {
      throw new TypeError("no text");
    };
    const entry = await store.create("a", textOf("a", "x"));
    const results = await Promise.allSettled([
      store.create("b", broken),
      store.update("a", broken, entry.revision),
      store.create("c", textOf("c", "y")),
    ]);
    assert.equal(results.map(({ status }) => status), ["rejected", "rejected", "fulfilled"]);
    assert.equal(await store.get("a"), entry);
    assert.is(await store.get("b"), undefined);
    assert.is(store.revision, (await store.get("c"))?.revision);
    await store.update("a", textOf("a", "z"), entry.revision);
  });

  test(`${name}: entries do not touch each other`, async () => {
    const store = await makeStore();
    const keys = Array.from({ length: 50 }, (_, i) => `n${i}`);
    const entries = await Promise.all(keys.map((key) => store.create(key, textOf(key, "old"))));
    await Promise.all(
      entries.map((entry, i) => i % 2 === 0 ? store.update(`n${i}`, textOf(`n${i}`, "new"), entry.revision) : entry),
    );
    for (const [i, key] of keys.entries()) {
      assert.is(bodyOf((await store.get(key))?.text), i % 2 === 0 ? "new" : "old");
    }
  });

  storeListContract(name, makeStore);
  storeKindContract(name, makeStore);
  storeCommitContract(name, makeStore);
  storeWatchContract(name, makeStore);
  storeModelContract(name, makeStore);
}
