import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { test } from "uvu";
import * as assert from "uvu/assert";
import * as destroy from "../../../cli/destroy.ts";
import * as init from "../../../cli/init.ts";
import { type Outcome, runCommand } from "../../command.ts";

const root = mkdtempSync(`${tmpdir()}/certgen-destroy-`);
let count = 0;
const run = (directory: string): Promise<Outcome> => runCommand(destroy, ["--dir", directory]);

async function initialized(): Promise<string> {
  const directory = `${root}/${++count}`;
  assert.is((await runCommand(init, ["--dir", directory, "--san", "a"])).code, 0);
  return directory;
}

test("destroy removes exactly what init made", async () => {
  const directory = await initialized();
  writeFileSync(`${directory}/mine.txt`, "mine");
  mkdirSync(`${directory}/csrs`);
  writeFileSync(`${directory}/csrs/ca.key`, "mine");
  const { code, stdout, stderr } = await run(directory);
  assert.equal([code, stderr], [0, ""]);
  assert.is(stdout.split("\n").filter((line) => line.startsWith("removed ")).length, 8);
  assert.equal(readdirSync(directory).sort(), ["csrs", "mine.txt"]);
  assert.ok(existsSync(`${directory}/csrs/ca.key`));
});

test("destroy and init can follow each other", async () => {
  const directory = await initialized();
  assert.is((await run(directory)).code, 0);
  assert.is((await runCommand(init, ["--dir", directory, "--san", "a"])).code, 0);
  assert.is((await run(directory)).code, 0);
  assert.equal(readdirSync(directory), []);
});

test("destroy goes on where some files are gone already", async () => {
  const directory = await initialized();
  rmSync(`${directory}/ca.key`);
  rmSync(`${directory}/server.crt`);
  assert.is((await run(directory)).code, 0);
  assert.equal(readdirSync(directory), []);
});

test("destroy keeps a file that has changed, says so with exit 1, and can be run again", async () => {
  const directory = await initialized();
  writeFileSync(`${directory}/ca.key`, "mine now");
  writeFileSync(`${directory}/client.crt`, "x".repeat(2 << 20));
  rmSync(`${directory}/client.key`);
  symlinkSync("/etc/hostname", `${directory}/client.key`);
  rmSync(`${directory}/server.key`);
  mkdirSync(`${directory}/server.key`);
  const { code, stderr } = await run(directory);
  assert.is(code, 1);
  for (const name of ["ca.key", "client.crt", "client.key", "server.key"]) {
    assert.match(stderr, `kept ${directory}/${name}: it is not what init made any more\n`);
  }
  assert.equal(readdirSync(directory).sort(), [
    "ca.key",
    "certgen-init.json",
    "client.crt",
    "client.key",
    "server.key",
  ]);
  assert.is(readFileSync(`${directory}/ca.key`, "utf8"), "mine now");
  for (const name of ["ca.key", "client.crt", "client.key", "server.key"]) {
    rmSync(`${directory}/${name}`, { recursive: true });
  }
  assert.is((await run(directory)).code, 0);
  assert.equal(readdirSync(directory), []);
});

test("destroy without init's list removes nothing", async () => {
  const directory = await initialized();
  rmSync(`${directory}/certgen-init.json`);
  const before = readdirSync(directory);
  const { code, stdout, stderr } = await run(directory);
  assert.equal([code, stdout], [1, ""]);
  assert.match(stderr, /^error: Cannot remove what init made: there is no ".*certgen-init\.json"\n$/);
  assert.equal(readdirSync(directory), before);
  assert.is((await run(`${root}/gone`)).code, 1);
});

test("a list that names anything but plain files of init's kind is a trap, and nothing is removed", async () => {
  const digest = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"; // of nothing
  writeFileSync(`${root}/victim.key`, "");
  const lists: unknown[] = [
    { "../victim.key": digest },
    { "ca.key": digest, "../victim.key": digest },
    { [`${root}/victim.key`]: digest },
    { "a/b.key": digest },
    { "..": digest },
    { "": digest },
    { "ca.key\0": digest },
    { "ca.key\n": digest },
    { "notes.txt": digest },
    { "CA.KEY": digest },
    { ".key": digest },
    { "ca.key": 7 },
    {},
    [],
    { "ca.key": null },
    "x",
    7,
    null,
    [digest],
    ["../victim.key"],
  ];
  const texts = [...lists.map((files) => JSON.stringify({ files })), "", "{", "null", "[]", "7", "{}", '{"file":{}}'];
  for (const text of texts) {
    const directory = `${root}/${++count}`;
    mkdirSync(directory);
    writeFileSync(`${directory}/ca.key`, "");
    writeFileSync(`${directory}/notes.txt`, "");
    writeFileSync(`${directory}/certgen-init.json`, text);
    const { code, stdout, stderr } = await run(directory);
    assert.equal([code, stdout], [1, ""], text);
    assert.match(stderr, /^error: Cannot use ".*certgen-init\.json": it is not what init wrote\n$/);
    assert.equal(readdirSync(directory).sort(), ["ca.key", "certgen-init.json", "notes.txt"]);
    assert.ok(existsSync(`${root}/victim.key`));
  }
});

test.after(() => rmSync(root, { recursive: true, force: true }));
test.run();
