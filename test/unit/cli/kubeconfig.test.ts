import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import process from "node:process";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { newCa } from "../../../cli/credentials.ts";
import * as kubeconfig from "../../../cli/kubeconfig.ts";
import { type KubeconfigTarget, readKubeconfig } from "../../../src/agent/kubeconfig.ts";
import { type Outcome, runCommand } from "../../command.ts";
import { MemoryFiles } from "../../memory_files.ts";

const root = realpathSync(mkdtempSync(`${tmpdir()}/certgen-kubeconfig-`));
process.chdir(root);
const [ca, otherCa] = [(await newCa("serving CA")).pem, (await newCa("other CA")).pem];
writeFileSync("ca.crt", `a comment\n${otherCa.certificate}`);
writeFileSync("token", "0ther\n");

const run = (argv: string[], env: Record<string, string> = {}): Promise<Outcome> => runCommand(kubeconfig, argv, env);

async function target(argv: string[], env: Record<string, string> = {}): Promise<KubeconfigTarget> {
  const { code, stdout, stderr } = await run(argv, env);
  assert.equal([code, stderr], [0, ""]);
  const files = new MemoryFiles();
  files.put("config", stdout);
  return await readKubeconfig(files, "config");
}

function withState(): () => void {
  mkdirSync(".certgen", { mode: 0o700 });
  writeFileSync(".certgen/serving-ca.crt", ca.certificate, { mode: 0o644 });
  writeFileSync(".certgen/admin-token", "adm1n\n", { mode: 0o600 });
  return () => rmSync(".certgen", { recursive: true });
}

test("with nothing said it is the embedded default's administrator", async () => {
  const remove = withState();
  assert.equal(await target([]), {
    url: "https://localhost:6443",
    ca: ca.certificate,
    token: "adm1n",
    client: undefined,
  });
  const { url, token } = await target(["--server=https://signer.example:6443/", "--token-file=token"]);
  assert.equal([url, token], ["https://signer.example:6443", "0ther"]);
  assert.match((await run(["--user=me"])).stdout, "current-context: me@certgen\n");
  remove();
});

test("for another signer CA and token are given; the embedded token does not go there", async () => {
  const other = { url: "https://localhost:6443", ca: otherCa.certificate, token: "0ther", client: undefined };
  assert.equal(await target(["--cacrt=ca.crt", "--token-file=token"]), other);
  assert.equal(await target(["--token-file=token"], { CERTGEN_SIGNER_TARGET_CACRT: "ca.crt" }), other);
  const remove = withState();
  const { code, stdout, stderr } = await run(["--cacrt=ca.crt"]);
  assert.equal([code, stdout], [2, ""]);
  assert.is(
    stderr,
    "error: Missing --token-file: it takes FILE, a bearer token (with --cacrt there is no default)\n",
  );
  // the variable that serve takes its issuing CA from
  assert.is((await target([], { CERTGEN_SIGNER_CACRT: "ca.crt" })).ca, ca.certificate);
  remove();
});

test("what is missing or cannot be used is refused, and nothing printed", async () => {
  writeFileSync("key.crt", otherCa.certificate + otherCa.privateKey);
  writeFileSync("junk.crt", "junk");
  writeFileSync("empty", "");
  const token = "--token-file=token";
  const cases: [string[], number, RegExp][] = [
    [[], 2, /^error: Missing --cacrt: /],
    [["--server=localhost:6443"], 2, /^error: Cannot use --server "localhost:6443": it takes https:\/\/HOST:PORT\n$/],
    [["--server="], 2, /^error: Cannot use --server ""/],
    [["--user="], 2, /^error: Cannot use --user ""/],
    [["--cacrt=gone", token], 1, /gone/],
    [["--cacrt=junk.crt", token], 1, /^error: Cannot use "junk\.crt": Cannot read certificate/],
    [["--cacrt=key.crt", token], 1, /^error: Cannot use "key\.crt": .*PRIVATE KEY/],
    [["--cacrt=ca.crt", "--token-file=gone"], 1, /gone/],
    [["--cacrt=ca.crt", "--token-file=empty"], 1, /^error: Cannot use "empty": it holds no bearer token\n$/],
  ];
  for (const [argv, expected, message] of cases) {
    const { code, stdout, stderr } = await run(argv);
    assert.equal([code, stdout], [expected, ""], stderr);
    assert.match(stderr, message);
    assert.match(stderr, /^[^\n]+\n$/);
  }
});

test("a token that somebody could have planted is refused", async () => {
  const remove = withState();
  rmSync(".certgen/admin-token");
  symlinkSync(`${root}/token`, ".certgen/admin-token");
  const { code, stdout, stderr } = await run([]);
  assert.equal([code, stdout], [1, ""]);
  assert.match(stderr, /admin-token" is a symbolic link/);
  remove();
});

test.after(() => {
  process.chdir("/");
  rmSync(root, { recursive: true, force: true });
});
test.run();
