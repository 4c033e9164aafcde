/** What every {@link Store} must do, whatever it keeps its entries in. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Store } from "../../src/store/store.ts";
import { rejection } from "../fakes.ts";

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
];

/** Names that are none. */
const BAD_NAMES = [
  "",
  ".",
  "..",
  "a/b",
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
const TEXTS = ["{}\n", "", "x", "ü€😀\0\r\n", "y".repeat(300_000)];

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
      const created = await store.create(key, `text ${index}`);
      assert.is(created.text, `text ${index}`);
    }
    for (const [index, key] of NAMES.entries()) assert.is((await store.get(key))?.text, `text ${index}`, key);
  });

  test(`${name}: texts come back as they are`, async () => {
    const store = await makeStore();
    for (const [index, text] of TEXTS.entries()) {
      const created = await store.create(`t${index}`, text);
      assert.equal(await store.get(`t${index}`), created);
      assert.is(created.text, text);
    }
  });

  test(`${name}: names that are none are refused, in every method`, async () => {
    const store = await makeStore();
    for (const key of BAD_NAMES) {
      const about = JSON.stringify(key.slice(0, 300));
      const error = await rejection("unsafe-path", store.create(key, "x"));
      assert.ok(error.message.startsWith(`Cannot store under ${about}: name may not `), error.message);
      await rejection("unsafe-path", store.get(key));
      await rejection("unsafe-path", store.update(key, "x", "1"));
    }
  });

  test(`${name}: create refuses a name that is taken, and leaves what is there`, async () => {
    const store = await makeStore();
    const created = await store.create("a", "first");
    const error = await rejection("already-exists", store.create("a", "second"));
    assert.is(error.message, '"a" already exists');
    await rejection("already-exists", store.create("a", "first"));
    assert.equal(await store.get("a"), created);
  });

  test(`${name}: of many creates of one name at once exactly one succeeds`, async () => {
    const store = await makeStore();
    const results = await Promise.allSettled(Array.from({ length: 100 }, (_, i) => store.create("a", `text ${i}`)));
    const kept = results.filter((result) => result.status === "fulfilled");
    assert.is(kept.length, 1);
    assert.is((await store.get("a"))?.text, kept[0]?.value.text);
    for (const result of results) {
      if (result.status === "rejected") await rejection("already-exists", Promise.reject(result.reason));
    }
  });

  test(`${name}: update replaces an entry at its version, and changes the version`, async () => {
    const store = await makeStore();
    const first = await store.create("a", "first");
    const second = await store.update("a", "second", first.version);
    assert.is(second.text, "second");
    assert.is.not(second.version, first.version);
    assert.equal(await store.get("a"), second);
    const third = await store.update("a", "third", second.version);
    assert.equal(await store.get("a"), third);
  });

  test(`${name}: update of another version is a conflict, and changes nothing`, async () => {
    const store = await makeStore();
    const first = await store.create("a", "first");
    const second = await store.update("a", "second", first.version);
    for (const version of [first.version, "", "0", "x"]) {
      const error = await rejection("conflict", store.update("a", "late", version));
      assert.match(error.message, /^"a" has been modified/);
    }
    assert.equal(await store.get("a"), second);
  });

  test(`${name}: of many updates of one version at once exactly one succeeds`, async () => {
    const store = await makeStore();
    const { version } = await store.create("a", "first");
    const results = await Promise.allSettled(
      Array.from({ length: 50 }, (_, i) => store.update("a", `text ${i}`, version)),
    );
    const kept = results.filter((result) => result.status === "fulfilled");
    assert.is(kept.length, 1);
    assert.equal(await store.get("a"), kept[0]?.value);
  });

  test(`${name}: update of nothing is not-found, and makes nothing`, async () => {
    const store = await makeStore();
    const error = await rejection("not-found", store.update("a", "x", "1"));
    assert.is(error.message, '"a" not found');
    assert.is(await store.get("a"), undefined);
  });

  test(`${name}: entries do not touch each other`, async () => {
    const store = await makeStore();
    const entries = await Promise.all(Array.from({ length: 50 }, (_, i) => store.create(`n${i}`, `text ${i}`)));
    await Promise.all(
      entries.map((entry, i) => i % 2 === 0 ? store.update(`n${i}`, `new ${i}`, entry.version) : entry),
    );
    for (let i = 0; i < 50; i++) assert.is((await store.get(`n${i}`))?.text, `${i % 2 === 0 ? "new" : "text"} ${i}`);
  });
}
