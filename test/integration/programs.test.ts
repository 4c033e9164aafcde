// timeout: 240
// Signer on the runtime that runs this file, agents on all three: together the runs are every pair.
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { certgen, folder, has, requestsIn, run, startSigner, temporary } from "../programs.ts";
import { currentRuntime, RUNTIMES } from "../runtimes.ts";

const signerRuntime = currentRuntime();
const openssl = has("openssl", "version");

function mode(path: string): number {
  return statSync(path).mode & 0o777;
}

async function openSslVerifies(ca: string, certificate: string, cwd: string): Promise<void> {
  if (!openssl) return console.log("skipped: needs openssl");
  const { code, stdout, stderr } = await run("openssl", ["verify", "-x509_strict", "-CAfile", ca, certificate], {
    cwd,
  });
  assert.is(code, 0, stdout + stderr);
}

test(`R6 R15 signer on ${signerRuntime} with the embedded default, agents on each runtime`, async () => {
  const { path: cwd, remove } = temporary();
  const signer = await startSigner(signerRuntime, [], cwd);
  try {
    const reach = [
      `--address=localhost:${signer.port}`,
      "--cacrt=.certgen/serving-ca.crt",
      "--token-file=.certgen/token",
    ];
    for (const [index, runtime] of RUNTIMES.entries()) {
      const kind = ["peer", "server", "metric"][index];
      const keyType = ["ec-p256", "rsa-2048", "ed25519"][index];
      const name = `system:etcd-${kind}:${runtime}`;
      const args = [
        "request",
        ...reach,
        `--commonname=${name}`,
        `--key-type=${keyType}`,
        "-o",
        "json",
        "--timeout=30s",
      ];
      const { code, stdout, stderr } = await certgen(runtime, "agent", args, cwd);
      assert.is(code, 0, stderr);
      assert.is(JSON.parse(stdout).subject.commonName, name);
      assert.is(mode(`${cwd}/certs/${name}.key`), 0o600);
      assert.is(mode(`${cwd}/certs/${name}.crt`), 0o644);
      assert.ok(readFileSync(`${cwd}/certs/${name}.key`, "utf8").startsWith("-----BEGIN PRIVATE KEY-----\n"));
      await openSslVerifies(kind === "metric" ? "certs/metric-ca.crt" : "certs/ca.crt", `certs/${name}.crt`, cwd);
    }
    assert.equal(readdirSync(`${cwd}/certs`).filter((file) => file.includes("new") || file.endsWith(".tmp")), []);

    const refused = await certgen(signerRuntime, "agent", [
      "request",
      reach[0] ?? "",
      reach[1] ?? "",
      "--commonname=system:etcd-peer:x",
      "--timeout=30s",
    ], cwd);
    assert.is(refused.code, 1, "no token, no certificate");
    assert.match(refused.stderr, /error: .*a token is needed/);

    const denied = await certgen(signerRuntime, "agent", [
      "request",
      ...reach,
      "--commonname=system:etcd-peer:x",
      "--orgname=system:masters",
      "--timeout=30s",
    ], cwd);
    assert.is(denied.code, 3);
    assert.match(denied.stderr, /SubjectNotAllowed/);
    assert.not(existsSync(`${cwd}/certs/system:etcd-peer:x.key`), "a denial changes no file");
    assert.equal(readdirSync(`${cwd}/certs`).filter((file) => file.includes(":x")), [".system:etcd-peer:x"]);
    assert.equal(readdirSync(`${cwd}/certs/.system:etcd-peer:x`), [], "and nothing of it is kept");

    assert.is(mode(`${cwd}/.certgen`), 0o700);
    for (const file of readdirSync(`${cwd}/.certgen`)) {
      if (file.endsWith(".key") || file === "token") assert.is(mode(`${cwd}/.certgen/${file}`), 0o600, file);
    }
    for (const file of readdirSync(`${cwd}/.certgen/csrs`, { withFileTypes: true })) {
      assert.is(mode(`${cwd}/.certgen/csrs/${file.name}`), file.isDirectory() ? 0o700 : 0o600, file.name);
    }
    const secrets = [readFileSync(`${cwd}/.certgen/token`, "utf8").trim(), "PRIVATE KEY"];
    for (const secret of secrets) assert.not(signer.output().includes(secret), "no secret is printed");
  } finally {
    const { code } = await signer.stop();
    remove();
    assert.is(code, 0, "SIGTERM ends it well");
  }
});

