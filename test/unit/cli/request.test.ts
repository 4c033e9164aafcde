import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import process from "node:process";
import { test } from "uvu";
import * as assert from "uvu/assert";
import * as request from "../../../cli/request.ts";
import { runCommand } from "../../command.ts";

// a directory of its own: no .certgen is found in it, and a refusal that comes too late is seen
const root = mkdtempSync(`${tmpdir()}/certgen-request-`);
process.chdir(root);

/** What a command line is refused with, with exit 2 and nothing made or printed. */
async function refusal(argv: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<string> {
  const before = readdirSync(root);
  const { code, stdout, stderr } = await runCommand(request, argv, env);
  assert.equal([code, stdout], [2, ""], stderr);
  assert.match(stderr, /^error: .+\n$/);
  assert.equal(readdirSync(root), before);
  return stderr.slice("error: ".length, -1);
}

test("common names of no kind are refused", async () => {
  const names = ["x", "", "../x", "system:etcd-peer:", "system:etcd-peers:x", "system:node:x", "system:masters"];
  for (const name of names) {
    assert.is(
      await refusal([`--commonname=${name}`]),
      `Cannot use --commonname ${JSON.stringify(name)}: it takes system:etcd-peer:NAME, system:etcd-server:NAME or ` +
        "system:etcd-metric:NAME, and any other with --signer-name",
    );
  }
  assert.match(await refusal([], { CERTGEN_AGENT_COMMONNAME: "x" }), /^Cannot use CERTGEN_AGENT_COMMONNAME "x"/);
});

test("R2 common names that would leave the directory are refused before anything is made", async () => {
  writeFileSync(`${root}/ca`, "x");
  for (
    const name of ["system:etcd-peer:../../x", "system:etcd-peer:a/b", "system:etcd-peer:a\\b", "system:etcd-peer:a\n"]
  ) {
    const argv = [`--commonname=${name}`, "--dnsnames=a", "--cacrt=ca", "--address=localhost:1", "--timeout=1s"];
    const { code, stdout, stderr } = await runCommand(request, argv);
    assert.ok(code !== 0 && stdout === "" && /^error: .+\n$/.test(stderr), stderr);
    assert.equal(readdirSync(root), ["ca"]);
  }
  rmSync(`${root}/ca`);
});

test("names that are none are refused by flag", async () => {
  const cases: [string, string, RegExp][] = [
    ["dnsnames", "*.example.org", /wildcards/],
    ["dnsnames", "a_b", /letters, digits/],
    ["dnsnames", "etcd1,10.0.0.1", /it is an IP address/],
    ["dnsnames", `${"x".repeat(64)}`, /63/],
    ["ipaddrs", "10.0.0.256", /it is none/],
    ["ipaddrs", "etcd1", /it is none/],
    ["ipaddrs", "10.0.0.1,[::1", /it is none/],
    ["ipaddrs", "010.0.0.1", /it is none/],
  ];
  for (const [flag, value, message] of cases) {
    const text = await refusal([`--${flag}=${value}`]);
    assert.ok(text.startsWith(`--${flag}: Cannot use `), text);
    assert.match(text, message);
  }
});

test("at least one name is needed", async () => {
  for (const argv of [["--dnsnames="], ["--ipaddrs="], ["--dnsnames=,", "--ipaddrs= , "]]) {
    assert.match(await refusal(argv), /^Missing names: --dnsnames, --ipaddrs or both must have at least one/);
  }
});

test("a CA is needed, and its file must be there", async () => {
  assert.is(
    await refusal([]),
    "Missing --cacrt: it takes FILE, the CA of the signer's own certificate (and there is no .certgen/serving-ca.crt)",
  );
  const { code, stderr } = await runCommand(request, ["--cacrt=gone.crt"]);
  assert.is(code, 1);
  assert.match(stderr, /^error: Cannot read "gone\.crt": /);
});

test("--kubeconfig goes with neither --address nor --cacrt", async () => {
  for (const flag of ["--address=a:1", "--cacrt=x"]) {
    assert.is(
      await refusal(["--kubeconfig=k", flag]),
      "Cannot use --kubeconfig together with --address or --cacrt: it takes their place",
    );
  }
});

test("addresses that are none are refused by flag", async () => {
  writeFileSync(`${root}/ca`, "x");
  for (
    const value of [
      "",
      "http://a",
      "a:b",
      "a:0",
      ":6443",
      "https://",
      "a b",
      "https://a/path",
      "https://u@a",
      "a:65536",
    ]
  ) {
    const text = await refusal(["--cacrt=ca", `--address=${value}`]);
    assert.ok(text.startsWith(`Cannot use --address ${JSON.stringify(value)}: it takes HOST:PORT or https://`), text);
  }
  rmSync(`${root}/ca`);
});

test("key types, durations and output that are none are refused by flag", async () => {
  assert.match(await refusal(["--key-type=rsa-1024"]), /^Cannot use --key-type "rsa-1024": it takes one of ec-p256, /);
  for (const value of ["10", "-1s", "soon", ""]) {
    assert.match(await refusal([`--timeout=${value}`]), /^Cannot use --timeout /);
  }
  assert.match(await refusal(["-o", "yaml"]), /^Cannot use --output "yaml"/);
  assert.is(await refusal(["--common-name=x"]), 'Unknown flag "--common-name": did you mean --commonname?');
});

test("no token is repeated in an error", async () => {
  writeFileSync(`${root}/token`, "s3cr3t");
  writeFileSync(`${root}/ca`, "x");
  const argv = ["--cacrt=ca", "--token-file=token", "--dnsnames=a", "--address=localhost:1", "--timeout=1s"];
  const { code, stdout, stderr } = await runCommand(request, argv);
  assert.is(code, 1); // the CA is none
  assert.not.match(stdout + stderr, "s3cr3t");
  assert.equal(readdirSync(root), ["ca", "token"]);
});

test.after(() => {
  process.chdir("/");
  rmSync(root, { recursive: true, force: true });
});
test.run();
