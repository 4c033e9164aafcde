import { chmodSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { tokenAuthFile } from "../../../cli/token_auth_file.ts";
import { watchFiles } from "../../../cli/watch_files.ts";
import { detectRuntime } from "../../../src/runtime/detect.ts";
import { asking } from "../../contract/authenticator.ts";
import { fakeLog, rejection } from "../../fakes.ts";
import { MemoryFiles } from "../../memory_files.ts";

const ROW = 't0ken,admin,1,"certgen:admins"\n';

/** A token file in memory that is watched, and a look of the watch. */
async function watched(text: string, mode = 0o600) {
  const files = new MemoryFiles();
  const { log, lines } = fakeLog();
  files.put("tokens", text, mode);
  const { authenticate, watched } = await tokenAuthFile({ files, userId: () => 1000 }, "tokens", log);
  let [wake, waits] = [(): void => {}, 0];
  const sleep = (_: number, signal?: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      waits++;
      wake = resolve;
      signal?.addEventListener("abort", () => reject(signal.reason));
    });
  const { stop } = watchFiles({ files, sleep }, log, [watched]);
  const tick = async (): Promise<void> => {
    for (const enough = waits + 2; waits < enough;) {
      wake();
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
  };
  const who = async (token: string): Promise<string | undefined> =>
    (await authenticate(asking(`Bearer ${token}`)))?.username;
  return { files, lines, tick, who, stop };
}

test("tokenAuthFile knows the file's users", async () => {
  const { who, lines, stop } = await watched(ROW);
  assert.equal([await who("t0ken"), await who("other")], ["admin", undefined]);
  assert.equal(lines, []);
  stop();
});

test("a replaced file is taken; a broken one is logged without its tokens, and the good one stays", async () => {
  const { files, who, lines, tick, stop } = await watched(ROW);
  await tick();
  files.put("tokens", "n3w,someone,2\n", 0o600);
  await tick();
  assert.equal([await who("t0ken"), await who("n3w")], [undefined, "someone"]);
  const broken: [() => void, RegExp][] = [
    [() => files.put("tokens", "s3cr3t,someone\n", 0o600), /line 1 has 2 of the three fields/],
    [() => files.put("tokens", ROW, 0o620), /can be written by others \(mode 620\): run chmod go-w/],
    [() => files.tree.delete("tokens"), /Cannot read tokens/],
  ];
  for (const [change, because] of broken) {
    change();
    await tick();
    assert.equal([await who("t0ken"), await who("n3w")], [undefined, "someone"]);
    const line = lines.at(-1);
    assert.equal([line?.level, line?.message], [
      "error",
      "token file has changed and cannot be used; the old one stays",
    ]);
    assert.match(String(line?.facts["because"]), because);
    assert.not.match(JSON.stringify(lines), "s3cr3t");
  }
  stop();
});

test("an emptied file opens nothing: it says so, and nobody is known", async () => {
  const { files, who, lines, tick, stop } = await watched(ROW);
  await tick();
  files.put("tokens", "\n", 0o600);
  await tick();
  assert.is(await who("t0ken"), undefined);
  assert.ok(lines.some(({ level, message }) => level === "warn" && message.startsWith("the token file has no tokens")));
  stop();
});

test("a file that others can write is refused, one that they can read is warned of", async () => {
  for (const mode of [0o602, 0o620, 0o666]) {
    const files = new MemoryFiles();
    files.put("tokens", ROW, mode);
    const { message } = await rejection(
      "unsafe-path",
      tokenAuthFile({ files, userId: () => 1000 }, "tokens", fakeLog().log),
    );
    assert.ok(message.startsWith('Cannot use token file "tokens": it can be written by others'), message);
    // no user id: a system without these modes
    await tokenAuthFile({ files, userId: () => undefined }, "tokens", fakeLog().log);
  }
  for (const mode of [0o604, 0o640, 0o644]) {
    const { lines, stop } = await watched(ROW, mode);
    assert.equal(lines.map(({ level, message }) => [level, message]), [
      ["warn", "the token file can be read by others: run chmod go-r"],
    ]);
    stop();
  }
});

test("of a link, as a mounted secret is one, the file's own mode counts", async () => {
  const root = realpathSync(mkdtempSync(`${tmpdir()}/certgen-tokens-`));
  const runtime = await detectRuntime();
  try {
    writeFileSync(`${root}/file`, ROW, { mode: 0o600 });
    symlinkSync("file", `${root}/link`);
    const { log, lines } = fakeLog();
    const { authenticate } = await tokenAuthFile(runtime, `${root}/link`, log);
    assert.is((await authenticate(asking("Bearer t0ken")))?.username, "admin");
    assert.equal(lines, []);
    chmodSync(`${root}/file`, 0o666);
    await rejection("unsafe-path", tokenAuthFile(runtime, `${root}/link`, log));
    rmSync(`${root}/file`);
    await rejection("not-found", tokenAuthFile(runtime, `${root}/link`, log));
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});

test("a file that is not there is refused by name", async () => {
  const { message } = await rejection(
    "not-found",
    tokenAuthFile({ files: new MemoryFiles(), userId: () => 1000 }, "gone.csv", fakeLog().log),
  );
  assert.match(message, "gone.csv");
});

test.run();
