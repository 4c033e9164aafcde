import { execFileSync } from "node:child_process";
import { lstatSync, readdirSync } from "node:fs";
import { chmod, lstat, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { fromUtf8, toUtf8 } from "../../src/bytes.ts";
import type { Files } from "../../src/ports.ts";
import { fault } from "./faults.ts";

const modeOf = async (path: string): Promise<number> => (await lstat(path)).mode & 0o7777;

/** What every {@link Files} over a real file system must do. */
export function filesContract(name: string, files: Files): void {
  const test = suite(name);
  let directory = "";
  const at = (path: string): string => join(directory, path);
  test.before.each(async () => {
    directory = await mkdtemp(join(tmpdir(), "certgen-files-"));
  });
  test.after.each(() => rm(directory, { recursive: true, force: true }));

  test("read gives what was written", async () => {
    await files.create(at("a"), toUtf8("one"), 0o600);
    assert.is(fromUtf8(await files.read(at("a"))), "one");
    await files.replace(at("a"), toUtf8("two"), 0o600);
    assert.is(fromUtf8(await files.read(at("a"))), "two");
    await files.replace(at("a"), new Uint8Array(), 0o600);
    assert.is((await files.read(at("a"))).length, 0);
    const big = new Uint8Array(1_000_000).map((_, i) => i % 251);
    await files.replace(at("a"), big, 0o600);
    assert.equal(await files.read(at("a")), big);
  });

  test("read says not-found, names the path and the system's word", async () => {
    const error = await fault("not-found", files.read(at("none")));
    assert.is(error.message, `Cannot read ${JSON.stringify(at("none"))}: no such file or directory (ENOENT)`);
  });

  test("read stops at its limit", async () => {
    await files.create(at("a"), new Uint8Array(1000), 0o600);
    assert.is((await files.read(at("a"), 1000)).length, 1000);
    const error = await fault("too-large", files.read(at("a"), 999));
    assert.is(error.message, `Cannot read ${JSON.stringify(at("a"))}: larger than 999 bytes`);
    await writeFile(at("big"), new Uint8Array(1024 * 1024 + 1));
    await fault("too-large", files.read(at("big")));
    await fault("io", files.read("/dev/zero"));
  });

  test("read refuses a FIFO at once, and a directory", async () => {
    execFileSync("mkfifo", [at("fifo")]);
    assert.match((await fault("io", files.read(at("fifo")))).message, /not a regular file/);
    assert.match(
      (await fault("io", files.read(directory))).message,
      /Cannot read .*: (not a regular file|is a directory)/,
    );
  });

  test("read follows a symbolic link", async () => {
    await files.create(at("a"), toUtf8("one"), 0o600);
    await symlink("a", at("link"));
    assert.is(fromUtf8(await files.read(at("link"))), "one");
  });

  test("stat tells kinds apart and follows no link", async () => {
    await files.create(at("a"), toUtf8("one"), 0o640);
    await symlink("a", at("link"));
    await symlink("none", at("dangling"));
    execFileSync("mkfifo", [at("fifo")]);
    const is = await files.stat(at("a"));
    assert.equal([is?.kind, is?.mode, is?.size, is?.uid], ["file", 0o640, 3, process.getuid?.()]);
    assert.is((await files.stat(at("link")))?.kind, "link");
    assert.is((await files.stat(at("dangling")))?.kind, "link");
    assert.is((await files.stat(at("fifo")))?.kind, "other");
    assert.is((await files.stat(directory))?.kind, "directory");
    assert.is(await files.stat(at("none")), undefined);
  });

  test("stat's version changes with every replace and stays otherwise", async () => {
    const seen = new Set<string | undefined>();
    for (let i = 0; i < 5; i++) {
      await files.replace(at("a"), toUtf8(`${i}`), 0o600);
      seen.add((await files.stat(at("a")))?.version);
      await files.read(at("a"));
      seen.add((await files.stat(at("a")))?.version);
      await new Promise((resolve) => setTimeout(resolve, 2)); // Deno's times are in milliseconds
    }
    assert.is(seen.size, 5);
  });

  test("list is sorted, and not-found for no directory", async () => {
    for (const name of ["b", "a", "B", "é"]) await files.create(at(name), new Uint8Array(), 0o600);
    assert.equal(await files.list(directory), ["B", "a", "b", "é"]);
    await fault("not-found", files.list(at("none")));
    await fault("io", files.list(at("a")));
  });

  test("makeDirectory gives its mode to all it makes, and takes what is there", async () => {
    await files.makeDirectory(at("x/y/z"), 0o777);
    for (const path of ["x", "x/y", "x/y/z"]) assert.is(await modeOf(at(path)), 0o777, path);
    await files.makeDirectory(at("x/y"), 0o700);
    assert.is(await modeOf(at("x/y")), 0o777);
    await symlink("x", at("link"));
    await files.makeDirectory(at("link"), 0o700);
    await files.create(at("file"), new Uint8Array(), 0o600);
    await fault("io", files.makeDirectory(at("file"), 0o700));
    await fault("not-found", files.makeDirectory("", 0o700));
    await fault("io", files.makeDirectory(at("file/below"), 0o700));
  });

  test("create and replace give the mode whatever the umask, and never more before", async () => {
    const before = process.umask(0o077);
    try {
      await files.create(at("a"), new Uint8Array(1), 0o644);
      await files.replace(at("b"), new Uint8Array(1), 0o640);
      assert.equal([await modeOf(at("a")), await modeOf(at("b"))], [0o644, 0o640]);
      process.umask(0);
      await chmod(at("a"), 0o666);
      const seen = new Set<number>();
      // many at once, looked at whenever one of them is a step further
      for (let i = 0; i < 50 && (i < 5 || seen.size === 0); i++) {
        let done = false;
        const names = Array.from({ length: 20 }, (_, k) => at(`many${k}`));
        const writing = Promise.all(names.map((name) => files.replace(name, new Uint8Array(100_000), 0o600)))
          .finally(() => done = true);
        while (!done) {
          for (const name of readdirSync(directory)) {
            const mode = name.endsWith(".tmp") ? lstatSync(at(name), { throwIfNoEntry: false })?.mode : undefined;
            if (mode !== undefined) seen.add(mode & 0o7777);
          }
          await new Promise((resolve) => setTimeout(resolve));
        }
        await writing;
      }
      await files.replace(at("a"), new Uint8Array(1), 0o600);
      assert.equal([...seen], [0o600]);
      assert.is(await modeOf(at("a")), 0o600);
    } finally {
      process.umask(before);
    }
  });

  test("create is won by one of 100", async () => {
    const tries = Array.from({ length: 100 }, (_, i) => files.create(at("a"), toUtf8(`content ${i}`), 0o600));
    const results = await Promise.allSettled(tries);
    const won = results.flatMap((result, i) => result.status === "fulfilled" ? [i] : []);
    assert.is(won.length, 1);
    assert.is(await readFile(at("a"), "utf8"), `content ${won[0]}`);
    for (const result of results) {
      if (result.status === "rejected") await fault("already-exists", Promise.reject(result.reason));
    }
    assert.equal(await readdir(directory), ["a"]);
  });

  test("create refuses a symbolic link and does not write through it", async () => {
    await symlink("elsewhere", at("dangling"));
    await fault("already-exists", files.create(at("dangling"), toUtf8("x"), 0o600));
    assert.equal(await readdir(directory), ["dangling"]);
  });

  test("replace puts a file in the place of a symbolic link, not through it", async () => {
    await files.create(at("victim"), toUtf8("victim"), 0o600);
    await symlink("victim", at("link"));
    await files.replace(at("link"), toUtf8("mine"), 0o600);
    assert.is(await readFile(at("victim"), "utf8"), "victim");
    assert.is((await files.stat(at("link")))?.kind, "file");
  });

  test("replace never shows a part", async () => {
    const contents = ["a", "b"].map((letter) => toUtf8(letter.repeat(300_000)));
    await files.create(at("a"), toUtf8("a".repeat(300_000)), 0o600);
    let done = false;
    const writing = (async () => {
      for (let i = 0; i < 60; i++) await files.replace(at("a"), contents[i % 2] ?? new Uint8Array(), 0o600);
    })().finally(() => done = true);
    while (!done) {
      const text = fromUtf8(await files.read(at("a")));
      assert.ok(text === "a".repeat(300_000) || text === "b".repeat(300_000));
    }
    await writing;
  });

  test("a failed write leaves nothing behind", async () => {
    await files.makeDirectory(at("taken/inner"), 0o700);
    assert.match((await fault("io", files.replace(at("taken"), toUtf8("x"), 0o600))).message, /^Cannot write "/);
    await fault("already-exists", files.create(at("taken"), toUtf8("x"), 0o600));
    await fault("not-found", files.create(at("none/a"), toUtf8("x"), 0o600));
    await fault("io", files.create(at("a\0b"), toUtf8("x"), 0o600));
    assert.equal(await readdir(directory), ["taken"]);
  });

  test("append adds to the end of what is there, and says its size", async () => {
    const log = await files.append(at("log"), 0o600);
    assert.is(log.size, 0);
    await log.write(toUtf8("one\n"));
    await log.write(new Uint8Array());
    await log.write(toUtf8("two\n"));
    assert.is(log.size, 8);
    await log.close();
    await log.close();
    assert.is(await readFile(at("log"), "utf8"), "one\ntwo\n");
    assert.instance(await log.write(toUtf8("x")).catch((error: unknown) => error), TypeError);
    const again = await files.append(at("log"), 0o600);
    assert.is(again.size, 8);
    await writeFile(at("log"), "x", { flag: "a" });
    const big = new Uint8Array(3_000_000).map((_, i) => i % 251);
    await again.write(big);
    assert.is(again.size, 3_000_009);
    await again.close();
    const whole = await files.read(at("log"), 4_000_000);
    assert.is(fromUtf8(whole.subarray(0, 9)), "one\ntwo\nx");
    assert.equal(whole.subarray(9), big);
  });

  test("append gives the mode whatever the umask to a file that it makes, and leaves that of others", async () => {
    const before = process.umask(0o077);
    try {
      await (await files.append(at("a"), 0o640)).close();
      process.umask(0);
      await (await files.append(at("b"), 0o600)).close();
      await (await files.append(at("a"), 0o600)).close();
      assert.equal([await modeOf(at("a")), await modeOf(at("b"))], [0o640, 0o600]);
    } finally {
      process.umask(before);
    }
  });

  test("append refuses links, directories, FIFOs and devices at once, and makes nothing of them", async () => {
    await files.create(at("victim"), toUtf8("victim"), 0o600);
    await symlink("victim", at("link"));
    await symlink("elsewhere", at("dangling"));
    execFileSync("mkfifo", [at("fifo")]);
    for (const path of [at("link"), at("dangling"), at("fifo"), directory, "/dev/null"]) {
      assert.match((await fault("io", files.append(path, 0o600))).message, /^Cannot append to "/, path);
    }
    const error = await fault("not-found", files.append(at("none/log"), 0o600));
    assert.is(error.message, `Cannot append to ${JSON.stringify(at("none/log"))}: no such file or directory (ENOENT)`);
    assert.equal((await readdir(directory)).sort(), ["dangling", "fifo", "link", "victim"]);
    assert.is(await readFile(at("victim"), "utf8"), "victim");
  });

  test("rename replaces; remove takes files, links and empty directories, and nothing", async () => {
    await files.create(at("a"), toUtf8("a"), 0o600);
    await files.create(at("b"), toUtf8("b"), 0o600);
    await files.rename(at("a"), at("b"));
    assert.is(await readFile(at("b"), "utf8"), "a");
    await fault("not-found", files.rename(at("a"), at("b")));
    await symlink("b", at("link"));
    await files.remove(at("link"));
    assert.ok((await stat(at("b"))).isFile());
    await files.makeDirectory(at("d/e"), 0o700);
    await fault("io", files.remove(at("d")));
    for (const path of ["d/e", "d", "b", "b"]) await files.remove(at(path));
    assert.equal(await readdir(directory), []);
  });

  test.run();
}
