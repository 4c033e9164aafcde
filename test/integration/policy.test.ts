// timeout: 240
// A signer on the runtime that runs this file, with credentials of every kind, over TLS; a restart in between.
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createProof } from "../../src/auth/proof.ts";
import { fromUtf8, toBase64, toUtf8 } from "../../src/bytes.ts";
import type { CertificateSigningRequest } from "../../src/k8s/certificate_signing_request.ts";
import { conditionOf, fromBase64Pem } from "../../src/k8s/certificate_signing_request.ts";
import { detectRuntime } from "../../src/runtime/detect.ts";
import { parseCertificate } from "../../src/x509/certificate.ts";
import { createCsr } from "../../src/x509/csr.ts";
import { formatGeneralName } from "../../src/x509/general_name.ts";
import { generateKey, type KeyPair } from "../../src/x509/key.ts";
import { certgen, pause, type RunningSigner, startSigner, temporary } from "../programs.ts";
import { readmePolicy } from "../readme.ts";
import { currentRuntime } from "../runtimes.ts";
import { objectJson, pathOf } from "../signing.ts";

const runtime = currentRuntime();
const { connect } = await detectRuntime();

/** What a request asks for. */
interface Asked {
  readonly kind?: "peer" | "server" | "metric";
  readonly node: string;
  readonly dnsNames?: readonly string[];
  readonly ipAddresses?: readonly string[];
  readonly name?: string;
  readonly key?: KeyPair;
}

let count = 0;

async function bodyOf(asked: Asked): Promise<{ readonly body: string; readonly key: KeyPair; readonly pem: string }> {
  const { kind = "peer", node, dnsNames = [node], ipAddresses = [], key = await generateKey() } = asked;
  const commonName = `system:etcd-${kind}:${node}`;
  const subject = { organization: `system:etcd-${kind}s`, commonName };
  const { pem } = await createCsr({ key, subject, dnsNames: [...dnsNames], ipAddresses: [...ipAddresses] });
  const name = asked.name ?? `${commonName}-${(++count).toString(16).padStart(8, "0")}`;
  const spec = {
    signerName: `certgen.internal/etcd-${kind}`,
    usages: ["digital signature", "server auth", "client auth"],
  };
  return { body: objectJson(toBase64(toUtf8(pem)), { name, spec }), key, pem };
}

/** Sends requests to a signer. */
function clientOf(signer: RunningSigner, cwd: string) {
  const connection = connect({ ca: readFileSync(`${cwd}/.certgen/serving-ca.crt`, "utf8") });
  const url = (path: string): string => `https://localhost:${signer.port}${path}`;
  const send = async (body: string, authorization: string): Promise<Response> =>
    await connection.fetch(
      new Request(url(pathOf("v1")), {
        method: "POST",
        headers: { "content-type": "application/json", authorization },
        body,
      }),
    );
  const objectOf = async (answer: Response): Promise<CertificateSigningRequest> => {
    const text = await answer.text();
    assert.is(answer.status, 201, text);
    return JSON.parse(text) as CertificateSigningRequest;
  };
  const ask = async (asked: Asked, token: string): Promise<CertificateSigningRequest> =>
    await objectOf(await send((await bodyOf(asked)).body, `Bearer ${token}`));
  return { url, send, ask, objectOf, close: () => connection.close() };
}

const denial = (object: CertificateSigningRequest): string => conditionOf(object, "Denied")?.message ?? "";

async function logged(signer: RunningSigner, pattern: RegExp, times = 1): Promise<void> {
  for (const end = Date.now() + 15_000; Date.now() < end;) {
    if ([...signer.output().matchAll(new RegExp(pattern, "g"))].length >= times) return;
    await pause(0.1);
  }
  throw new Error(`no ${pattern} in ${signer.output()}`);
}

