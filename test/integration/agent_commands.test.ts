// timeout: 240
// `renew`, `status` and `run` as processes of the runtime that runs this file.
import { chmodSync, lstatSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { newCa, newLeaf } from "../../cli/credentials.ts";
import { detectRuntime } from "../../src/runtime/detect.ts";
import type { Handler } from "../../src/ports.ts";
import { parseCertificate } from "../../src/x509/certificate.ts";
import { generateKey } from "../../src/x509/key.ts";
import { failure } from "../agent_world.ts";
import { answering, issue, withStatus } from "../bad_answers.ts";
import { certgen, type Finished, run, start, startSigner, temporary, waitFor } from "../programs.ts";
import { currentRuntime, ROOT, runtimeCommand } from "../runtimes.ts";

const me = currentRuntime();
const NODE = "system:etcd-peer:etcd1";
const CERTIFICATE = `certs/${NODE}.crt`;

type Json = { readonly certificates: readonly Readonly<Record<string, unknown>>[] };
const jsonOf = ({ stdout }: Finished): Json => JSON.parse(stdout);
const serialIn = (cwd: string, path = CERTIFICATE): string =>
  parseCertificate(readFileSync(`${cwd}/${path}`, "utf8")).serialNumber;

/** All files below a directory, links as what they lead to, but those for the next try. */
function snapshot(directory: string): Record<string, string> {
  const paths = readdirSync(directory, { recursive: true }).map(String).sort();
  return Object.fromEntries(paths.flatMap((path): [string, string][] => {
    if (/(?:^|\/)(?:staged\.\w+|failure\.json)$/.test(path)) return [];
    const [full, stat] = [`${directory}/${path}`, lstatSync(`${directory}/${path}`)];
    if (stat.isSymbolicLink()) return [[path, `-> ${readlinkSync(full)}`]];
    return stat.isFile() ? [[path, `${(stat.mode & 0o777).toString(8)} ${readFileSync(full, "utf8")}`]] : [];
  }));
}

function script(path: string, ...lines: readonly string[]): string {
  writeFileSync(path, `#!/bin/sh\n${lines.join("\n")}\n`);
  chmodSync(path, 0o755);
  return path;
}

/** An agent's command for the one certificate, in a directory with a signer's embedded default. */
function agentIn(cwd: string, port: number): (command: string, ...args: readonly string[]) => Promise<Finished> {
  const signer = [`--address=localhost:${port}`, "--cacrt=.certgen/serving-ca.crt", "--token-file=.certgen/token"];
  return (command, ...args) => {
    const reach = command === "status" ? [] : ["--timeout=30s", ...signer];
    const names = args.some((arg) => arg.startsWith("--dnsnames=")) ? [] : ["--dnsnames=etcd1"];
    return certgen(me, "agent", [command, `--commonname=${NODE}`, ...names, ...reach, ...args], cwd);
  };
}

test("renew, status, hook and check, and what they exit with", async () => {
  const { path: cwd, remove } = temporary();
  const signer = await startSigner(me, [], cwd);
  const agent = agentIn(cwd, signer.port);
  try {
    const missing = await agent("status");
    assert.is(missing.code, 11, missing.stderr);
    assert.match(
      missing.stdout,
      /^CERTIFICATE +STATE +SERIAL +EXPIRES +RENEWAL +NOTE\n.*missing .* there is no certificate\n$/,
    );

    const first = await agent("renew");
    assert.is(first.code, 0, first.stderr);
    const serial = serialIn(cwd);
    assert.match(first.stdout, new RegExp(`another certificate, key, ca: serial ${serial}, until `));
    const old = snapshot(`${cwd}/certs`);
    const second = await agent("renew");
    assert.is(second.code, 0, second.stderr);
    assert.match(second.stdout, /nothing is due before \d{4}-/);
    assert.equal(snapshot(`${cwd}/certs`), old);

    const fresh = await agent("status", "-o", "json");
    assert.is(fresh.code, 0, fresh.stderr);
    const { certificates: [status] } = jsonOf(fresh);
    assert.equal([status?.["state"], status?.["serialNumber"], status?.["isPending"]], ["fresh", serial, false]);
    const due = await agent("status", "--dnsnames=etcd1,etcd1.example");
    assert.is(due.code, 10, due.stdout);
    assert.match(due.stdout, / due .*it lacks the name DNS:etcd1\.example\n$/);

    // a hook that is told what happened, and nothing of our own
    const env = `${cwd}/hook.env`;
    const hook = script(`${cwd}/hook`, `env > '${env}.new'`, `mv '${env}.new' '${env}'`);
    const forced = await agent("renew", "--force", "--textfile=agent.prom", `--on-change=${hook}`, "-o", "json");
    assert.is(forced.code, 0, forced.stderr);
    const [result] = jsonOf(forced).certificates;
    assert.equal([result?.["did"], result?.["certificate"]], ["changed", CERTIFICATE]);
    assert.is.not(serialIn(cwd), serial);
    const told = new Map(
      readFileSync(env, "utf8").split("\n").map((line): [string, string] => {
        const at = line.indexOf("=");
        return [line.slice(0, at), line.slice(at + 1)];
      }),
    );
    assert.equal(
      ["HOOK_EVENT", "HOOK_SERIAL", "HOOK_CHANGED", "HOOK_RESTART", "HOOK_CERTIFICATE_FILE"].map((name) =>
        told.get(name)
      ),
      ["changed", serialIn(cwd), "certificate", "no", CERTIFICATE],
    );
    assert.equal([...told.keys()].filter((name) => name.startsWith("CERTGEN_")), []);
    assert.match(readFileSync(`${cwd}/agent.prom`, "utf8"), /certgen_agent_renewals_total\{[^}]+\} 1\n/);

    // a check that fails
    const before = [serialIn(cwd), readFileSync(`${cwd}/certs/${NODE}.key`, "utf8")];
    const check = script(`${cwd}/check`, "echo etcd is not healthy", "exit 7");
    const failed = await agent("renew", "--force", `--on-change=${hook}`, `--check=${check}`);
    assert.is(failed.code, 1, failed.stderr);
    assert.match(failed.stdout, /The check ".*check" failed: exit code 7: etcd is not healthy\n$/);
    assert.match(failed.stderr, /the new pair does not work: the last good one is back/);
    assert.equal([serialIn(cwd), readFileSync(`${cwd}/certs/${NODE}.key`, "utf8")], before);
    assert.match(readFileSync(env, "utf8"), /^HOOK_EVENT=rolled-back$/m);

    // the next try takes the very certificate that failed
    assert.is((await agent("renew", "--force")).code, 0);

    const refused = await agent("renew", "--force", "--orgname=system:masters");
    assert.is(refused.code, 3, refused.stderr);
    assert.match(refused.stdout, /Denied by the signer: SubjectNotAllowed: /);
    const usage = await agent("renew", "--rotate-key=sometimes");
    assert.is(usage.code, 2, usage.stderr);

    // somebody has a copy of the directory, and renews first
    await run("cp", ["-a", "certs", "stolen"], { cwd });
    const thief = await agent("renew", "--force", "--rotate-key=always", "--assetsdir=stolen");
    assert.is(thief.code, 0, thief.stderr);
    const mine = snapshot(`${cwd}/certs`);
    const forked = await agent("renew", "--force");
    assert.is(forked.code, 5, forked.stdout + forked.stderr);
    assert.match(forked.stdout, /Forked: another key has renewed this certificate/);
    assert.match(forked.stderr, /ALARM: somebody else has this node's key/);
    assert.equal(snapshot(`${cwd}/certs`), mine);
    const waits = await agent("renew", "--dnsnames=etcd1,etcd1.example");
    assert.is(waits.code, 5, "until it is tried again it is what it was");
    assert.match(waits.stdout, /not before .* \(--force does it now\): Forked: /);

    writeFileSync(`${cwd}/certs/ca.crt`, "garbage");
    const broken = await agent("status");
    assert.is(broken.code, 1, broken.stdout);
    assert.match(broken.stdout, / broken .*repair it, or remove it to take the signer's word\n$/);
  } finally {
    await signer.stop();
    remove();
  }
});

test("R56 R58 the signer answers badly, late, or not at all: the old pair stays byte for byte, and the exit code says why", async () => {
  const { path: cwd, remove } = temporary();
  const runtime = await detectRuntime();
  const [{ issuer }, { issuer: other }, serving] = await Promise.all([newCa("etcd CA"), newCa("etcd CA"), newCa("CA")]);
  const leaf = { commonName: "s", usages: ["serverAuth"], names: ["localhost"], lifetimeSeconds: 3600 } as const;
  const issued = (change: Parameters<typeof issue>[1] = {}, ca = issuer): Handler =>
    answering((csr) => issue(csr, { issuer, now: new Date(), ...change }), ca.certificate.pem);
  let answer = issued();
  const tls = [await newLeaf(serving.issuer, leaf)];
  const handler: Handler = (request) => answer(request);
  const server = await runtime.serve({ hostname: "127.0.0.1", port: 0, tls, handler });
  writeFileSync(`${cwd}/serving.crt`, serving.pem.certificate);
  const agent = (port: number, ...args: readonly string[]): Promise<Finished> =>
    certgen(me, "agent", [
      "renew",
      `--commonname=${NODE}`,
      "--dnsnames=etcd1",
      `--address=localhost:${port}`,
      "--cacrt=serving.crt",
      ...args,
    ], cwd);
  const denied: Handler = async (request) =>
    withStatus({ conditions: [{ type: "Denied", reason: "NoWay", message: "not this one" }] })(
      (await request.json()).spec,
    );
  const otherKey = (await generateKey()).publicKey;
  const cases: readonly (readonly [what: string, Handler, code: number, message: RegExp])[] = [
    ["10 MB", () => new Response(new Uint8Array(10 << 20)), 1, /larger than|too large|more than/],
    ["a redirect", () => Response.redirect("https://localhost:1/", 307), 1, /it redirects \(HTTP status 307\)/],
    ["never", () => new Promise(() => {}), 4, /error: No certificate within 2 s: the request is kept/],
    ["500", () => failure(500, "InternalError"), 4, /error: No certificate within 2 s: the request is kept/],
    ["Denied", denied, 3, /Denied by the signer: NoWay: not this one/],
    ["another key", issued({ publicKey: otherKey }), 1, /it is for another key/],
    ["a missing name", issued({ names: [] }), 1, /it lacks the name DNS:etcd1/],
    ["expired", issued({ lifetimeSeconds: 60, now: new Date(Date.now() - 240_000) }), 1, /it expired at /],
    ["another CA", issued({ issuer: other }), 1, /Cannot use the certificate that the signer sent/],
    ["another CA, and its word", issued({ issuer: other }, other), 1, /no CA that is trusted here has certified it/],
  ];
  try {
    const good = await agent(server.port, "--timeout=20s");
    assert.is(good.code, 0, good.stderr);
    const old = snapshot(`${cwd}/certs`);
    for (const [what, handler, expected, message] of cases) {
      answer = handler;
      const { code, stdout, stderr } = await agent(server.port, "--force", `--timeout=${expected === 4 ? 2 : 20}s`);
      assert.is(code, expected, `${what}: ${stdout}${stderr}`);
      assert.match(stdout + stderr, message, what);
      assert.equal(snapshot(`${cwd}/certs`), old, what);
      const { code: kept } = JSON.parse(readFileSync(`${cwd}/certs/.${NODE}/failure.json`, "utf8"));
      assert.is(kept === "timed-out", expected === 4, what);
    }
    await server.stop(0);
    const down = await agent(server.port, "--force", "--timeout=3s");
    assert.is(down.code, 4, down.stderr);
    assert.match(down.stderr, /the signer does not answer; trying again/);
    assert.equal(snapshot(`${cwd}/certs`), old, "down");
  } finally {
    await server.stop(0);
    remove();
  }
});

test("run renews in time, shows it, and ends well at SIGTERM; a file lists several certificates", async () => {
  const { path: cwd, remove } = temporary();
  const signer = await startSigner(me, ["--servercertdur=15s"], cwd);
  const [peer, server, metric] = ["peer", "server", "metric"].map((kind) => `system:etcd-${kind}:etcd1`) as [
    string,
    string,
    string,
  ];
  const reach = [`--address=localhost:${signer.port}`, "--cacrt=.certgen/serving-ca.crt"];
  const wanted = [`--commonname=${server}`, "--dnsnames=etcd1"];
  const { command, args } = runtimeCommand(me);
  const running = start(command, [
    ...[...args, `${ROOT}cli/agent.ts`, "run", ...wanted, ...reach, "--token-file=.certgen/token"],
    ...["--metrics-address=127.0.0.1:0", "--textfile=agent.prom", "--log-format=json"],
  ], { cwd });
  try {
    const port = await waitFor(running, /"message":"serving metrics","address":"127\.0\.0\.1:(\d+)"/, 30);
    const file = `certs/${server}.crt`;
    const renewed = `"message":"the certificate is renewed","certificate":"${file}"`;
    await waitFor(running, new RegExp(`${renewed}[\\s\\S]+${renewed}`), 40);
    const health = await fetch(`http://127.0.0.1:${port}/healthz`);
    assert.equal([health.status, await health.text()], [200, "ok\n"]);
    const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    const expiry = Number(/certificate_expiry_timestamp_seconds\{certificate="[^"]+"\} (\d+)\n/.exec(metrics)?.[1]);
    assert.ok(Math.abs(expiry - Date.now() / 1000) < 20, `expires at ${expiry}`);
    const { code, stderr } = await running.stop();
    assert.is(code, 0, stderr);
    const { notAfter } = parseCertificate(readFileSync(`${cwd}/${file}`, "utf8"));
    const text = readFileSync(`${cwd}/agent.prom`, "utf8");
    assert.match(
      text,
      `certgen_agent_certificate_expiry_timestamp_seconds{certificate="${file}"} ${+notAfter / 1000}\n`,
    );
    assert.match(text, /certgen_agent_renewals_total\{[^}]+\} [2-9]\n/);

    await new Promise((resolve) => setTimeout(resolve, Math.max(notAfter.getTime() + 1100 - Date.now(), 0)));
    const expired = await certgen(me, "agent", ["status", ...wanted], cwd);
    assert.is(expired.code, 11, expired.stdout);
    assert.match(expired.stdout, / expired .*it expired at /);

    const config = [
      `signer: { address: "localhost:${signer.port}", cacrt: ${cwd}/.certgen/serving-ca.crt, tokenFile: ${cwd}/.certgen/token }`,
      `directory: ${cwd}/certs`,
      "certificates:",
      ...[metric, peer].map((name) => `  - { commonName: "${name}", dnsNames: [etcd1] }`),
    ];
    writeFileSync(`${cwd}/agent.yaml`, `${config.join("\n")}\n`);
    // one of several that fails holds up no other, and the worst is what the exit code says
    writeFileSync(`${cwd}/certs/metric-ca.crt`, "garbage");
    const renew = ["renew", "--config=agent.yaml", "--timeout=30s", "-o", "json"];
    const half = await certgen(me, "agent", renew, cwd);
    assert.is(half.code, 1, half.stderr);
    assert.equal(jsonOf(half).certificates.map(({ did }) => did), ["failed", "changed"]);
    rmSync(`${cwd}/certs/metric-ca.crt`);
    const whole = await certgen(me, "agent", [...renew, "--force"], cwd);
    assert.is(whole.code, 0, whole.stderr);
    const status = await certgen(me, "agent", ["status", "--config=agent.yaml", "-o", "json"], cwd);
    assert.is(status.code, 0, status.stdout);
    assert.equal(jsonOf(status).certificates.map(({ commonName, state }) => [commonName, state]), [
      [metric, "fresh"],
      [peer, "fresh"],
    ]);
  } finally {
    await running.stop("SIGKILL");
    await signer.stop();
    remove();
  }
});

test.run();
