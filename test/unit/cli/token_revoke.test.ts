import { mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { test } from "uvu";
import * as assert from "uvu/assert";
import * as revoke from "../../../cli/token_revoke.ts";
import { type Outcome, runCommand } from "../../command.ts";

const root = realpathSync(mkdtempSync(`${tmpdir()}/certgen-token-revoke-`));
const directory = `${root}/tokens`;
mkdirSync(directory, { mode: 0o700 });
const run = (...ids: string[]): Promise<Outcome> => runCommand(revoke, [`--token-dir=${directory}`, ...ids]);
const put = (...ids: string[]): void =>
  ids.forEach((id) => writeFileSync(`${directory}/${id}.json`, "whatever", { mode: 0o600 }));

test("token revoke removes those that are named, broken or not", async () => {
  put("aaaaaa", "bbbbbb", "cccccc");
  assert.equal(await run("aaaaaa", "cccccc"), {
    code: 0,
    stdout: "token aaaaaa revoked\ntoken cccccc revoked\n",
    stderr: "",
  });
  assert.equal(readdirSync(directory), ["bbbbbb.json"]);
});

test("one that is not there is named, keeps no other from being removed, and gives exit code 1", async () => {
  put("aaaaaa", "bbbbbb");
  assert.equal(await run("aaaaaa", "zzzzzz", "bbbbbb"), {
    code: 1,
    stdout: "token aaaaaa revoked\ntoken bbbbbb revoked\n",
    stderr: `error: Cannot revoke token "zzzzzz": there is none in "${directory}"\n`,
  });
  const gone = await runCommand(revoke, [`--state-dir=${root}/gone`, "aaaaaa"]);
  assert.equal([gone.code, gone.stdout], [1, ""]);
  assert.match(gone.stderr, `there is none in "${root}/gone/tokens"\n`);
});

test("what is no id is refused before anything is removed, and a whole token is not repeated", async () => {
  put("aaaaaa");
  writeFileSync(`${root}/victim.json`, "");
  const secret = "0123456789abcdef0123456789abcdef01234567";
  for (const id of ["../victim", "AAAAAA", "aaaaa", "aaaaaa.json", "", "a\u202eb", `aaaaaa.${secret}`]) {
    const { code, stdout, stderr } = await run("aaaaaa", id);
    assert.equal([code, stdout], [2, ""]);
    assert.match(
      stderr,
      /^error: Cannot use ID[^\n]*: it takes the six lower-case letters and digits before the dot of a token\n$/,
    );
    assert.not.match(stderr, secret);
  }
  assert.equal(readdirSync(directory), ["aaaaaa.json"]);
  assert.ok(readdirSync(root).includes("victim.json"));
  assert.is((await run()).code, 2);
});

test("help says that certificates which were issued stay valid", async () => {
  assert.match((await run("--help")).stdout, "certificates that were issued for them stay valid");
});

test.after(() => rmSync(root, { recursive: true, force: true }));
test.run();
