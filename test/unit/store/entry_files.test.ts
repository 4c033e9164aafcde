import { test } from "uvu";
import * as assert from "uvu/assert";
import { fromUtf8 } from "../../../src/bytes.ts";
import { EntryFiles } from "../../../src/store/entry_files.ts";
import { describe, textOf } from "../../contract/store_texts.ts";
import { rejection } from "../../fakes.ts";
import { MemoryFiles } from "../../memory_files.ts";

function world(): { disk: MemoryFiles; entries: EntryFiles } {
  const disk = new MemoryFiles();
  return { disk, entries: new EntryFiles(disk, "/csrs", describe) };
}

test("path is in the directory, and of names only", async () => {
  const { entries } = world();
  assert.is(await entries.path("a b"), "/csrs/a%20b");
  assert.is(await entries.path("token/a b"), "/csrs/.token/a%20b");
  await rejection("unsafe-path", entries.path("../x"));
});

test("encode gives the bytes of a text that says what it is", () => {
  const { entries } = world();
  const text = textOf("a", "x")(7);
  assert.is(fromUtf8(entries.encode({ name: "a", text, revision: 7 })), text);
  for (const wrong of [{ name: "b", text, revision: 7 }, { name: "a", text, revision: 8 }]) {
    assert.throws(() => entries.encode(wrong), (error: unknown) => error instanceof TypeError);
  }
});

test("highestRevision is that of all that can be read", async () => {
  const { disk, entries } = world();
  assert.is(await entries.highestRevision(), 0);
  for (let i = 1; i <= 40; i++) disk.put(`/csrs/n${i}`, textOf(`n${i}`, "x")(i % 7 === 3 ? 1000 + i : i));
  disk.put("/csrs/broken", Uint8Array.of(0xff));
  disk.put("/csrs/theirs", "x");
  disk.put("/csrs/.revision", textOf(".revision", "x")(5000));
  assert.is(await entries.highestRevision(), 1038);
  await disk.makeDirectory("/csrs/.token", 0o700);
  disk.put("/csrs/.token/a", textOf("token/a", "x")(2000));
  assert.is(await entries.highestRevision(), 2000);
  for (const folder of [".Token", ".t1", ".revision"]) {
    await disk.makeDirectory(`/csrs/${folder}`, 0o700);
    disk.put(`/csrs/${folder}/a`, textOf("a", "x")(3000));
  }
  disk.put("/csrs/.hidden", "a file where a folder would be");
  assert.is(await entries.highestRevision(), 2000);
});

test("makeFolder makes a kind's folder once, and what stands in its place is io", async () => {
  const { disk, entries } = world();
  await entries.makeFolder("a");
  assert.equal(disk.calls, []);
  for (const name of ["token/a", "token/b"]) await entries.makeFolder(name);
  assert.equal(disk.calls, ["makeDirectory /csrs/.token"]);
  assert.is(disk.tree.get("/csrs/.token")?.mode, 0o700);
  disk.failWith({ at: 1, kind: "error" });
  await rejection("io", entries.makeFolder("nonce/a"));
  await entries.makeFolder("nonce/a");
  assert.is(disk.tree.get("/csrs/.nonce")?.kind, "directory");
});

test("a file of another entry is not read as this one, across kinds too", async () => {
  const { disk, entries } = world();
  disk.put("/csrs/a", textOf("token/a", "x")(7));
  disk.put("/csrs/.token/a", textOf("a", "x")(8));
  disk.put("/csrs/.token/b", textOf("token/b", "x")(9));
  await rejection("io", entries.read("a"));
  await rejection("io", entries.read("token/a"));
  assert.is((await entries.read("token/b"))?.revision, 9);
  assert.equal((await entries.page({ kind: "token" })).entries.map(({ name }) => name), ["token/b"]);
  assert.equal((await entries.page({})).entries, []);
});

test("page goes on until it is full, and counts the files after it", async () => {
  const { disk, entries } = world();
  for (let i = 10; i < 60; i++) disk.put(`/csrs/n${i}`, i < 50 ? Uint8Array.of(0xff) : textOf(`n${i}`, "x")(i));
  const { entries: page, remaining } = await entries.page({ limit: 3 });
  assert.equal([page.map(({ name }) => name), remaining], [["n50", "n51", "n52"], 7]);
  assert.equal((await entries.page({ prefix: "n5", from: "n58" })).entries.map(({ revision }) => revision), [58, 59]);
});

test.run();
