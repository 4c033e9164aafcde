import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import process from "node:process";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { checkSafeAssets, makeSafeAssets } from "../../../cli/safe_assets.ts";
import type { FileStat, Runtime } from "../../../src/ports.ts";
import { detectRuntime } from "../../../src/runtime/detect.ts";
import { rejection } from "../../fakes.ts";
import { MemoryFiles } from "../../memory_files.ts";

type Part = Partial<Pick<FileStat, "kind" | "mode" | "uid">> & { readonly to?: string };
type World = Pick<Runtime, "files" | "userId">;

/** Paths with what they are: root's directories, 0755, unless said. */
function world(paths: Readonly<Record<string, Part>>, user: number | undefined = 0): World {
  class Paths extends MemoryFiles {
    override stat(path: string): Promise<FileStat | undefined> {
      this.calls.push(path);
      const found: Part | undefined = path === "/" ? {} : paths[path];
      if (found === undefined) return Promise.resolve(undefined);
      const kind = found.to === undefined ? "directory" : "link";
      return Promise.resolve({ kind, mode: 0o755, uid: 0, gid: 0, size: 0, version: "1", ...found });
    }
    override readLink(path: string): Promise<string | undefined> {
      return Promise.resolve(paths[path]?.to);
    }
  }
  return { files: new Paths(), userId: () => user };
}

const BASE: Readonly<Record<string, Part>> = { "/tmp": { mode: 0o1777 }, "/etc": {}, "/etc/pki": {}, "/run": {} };

const refused = async (paths: Readonly<Record<string, Part>>, directory: string, user?: number): Promise<string> =>
  (await rejection("unsafe-path", checkSafeAssets(world({ ...BASE, ...paths }, user), directory))).message;

test("checkSafeAssets: root's own directories, sticky parents, and what is not there yet", async () => {
  for (const directory of ["/etc/pki", "/etc/pki/new/deep", "/etc/pki/../pki/", "/tmp/new"]) {
    await checkSafeAssets(world(BASE), directory);
  }
  await checkSafeAssets(world({ ...BASE, "/tmp/mine": { mode: 0o700 } }), "/tmp/mine");
});

test("checkSafeAssets: symbolic links of root's lead to what is looked at as well", async () => {
  const links: Record<string, Part> = {
    "/var": {},
    "/var/run": { to: "/run", mode: 0o777 },
    "/var/up": { to: "../etc/./pki" },
    "/var/twice": { to: "run" },
    "/etc/pki/x": {},
    "/run/x": {},
  };
  for (const directory of ["/var/run", "/var/run/x", "/var/up", "/var/up/x", "/var/twice/x", "/var/up/../pki/x"]) {
    await checkSafeAssets(world({ ...BASE, ...links }), directory, { mustExist: true });
  }
});

test("checkSafeAssets names what is unsafe for root, and what to do", async () => {
  assert.is(
    await refused({ "/etc/pki": { uid: 997 } }, "/etc/pki"),
    'Cannot use "/etc/pki": "/etc/pki" belongs to another user (uid 997) (root writes only where nobody else can put links: ' +
      "chown it to root and chmod go-w, and give the files in it to their user (--owner))",
  );
  const cases: [Record<string, Part>, string, RegExp][] = [
    [{ "/etc/pki": { mode: 0o775 } }, "/etc/pki", /"\/etc\/pki" can be written by others \(mode 775\)/],
    [{ "/etc": { mode: 0o777 } }, "/etc/pki/new", /"\/etc" can be written by others/],
    [{ "/etc": { uid: 5 } }, "/etc/pki", /"\/etc" belongs to another user \(uid 5\)/],
    [{}, "/tmp", /"\/tmp" can be written by others \(mode 1777\)/],
    [{ "/tmp/a": { uid: 5 } }, "/tmp/a/b", /"\/tmp\/a" belongs to another user/],
    [{ "/tmp/a": { to: "/etc/pki", uid: 5 } }, "/tmp/a", /"\/tmp\/a" is a symbolic link/],
    [{ "/tmp/a": { to: "/etc/pki", uid: 5 } }, "/tmp/a/b", /"\/tmp\/a" is a symbolic link/],
    [{ "/etc/l": { to: "/tmp" } }, "/etc/l", /"\/tmp" can be written by others/],
    [{ "/etc/l": { to: "/tmp/." } }, "/etc/l", /"\/tmp" can be written by others/],
    [{ "/etc/l": { to: "/tmp/a/.." }, "/tmp/a": {} }, "/etc/l", /"\/tmp" can be written by others/],
    [{ "/tmp/l": { to: "." } }, "/tmp/l", /"\/tmp" can be written by others/],
    [{ "/etc/l": { to: "/home/u" }, "/home": {}, "/home/u": { uid: 5 } }, "/etc/l/x", /"\/home\/u" belongs to another/],
    [
      { "/etc/l": { to: "m" }, "/etc/m": { to: "/tmp/n" }, "/tmp/n": { to: "/etc", uid: 5 } },
      "/etc/l/pki",
      /"\/tmp\/n" is a symbolic link/,
    ],
    // the system goes up from where the link leads: a lexical reading would see /etc/pki
    [{ "/etc/l": { to: "/tmp/d" }, "/tmp/d": {}, "/tmp/pki": { uid: 5 } }, "/etc/l/../pki", /"\/tmp\/pki" belongs/],
    [{ "/etc/l": { to: "l" } }, "/etc/l", /too many symbolic links/],
    [{ "/etc/pki": { kind: "file", mode: 0o644 } }, "/etc/pki", /it is no directory/],
  ];
  for (const [paths, directory, words] of cases) assert.match(await refused(paths, directory), words);
});