test("the older system's command lines, with the programs' names changed", async () => {
  const { path: cwd, remove } = temporary();
  try {
    const made = await certgen(signerRuntime, "signer", ["init", "--dir=pki"], cwd);
    assert.is(made.code, 0, made.stderr);
    const csrs = folder(cwd, "csrs");
    const pki = `${cwd}/pki`;
    const args = [
      `--cacrt=${pki}/ca.crt`,
      `--cakey=${pki}/ca.key`,
      `--csrdir=${csrs}`,
      `--servcrt=${pki}/server.crt`,
      `--servkey=${pki}/server.key`,
    ];
    const signer = await startSigner(signerRuntime, args, cwd);
    try {
      assert.match(signer.output(), /no credentials are asked for/);
      for (const runtime of RUNTIMES) {
        const { code, stdout, stderr } = await certgen(runtime, "agent", [
          "request",
          "--dnsnames=test",
          "--ipaddrs=10.8.89.9",
          "--commonname=system:etcd-peer:etcd1",
          "--orgname=system:etcd-peers",
          `--assetsdir=${cwd}/assets`,
          `--cacrt=${pki}/ca.crt`,
          `--address=localhost:${signer.port}`,
          "--timeout=30s",
        ], cwd);
        assert.is(code, 0, stderr);
        assert.match(stdout, /DNS:test, IP:10\.8\.89\.9/);
        await openSslVerifies(`${pki}/ca.crt`, "assets/system:etcd-peer:etcd1.crt", cwd);
      }
      assert.is(requestsIn(csrs).length, 3);
      const [first = ""] = requestsIn(csrs);
      assert.match(first, /^system:etcd-peer:etcd1-[0-9a-f]{8}$/);
      assert.is(JSON.parse(readFileSync(`${csrs}/${first}`, "utf8")).status.conditions[0].type, "Approved");
      // a metrics certificate would need the metrics CA
      const metric = await certgen(signerRuntime, "agent", [
        "request",
        "--commonname=system:etcd-metric:m",
        `--cacrt=${pki}/ca.crt`,
        `--address=localhost:${signer.port}`,
        "--timeout=30s",
      ], cwd);
      assert.is(metric.code, 3, metric.stderr);

      // a changed CA is picked up without a restart, and a broken one is not
      writeFileSync(`${pki}/ca.key`, "broken");
      await signerLogs(signer.output, /CA has changed and cannot be used/);
      const again = await certgen(signerRuntime, "agent", [
        "request",
        "--commonname=system:etcd-peer:etcd2",
        `--cacrt=${pki}/ca.crt`,
        `--address=localhost:${signer.port}`,
        "--timeout=30s",
      ], cwd);
      assert.is(again.code, 0, again.stderr);
    } finally {
      await signer.stop();
    }
    const kept = await certgen(signerRuntime, "signer", ["destroy", "--dir=pki"], cwd);
    assert.is(kept.code, 1);
    assert.match(kept.stderr, /kept .*ca\.key/);
    assert.equal(readdirSync(pki).sort(), ["ca.key", "certgen-init.json"]);
  } finally {
    remove();
  }
});

async function signerLogs(output: () => string, pattern: RegExp): Promise<void> {
  for (let i = 0; i < 200 && !pattern.test(output()); i++) await new Promise((resolve) => setTimeout(resolve, 50));
  assert.match(output(), pattern);
}

test("R16 an agent whose signer is not there gives up after --timeout, and goes on with its staged request later", async () => {
  const { path: cwd, remove } = temporary();
  try {
    await certgen(signerRuntime, "signer", ["init", "--dir=pki", "--san=localhost,127.0.0.1"], cwd);
    const args = ["request", "--commonname=system:etcd-peer:late", "--cacrt=pki/ca.crt", "--address=127.0.0.1:1"];
    const { code, stderr } = await certgen(signerRuntime, "agent", [...args, "--timeout=1s"], cwd);
    assert.is(code, 4, stderr);
    assert.match(stderr, /error: No certificate within 1 s/);
    assert.equal(readdirSync(`${cwd}/certs`), [".system:etcd-peer:late"]);
    const home = `${cwd}/certs/.system:etcd-peer:late`;
    assert.equal(readdirSync(home).sort(), ["staged.json", "staged.key"]);
    const staged = JSON.parse(readFileSync(`${home}/staged.json`, "utf8"));
    const key = readFileSync(`${home}/staged.key`, "utf8");
    const pki = `${cwd}/pki`;
    const serve = [
      `--cacrt=${pki}/ca.crt`,
      `--cakey=${pki}/ca.key`,
      `--csrdir=${folder(cwd, "csrs")}`,
      `--servcrt=${pki}/server.crt`,
      `--servkey=${pki}/server.key`,
    ];
    const signer = await startSigner(signerRuntime, serve, cwd);
    try {
      const later = await certgen(signerRuntime, "agent", [
        ...args.slice(0, -1),
        `--address=127.0.0.1:${signer.port}`,
        "--timeout=30s",
      ], cwd);
      assert.is(later.code, 0, later.stderr);
      assert.equal(requestsIn(`${cwd}/csrs`), [staged.metadata.name]);
      assert.is(readFileSync(`${cwd}/certs/system:etcd-peer:late.key`, "utf8"), key);
    } finally {
      await signer.stop();
    }
  } finally {
    remove();
  }
});

test.run();
