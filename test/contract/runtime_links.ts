import { lstat, mkdtemp, readdir, readFile, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { fromUtf8, toUtf8 } from "../../src/bytes.ts";
import type { Files } from "../../src/ports.ts";
import { fault } from "./faults.ts";

const modeOf = async (path: string): Promise<number> => (await lstat(path)).mode & 0o7777;

/** What every {@link Files} over a real file system must do with symbolic links and owners. */
export function linksContract(name: string, files: Files): void {
  const test = suite(name);
  let directory = "";
  const at = (path: string): string => join(directory, path);
  test.before.each(async () => {
    directory = await mkdtemp(join(tmpdir(), "certgen-links-"));
  });
  test.after.each(() => rm(directory, { recursive: true, force: true }));

  test("readLink gives what a link says as it was written, and nothing for what is no link", async () => {
    await files.create(at("a"), toUtf8("a"), 0o600);
    for (const target of ["a", "none", "../é x", "/absolute/./path/", "\n"]) {
      await symlink(target, at("link"));
      assert.is(await files.readLink(at("link")), target);
      await files.remove(at("link"));
    }
    for (const path of [at("a"), at("none"), directory]) assert.is(await files.readLink(path), undefined, path);
    assert.match(
      (await fault("io", files.readLink(at("a/below")))).message,
      /^Cannot read link ".*": a part of the path/,
    );
    assert.match((await fault("io", files.readLink("a\0b"))).message, /^Cannot read link "/);
    await fault("not-found", files.replaceLink(at("none/link"), "a"));
  });

  test("replaceLink takes the place of a link or a file, not of what a link leads to", async () => {
    await files.create(at("victim"), toUtf8("victim"), 0o600);
    await files.makeDirectory(at("d"), 0o700);
    await files.replaceLink(at("link"), "victim");
    assert.is(await files.readLink(at("link")), "victim");
    await files.replaceLink(at("link"), "d");
    // the link to the directory is replaced; nothing goes into it
    await files.replaceLink(at("link"), "other");
    assert.is(await files.readLink(at("link")), "other");
    assert.is(await readFile(at("victim"), "utf8"), "victim");
    await files.create(at("file"), toUtf8("file"), 0o600);
    await files.replaceLink(at("file"), "victim");
    assert.is(await files.readLink(at("file")), "victim");
    assert.match((await fault("io", files.replaceLink(at("d"), "victim"))).message, /^Cannot link "/);
    await fault("io", files.replaceLink(at("empty"), "a\0b"));
    assert.equal((await readdir(directory)).sort(), ["d", "file", "link", "victim"]);
    assert.equal(await readdir(at("d")), []);
  });

  test("replaceLink always leaves one of the two", async () => {
    for (const name of ["a", "b"]) await files.create(at(name), toUtf8(name), 0o600);
    await files.replaceLink(at("link"), "a");
    let done = false;
    const writing = (async () => {
      for (let i = 0; i < 60; i++) await files.replaceLink(at("link"), i % 2 === 0 ? "b" : "a");
    })().finally(() => done = true);
    const seen = new Set<string>();
    while (!done) seen.add(fromUtf8(await files.read(at("link"))));
    await writing;
    assert.equal([...seen].sort(), ["a", "b"]);
  });

  test("replace gives the file to its owner, and keeps the mode", async () => {
    const [uid = 0, gid = 0] = [process.getuid?.(), process.getgid?.()];
    await files.replace(at("a"), toUtf8("own"), 0o640, { uid, gid });
    assert.equal([(await files.stat(at("a")))?.uid, (await files.stat(at("a")))?.gid], [uid, gid]);
    assert.is(await modeOf(at("a")), 0o640);
    const others = files.replace(at("a"), toUtf8("another's"), 0o600, { uid: 12345, gid: 23456 });
    if (uid === 0) {
      await others;
      assert.equal([(await files.stat(at("a")))?.uid, (await files.stat(at("a")))?.gid], [12345, 23456]);
      assert.is(await modeOf(at("a")), 0o600);
      // without an owner it is this process's again: the file is a new one
      await files.replace(at("a"), toUtf8("own"), 0o600);
      assert.is((await files.stat(at("a")))?.uid, uid);
    } else {
      assert.match((await fault("io", others)).message, /^Cannot write ".*": operation not permitted \(EPERM\)$/);
      assert.is(await readFile(at("a"), "utf8"), "own");
    }
    assert.equal(await readdir(directory), ["a"]);
  });

  test.run();
}