test("checkSafeAssets with mustExist refuses what is not there", async () => {
  for (const user of [0, 1000]) {
    const { message } = await rejection(
      "unsafe-path",
      checkSafeAssets(world(BASE, user), "/etc/pki/new", { mustExist: true }),
    );
    assert.match(message, /is not there/);
  }
});

test("checkSafeAssets: for another user it must be a directory, and no more", async () => {
  const others: Record<string, Part> = { "/tmp/a": { uid: 5, mode: 0o777 }, "/tmp/l": { to: "a", uid: 6 } };
  for (const directory of ["/tmp/a", "/tmp/l", "/tmp/new", "/tmp/l/new"]) {
    await checkSafeAssets(world({ ...BASE, ...others }, 1000), directory);
  }
  assert.match(await refused({ "/etc/f": { kind: "file" } }, "/etc/f", 1000), /it is no directory$/);
  assert.match(await refused({ "/etc/f": { kind: "file" }, "/etc/l": { to: "f" } }, "/etc/l", 1000), /no directory$/);
});

test("checkSafeAssets looks at nothing where the system has no such owners", async () => {
  const windows = { files: new MemoryFiles(), userId: () => undefined };
  await checkSafeAssets(windows, "/etc/pki", { mustExist: true });
  assert.equal(windows.files.calls, []);
});

test("makeSafeAssets makes nothing in an unsafe place, and looks again at what it has made", async () => {
  const unsafe = world({ ...BASE, "/etc": { uid: 5 } });
  await rejection("unsafe-path", makeSafeAssets(unsafe, "/etc/pki/new"));
  // somebody was quicker in a sticky directory
  const paths: Record<string, Part> = { ...BASE };
  const raced = world(paths);
  raced.files.makeDirectory = () => {
    paths["/tmp/new"] = { to: "/home/u", uid: 5 };
    return Promise.resolve();
  };
  const { message } = await rejection("unsafe-path", makeSafeAssets(raced, "/tmp/new"));
  assert.match(message, /"\/tmp\/new" is a symbolic link/);
});

test("the same on a real disk", async () => {
  const runtime = await detectRuntime();
  const root = realpathSync(mkdtempSync(`${tmpdir()}/certgen-assets-`));
  try {
    await makeSafeAssets(runtime, `${root}/a/b`);
    symlinkSync("a", `${root}/l`);
    await makeSafeAssets(runtime, `${root}/l/b`);
    writeFileSync(`${root}/file`, "");
    await rejection("unsafe-path", makeSafeAssets(runtime, `${root}/file`));
    // the rest is root's business alone
    if (process.getuid?.() !== 0) return;
    chmodSync(`${root}/a`, 0o775);
    await rejection("unsafe-path", makeSafeAssets(runtime, `${root}/a/b`));
    await rejection("unsafe-path", makeSafeAssets(runtime, `${root}/l/b`));
    chmodSync(`${root}/a`, 0o755);
    mkdirSync(`${root}/etcd`);
    chownSync(`${root}/etcd`, 997, 995);
    await rejection("unsafe-path", makeSafeAssets(runtime, `${root}/etcd`));
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});

test.run();
