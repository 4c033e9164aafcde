// timeout: 120
// Whom the agent's side of a connection trusts, on the runtime that runs this file.
import { Buffer } from "node:buffer";
import { writeFileSync } from "node:fs";
import https from "node:https";
import process from "node:process";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { CertgenError } from "../../src/errors.ts";
import { detectRuntime } from "../../src/runtime/detect.ts";
import { hasOpenssl, makeCa, makeLeaf, type OpensslPair, SKIPPED } from "../openssl.ts";
import { folder, has, run, start, type Started, temporary, waitFor } from "../programs.ts";
import { makeRogues, type Rogues, type Shown } from "../rogues.ts";
import { currentRuntime, ROOT, runtimeCommand } from "../runtimes.ts";

const runtime = await detectRuntime();
const hasNode = has(runtimeCommand("node").command, "--version");
/** 50 in `npm run soak`: some faults of TLS stacks show only once something is used again. */
const TRIES = Number(process.env["ROGUE_TRIES"] ?? 5);

/** Servers that show certificates, as a child process. */
async function serving(
  rogues: Rogues,
  action: (ports: readonly [name: string, port: number][], server: Started) => Promise<void>,
): Promise<void> {
  const { path: cwd, remove } = temporary();
  writeFileSync(`${cwd}/shown.json`, JSON.stringify([...rogues.good, ...rogues.rogue]), { mode: 0o600 });
  const { command, args } = runtimeCommand("node");
  const server = start(command, [...args, `${ROOT}test/integration/rogue_server.ts`, `${cwd}/shown.json`], { cwd });
  try {
    await action(JSON.parse(await waitFor(server, /PORTS (.+)/, 20)), server);
  } finally {
    await server.stop("SIGKILL");
    remove();
  }
}

test(`R60 no certificate but a good one is trusted, however often it is shown: ${TRIES} times each`, async () => {
  if (!hasOpenssl || !hasNode) return console.log("skipped: needs openssl and node");
  const rogues = makeRogues();
  const byName = new Map<string, Shown>([...rogues.good, ...rogues.rogue].map((shown) => [shown.name, shown]));
  const isGood = (name: string): boolean => rogues.good.some((shown) => shown.name === name);
  await serving(rogues, async (ports, server) => {
    const kept = runtime.connect({ ca: rogues.ca.certificate, timeoutSeconds: 10 });
    const ask = async (name: string, port: number, way: "fetch" | "stream"): Promise<void> => {
      const request = new Request(`https://localhost:${port}/`, { headers: { authorization: "Bearer secret" } });
      const error = await kept[way](request).then(
        (response) => response.text().then(() => undefined),
        (error: unknown) => error,
      );
      if (isGood(name)) return assert.is(error, undefined, `${name}: ${error}`);
      assert.instance(error, CertgenError, `a certificate ${name} is trusted by ${way}`);
      if (!(error instanceof CertgenError)) return;
      const codes = byName.get(name)?.endsHandshake ? ["invalid-certificate", "unavailable"] : ["invalid-certificate"];
      assert.ok(codes.includes(error.code), `${name}: ${error.message}`);
    };
    for (let i = 0; i < TRIES; i++) {
      await Promise.all(ports.map(([name, port]) => ask(name, port, i % 2 === 0 ? "fetch" : "stream")));
    }
    kept.close();
    const asked = new Set([...server.output().matchAll(/ASKED (.+)/g)].map(([, name = ""]) => name));
    assert.equal([...asked].sort(), rogues.good.map(({ name }) => name).sort(), "a rogue was sent a request");
  });
});

