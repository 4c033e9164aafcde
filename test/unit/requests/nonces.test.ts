import { test } from "uvu";
import * as assert from "uvu/assert";
import { nonceEnd, takeNonce } from "../../../src/requests/nonces.ts";
import { MemoryStore } from "../../../src/store/memory.ts";
import { MOMENT, rejection, thrown } from "../../fakes.ts";

const UNTIL = new Date(MOMENT);

test("takeNonce takes a nonce once, of many at once too", async () => {
  const store = new MemoryStore();
  assert.is(await takeNonce(store, "aa", UNTIL), true);
  assert.is(await takeNonce(store, "aa", UNTIL), false);
  const all = await Promise.all(Array.from({ length: 50 }, () => takeNonce(store, "bb", UNTIL)));
  assert.is(all.filter((taken) => taken).length, 1);
});

test("takeNonce: a store that fails takes none", async () => {
  const store = new MemoryStore();
  store.commit = () => Promise.reject(new Error("disk full"));
  const error: unknown = await takeNonce(store, "aa", UNTIL).catch((error: unknown) => error);
  assert.is((error as Error).message, "disk full");
  await rejection("unsafe-path", takeNonce(new MemoryStore(), "a/b", UNTIL));
});

test("takeNonce refuses what is no moment", async () => {
  for (const until of [NaN, -1000, 1e15]) {
    const error: unknown = await takeNonce(new MemoryStore(), "aa", new Date(until)).catch((error: unknown) => error);
    assert.ok(error instanceof TypeError, String(until));
  }
});

test("nonceEnd is never before the moment that was said, though whole seconds are written", async () => {
  for (const ms of [0, 1, 500, 999]) {
    const store = new MemoryStore();
    const until = new Date(UNTIL.getTime() + ms);
    await takeNonce(store, "aa", until);
    const { entries: [entry] } = await store.list({ kind: "nonce" });
    assert.ok(entry);
    assert.ok(nonceEnd(entry) >= until);
    assert.ok(nonceEnd(entry).getTime() < until.getTime() + 1000);
  }
});

test("nonces sort by their ends", async () => {
  const store = new MemoryStore();
  const ends = [1e12, 5000, 999_999_999_000, 0, UNTIL.getTime()];
  for (const end of ends) await takeNonce(store, "f0", new Date(end));
  const { entries } = await store.list({ kind: "nonce" });
  assert.equal(entries.map((entry) => nonceEnd(entry).getTime()), [...ends].sort((a, b) => a - b));
  assert.is(entries[0]?.name, "nonce/000000000000-f0");
});

test("nonceEnd refuses what says no end", () => {
  for (const name of ["a", "", "17", "12345678901-a", "1234567890123-a", "00000000000x-a", "x000000000000-a"]) {
    thrown("io", () => nonceEnd({ name: `nonce/${name}`, text: "{}", revision: 1 }));
  }
});

test.run();
