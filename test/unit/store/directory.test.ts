import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { detectRuntime } from "../../../src/runtime/detect.ts";
import { DirectoryStore, fileName } from "../../../src/store/directory.ts";
import { storeContract } from "../../contract/store.ts";
import { MemoryFiles, rejection } from "../../fakes.ts";

const { files } = await detectRuntime();
const root = mkdtempSync(`${tmpdir()}/certgen-store-`);
let count = 0;

async function freshDirectory(): Promise<string> {
  const directory = `${root}/${++count}`;
  await files.makeDirectory(directory, 0o700);
  return directory;
}

storeContract("directory", async () => new DirectoryStore(files, await freshDirectory()));
storeContract("directory in memory", () => Promise.resolve(new DirectoryStore(new MemoryFiles(), "/csrs")));

test("a file is 0600 from create and from update, and nothing else is left", async () => {
  const directory = await freshDirectory();
  const store = new DirectoryStore(files, directory);
  const { version } = await store.create("system:etcd-peer:etcd1", "first");
  const path = `${directory}/system:etcd-peer:etcd1`;
  assert.is(statSync(path).mode & 0o777, 0o600);
  await store.update("system:etcd-peer:etcd1", "second", version);
  assert.is(statSync(path).mode & 0o777, 0o600);
  assert.is(readFileSync(path, "utf8"), "second");
  await rejection("already-exists", store.create("system:etcd-peer:etcd1", "third"));
  assert.equal(readdirSync(directory), ["system:etcd-peer:etcd1"]);
});

test("after a burst of creates and updates there are whole files and no temporary ones", async () => {
  const directory = await freshDirectory();
  const store = new DirectoryStore(files, directory);
  const text = "x".repeat(50_000);
  await Promise.allSettled(Array.from({ length: 60 }, async (_, i) => {
    const { version } = await store.create(`n${i % 20}`, `${text}${i}`);
    await store.update(`n${i % 20}`, `${text}${text}${i}`, version);
  }));
  const names = readdirSync(directory);
  assert.is(names.length, 20);
  for (const name of names) assert.match(readFileSync(`${directory}/${name}`, "utf8"), /^x{100000}\d+$/);
});

test("two stores over one directory: of two creates one succeeds, and each sees the other's entries", async () => {
  const directory = await freshDirectory();
  const [a, b] = [new DirectoryStore(files, directory), new DirectoryStore(files, directory)];
  const results = await Promise.allSettled([a.create("x", "a"), b.create("x", "b")]);
  assert.is(results.filter(({ status }) => status === "fulfilled").length, 1);
  assert.equal(await a.get("x"), await b.get("x"));
});

test("versions survive a restart", async () => {
  const directory = await freshDirectory();
  const { version } = await new DirectoryStore(files, directory).create("x", "first");
  const later = new DirectoryStore(files, directory);
  assert.is((await later.get("x"))?.version, version);
  await later.update("x", "second", version);
});

test("a link in the directory is not written through, whatever it points to", async () => {
  const directory = await freshDirectory();
  const outside = `${root}/outside-${count}`;
  writeFileSync(outside, "theirs");
  symlinkSync(outside, `${directory}/linked`);
  symlinkSync(`${root}/nowhere-${count}`, `${directory}/dangling`);
  const store = new DirectoryStore(files, directory);
  await rejection("already-exists", store.create("linked", "ours"));
  await rejection("already-exists", store.create("dangling", "ours"));
  const entry = await store.get("linked");
  await store.update("linked", "ours", entry?.version ?? "");
  assert.is(readFileSync(outside, "utf8"), "theirs");
  assert.is(readFileSync(`${directory}/linked`, "utf8"), "ours");
  assert.equal(readdirSync(root).filter((name) => name.startsWith("nowhere")), []);
});

