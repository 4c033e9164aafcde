// timeout: 120
// Servers whose certificate is replaced on disk while they serve, on the runtime that runs this file.
import { mkdirSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import http from "node:http";
import https from "node:https";
import tls from "node:tls";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { watchPair } from "../../src/agent/watch_pair.ts";
import { createCa } from "../../src/ca/create_ca.ts";
import type { Issuer } from "../../src/ca/issuer.ts";
import { signCsr } from "../../src/ca/sign_csr.ts";
import type { TlsPair } from "../../src/ports.ts";
import { detectRuntime } from "../../src/runtime/detect.ts";
import { parseCertificate } from "../../src/x509/certificate.ts";
import { createCsr } from "../../src/x509/csr.ts";
import { exportPrivateKey, generateKey } from "../../src/x509/key.ts";
import { certgen, folder, pause, startSigner, temporary, waitFor } from "../programs.ts";

const runtime = await detectRuntime();
const ca = await createCa({ commonName: "CA" });

/** A pair for localhost, of a new key. */
async function newPair(issuer: Issuer = ca): Promise<TlsPair> {
  const key = await generateKey("ec-p256", { extractable: true });
  const csr = await createCsr({ key, subject: { commonName: "localhost" }, dnsNames: ["localhost"] });
  const { pem } = await signCsr(csr.pem, issuer, { usages: ["serverAuth"], lifetimeSeconds: 3600 });
  return { certificate: pem, privateKey: await exportPrivateKey(key) };
}

const serialOf = (pair: TlsPair): string => parseCertificate(pair.certificate).serialNumber;

/** Files that one rename changes together, as Kubernetes' mounted secrets and the agent's own directories do. */
class SwappedFiles {
  readonly #directory: string;
  readonly certificateFile: string;
  readonly keyFile: string;
  #version = 0;

  constructor(directory: string) {
    this.#directory = directory;
    this.certificateFile = `${directory}/tls.crt`;
    this.keyFile = `${directory}/tls.key`;
    for (const name of ["tls.crt", "tls.key"]) symlinkSync(`..data/${name}`, `${directory}/${name}`);
  }

  swap({ certificate, privateKey }: TlsPair): void {
    const version = `..${++this.#version}`;
    mkdirSync(`${this.#directory}/${version}`);
    writeFileSync(`${this.#directory}/${version}/tls.crt`, certificate);
    writeFileSync(`${this.#directory}/${version}/tls.key`, privateKey, { mode: 0o600 });
    symlinkSync(version, `${this.#directory}/..data_tmp`);
    renameSync(`${this.#directory}/..data_tmp`, `${this.#directory}/..data`);
  }
}

/** A file replaced by a rename, as most programs do it. */
function replace(path: string, content: string, mode = 0o644): void {
  writeFileSync(`${path}.tmp`, content, { mode });
  renameSync(`${path}.tmp`, path);
}

/** The serial number that a server shows to a new connection. */
async function shownSerial(port: number): Promise<string> {
  const der = await runtime.peerCertificate({ host: "localhost", port, timeoutSeconds: 5 });
  return parseCertificate(der).serialNumber;
}

/** Waits until new connections see a certificate; gives the seconds it took. */
async function untilShown(port: number, serial: string, seconds: number): Promise<number> {
  const start = Date.now();
  while (await shownSerial(port) !== serial) {
    assert.ok(Date.now() - start < seconds * 1000, `the new certificate is not shown within ${seconds} s`);
    await pause(0.05);
  }
  return (Date.now() - start) / 1000;
}

/** One connection that stays open, and answers for as long as it is not dropped. */
async function keptConnection(
  port: number,
): Promise<{ ask: (path?: string) => Promise<number>; shown: string; isOpen: () => boolean; close: () => void }> {
  const socket = tls.connect({ host: "127.0.0.1", port, servername: "localhost", rejectUnauthorized: false });
  await new Promise<void>((resolve, reject) => {
    socket.once("secureConnect", resolve);
    socket.once("error", reject);
  });
  let received = "";
  let isOpen = true;
  socket.on("data", (data: Uint8Array) => received += new TextDecoder().decode(data));
  socket.on("close", () => isOpen = false);
  socket.on("error", () => isOpen = false);
  const shown = parseCertificate(new Uint8Array(socket.getPeerCertificate().raw)).serialNumber;
  const ask = async (path = "/"): Promise<number> => {
    received = "";
    socket.write(`GET ${path} HTTP/1.1\r\nhost: localhost\r\n\r\n`);
    for (let i = 0; i < 100 && !received.includes("\r\n\r\n") && isOpen; i++) await pause(0.02);
    return Number(/^HTTP\/1\.1 (\d+)/.exec(received)?.[1]);
  };
  return { ask, shown, isOpen: () => isOpen, close: () => socket.destroy() };
}

/** A server of somebody's own, which takes one pair after another. */
interface OwnServer {
  readonly port: () => number;
  readonly take: (pair: TlsPair) => void | Promise<void>;
  readonly close: () => void | Promise<void>;
}

/** Feeds a server with files that are swapped, and looks at it from outside. */
async function follows(make: () => OwnServer): Promise<void> {
  const { path: cwd, remove } = temporary();
  const files = new SwappedFiles(cwd);
  const { certificateFile, keyFile } = files;
  const server = make();
  const stop = new AbortController();
  const pairs = watchPair({ ...runtime, certificateFile, keyFile, periodSeconds: 0.05, signal: stop.signal });
  let taken = 0;
  const following = (async () => {
    for await (const pair of pairs) {
      await server.take(pair);
      taken++;
    }
  })();
  try {
    const [first, second, third] = [await newPair(), await newPair(), await newPair()];
    files.swap(first); // only now is there something to serve with
    for (let i = 0; i < 200 && taken === 0; i++) await pause(0.02);
    const kept = await keptConnection(server.port());
    assert.is(kept.shown, serialOf(first));
    for (const [index, pair] of [second, third].entries()) {
      assert.is(await kept.ask(), 200);
      files.swap(pair);
      await untilShown(server.port(), serialOf(pair), 5);
      assert.is(taken, index + 2, "a pair was given twice, or one that is none");
    }
    assert.is(await kept.ask(), 200);
    assert.ok(kept.isOpen());
    kept.close();
  } finally {
    stop.abort();
    await following;
    await server.close();
    remove();
  }
}

test(`watchPair feeds certgen's own server on ${runtime.name}: the kept connection stays, new ones see the new certificate`, async () => {
  let server: Awaited<ReturnType<typeof runtime.serve>> | undefined;
  const handler = (): Response => new Response("ok");
  await follows(() => ({
    port: () => server?.port ?? 0,
    take: async (pair) => {
      if (server === undefined) server = await runtime.serve({ hostname: "127.0.0.1", port: 0, tls: [pair], handler });
      else await server.reload([pair]);
    },
    close: async () => await server?.stop(0),
  }));
});

/** A runtime's own server: Bun's node:https takes no other certificate, its node:tls does, with node:http behind it. */
function nativeServer(): https.Server | tls.Server {
  const answer: http.RequestListener = (_, response) => void response.end("ok");
  if (runtime.name !== "bun") return https.createServer(answer);
  const behind = http.createServer(answer);
  return tls.createServer({ ALPNProtocols: ["http/1.1"] }, (socket) => behind.emit("connection", socket));
}

test(`watchPair feeds a ${runtime.name === "bun" ? "node:tls" : "node:https"} server on ${runtime.name}`, async () => {
  const server = nativeServer();
  await follows(() => ({
    port: () => {
      const address = server.address();
      return typeof address === "object" && address !== null ? address.port : 0;
    },
    take: async ({ certificate, privateKey }) => {
      server.setSecureContext({ cert: certificate, key: privateKey });
      if (!server.listening) await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    },
    close: () => void server.close(),
  }));
});

test("R64 a signer serves with TLS files that were replaced on disk within 10 s, and drops no connection over it", async () => {
  const { path: cwd, remove } = temporary();
  const made = await certgen(runtime.name, "signer", ["init", "--dir=pki", "--san=localhost,127.0.0.1"], cwd);
  assert.is(made.code, 0, made.stderr);
  const swapped = new SwappedFiles(folder(cwd, "secret"));
  const [first, second] = [await newPair(), await newPair()];
  swapped.swap(first);
  const signer = await startSigner(runtime.name, [
    `--cacrt=${cwd}/pki/ca.crt`,
    `--cakey=${cwd}/pki/ca.key`,
    `--csrdir=${folder(cwd, "csrs")}`,
    `--servcrt=${swapped.certificateFile}`,
    `--servkey=${swapped.keyFile}`,
  ], cwd);
  try {
    const kept = await keptConnection(signer.port);
    assert.is(kept.shown, serialOf(first));
    assert.is(await kept.ask("/readyz"), 200);
    swapped.swap(second);
    await untilShown(signer.port, serialOf(second), 10);
    assert.is(await kept.ask("/readyz"), 200);

    // names that are files by now, replaced one after the other with time between
    const third = await newPair();
    replace(swapped.keyFile, third.privateKey, 0o600);
    await waitFor(signer, /serving certificate has changed and cannot be used/, 10);
    assert.is(await shownSerial(signer.port), serialOf(second), "a key without its certificate changes nothing");
    replace(swapped.certificateFile, third.certificate);
    await untilShown(signer.port, serialOf(third), 10);
    assert.is(await kept.ask("/readyz"), 200);
    assert.ok(kept.isOpen());
    kept.close();
  } finally {
    const { code } = await signer.stop();
    remove();
    assert.is(code, 0, signer.output());
  }
});

test.run();
