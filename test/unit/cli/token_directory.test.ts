import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { tokenDirectory } from "../../../cli/token_directory.ts";
import { bootstrapTokenAuthenticator, hashToken } from "../../../src/auth/bootstrap_token.ts";
import { encodeTokenDefinition, type TokenDefinition } from "../../../src/auth/token_definition.ts";
import { fromUtf8 } from "../../../src/bytes.ts";
import { detectRuntime } from "../../../src/runtime/detect.ts";
import { asking } from "../../contract/authenticator.ts";
import { fakeClock, MOMENT, rejection } from "../../fakes.ts";
import { MemoryFiles } from "../../memory_files.ts";

const runtime = await detectRuntime();
const root = realpathSync(mkdtempSync(`${tmpdir()}/certgen-tokens-`));
let count = 0;
const fresh = (): string => `${root}/${++count}/tokens`;
const token = (id: string): string => `${id}.${"0".repeat(40)}`;
const define = async (id: string): Promise<TokenDefinition> => ({
  id,
  hash: await hashToken(token(id)),
  createdAt: new Date(MOMENT),
  expiresAt: new Date("2026-03-02T12:00:00Z"),
  commonNames: ["system:etcd-peer:etcd1"],
});

test("create writes a file for its owner alone, in a directory for its owner alone", async () => {
  const directory = fresh();
  const tokens = tokenDirectory(runtime, directory);
  const definition = await define("0a1b2c");
  await tokens.create(definition);
  assert.equal(readdirSync(directory).sort(), ["0a1b2c.json"]);
  if (runtime.userId() !== undefined) {
    assert.is(statSync(directory).mode & 0o7777, 0o700);
    assert.is(statSync(`${directory}/0a1b2c.json`).mode & 0o7777, 0o600);
  }
  const text = readFileSync(`${directory}/0a1b2c.json`, "utf8");
  assert.is(text, fromUtf8(encodeTokenDefinition(definition)));
  assert.not.match(text, "0".repeat(40));
  assert.equal(await tokens.find("0a1b2c"), definition);
  assert.equal(await tokenDirectory(runtime, directory).find("0a1b2c"), definition);
});

test("create never writes over a token, nor over or through a link", async () => {
  const directory = fresh();
  const tokens = tokenDirectory(runtime, directory);
  await tokens.create(await define("0a1b2c"));
  const before = readFileSync(`${directory}/0a1b2c.json`, "utf8");
  await rejection("already-exists", tokens.create({ ...await define("0a1b2c"), uses: 9 }));
  assert.is(readFileSync(`${directory}/0a1b2c.json`, "utf8"), before);
  symlinkSync(`${root}/nowhere`, `${directory}/zzzzzz.json`);
  await rejection("already-exists", tokens.create(await define("zzzzzz")));
  assert.not.ok(existsSync(`${root}/nowhere`));
});

test("an id that is none never becomes a path", async () => {
  const directory = fresh();
  const tokens = tokenDirectory(runtime, directory);
  await tokens.create(await define("0a1b2c"));
  writeFileSync(`${directory}/../victim.json`, encodeTokenDefinition(await define("victim")), { mode: 0o600 });
  const memory = new MemoryFiles();
  const watched = tokenDirectory({ files: memory, userId: () => undefined }, "tokens");
  for (
    const id of ["../victim", "..", "", "/etc/x", "0A1B2C", "0a1b2c.json", "0a1b2c\0", "0a1b2c\n", "../../", "./aaaa"]
  ) {
    assert.is(await watched.find(id), undefined);
    await rejection("unsafe-path", tokens.remove(id));
    await rejection("unsafe-path", tokens.create({ ...await define("zzzzzz"), id }));
  }
  assert.equal(memory.calls, []);
  assert.ok(existsSync(`${directory}/../victim.json`));
  assert.equal(readdirSync(directory).sort(), ["0a1b2c.json"]);
});

test("find reads a file once, looks at it each time, and sees that it is gone or another", async () => {
  const files = new MemoryFiles();
  const tokens = tokenDirectory({ files, userId: () => undefined }, "tokens");
  assert.is(await tokens.find("0a1b2c"), undefined);
  const definition = await define("0a1b2c");
  await tokens.create(definition);
  files.calls.length = 0;
  for (let i = 0; i < 3; i++) assert.equal(await tokens.find("0a1b2c"), definition);
  const stat = "stat tokens/0a1b2c.json";
  assert.equal(files.calls, [stat, "read tokens/0a1b2c.json", stat, stat]);
  files.put("tokens/0a1b2c.json", encodeTokenDefinition({ ...definition, uses: 3 }), 0o600);
  assert.is((await tokens.find("0a1b2c"))?.uses, 3);
  files.put("tokens/0a1b2c.json", "{", 0o600);
  await rejection("malformed-object", tokens.find("0a1b2c"));
  await rejection("malformed-object", tokens.find("0a1b2c"));
  files.tree.delete("tokens/0a1b2c.json");
  assert.is(await tokens.find("0a1b2c"), undefined);
});

