import { test } from "uvu";
import * as assert from "uvu/assert";
import { takeNonce } from "../../../src/requests/nonces.ts";
import { sweepState } from "../../../src/requests/state_sweep.ts";
import { addUse, tokenUses } from "../../../src/requests/token_uses.ts";
import { MemoryStore } from "../../../src/store/memory.ts";
import { recordOf } from "../../credentials.ts";
import { fakeClock, fakeLog } from "../../fakes.ts";
import { addRecord } from "../../../src/requests/certificate_records.ts";

const DAY = 86_400_000;

function sweeper(store: MemoryStore) {
  const { now, set } = fakeClock();
  const { log, lines } = fakeLog();
  const at = async (moment: Date): Promise<void> => {
    set(moment.toISOString());
    await sweepState({ store, graceSeconds: 86_400, now, log });
  };
  return { at, lines };
}

const namesOf = async (store: MemoryStore, kind: string): Promise<string[]> =>
  (await store.list({ kind })).entries.map(({ name }) => name);

test("a nonce goes once nobody can present it, however many there are", async () => {
  const store = new MemoryStore();
  const { at } = sweeper(store);
  const until = new Date("2026-03-01T12:04:00Z");
  const later = new Date("2026-03-01T12:05:00Z");
  for (let i = 0; i < 6000; i++) await takeNonce(store, `n${i}`, i % 100 === 0 ? later : until);
  await at(new Date(until.getTime() - 1));
  assert.is((await namesOf(store, "nonce")).length, 6000);
  await at(until);
  assert.is((await namesOf(store, "nonce")).length, 60);
  await at(later);
  assert.equal(await namesOf(store, "nonce"), []);
});

test("nonces that stay are not gone through, and however many go, few listings are made", async () => {
  const store = new MemoryStore();
  const { at } = sweeper(store);
  const list = store.list.bind(store);
  let listed = 0;
  store.list = async (options) => {
    if (options?.kind === "nonce") listed++;
    return await list(options);
  };
  for (let i = 0; i < 12_000; i++) await takeNonce(store, `n${i}`, new Date("2026-03-01T12:04:00Z"));
  await at(new Date("2026-03-01T12:03:59Z"));
  assert.is(listed, 1);
  await at(new Date("2026-03-01T12:04:00Z"));
  assert.is(listed, 4);
  assert.equal(await namesOf(store, "nonce"), []);
});

test("a record goes when its certificate has proven nothing for a month; a token's uses and objects stay", async () => {
  const store = new MemoryStore();
  const { at } = sweeper(store);
  const record = await recordOf();
  const { notAfter } = record.certificate;
  const renewUntil = new Date("2026-03-02T12:00:00Z");
  await store.commit([addRecord("aa", record), addRecord("bb", { ...record, renewUntil })]);
  await store.commit([addUse(await tokenUses(store, "abc"), { request: "r", name: "n", uid: "u" })]);
  await store.create("plain", () => "text");
  await at(new Date(renewUntil.getTime() + 30 * DAY - 1));
  assert.equal(await namesOf(store, "certificate"), ["certificate/aa", "certificate/bb"]);
  await at(new Date(renewUntil.getTime() + 30 * DAY));
  assert.equal(await namesOf(store, "certificate"), ["certificate/aa"]);
  await at(new Date(notAfter.getTime() + 31 * DAY - 1));
  assert.equal(await namesOf(store, "certificate"), ["certificate/aa"]);
  await at(new Date(notAfter.getTime() + 31 * DAY));
  assert.equal(await namesOf(store, "certificate"), []);
  assert.equal([await namesOf(store, "token"), (await store.get("plain"))?.text], [["token/abc"], "text"]);
});

test("what cannot be read stays, is logged, and keeps nothing else", async () => {
  const store = new MemoryStore();
  const { at, lines } = sweeper(store);
  await takeNonce(store, "b", new Date(0));
  for (const name of ["nonce/a", "nonce/c", "certificate/a"]) await store.create(name, () => "{}");
  await at(new Date("2030-01-01T00:00:00Z"));
  assert.equal(await namesOf(store, "nonce"), ["nonce/a", "nonce/c"]);
  assert.equal(lines.map(({ level, message, facts }) => [level, message, facts["name"]]), [
    ["warn", "sweeping failed", "nonce/a"],
    ["warn", "sweeping failed", "nonce/c"],
    ["warn", "sweeping failed", "certificate/a"],
  ]);
});

test("what somebody else has removed meanwhile is no failure", async () => {
  const store = new MemoryStore();
  const { at, lines } = sweeper(store);
  await takeNonce(store, "a", new Date(0));
  const remove = store.delete.bind(store);
  store.delete = async (name, revision) => {
    await remove(name, revision);
    return await remove(name, revision);
  };
  await at(new Date("2030-01-01T00:00:00Z"));
  assert.equal(lines, []);
});

test.run();