test("R60 a server that was trusted is looked at again: with another name, with a certificate that has expired", async () => {
  if (!hasOpenssl) return console.log(SKIPPED);
  const ca = makeCa();
  const connection = runtime.connect({ ca: ca.certificate, timeoutSeconds: 10 });
  const ask = async (host: string, port: number): Promise<string> =>
    await connection.fetch(new Request(`https://${host}:${port}/`)).then(
      async (response) => await response.text(),
      (error: unknown) => error instanceof CertgenError ? error.code : String(error),
    );
  // what a client needs to resume a session of one server with the other
  const ticketKeys = new Uint8Array(48).fill(7);
  const listen = async ({ certificate, privateKey }: OpensslPair, port: number): Promise<https.Server> => {
    const options = { cert: certificate, key: privateKey, ticketKeys: Buffer.from(ticketKeys) };
    const server = https.createServer(options, (_, response) => {
      response.setHeader("connection", "close").end("ok");
    });
    await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
    return server;
  };
  const close = (server: https.Server): Promise<void> => new Promise((resolve) => server.close(() => resolve()));
  const before = await listen(makeLeaf(ca), 0);
  const address = before.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  try {
    for (let i = 0; i < TRIES; i++) {
      assert.is(await ask("localhost", port), "ok");
      assert.is(await ask("127.0.0.1", port), "invalid-certificate");
    }
  } finally {
    await close(before);
  }
  const after = await listen(makeLeaf(ca, { days: -1 }), port);
  try {
    for (let i = 0; i < TRIES; i++) assert.is(await ask("localhost", port), "invalid-certificate");
  } finally {
    connection.close();
    await close(after);
  }
});

test("R59 with --cacrt only that CA is trusted, whatever the system and the environment trust besides", async () => {
  if (!hasOpenssl) return console.log(SKIPPED);
  const { path: cwd, remove } = temporary();
  const [ours, others] = [makeCa("ours"), makeCa("trusted by the system")];
  let asked = 0;
  const server = await runtime.serve({
    hostname: "127.0.0.1",
    port: 0,
    tls: [makeLeaf(others)],
    handler: () => {
      asked++;
      return new Response("{}", { status: 400 });
    },
  });
  const file = `${cwd}/others.crt`;
  writeFileSync(file, others.certificate);
  writeFileSync(`${cwd}/ours.crt`, ours.certificate);
  writeFileSync(`${folder(cwd, "roots")}/others.pem`, others.certificate);
  writeFileSync(`${cwd}/token`, "0a1b2c.a-token-that-nobody-may-see", { mode: 0o600 });
  /** Everything by which a runtime can be told of further roots. */
  const environments: Readonly<Record<string, Record<string, string>>> = {
    "the runtime's own": {
      node: { NODE_EXTRA_CA_CERTS: file },
      deno: { DENO_CERT: file },
      bun: { NODE_EXTRA_CA_CERTS: file },
    }[currentRuntime()],
    "the system's": {
      SSL_CERT_FILE: file,
      SSL_CERT_DIR: `${cwd}/roots`,
      NODE_USE_SYSTEM_CA: "1",
      DENO_TLS_CA_STORE: "system",
      ...runtime.name === "node" && { NODE_OPTIONS: "--use-openssl-ca" },
      ...runtime.name === "bun" && { BUN_OPTIONS: "--use-system-ca" },
    },
  };
  const { command, args } = runtimeCommand(runtime.name);
  const plain = async (env: Record<string, string>): Promise<string> => {
    const asking = [...args, `${ROOT}test/contract/connect_program.ts`, `https://localhost:${server.port}/`];
    return (await run(command, asking, { cwd, env: { ...env, CERTGEN_TEST_CA: ours.certificate } })).stdout;
  };
  const agent = async (cacrt: string, env: Record<string, string>): ReturnType<typeof run> =>
    await run(command, [
      ...args,
      `${ROOT}cli/agent.ts`,
      "request",
      "--commonname=system:etcd-peer:x",
      "--dnsnames=x",
      `--address=localhost:${server.port}`,
      `--cacrt=${cacrt}`,
      "--token-file=token",
      "--timeout=10s",
    ], { cwd, env });
  try {
    const runs = Object.entries(environments).map(async ([what, env]) => {
      // a client that trusts what it is told to trust shows that the setting works at all
      assert.is(await plain(env), "plain 400, ours invalid-certificate\n", what);
      const { code, stderr } = await agent("ours.crt", env);
      assert.is(code, 1, `${what}: ${stderr}`);
      assert.match(
        stderr,
        /Cannot trust https:\/\/localhost:\d+: its certificate is not issued by the trusted CA/,
        what,
      );
    });
    await Promise.all(runs);
    assert.is(asked, runs.length, "asked by the plain clients alone");
    // the same server is asked where its CA is the one that is given
    assert.not.match((await agent("others.crt", {})).stderr, /Cannot trust/);
    assert.ok(asked > runs.length);
  } finally {
    await server.stop(0);
    remove();
  }
});

test.run();