test("a directory in an entry's place, one that is gone, and text that is none are io, not absence", async () => {
  const directory = await freshDirectory();
  const store = new DirectoryStore(files, directory);
  await files.makeDirectory(`${directory}/taken`, 0o700);
  await rejection("io", store.get("taken"));
  await rejection("already-exists", store.create("taken", "x"));
  writeFileSync(`${directory}/binary`, Uint8Array.of(0xff, 0xfe));
  await rejection("io", store.get("binary"));
  writeFileSync(`${directory}/huge`, new Uint8Array((4 << 20) + 1));
  await rejection("io", store.get("huge"));
  const entry = await store.create("there", "x");
  rmSync(directory, { recursive: true });
  await rejection("io", store.create("x", "x"));
  assert.is(await store.get("there"), undefined);
  await rejection("not-found", store.update("there", "y", entry.version));
});

test("every fault of the disk surfaces as io, and what was not answered as kept is whole or absent", async () => {
  const NAME = "system:etcd-peer:etcd1";
  for (const kind of ["error", "crash-before", "crash-after"] as const) {
    const disk = new MemoryFiles();
    const store = new DirectoryStore(disk, "/csrs");
    disk.failWith({ at: 1, kind });
    await rejection("io", store.create(NAME, "first"));
    disk.failWith();
    const left = await store.get(NAME);
    assert.is(left?.text, kind === "crash-after" ? "first" : undefined);
    const entry = left ?? await store.create(NAME, "first");
    disk.failWith({ at: 1, kind });
    await rejection("io", store.get(NAME));
    for (const at of [1, 2]) {
      disk.failWith({ at, kind });
      await rejection("io", store.update(NAME, "second", entry.version));
      disk.failWith();
      const after = await store.get(NAME);
      assert.is(after?.text, kind === "crash-after" && at === 2 ? "second" : "first");
    }
  }
});

test("fileName keeps colons, encodes the rest, and gives every name a file of its own", async () => {
  const cases: [string, string][] = [
    ["system:etcd-peer:etcd1", "system:etcd-peer:etcd1"],
    ["a@b_c-d~e", "a@b_c-d~e"],
    ["a b", "a%20b"],
    ["a\\b", "a%5Cb"],
    ["a'b(c)*!", "a%27b%28c%29%2A%21"],
    [".a", "%2Ea"],
    ["a.", "a%2E"],
    ["a.b", "a.b"],
    ["...", "%2E.%2E"],
    ["..a", "%2E.a"],
    ["ü", "%C3%BC"],
    ["sha256-0", "sha256-0"],
    ["x".repeat(200), "x".repeat(200)],
  ];
  for (const [name, file] of cases) assert.is(await fileName(name), file);
  const long = await fileName("x".repeat(201));
  assert.match(long, /^%sha256-[0-9a-f]{64}$/);
  assert.is.not(await fileName("y" + "x".repeat(200)), long);
  assert.match(await fileName("é".repeat(34)), /^%sha256-/);
  for (const name of ["..", "a/b", "a%b", "\0"]) await rejection("unsafe-path", fileName(name));
});

test("every file name is a plain one, short enough, and no temporary one", async () => {
  const alphabet = [..."ab.:-_ \\~'*%/\"<>|?$&;()é\u0308😀@"].filter((c) => c !== "/" && c !== "%");
  const seen = new Map<string, string>();
  let seed = 7;
  const next = (below: number): number => (seed = (seed * 1103515245 + 12345) % 2 ** 31) % below;
  for (let i = 0; i < 3000; i++) {
    const name = Array.from({ length: 1 + next(i % 10 === 0 ? 60 : 4) }, () => alphabet[next(alphabet.length)]).join(
      "",
    );
    if (name === "." || name === "..") continue;
    const file = await fileName(name);
    assert.match(file, /^[A-Za-z0-9%:@_~-][A-Za-z0-9%:@_~.-]{0,199}$/);
    assert.not.match(file, /\.$|^\./);
    assert.ok([undefined, name].includes(seen.get(file)), `${name} and ${seen.get(file)}`);
    seen.set(file, name);
  }
});

test.after(() => rmSync(root, { recursive: true, force: true }));
test.run();
