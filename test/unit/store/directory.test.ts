import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { CertgenError } from "../../../src/errors.ts";
import { detectRuntime } from "../../../src/runtime/detect.ts";
import { DirectoryStore } from "../../../src/store/directory.ts";
import { storeContract } from "../../contract/store.ts";
import { bodyOf, describe, eventsAfter, textOf, theOneOf } from "../../contract/store_texts.ts";
import { rejection } from "../../fakes.ts";
import { MemoryFiles } from "../../memory_files.ts";

const { files } = await detectRuntime();
const root = mkdtempSync(`${tmpdir()}/certgen-store-`);
let count = 0;

async function freshDirectory(): Promise<string> {
  const directory = `${root}/${++count}`;
  await files.makeDirectory(directory, 0o700);
  return directory;
}

const open = (directory: string): Promise<DirectoryStore> => DirectoryStore.open(files, directory, describe);
const requestsIn = (directory: string): string[] => readdirSync(directory).filter((file) => file !== ".revision");

storeContract("directory", async () => await open(await freshDirectory()));
storeContract("directory in memory", () => DirectoryStore.open(new MemoryFiles(), "/csrs", describe));

test("a file is 0600 from create and from update, holds the text, and nothing is left of it after delete", async () => {
  const directory = await freshDirectory();
  const store = await open(directory);
  const name = "system:etcd-peer:etcd1";
  const { revision } = await store.create(name, textOf(name, "first"));
  const path = `${directory}/${name}`;
  assert.is(statSync(path).mode & 0o777, 0o600);
  const second = await store.update(name, textOf(name, "second"), revision);
  assert.is(statSync(path).mode & 0o777, 0o600);
  assert.is(readFileSync(path, "utf8"), second.text);
  await rejection("already-exists", store.create(name, textOf(name, "third")));
  assert.equal(requestsIn(directory), [name]);
  assert.is(statSync(`${directory}/.revision`).mode & 0o777, 0o600);
  await store.delete(name, second.revision);
  assert.equal(requestsIn(directory), []);
});

test("entries of a kind are in a folder of their own, 0700, and nothing is left of a commit but its entries", async () => {
  const directory = await freshDirectory();
  const store = await open(directory);
  assert.equal(await store.list({ kind: "token" }), { entries: [], revision: 0, remaining: 0 });
  assert.equal(requestsIn(directory), []);
  const entries = await store.commit([
    { type: "create", name: "token/a b", text: textOf("token/a b", "x") },
    { type: "create", name: "a b", text: textOf("a b", "x") },
  ]);
  assert.equal(requestsIn(directory).sort(), [".token", "a%20b"]);
  assert.equal(readdirSync(`${directory}/.token`), ["a%20b"]);
  assert.is(statSync(`${directory}/.token`).mode & 0o777, 0o700);
  assert.is(statSync(`${directory}/.token/a%20b`).mode & 0o777, 0o600);
  assert.equal((await (await open(directory)).list({ kind: "token" })).entries, entries.slice(0, 1));
  writeFileSync(`${directory}/.nonce`, "");
  await rejection("io", store.create("nonce/a", textOf("nonce/a", "x")));
  await rejection("io", store.list({ kind: "nonce" }));
  assert.equal((await store.list()).entries, entries.slice(1));
  rmSync(directory, { recursive: true });
  await rejection("io", store.list({ kind: "token" }));
});

test("one change is as many calls of the disk as it needs, several are two more than their own", async () => {
  const disk = new MemoryFiles();
  const store = await DirectoryStore.open(disk, "/csrs", describe);
  const callsOf = async (action: () => Promise<unknown>): Promise<string[]> => {
    disk.calls.length = 0;
    await action();
    return [...disk.calls];
  };
  await store.create("token/a", textOf("token/a", "x"));
  assert.equal(await callsOf(() => store.create("a", textOf("a", "x"))), ["stat /csrs/a", "create /csrs/a"]);
  assert.equal(await callsOf(() => store.update("a", textOf("a", "y"), 2)), ["read /csrs/a", "replace /csrs/a"]);
  const text = textOf("token/b", "x");
  const several = await callsOf(() =>
    store.commit([{ type: "delete", name: "a", revision: 3 }, { type: "create", name: "token/b", text }])
  );
  assert.equal(several, [
    "read /csrs/a",
    "stat /csrs/.token/b",
    "create /csrs/.commit-4",
    "remove /csrs/a",
    "create /csrs/.token/b",
    "remove /csrs/.commit-4",
  ]);
});

