// What is there when a directory is opened: an earlier run's entries, another system's, and what is neither.
import { test } from "uvu";
import * as assert from "uvu/assert";
import { DirectoryStore } from "../../../src/store/directory.ts";
import { bodyOf, contentOf, describe, eventsAfter, seeded, textOf } from "../../contract/store_texts.ts";
import { rejection } from "../../fakes.ts";
import { type Fault, MemoryFiles } from "../../memory_files.ts";

const open = (disk: MemoryFiles): Promise<DirectoryStore> => DirectoryStore.open(disk, "/csrs", describe);
const next = (store: DirectoryStore, after: number): Promise<unknown> => eventsAfter(store, after, 1);

test("a restart keeps entries and revisions, goes on beyond them, and whoever watched before is expired", async () => {
  const disk = new MemoryFiles();
  let highest = -1;
  const entries = [];
  for (let round = 0; round < 5; round++) {
    const store = await open(disk);
    assert.ok(store.revision > highest || round === 0, "a restart is a new beginning");
    for (let after = Math.max(0, highest - 3); round > 0 && after <= highest; after++) {
      await rejection("expired", next(store, after));
    }
    assert.equal((await store.list()).entries, entries);
    const name = `n${round}`;
    const entry = await store.create(name, textOf(name, "x"));
    assert.ok(entry.revision > highest);
    assert.equal(await next(store, store.revision - 1), [{ type: "created", entry, previous: undefined }]);
    entries.push(entry);
    if (round === 2) await store.delete("n0", entries.shift()?.revision ?? -1);
    highest = store.revision;
    assert.is((await store.update(name, textOf(name, "y"), entry.revision)).revision, ++highest);
    entries.pop();
    entries.push(await store.get(name));
  }
});

test("a restart with no change in between is one too", async () => {
  const disk = new MemoryFiles();
  const first = await open(disk);
  await first.create("a", textOf("a", "x"));
  const second = await open(disk);
  const third = await open(disk);
  assert.ok(third.revision > second.revision);
  await rejection("expired", next(third, second.revision));
});

test("the revisions of a block are set aside before the first is used, with one write", async () => {
  const disk = new MemoryFiles();
  const store = await open(disk);
  disk.calls.length = 0;
  let { revision } = await store.create("a", textOf("a", "x"));
  for (let i = 1; i < 1500; i++) ({ revision } = await store.update("a", textOf("a", "x"), revision));
  assert.is(revision, 1500);
  assert.equal(disk.calls.filter((call) => call.includes(".revision")), ["replace /csrs/.revision"]);
  assert.ok(Number(disk.text("/csrs/.revision")) >= 1500);
});

test("the revisions of a commit are set aside together, also where a block ends within them", async () => {
  const disk = new MemoryFiles();
  const store = await open(disk);
  for (let i = 0; i < 300; i++) {
    const names = Array.from({ length: 7 }, (_, j) => `n${i}.${j}`);
    await store.commit(names.map((name) => ({ type: "create", name, text: textOf(name, "x") })));
    assert.ok(Number(disk.text("/csrs/.revision")) >= store.revision, `${store.revision}`);
  }
  assert.is(store.revision, 2100);
});

test("killed at any moment, the next run gives no revision twice and keeps what was answered", async () => {
  const random = seeded(3);
  for (const kind of ["crash-before", "crash-after"] as const satisfies Fault["kind"][]) {
    for (let at = 1; at <= 40; at++) {
      const disk = new MemoryFiles();
      disk.put("/csrs/.revision", "997\n"); // so that the block ends soon
      const seen = new Set<number>();
      let answered: Record<string, string | undefined> = {};
      for (let run = 0; run < 2; run++) {
        disk.failWith({ at: at + run, kind });
        try {
          const store = await open(disk);
          for (let step = 0; step < 15; step++) {
            const name = `n${random(3)}`;
            const present = await store.get(name);
            const entry = present === undefined
              ? await store.create(name, textOf(name, `${step}`))
              : await store.update(name, textOf(name, `${step}`), present.revision);
            assert.not(seen.has(entry.revision), `${entry.revision} again`);
            seen.add(entry.revision);
            answered = { ...answered, [name]: bodyOf(entry.text) };
          }
        } catch (error) {
          assert.match(String(error), "ENOSPC");
        }
        disk.failWith();
        const store = await open(disk);
        assert.ok(store.revision > Math.max(0, ...seen));
        for (const revision of seen) await rejection("expired", next(store, revision));
        for (const entry of (await store.list()).entries) seen.add(entry.revision);
        const content = await contentOf(store);
        // what was being written when it was killed may be there too
        const changed = Object.keys({ ...content, ...answered }).filter((name) => content[name] !== answered[name]);
        assert.ok(changed.length <= 1, `${kind} at ${at}: ${changed}`);
        for (const name of changed) assert.ok(content[name] !== undefined, "nothing that was answered is gone");
        answered = content;
      }
    }
  }
});

