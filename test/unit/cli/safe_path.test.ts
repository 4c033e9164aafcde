import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { checkSafePath } from "../../../cli/safe_path.ts";
import type { FileStat, Runtime } from "../../../src/ports.ts";
import { detectRuntime } from "../../../src/runtime/detect.ts";
import { rejection } from "../../fakes.ts";
import { MemoryFiles } from "../../memory_files.ts";

type Stat = Partial<Pick<FileStat, "kind" | "mode" | "uid">>;

/** Paths with what they are: the user's own directories, 0755, unless said. */
function world(
  paths: Readonly<Record<string, Stat>>,
  user: number | undefined = 1000,
): Pick<Runtime, "files" | "userId"> {
  class Paths extends MemoryFiles {
    override stat(path: string): Promise<FileStat | undefined> {
      const found = paths[path];
      return Promise.resolve(
        found && { kind: "directory", mode: 0o755, uid: 1000, gid: 1000, size: 0, version: "1", ...found },
      );
    }
  }
  return { files: new Paths(), userId: () => user };
}

const ROOT: Readonly<Record<string, Stat>> = { "/": { uid: 0 }, "/tmp": { uid: 0, mode: 0o1777 }, "/home": { uid: 0 } };

test("checkSafePath lets one's own and root's paths through, and what is not there yet", async () => {
  const good = { ...ROOT, "/home/me": { mode: 0o700 }, "/home/me/x": { kind: "file", mode: 0o600 } } as const;
  for (const path of ["/home/me/x", "/home/me", "/home/me/new/deep", "/tmp/new", "/", "/home/me/../me/./x"]) {
    await checkSafePath(world(good), path);
  }
  await checkSafePath(world({ ...ROOT, "/tmp/mine": { mode: 0o700 } }), "/tmp/mine");
});

test("checkSafePath names the part that is unsafe, and why", async () => {
  const cases: [Record<string, Stat>, RegExp][] = [
    [{ "/home/me": { kind: "link" } }, /"\/home\/me" is a symbolic link$/],
    [{ "/home/me": {}, "/home/me/x": { kind: "link", uid: 0, mode: 0o777 } }, /"\/home\/me\/x" is a symbolic link$/],
    [{ "/home/me": { uid: 1001 } }, /"\/home\/me" belongs to another user \(uid 1001\)$/],
    [{ "/home/me": {}, "/home/me/x": { uid: 1001, kind: "file" } }, /"\/home\/me\/x" belongs to another user/],
    [{ "/home/me": { mode: 0o775 } }, /"\/home\/me" can be written by others \(mode 775\): run chmod go-w$/],
    [{ "/home/me": { mode: 0o757 } }, /\(mode 757\)/],
    [{ "/home": { uid: 0, mode: 0o777 } }, /"\/home" can be written by others \(mode 777\)/],
    [{ "/": { uid: 0, mode: 0o777 } }, /"\/" can be written by others/],
    [
      { "/home/me": {}, "/home/me/x": { kind: "file", mode: 0o620 } },
      /"\/home\/me\/x" can be written by others \(mode 620\)/,
    ],
    [
      { "/home/me": {}, "/home/me/x": { kind: "file", mode: 0o1666 } },
      /"\/home\/me\/x" can be written by others \(mode 1666\)/,
    ],
    [{ "/home/me": { uid: 1001, mode: 0o1777 } }, /belongs to another user/],
  ];
  for (const [paths, message] of cases) {
    const error = await rejection("unsafe-path", checkSafePath(world({ ...ROOT, ...paths }), "/home/me/x"));
    assert.match(error.message, /^Cannot use "\/home\/me\/x": /);
    assert.match(error.message, message);
  }
});

test("checkSafePath: root trusts root alone", async () => {
  await rejection("unsafe-path", checkSafePath(world({ ...ROOT, "/home/me": {} }, 0), "/home/me"));
  await checkSafePath(world({ ...ROOT, "/home/me": { uid: 0 } }, 0), "/home/me");
});

test("checkSafePath looks at nothing where the system has no such owners", async () => {
  const windows = { ...world({}), userId: () => undefined, files: new MemoryFiles() };
  await checkSafePath(windows, "/home/me/x");
  assert.equal(windows.files.calls, []);
});

test("checkSafePath sees what is on a real disk", async () => {
  const runtime = await detectRuntime();
  const root = realpathSync(mkdtempSync(`${tmpdir()}/certgen-safe-`));
  try {
    mkdirSync(`${root}/own`, { mode: 0o700 });
    writeFileSync(`${root}/own/file`, "", { mode: 0o600 });
    await checkSafePath(runtime, `${root}/own/file`);
    symlinkSync(`${root}/own`, `${root}/link`);
    await rejection("unsafe-path", checkSafePath(runtime, `${root}/link/file`));
    symlinkSync(`${root}/nowhere`, `${root}/own/dangling`);
    await rejection("unsafe-path", checkSafePath(runtime, `${root}/own/dangling`));
    chmodSync(`${root}/own/file`, 0o666);
    await rejection("unsafe-path", checkSafePath(runtime, `${root}/own/file`));
    chmodSync(`${root}/own`, 0o770);
    const error = await rejection("unsafe-path", checkSafePath(runtime, `${root}/own/new`));
    assert.match(error.message, `"${root}/own" can be written by others (mode 770)`);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});

test("checkSafePath with mustExist refuses what was taken away so that it is not looked at, and a sticky directory itself", async () => {
  const good = { ...ROOT, "/tmp/mine": { mode: 0o700 } };
  await checkSafePath(world(good), "/tmp/mine", { mustExist: true });
  const gone = await rejection("unsafe-path", checkSafePath(world(good), "/tmp/mine/x", { mustExist: true }));
  assert.match(gone.message, /"\/tmp\/mine\/x" is not there$/);
  const sticky = { ...ROOT, "/tmp/mine": { mode: 0o1777 } };
  assert.match((await rejection("unsafe-path", checkSafePath(world(sticky), "/tmp/mine"))).message, /mode 1777/);
});

test.run();
