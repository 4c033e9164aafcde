import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { readKubeconfig } from "../../../src/agent/kubeconfig.ts";
import { encodeKubeconfig, type KubeconfigContent } from "../../../src/agent/kubeconfig_writer.ts";
import { toBase64, toUtf8 } from "../../../src/bytes.ts";
import { MemoryFiles } from "../../memory_files.ts";

const CONTENT: KubeconfigContent = {
  server: "https://signer.example:6443",
  ca: "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
  user: "certgen-admin",
  token: "a1b2c3.secret",
};
/** What YAML, the old or the new, takes for something else than a string. */
const TOKENS = [
  "123456",
  "1e5",
  "0x10",
  "010",
  "0b1",
  "1_000",
  "yes",
  "true",
  "null",
  "~",
  "2001-01-01",
  "=",
  "-",
  ".",
];
const USERS = [
  "certgen:admin",
  "a b",
  "no",
  "#x",
  "'",
  '"',
  "a: b",
  "- a",
  "\u202e",
  "12",
  "@x",
  "*",
  "{}",
  "ü",
  "long name ".repeat(20),
];

test("what is written says the same to our own reader, whatever token and user", async () => {
  const files = new MemoryFiles();
  for (const change of [{}, ...TOKENS.map((token) => ({ token })), ...USERS.map((user) => ({ user }))]) {
    const content = { ...CONTENT, ...change };
    files.put("config", encodeKubeconfig(content));
    const { server: url, ca, token } = content;
    assert.equal(await readKubeconfig(files, "config"), { url, ca, token, client: undefined }, JSON.stringify(change));
  }
});

test("CA and token are in it, and one context that is the current one", () => {
  assert.is(
    encodeKubeconfig(CONTENT),
    `apiVersion: v1
kind: Config
clusters:
  - name: certgen
    cluster:
      server: https://signer.example:6443
      certificate-authority-data: ${toBase64(toUtf8(CONTENT.ca))}
users:
  - name: certgen-admin
    user:
      token: a1b2c3.secret
contexts:
  - name: certgen-admin@certgen
    context:
      cluster: certgen
      user: certgen-admin
current-context: certgen-admin@certgen
`,
  );
  assert.match(encodeKubeconfig({ ...CONTENT, ca: CONTENT.ca.repeat(50) }), /authority-data: [A-Za-z0-9+/=]+\n/);
});

test("what is no https:// address is refused", () => {
  for (const server of ["", "http://a", "signer:6443", "https://", "https://u@a", "https://a?b", "https://a b", "x"]) {
    assert.throws(() => encodeKubeconfig({ ...CONTENT, server }), (error: unknown) => error instanceof TypeError);
  }
});

test("kubectl reads it", () => {
  if (spawnSync("kubectl", ["version", "--client"]).error !== undefined) return console.log("kubectl is not there");
  const root = mkdtempSync(`${tmpdir()}/certgen-kubeconfig-`);
  try {
    for (const token of [CONTENT.token, ...TOKENS]) {
      writeFileSync(`${root}/config`, encodeKubeconfig({ ...CONTENT, token, user: "no" }), { mode: 0o600 });
      const args = ["--kubeconfig", `${root}/config`, "config", "view", "--raw", "--minify", "-o", "json"];
      const { stdout, stderr } = spawnSync("kubectl", args, { encoding: "utf8" });
      assert.is(stderr, "");
      const { clusters, users } = JSON.parse(stdout);
      assert.equal(users, [{ name: "no", user: { token } }]);
      assert.is(clusters[0].cluster["certificate-authority-data"], toBase64(toUtf8(CONTENT.ca)));
    }
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});

test.run();