test("without its counter a store goes on well beyond what its entries say", async () => {
  const disk = new MemoryFiles();
  const first = await open(disk);
  await first.create("a", textOf("a", "x"));
  const b = await first.create("b", textOf("b", "x"));
  await first.delete("b", b.revision);
  disk.tree.delete("/csrs/.revision");
  disk.put("/csrs/broken", Uint8Array.of(0xff));
  const second = await open(disk);
  assert.ok(second.revision > 1_000_000, "deletions that nobody knows of are skipped");
  assert.is((await second.get("a"))?.revision, 1);
  await rejection("expired", next(second, 3));
});

test("a broken counter is io and named, and so is a directory that cannot be written", async () => {
  const texts = ["", "\n", "x", "-1", "1.5", "1e3", "0x10", " 1", "1 ", "1\n2", "9007199254740992", "9".repeat(17)];
  for (const text of [...texts, Uint8Array.of(0xff)]) {
    const disk = new MemoryFiles();
    disk.put("/csrs/.revision", text);
    const error = await rejection("io", open(disk));
    assert.match(error.message, /^Cannot count changes with "\/csrs\/\.revision": /);
  }
  for (let at = 1; at <= 3; at++) {
    const disk = new MemoryFiles();
    disk.failWith({ at, kind: "error" });
    await rejection("io", open(disk));
  }
  const full = new MemoryFiles();
  full.put("/csrs/.revision", String(Number.MAX_SAFE_INTEGER));
  assert.match((await rejection("io", open(full))).message, "no numbers are left");
});

test("what the older system wrote is at revision 0, listed, and changed as everything else", async () => {
  const disk = new MemoryFiles();
  const old = JSON.stringify({
    apiVersion: "certificates.k8s.io/v1beta1",
    metadata: { name: "system:etcd-peer:etcd1" },
  });
  disk.put("/csrs/system:etcd-peer:etcd1", old);
  const store = await open(disk);
  assert.is(store.revision, 0);
  const entry = { name: "system:etcd-peer:etcd1", text: old, revision: 0 };
  assert.equal(await store.get(entry.name), entry);
  assert.equal(await store.list(), { entries: [entry], revision: 0, remaining: 0 });
  const updated = await store.update(entry.name, textOf(entry.name, "x"), 0);
  assert.equal(await next(store, 0), [{ type: "updated", entry: updated, previous: old }]);
  disk.put("/csrs/two", old);
  assert.equal(await store.delete("two", 0), { name: "two", text: old, revision: 2 });
});

test("what is no entry is passed over, and what is broken is left out of lists but said by get", async () => {
  const disk = new MemoryFiles();
  const store = await open(disk);
  await store.create("good", textOf("good", "x"));
  const long = "x".repeat(253);
  await store.create(long, textOf(long, "x"));
  const digest = [...disk.tree.keys()].find((path) => path.includes("%sha256-")) ?? "";
  for (const file of [".0a1b.tmp", ".hidden", "a b", "100%", "%61", "\u202ea", "ü", "x".repeat(230), "a."]) {
    disk.put(`/csrs/${file}`, textOf(file, "x")(7));
  }
  disk.put(`/csrs/%sha256-${"0".repeat(64)}`, textOf("other", "x")(7)); // not its digest
  disk.put(`/csrs/%sha256-${"1".repeat(64)}`, textOf("a/b", "x")(7));
  disk.put(`/csrs/%sha256-${"2".repeat(64)}`, "theirs");
  disk.put(`/csrs/%sha256-${"3".repeat(64)}`, Uint8Array.of(0xff));
  assert.equal((await store.list()).entries.map(({ name }) => name), ["good", long]);
  disk.put("/csrs/binary", Uint8Array.of(0xff));
  disk.put("/csrs/copied", disk.text("/csrs/good") ?? "");
  disk.put("/csrs/huge", new Uint8Array((4 << 20) + 1));
  await disk.makeDirectory("/csrs/sub", 0o700);
  disk.put("/csrs/sub/inner", "x");
  assert.equal((await store.list()).entries.map(({ name }) => name), ["good", long]);
  for (const name of ["binary", "copied", "huge", "sub"]) {
    await rejection("io", store.get(name));
    await rejection("io", store.update(name, textOf(name, "x"), 0));
    await rejection("already-exists", store.create(name, textOf(name, "x")));
  }
  assert.match((await rejection("io", store.get("copied"))).message, /"copied": it is of "good"/);
  disk.put(digest, Uint8Array.of(0xff));
  await rejection("io", store.get(long));
  // a page is filled all the same
  const { entries, remaining } = await store.list({ limit: 1 });
  assert.equal(entries.map(({ name }) => name), ["good"]);
  assert.is(remaining, 2, "those that were not read yet are counted");
});

test.run();
