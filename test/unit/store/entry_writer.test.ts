// What a commit leaves behind, wherever the disk fails or the process dies: all of it or nothing.
import { test } from "uvu";
import * as assert from "uvu/assert";
import { CertgenError } from "../../../src/errors.ts";
import { DirectoryStore } from "../../../src/store/directory.ts";
import type { Change } from "../../../src/store/store.ts";
import { type Breakdown, failing } from "../../contract/store_faults.ts";
import { contentOf, describe, eventsAfter, lineOf, textOf } from "../../contract/store_texts.ts";
import { rejection } from "../../fakes.ts";
import { MemoryFiles } from "../../memory_files.ts";

const BREAKDOWNS = ["error", "error-after", "crash", "crash-after"] as const;
const KINDS = ["certificate", "nonce", "token"];
const BEFORE = { "a": "old", "b": "old", "nonce/1": "old", "token/x": "old" };
const AFTER = { "b": "old", "n": "new", "certificate/1": "new", "nonce/1": "old", "token/x": "new" };
const CHANGES: readonly Change[] = [
  { type: "update", name: "token/x", text: textOf("token/x", "new"), revision: 4 },
  { type: "create", name: "certificate/1", text: textOf("certificate/1", "new") },
  { type: "delete", name: "a", revision: 1 },
  { type: "create", name: "n", text: textOf("n", "new") },
];

/** A disk on which a store has kept {@link BEFORE}. */
async function diskBefore(): Promise<MemoryFiles> {
  const disk = new MemoryFiles();
  const store = await DirectoryStore.open(disk, "/csrs", describe);
  for (const name of Object.keys(BEFORE)) await store.create(name, textOf(name, "old"));
  return disk;
}

const reopen = (disk: MemoryFiles): Promise<DirectoryStore> => DirectoryStore.open(disk, "/csrs", describe);

function errorOf(error: unknown): CertgenError {
  if (error instanceof CertgenError) return error;
  throw error;
}

/** Which of the two it is; fails where it is neither. */
function sideOf(content: unknown, where: string): "before" | "after" {
  const text = JSON.stringify(content);
  if (text === JSON.stringify(BEFORE)) return "before";
  assert.equal(content, AFTER, `${where}: a part of a commit is there`);
  return "after";
}

/** Makes {@link CHANGES} on a disk with faults, counted from the beginning of the commit, and checks everything that follows. */
async function attempt(plan: ReadonlyMap<number, Breakdown>): Promise<{ calls: number; isMade: boolean }> {
  const where = JSON.stringify([...plan]);
  const disk = await diskBefore();
  let calls = 0;
  // opening is three calls
  const shifted = new Map([...plan].map(([at, how]) => [at + 3, how]));
  const store = await DirectoryStore.open(failing(disk, shifted, () => calls++), "/csrs", describe);
  assert.is(calls, 3);
  const { revision } = store;
  const watching = eventsAfter(store, revision, CHANGES.length);
  watching.catch(() => {});
  const answer = await store.commit(CHANGES).catch(errorOf);
  const during = calls - 3;
  const isDead = [...plan].some(([at, how]) => how.startsWith("crash") && at <= during);
  if (Array.isArray(answer)) {
    assert.equal((await watching).map(({ entry }) => entry), answer, where);
    if (!isDead) assert.is(sideOf(await contentOf(store, KINDS), where), "after", where);
  } else {
    assert.is(answer.code, "io", where);
    assert.match(answer.message, "failed");
  }
  const later = await store.create("later", textOf("later", "x")).catch(errorOf);
  const isUsable = "revision" in later;
  if (!Array.isArray(answer) && isUsable) {
    // nothing was told of it; where even that could not be made sure, everybody lists again
    const told = await eventsAfter(store, revision, 1).catch((error: unknown) =>
      rejection("expired", Promise.reject(error))
    );
    if (Array.isArray(told)) assert.is(told[0]?.entry.name, "later", where);
    else assert.is(plan.size, 2, where);
  }
  if (!isUsable && !isDead) {
    for (const change of [() => store.update("b", textOf("b", "x"), 2), () => store.delete("b", 2)]) {
      assert.match((await rejection("io", change())).message, "open the store again", where);
    }
    assert.is((await store.get("b"))?.revision, 2, "reading goes on");
  }
  const second = await reopen(disk);
  assert.ok(second.revision > (isUsable ? later.revision : revision), where);
  if (isUsable) await second.delete("later", later.revision);
  const side = sideOf(await contentOf(second, KINDS), where);
  if (Array.isArray(answer)) assert.is(side, "after", where);
  else if (isUsable) assert.is(side, "before", where);
  assert.equal([...disk.tree.keys()].filter((path) => path.includes("commit")), [], where);
  return { calls: during, isMade: Array.isArray(answer) };
}

test("a commit without a fault is made", async () => {
  assert.equal(await attempt(new Map()), { calls: 11, isMade: true });
});

test("a crash or an error at any call of a commit leaves all of it or nothing, and the answer says which", async () => {
  for (const how of BREAKDOWNS) {
    for (let at = 1; at <= 11; at++) {
      const { isMade } = await attempt(new Map([[at, how]]));
      // the last removes the record
      assert.is(isMade, at === 11, `${how} at ${at}`);
    }
  }
});

test("so does a second one while what was done is taken back", async () => {
  for (const first of ["error", "error-after"] as const) {
    for (const second of BREAKDOWNS) {
      for (let at = 5; at <= 11; at++) {
        const { calls } = await attempt(new Map([[at, first]]));
        for (let again = at + 1; again <= calls; again++) await attempt(new Map([[at, first], [again, second]]));
      }
    }
  }
});

