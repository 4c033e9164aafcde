import { test } from "uvu";
import * as assert from "uvu/assert";
import { PairLayout, versionName, versionTime } from "../../../src/agent/layout.ts";
import type { FileStat, Owner } from "../../../src/ports.ts";
import { MOMENT, rejection, thrown } from "../../fakes.ts";
import { MemoryFiles } from "../../memory_files.ts";

const VERSION = "20260301T120000Z-01020304";

/** The layout of a pair for a user of the system, or on one that has none. */
function make(user?: number, owner?: Owner): { files: MemoryFiles; layout: PairLayout } {
  const files = new MemoryFiles();
  return { files, layout: new PairLayout(files, { directory: "d", ...owner && { owner } }, "n", user) };
}

test("R2 names that would leave the directory, or hide in it, are refused", () => {
  const files = new MemoryFiles();
  for (const name of ["", ".", "..", "../x", "a/b", "/x", ".x", "a\\b", "\\", "a\0", "%2e", "x".repeat(254)]) {
    const error = thrown("unsafe-path", () => new PairLayout(files, { directory: "d" }, name, undefined));
    assert.ok(error.message.startsWith(`Cannot name files ${JSON.stringify(name)}: a common name may not `));
  }
  assert.equal(files.calls, []);
  const layout = new PairLayout(files, { directory: "d", caFile: "metric-ca.crt" }, "a:b", undefined);
  assert.equal(layout.paths, { key: "d/a:b.key", certificate: "d/a:b.crt" });
  assert.equal([layout.home, layout.ca], ["d/.a:b", "d/metric-ca.crt"]);
});

test("R2 the CA's file is none of the pair's, and stays in the directory", () => {
  const files = new MemoryFiles();
  for (const caFile of ["../ca.crt", "a/b", "", ".ca", "n.crt", "n.key", ".."]) {
    const error = thrown("unsafe-path", () => new PairLayout(files, { directory: "d", caFile }, "n", undefined));
    assert.ok(error.message.startsWith(`Cannot name the CA's file ${JSON.stringify(caFile)}: its name may not `));
  }
  thrown("unsafe-path", () => new PairLayout(files, { directory: "d" }, "ca", undefined));
});

test("a plain name is absent, a file, or a link of ours", async () => {
  const { files, layout } = make();
  assert.is(await layout.kindOf("key"), "absent");
  files.put("d/n.key", "x");
  assert.is(await layout.kindOf("key"), "file");
  await layout.link("key");
  assert.is(await layout.kindOf("key"), "link");
  assert.is(await files.readLink("d/n.key"), ".n/current/tls.key");
});

test("R57 a version that is a link, or another user's, is refused", async () => {
  const { files, layout } = make(1000);
  await layout.mark("current", VERSION);
  assert.is(await layout.marked("current"), VERSION);
  assert.not(await layout.hasVersion(VERSION));
  files.putLink(`d/.n/${VERSION}`, "/etc");
  assert.match((await rejection("unsafe-path", layout.marked("current"))).message, /is no directory; move it away$/);
  await rejection("unsafe-path", layout.hasVersion(VERSION));
  await files.remove(`d/.n/${VERSION}`);
  await files.makeDirectory(`d/.n/${VERSION}`, 0o755);
  assert.ok(await layout.hasVersion(VERSION));
  const others = new PairLayout(files, { directory: "d" }, "n", 1001);
  await rejection("unsafe-path", others.hasVersion(VERSION));
});

test("R57 links that are not ours, and what is no file, are refused", async () => {
  const { files, layout } = make();
  for (
    const target of [
      "/etc/passwd",
      ".n/current/tls.crt",
      "../d/.n/current/tls.key",
      ".n/good/tls.key",
      ".m/current/tls.key",
    ]
  ) {
    files.putLink("d/n.key", target);
    const error = await rejection("unsafe-path", layout.kindOf("key"));
    assert.is(
      error.message,
      `Cannot use "d/n.key": it is a symbolic link to ${JSON.stringify(target)}, which is not certgen's; move it away`,
    );
  }
  await files.remove("d/n.key");
  await files.makeDirectory("d/n.key", 0o755);
  assert.match((await rejection("unsafe-path", layout.kindOf("key"))).message, /is no file; move it away$/);
});

test("a mark leads to a version and nowhere else", async () => {
  const { files, layout } = make();
  assert.is(await layout.marked("current"), undefined);
  await layout.mark("current", VERSION);
  assert.is(await layout.marked("current"), VERSION);
  for (const target of ["..", "/etc", "../../x", `${VERSION}/..`, `x${VERSION}`, "", "20260301T120000Z-0102030G"]) {
    files.putLink("d/.n/current", target);
    await rejection("unsafe-path", layout.marked("current"));
  }
  files.put("d/.n/good", VERSION);
  await rejection("unsafe-path", layout.marked("good"));
});

test("versions are told from what else is there, the oldest first", async () => {
  const { files, layout } = make();
  for (const name of [VERSION, "20250301T120000Z-ffffffff", "staged.key", ".x.tmp", "20250301", "current"]) {
    files.put(`d/.n/${name}`, "");
  }
  assert.equal(await layout.versions(), ["20250301T120000Z-ffffffff", VERSION]);
  assert.is(versionName(new Date(MOMENT), "01020304"), VERSION);
  assert.is(versionTime(VERSION).toISOString(), new Date(MOMENT).toISOString());
});

test("the pair's own directory is a directory", async () => {
  const { files, layout } = make();
  await layout.check();
  await files.makeDirectory("d/.n", 0o755);
  await layout.check();
  await files.remove("d/.n");
  files.putLink("d/.n", "/etc");
  await rejection("unsafe-path", layout.check());
  files.putLink("d/ca.crt", "/etc/passwd");
  assert.match((await rejection("unsafe-path", layout.checkFile("d/ca.crt"))).message, /but a link or something else/);
});

test("R57 other people's files are refused; root's, one's own and the named owner's are not", async () => {
  const stat = (uid: number): FileStat => ({ kind: "file", mode: 0o600, uid, gid: 0, size: 0, version: "" });
  for (
    const [user, owner, uid, isTaken] of [
      [1000, undefined, 1000, true],
      [1000, undefined, 0, true],
      [1000, undefined, 1001, false],
      [0, undefined, 1000, false],
      [0, { uid: 1000, gid: 1000 }, 1000, true],
      [0, { uid: 1000, gid: 1000 }, 1001, false],
      [undefined, undefined, 1001, true],
    ] as const
  ) {
    const { files, layout } = make(user, owner);
    files.stat = () => Promise.resolve(stat(uid));
    const looks = [() => layout.kindOf("certificate"), () => layout.checkFile("d/ca.crt")];
    for (const look of looks) {
      if (isTaken) await look();
      else assert.match((await rejection("unsafe-path", look())).message, `belongs to another user (uid ${uid})`);
    }
  }
});

test.run();