test("a file that goes away between look and read is no token", async () => {
  class Fleeting extends MemoryFiles {
    override async read(path: string, maxBytes?: number) {
      this.tree.delete(path);
      return await super.read(path, maxBytes);
    }
  }
  const files = new Fleeting();
  files.put("tokens/0a1b2c.json", encodeTokenDefinition(await define("0a1b2c")), 0o600);
  assert.is(await tokenDirectory({ files, userId: () => undefined }, "tokens").find("0a1b2c"), undefined);
});

test("a file that is another token's, too large or no file is refused by name", async () => {
  const directory = fresh();
  const tokens = tokenDirectory(runtime, directory);
  await tokens.create(await define("aaaaaa"));
  writeFileSync(`${directory}/bbbbbb.json`, readFileSync(`${directory}/aaaaaa.json`), { mode: 0o600 });
  writeFileSync(`${directory}/cccccc.json`, " ".repeat(70_000), { mode: 0o600 });
  mkdirSync(`${directory}/dddddd.json`);
  assert.match(
    (await rejection("malformed-object", tokens.find("bbbbbb"))).message,
    /bbbbbb\.json": it is of token aaaaaa$/,
  );
  assert.match((await rejection("too-large", tokens.find("cccccc"))).message, /cccccc\.json/);
  assert.match((await rejection("unsafe-path", tokens.find("dddddd"))).message, /dddddd\.json/);
});

test("what somebody else could have written is refused", async () => {
  if (runtime.userId() === undefined) return;
  const directory = fresh();
  const tokens = tokenDirectory(runtime, directory);
  await tokens.create(await define("0a1b2c"));
  const path = `${directory}/0a1b2c.json`;
  for (const mode of [0o620, 0o602, 0o666]) {
    chmodSync(path, mode);
    assert.match((await rejection("unsafe-path", tokens.find("0a1b2c"))).message, /can be written by others/);
  }
  chmodSync(path, 0o600);
  symlinkSync(path, `${directory}/zzzzzz.json`);
  assert.match((await rejection("unsafe-path", tokens.find("zzzzzz"))).message, /is a symbolic link/);
  chmodSync(directory, 0o770);
  await rejection("unsafe-path", tokens.find("0a1b2c"));
  await rejection("unsafe-path", tokens.list());
  await rejection("unsafe-path", tokens.remove("0a1b2c"));
  await rejection("unsafe-path", tokens.create(await define("bbbbbb")));
  assert.equal(readdirSync(directory).sort(), ["0a1b2c.json", "zzzzzz.json"]);
});

test("list has all tokens, and names what is wrong with each of the other files", async () => {
  const directory = fresh();
  const tokens = tokenDirectory(runtime, directory);
  assert.equal(await tokens.list(), { tokens: [], broken: [] });
  for (const id of ["cccccc", "aaaaaa"]) await tokens.create(await define(id));
  writeFileSync(`${directory}/bbbbbb.json`, "{", { mode: 0o600 });
  writeFileSync(`${directory}/notes.txt`, "", { mode: 0o600 });
  writeFileSync(`${directory}/.4f0c.tmp`, "", { mode: 0o600 });
  const list = await tokens.list();
  assert.equal(list.tokens.map(({ id }) => id), ["aaaaaa", "cccccc"]);
  assert.equal(list.broken.length, 2);
  assert.match(list.broken[0]?.message ?? "", `${directory}/bbbbbb.json`);
  assert.match(list.broken[1]?.message ?? "", `${directory}/notes.txt`);
});

test("remove takes a token away, also a broken one, and says whether there was one", async () => {
  const directory = fresh();
  const tokens = tokenDirectory(runtime, directory);
  assert.is(await tokens.remove("0a1b2c"), false);
  for (const id of ["aaaaaa", "bbbbbb"]) await tokens.create(await define(id));
  writeFileSync(`${directory}/cccccc.json`, "{", { mode: 0o600 });
  assert.is(await tokens.remove("aaaaaa"), true);
  assert.is(await tokens.remove("cccccc"), true);
  assert.is(await tokens.remove("aaaaaa"), false);
  assert.equal(readdirSync(directory).sort(), ["bbbbbb.json"]);
  assert.is(await tokens.find("aaaaaa"), undefined);
});

test("a token of a directory is known until it is removed", async () => {
  const tokens = tokenDirectory(runtime, fresh());
  const authenticate = bootstrapTokenAuthenticator({ find: tokens.find, now: fakeClock().now });
  const request = asking(`Bearer ${token("0a1b2c")}`);
  assert.is(await authenticate(request), null);
  await tokens.create(await define("0a1b2c"));
  assert.is((await authenticate(request))?.username, "system:bootstrap:0a1b2c");
  await tokens.remove("0a1b2c");
  assert.is(await authenticate(request), null);
});

test.after(() => rmSync(root, { recursive: true, force: true }));
test.run();
