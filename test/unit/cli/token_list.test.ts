import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { parse } from "yaml";
import * as list from "../../../cli/token_list.ts";
import { encodeTokenDefinition, type TokenDefinition } from "../../../src/auth/token_definition.ts";
import { runCommand } from "../../command.ts";
import { MOMENT } from "../../fakes.ts";

const root = realpathSync(mkdtempSync(`${tmpdir()}/certgen-token-list-`));
let count = 0;
const token = (id: string, change: Partial<TokenDefinition> = {}): TokenDefinition => ({
  id,
  hash: "ab".repeat(32),
  createdAt: new Date(MOMENT),
  expiresAt: new Date("2026-03-02T12:00:00Z"),
  ...change,
});

/** A directory with tokens, and other files. */
function directoryOf(tokens: readonly TokenDefinition[], others: Readonly<Record<string, string>> = {}): string {
  const directory = `${root}/${++count}`;
  mkdirSync(directory, { mode: 0o700 });
  for (const one of tokens) writeFileSync(`${directory}/${one.id}.json`, encodeTokenDefinition(one), { mode: 0o600 });
  for (const [name, text] of Object.entries(others)) writeFileSync(`${directory}/${name}`, text, { mode: 0o600 });
  return directory;
}

const FULL = token("aaaaaa", {
  uses: 2,
  commonNames: ["system:etcd-peer:etcd1"],
  dnsNames: ["etcd1", "etcd1.a.rather.long.name.example.org"],
  ipAddresses: ["10.8.89.9"],
  profiles: ["etcd-peer", "etcd-server"],
  description: "rack 7",
});

test("the table says what each is good for, and which have expired", () => {
  const tokens = [FULL, token("bbbbbb")];
  const table = (at: string, isWide = false) =>
    list.tableOf(tokens, new Date(at), isWide).split("\n").map((line) => line.replace(/ +/g, " "));
  assert.equal(table("2026-03-02T11:30:00Z"), [
    "ID FOR NAMES PROFILES USES EXPIRES",
    "aaaaaa system:etcd-peer:etcd1 etcd1,+2 etcd-peer,etcd-server 2 30m",
    "bbbbbb <any> <any> <any> <any> 30m",
    "",
  ]);
  assert.match(table("2026-03-02T12:00:00Z")[1] ?? "", / expired 0s ago$/);
  assert.match(table("2026-03-05T12:00:00Z")[1] ?? "", / expired 3d ago$/);
  assert.equal(table("2026-03-02T11:30:00Z", true), [
    "ID FOR NAMES PROFILES USES EXPIRES CREATED DESCRIPTION",
    "aaaaaa system:etcd-peer:etcd1 etcd1,etcd1.a.rather.long.name.example.org,10.8.89.9 etcd-peer,etcd-server 2 " +
    `30m (2026-03-02T12:00:00Z) ${MOMENT} rack 7`,
    `bbbbbb <any> <any> <any> <any> 30m (2026-03-02T12:00:00Z) ${MOMENT} <none>`,
    "",
  ]);
});

test("token list prints them, and JSON and YAML with everything but the digests", async () => {
  const directory = directoryOf([FULL, token("bbbbbb")]);
  const run = (...argv: string[]) => runCommand(list, [`--token-dir=${directory}`, ...argv]);
  const text = await run();
  assert.equal([text.code, text.stderr], [0, ""]);
  assert.match(text.stdout, /^ID .*\naaaaaa .*\nbbbbbb .*\n$/);
  assert.match((await run("-o=wide")).stdout, /rack 7\n/);
  const json = (await run("-o=json")).stdout;
  const { kind, items } = JSON.parse(json);
  assert.is(kind, "BootstrapTokenList");
  assert.equal(items[0], {
    apiVersion: "certgen.internal/v1",
    kind: "BootstrapToken",
    metadata: { name: "aaaaaa", creationTimestamp: MOMENT },
    spec: {
      expirationTimestamp: "2026-03-02T12:00:00Z",
      uses: 2,
      commonNames: FULL.commonNames,
      dnsNames: FULL.dnsNames,
      ipAddresses: FULL.ipAddresses,
      profiles: FULL.profiles,
      description: "rack 7",
    },
  });
  assert.equal(parse((await run("-o=yaml")).stdout), JSON.parse(json));
  assert.not.match(json, "abab");
});

test("a broken file is named, the others are listed, and the exit code is 1", async () => {
  const directory = directoryOf([FULL], { "bbbbbb.json": "{", "\u202enotes": "" });
  for (const output of ["text", "json"]) {
    const { code, stdout, stderr } = await runCommand(list, [`--token-dir=${directory}`, `-o=${output}`]);
    assert.is(code, 1);
    assert.match(stdout, "aaaaaa");
    const lines = stderr.split("\n");
    assert.is(lines.length, 3);
    assert.ok(lines[0]?.startsWith(`error: Cannot use token definition "${directory}/bbbbbb.json": JSON: `), stderr);
    assert.is(lines[1], `error: Cannot use "${directory}/\\u202enotes": it is named as no token's file`);
  }
});

test("where there are none, that is said", async () => {
  for (const directory of [`${root}/gone`, directoryOf([])]) {
    assert.equal(await runCommand(list, [`--token-dir=${directory}`]), {
      code: 0,
      stdout: "",
      stderr: "No tokens found\n",
    });
  }
  const broken = await runCommand(list, [`--token-dir=${directoryOf([], { "bbbbbb.json": "" })}`]);
  assert.equal([broken.code, broken.stdout], [1, ""]);
  assert.not.match(broken.stderr, "No tokens");
});

test.after(() => rmSync(root, { recursive: true, force: true }));
test.run();