test(`the README's policy gives three nodes each its own names and nothing else, signer on ${runtime}`, async () => {
  const { path: cwd, remove } = temporary();
  const nodes = ["etcd1", "etcd2", "etcd3"];
  writeFileSync(`${cwd}/signer.yaml`, readmePolicy());
  const tokens = nodes.map((node) => `${node}-token,etcd:${node},${node}\n`);
  writeFileSync(`${cwd}/tokens.csv`, tokens.join(""), { mode: 0o600 });
  const signer = await startSigner(runtime, ["--config=signer.yaml", "--token-auth-file=tokens.csv"], cwd);
  const client = clientOf(signer, cwd);
  try {
    for (const node of nodes) {
      for (const kind of ["peer", "server", "metric"] as const) {
        const names = {
          dnsNames: [node, `${node}.etcd.example`, "localhost"],
          ipAddresses: ["10.8.89.9", "127.0.0.1", "::1"],
        };
        const object = await client.ask({ kind, node, ...names }, `${node}-token`);
        const certificate = parseCertificate(fromBase64Pem(object.status.certificate ?? ""));
        assert.equal(certificate.extensions.subjectAltName?.map(formatGeneralName), [
          ...names.dnsNames.map((name) => `DNS:${name}`),
          ...names.ipAddresses.map((address) => `IP:${address}`),
        ]);
      }
    }
    for (
      const [asked, because] of [
        [{ node: "etcd1", dnsNames: ["etcd2"] }, /dnsNames: "etcd2"/],
        [{ node: "etcd1", dnsNames: ["x.etcd1.etcd.example"] }, /dnsNames/],
        [{ node: "etcd1", ipAddresses: ["10.8.90.1"] }, /ipAddresses: "?10\.8\.90\.1/],
        [{ node: "etcd2", name: "free" }, /commonName: "system:etcd-peer:etcd2"/],
      ] as const
    ) {
      const object = await client.ask(asked, "etcd1-token");
      assert.is(object.status.certificate, undefined);
      assert.match(denial(object), because);
    }
    // nobody else gets anything, and nobody occupies another's name
    const other = await client.send((await bodyOf({ node: "etcd2" })).body, "Bearer etcd1-token");
    assert.is(other.status, 403);
    const bootstrap = readFileSync(`${cwd}/.certgen/token`, "utf8").trim();
    assert.match(denial(await client.ask({ node: "etcd1", name: "free2" }, bootstrap)), /no rule allows it/);

    // the same words before the request is made
    const { body, pem } = await bodyOf({ node: "etcd1", dnsNames: ["etcd2"] });
    writeFileSync(`${cwd}/request.csr`, pem);
    const object = await client.objectOf(await client.send(body, "Bearer etcd1-token"));
    const explain = ["policy", "explain", "request.csr", "--as=etcd:etcd1", "--config=signer.yaml", "-o", "json"];
    const explained = await certgen(runtime, "signer", explain, cwd);
    assert.is(explained.code, 3, explained.stderr);
    assert.is(JSON.parse(explained.stdout).message, denial(object));

    // what changes is taken over; what is broken is not
    writeFileSync(`${cwd}/signer.yaml`, `${readmePolicy()}\nrulez: []\n`);
    await logged(signer, /configuration has changed and cannot be used[^\n]*line 1\d[^\n]*rulez/);
    assert.ok((await client.ask({ node: "etcd1" }, "etcd1-token")).status.certificate);
    writeFileSync(`${cwd}/signer.yaml`, "rules: []\n");
    await logged(signer, /configuration reloaded/);
    const refused = await client.send((await bodyOf({ node: "etcd1" })).body, "Bearer etcd1-token");
    assert.is(refused.status, 403);
  } finally {
    client.close();
    await signer.stop();
    remove();
  }
});

test(`tokens and proofs are good once, also after a restart, and the audit log tells it, signer on ${runtime}`, async () => {
  const { path: cwd, remove } = temporary();
  let signer = await startSigner(runtime, [], cwd);
  let client = clientOf(signer, cwd);
  const restart = async (): Promise<void> => {
    client.close();
    await signer.stop();
    signer = await startSigner(runtime, [], cwd);
    client = clientOf(signer, cwd);
  };
  try {
    const created = await certgen(runtime, "signer", ["token", "create", "--for=system:etcd-peer:etcd1"], cwd);
    assert.is(created.code, 0, created.stderr);
    const token = created.stdout.trim();
    const answers = await Promise.all(
      Array.from(
        { length: 100 },
        async () => await client.send((await bodyOf({ node: "etcd1" })).body, `Bearer ${token}`),
      ),
    );
    const issued = answers.filter(({ status }) => status === 201);
    assert.is(issued.length, 1);
    assert.is(answers.filter(({ status }) => status === 403).length, 99);

    const first = await bodyOf({ node: "node1" });
    const bootstrap = readFileSync(`${cwd}/.certgen/token`, "utf8").trim();
    const object = await client.objectOf(await client.send(first.body, `Bearer ${bootstrap}`));
    const ca = parseCertificate(readFileSync(`${cwd}/.certgen/ca.crt`, "utf8"));
    const prove = async (body: string, key: KeyPair, certificate: string): Promise<string> =>
      await createProof({
        certificate,
        key,
        issuerKey: ca.publicKey.spki,
        signerName: "certgen.internal/etcd-peer",
        method: "POST",
        url: client.url(pathOf("v1")),
        body: toUtf8(body),
        now: () => new Date(),
      });
    const pem = fromBase64Pem(object.status.certificate ?? "");
    const second = await bodyOf({ node: "node1" });
    const proof = await prove(second.body, first.key, pem);
    const renewed = await client.objectOf(await client.send(second.body, proof));
    assert.ok(renewed.status.certificate);
    assert.is(renewed.spec.username, "certgen:cert:etcd-peer:system:etcd-peer:node1");
    assert.is((await client.send(second.body, proof)).status, 401, "a proof is good once");

    await restart();
    assert.is((await client.send(second.body, proof)).status, 401, "also after a restart");
    const late = await client.send((await bodyOf({ node: "etcd1" })).body, `Bearer ${token}`);
    assert.is(late.status, 403, "a use is not forgotten");
    // the same key again is answered with what there is
    const again = await bodyOf({ node: "node1", key: second.key });
    const same = await client.objectOf(await client.send(again.body, await prove(again.body, first.key, pem)));
    assert.is(same.metadata.uid, renewed.metadata.uid);
    // and another one is a thief's, or the owner's after a thief's
    const third = await bodyOf({ node: "node1" });
    const forked = await client.objectOf(await client.send(third.body, await prove(third.body, first.key, pem)));
    assert.equal(forked.status.conditions?.map(({ type }) => type), ["Forked"]);
    assert.is(forked.status.certificate, undefined);

    client.close();
    await signer.stop();
    const log = `${cwd}/.certgen/audit/audit-000001.jsonl`;
    const lines = readFileSync(log, "utf8").trim().split("\n").map((line) => JSON.parse(line) as { decision?: string });
    const decided = (decision: string): number => lines.filter((line) => line.decision === decision).length;
    assert.equal([decided("approved"), decided("forked")], [3, 1]);
    const verified = await certgen(runtime, "signer", ["audit", "verify"], cwd);
    assert.is(verified.code, 0, verified.stdout + verified.stderr);
    const content = fromUtf8(readFileSync(log)).replace('"decision":"forked"', '"decision":"denied"');
    writeFileSync(log, content);
    const changed = await certgen(runtime, "signer", ["audit", "verify"], cwd);
    assert.is(changed.code, 1, "a line that was changed is found");
    assert.match(changed.stdout + changed.stderr, /audit-000001\.jsonl/);
  } finally {
    client.close();
    await signer.stop();
    remove();
  }
});

test.run();