test("a store whose disk had one error while it was written to goes on, but where a record may be left", async () => {
  for (const how of ["error", "error-after"] as const) {
    for (let at = 1; at <= 11; at++) {
      const store = await DirectoryStore.open(failing(await diskBefore(), new Map([[at + 3, how]])), "/csrs", describe);
      await store.commit(CHANGES).catch(() => {});
      const again = store.commit(CHANGES);
      if (at < 11) assert.is((await again).length, 4, `${how} at ${at}`);
      else assert.match((await rejection("io", again)).message, "open the store again");
    }
  }
});

test("a commit that a crash interrupts is finished at the next start, wherever that one is interrupted too", async () => {
  // the record is there from the seventh call on
  const interrupted = async (): Promise<MemoryFiles> => {
    const disk = await diskBefore();
    const store = await DirectoryStore.open(failing(disk, new Map([[3 + 7, "crash"]])), "/csrs", describe);
    await rejection("io", store.commit(CHANGES));
    assert.ok(disk.tree.has("/csrs/.commit-1002"));
    return disk;
  };
  for (const how of BREAKDOWNS) {
    for (let at = 1; at <= 11; at++) {
      const disk = await interrupted();
      await rejection("io", DirectoryStore.open(failing(disk, new Map([[at, how]])), "/csrs", describe));
      const store = await reopen(disk);
      assert.equal(await contentOf(store, KINDS), AFTER, `${how} at ${at}`);
      assert.equal([...disk.tree.keys()].filter((path) => path.includes("commit")), []);
    }
  }
  const disk = await interrupted();
  disk.tree.delete("/csrs/.revision");
  const { entries, revision } = await (await reopen(disk)).list();
  assert.ok(revision > Math.max(...entries.map((entry) => entry.revision)), "what is finished is counted");
});

test("a record that is no good is io, and changes nothing", async () => {
  const good = { version: 1, changes: [{ name: "a", revision: 7, text: textOf("a", "new")(7) }] };
  const records: [string, string | Uint8Array][] = [
    [".commit-7", ""],
    [".commit-7", Uint8Array.of(0xff)],
    [".commit-x", JSON.stringify(good)],
    [".commit-8", JSON.stringify(good)],
    [".commit-7", JSON.stringify(good).slice(0, -1)],
  ];
  for (const text of ["no first line", textOf("b", "new")(9), textOf("c", "new")(8)]) {
    records.push([
      ".commit-7",
      JSON.stringify({ ...good, changes: [...good.changes, { name: "b", revision: 8, text }] }),
    ]);
  }
  for (const [file, text] of records) {
    const disk = await diskBefore();
    disk.put(`/csrs/${file}`, text);
    const before = new Map(disk.tree);
    const error = await rejection("io", reopen(disk));
    assert.ok(error.message.startsWith(`Cannot finish the changes in ${JSON.stringify(file)}: `), error.message);
    assert.equal(disk.tree, before);
  }
  const disk = await diskBefore();
  await disk.makeDirectory("/csrs/.commit-7", 0o700);
  assert.match((await rejection("io", reopen(disk))).message, ".commit-7");
  disk.tree.delete("/csrs/.commit-7");
  disk.put("/csrs/.commit-7", JSON.stringify(good));
  assert.equal(await contentOf(await reopen(disk), KINDS), { ...BEFORE, a: "new" });
});

test("another process that is first with a name is already-exists, keeps its entry, and nothing else is changed", async () => {
  const disk = await diskBefore();
  const store = await reopen(disk);
  const create = disk.create.bind(disk);
  disk.create = async (path, content, mode) => {
    if (path === "/csrs/n") disk.put("/csrs/n", textOf("n", "theirs")(1));
    await create(path, content, mode);
  };
  const error = await rejection("already-exists", store.commit(CHANGES));
  assert.is(error.message, '"n" already exists');
  assert.equal(await contentOf(await reopen(disk), KINDS), { ...BEFORE, n: "theirs" });
});

test("a text that is too large or does not say what it is leaves nothing of a commit", async () => {
  const disk = await diskBefore();
  const store = await reopen(disk);
  const before = disk.snapshot();
  const large = (name: string): Change => ({ type: "create", name, text: textOf(name, "y".repeat(4_100_000)) });
  const tooLarge: Change = { type: "create", name: "n", text: textOf("n", "y".repeat(4 << 20)) };
  const wrong: Change = { type: "create", name: "n", text: textOf("m", "x") };
  const [first, ...others] = CHANGES.slice(0, 3);
  if (first === undefined) throw new Error("unreachable");
  await rejection("too-large", store.commit([first, ...others, tooLarge]));
  await rejection("too-large", store.commit(Array.from({ length: 9 }, (_, i) => large(`n${i}`))));
  const error: unknown = await store.commit([first, wrong, ...others]).catch((error: unknown) => error);
  assert.instance(error, TypeError);
  assert.equal(disk.snapshot(), before);
  const watching = eventsAfter(store, store.revision, 4);
  await store.commit(CHANGES);
  assert.equal((await watching).map((event) => lineOf(event).replace(/\d+:/, ":")), [
    "updated token/x : old -> new",
    "created certificate/1 : undefined -> new",
    "deleted a : old -> old",
    "created n : undefined -> new",
  ]);
});

test.run();