test("after a burst of creates and updates there are whole files and no temporary ones", async () => {
  const directory = await freshDirectory();
  const store = await open(directory);
  const text = "x".repeat(50_000);
  await Promise.allSettled(Array.from({ length: 60 }, async (_, i) => {
    const name = `n${i % 20}`;
    const { revision } = await store.create(name, textOf(name, `${text}${i}`));
    await store.update(name, textOf(name, `${text}${text}${i}`), revision);
  }));
  const names = requestsIn(directory);
  assert.is(names.length, 20);
  for (const name of names) {
    assert.match(bodyOf(readFileSync(`${directory}/${name}`, "utf8")) ?? "", /^x{100000}\d+$/);
  }
});

test("two stores over one directory: of two creates one succeeds, and each sees the other's entries", async () => {
  const directory = await freshDirectory();
  const [a, b] = [await open(directory), await open(directory)];
  const results = await Promise.allSettled([a.create("x", textOf("x", "a")), b.create("x", textOf("x", "b"))]);
  const won = theOneOf(results);
  assert.equal(await a.get("x"), won);
  assert.equal(await b.get("x"), won);
  for (const result of results) {
    if (result.status === "rejected") assert.is(result.reason.message, '"x" already exists');
  }
});

test("a link in the directory is not written through, whatever it points to", async () => {
  const directory = await freshDirectory();
  const outside = `${root}/outside-${count}`;
  writeFileSync(outside, "theirs");
  symlinkSync(outside, `${directory}/linked`);
  symlinkSync(`${root}/nowhere-${count}`, `${directory}/dangling`);
  const store = await open(directory);
  await rejection("already-exists", store.create("linked", textOf("linked", "ours")));
  await rejection("already-exists", store.create("dangling", textOf("dangling", "ours")));
  assert.is(await store.get("dangling"), undefined);
  assert.equal((await store.list()).entries, [{ name: "linked", text: "theirs", revision: 0 }]);
  await store.update("linked", textOf("linked", "ours"), 0);
  assert.is(readFileSync(outside, "utf8"), "theirs");
  assert.is(bodyOf(readFileSync(`${directory}/linked`, "utf8")), "ours");
  assert.equal(readdirSync(root).filter((name) => name.startsWith("nowhere")), []);
});

test("a directory in an entry's place, one that is gone, and text that is none are io, not absence", async () => {
  const directory = await freshDirectory();
  const store = await open(directory);
  await files.makeDirectory(`${directory}/taken`, 0o700);
  await rejection("io", store.get("taken"));
  await rejection("already-exists", store.create("taken", textOf("taken", "x")));
  writeFileSync(`${directory}/binary`, Uint8Array.of(0xff, 0xfe));
  await rejection("io", store.get("binary"));
  writeFileSync(`${directory}/huge`, new Uint8Array((4 << 20) + 1));
  await rejection("io", store.get("huge"));
  const entry = await store.create("there", textOf("there", "x"));
  rmSync(directory, { recursive: true });
  await rejection("io", store.create("x", textOf("x", "x")));
  await rejection("io", store.list());
  assert.is(await store.get("there"), undefined);
  await rejection("not-found", store.update("there", textOf("there", "y"), entry.revision));
});

test("a text that could not be read back as what it is is not written", async () => {
  const disk = new MemoryFiles();
  const store = await DirectoryStore.open(disk, "/csrs", describe);
  await rejection("too-large", store.create("a", textOf("a", "y".repeat(4 << 20))));
  for (const text of [() => "no first line", textOf("b", "x"), () => textOf("a", "x")(7)]) {
    const error: unknown = await store.create("a", text).catch((error: unknown) => error);
    assert.instance(error, TypeError);
  }
  assert.equal((await store.list()).entries, []);
  assert.equal([...disk.tree.keys()], ["/csrs/.revision"]);
});

test("every fault of the disk surfaces as io, and what was not answered as kept is whole or absent", async () => {
  const name = "system:etcd-peer:etcd1";
  for (const kind of ["error", "crash-before", "crash-after"] as const) {
    for (const at of [1, 2, 3]) {
      const disk = new MemoryFiles();
      const store = await DirectoryStore.open(disk, "/csrs", describe);
      const watching = eventsAfter(store, 0, 1);
      watching.catch(() => {});
      // create: stat, create
      disk.failWith({ at: Math.min(at, 2), kind });
      await rejection("io", store.create(name, textOf(name, "first")));
      disk.failWith();
      const left = await store.get(name);
      assert.is(left !== undefined, kind === "crash-after" && at > 1);
      const entry = left ?? await store.create(name, textOf(name, "first"));
      // update: read, replace; delete: read, remove
      disk.failWith({ at: Math.min(at, 2), kind });
      await rejection("io", store.update(name, textOf(name, "second"), entry.revision));
      disk.failWith();
      const after = await store.get(name);
      assert.is(bodyOf(after?.text), kind === "crash-after" && at > 1 ? "second" : "first");
      disk.failWith({ at: Math.min(at, 2), kind });
      await rejection("io", store.delete(name, after?.revision ?? -1));
      disk.failWith();
      const gone = await store.get(name) === undefined;
      assert.is(gone, kind === "crash-after" && at > 1);
      // where it may have happened, whoever watches lists again; where it surely has not, nothing was told
      if (at === 1 || kind === "error") assert.is((await watching)[0]?.type, "created");
      else await rejection("expired", watching);
      const { revision } = await store.list();
      const again = eventsAfter(store, revision, 1);
      await store.create("later", textOf("later", "x"));
      assert.is((await again)[0]?.entry.name, "later");
    }
  }
});

test("files that are gone or broken while a list is read are left out; a disk that fails is not silence", async () => {
  const disk = new MemoryFiles();
  const store = await DirectoryStore.open(disk, "/csrs", describe);
  for (let i = 0; i < 40; i++) await store.create(`n${i}`, textOf(`n${i}`, "x"));
  const read = disk.read.bind(disk);
  disk.read = (path, maxBytes) => {
    if (path.endsWith("n7")) return Promise.reject(new CertgenError("not-found", "gone"));
    if (path.endsWith("n8")) return Promise.reject(new CertgenError("io", "permission denied (EACCES)"));
    return read(path, maxBytes);
  };
  const { entries } = await store.list();
  assert.is(entries.length, 38);
  assert.not(entries.some(({ name }) => ["n7", "n8"].includes(name)));
  disk.read = () => Promise.reject(new CertgenError("io", "too many open files (EMFILE)"));
  assert.match((await rejection("io", store.list())).message, "EMFILE");
});

test("list reads the files of its page, a few at once", async () => {
  const disk = new MemoryFiles();
  const store = await DirectoryStore.open(disk, "/csrs", describe);
  for (let i = 0; i < 100; i++) await store.create(`n${100 + i}`, textOf(`n${100 + i}`, "x"));
  await store.create("x".repeat(201), textOf("x".repeat(201), "x"));
  let [open, most] = [0, 0];
  const read = disk.read.bind(disk);
  disk.read = async (path, maxBytes) => {
    most = Math.max(most, ++open);
    await new Promise((resolve) => setTimeout(resolve));
    open--;
    return await read(path, maxBytes);
  };
  disk.calls.length = 0;
  const { entries, remaining } = await store.list({ from: "n110", limit: 5 });
  assert.equal(entries.map(({ name }) => name), ["n110", "n111", "n112", "n113", "n114"]);
  assert.is(remaining, 86);
  const reads = disk.calls.filter((call) => call.startsWith("read"));
  assert.is(reads.length, 6, "five, and the one whose name only its content tells");
  await store.list();
  assert.ok(most > 1 && most <= 16, `${most}`);
});

test.after(() => rmSync(root, { recursive: true, force: true }));
test.run();
