import { test } from "uvu";
import * as assert from "uvu/assert";
import { SignerClient } from "../../../src/agent/client.ts";
import {
  decodeRequest,
  encodeRequest,
  hasTerms,
  newRequest,
  type StagedRequest,
  submit,
  type SubmitOptions,
} from "../../../src/agent/request.ts";
import { toBase64Pem } from "../../../src/k8s/certificate_signing_request.ts";
import type { Handler } from "../../../src/ports.ts";
import { createCa } from "../../../src/ca/create_ca.ts";
import { signCsr } from "../../../src/ca/sign_csr.ts";
import { agentSigner, agentWorld, failure, jsonAnswer, NODE } from "../../agent_world.ts";
import { fakeClock, fakeFetch, fakeLog, fakeSleep, fixedRandom, rejection } from "../../fakes.ts";
import { KubernetesApi } from "../../kubernetes_api.ts";
import { pathOf, peerRequest } from "../../signing.ts";

const { now } = fakeClock();
const ca = await createCa({ commonName: "old CA", now });

/** The older Go server, as it was seen: v1beta1 only, 200, text errors, no reason and no times in conditions, no /ca. */
function oldServer(): Handler {
  const objects = new Map<string, string>();
  return async (request) => {
    const { pathname } = new URL(request.url);
    const text = (body: string, status: number): Response =>
      new Response(`${body}\n`, { status, headers: { "content-type": "text/plain; charset=utf-8" } });
    const collection = pathOf("v1beta1");
    if (pathname === collection && request.method === "POST") {
      const object = JSON.parse(await request.text());
      if (object.apiVersion !== "certificates.k8s.io/v1beta1") return text("Failed to decode request body", 500);
      const { pem } = await signCsr(atob(object.spec.request), ca, { profile: "etcd-peer", now }).catch(() => ({
        pem: "",
      }));
      if (pem === "") return text("Error signing csr", 400);
      const status = { certificate: toBase64Pem(pem), conditions: [{ type: "Approved", lastUpdateTime: null }] };
      objects.set(object.metadata.name, JSON.stringify({ ...object, status }));
      return jsonAnswer(200, objects.get(object.metadata.name));
    }
    if (pathname.startsWith(`${collection}/`) && request.method === "GET") {
      const object = objects.get(pathname.slice(collection.length + 1));
      return object === undefined ? text("CSR not found with given CSR name", 404) : jsonAnswer(200, object);
    }
    return text("404 page not found", 404);
  };
}

test("an older server gets v1beta1 under the plain common name, without signer name and usages", async () => {
  const { run, sent, files } = agentWorld(oldServer());
  const { certificate, caFile } = await run({ fallbackIssuerCa: ca.certificate.pem });
  assert.equal(sent.map(({ method, path }) => `${method} ${path}`), [
    `POST ${pathOf("v1")}`,
    `POST ${pathOf("v1beta1")}`,
    "GET /ca/etcd-peer",
  ]);
  const { apiVersion, metadata, spec } = JSON.parse(sent[1]?.body ?? "");
  assert.is(apiVersion, "certificates.k8s.io/v1beta1");
  assert.equal(metadata, { name: NODE });
  assert.equal(Object.keys(spec), ["request"]);
  assert.is(spec.request, JSON.parse(sent[0]?.body ?? "").spec.request);
  assert.is(files.text(`certs/${NODE}.crt`), certificate.pem);
  assert.is(files.text(caFile), ca.certificate.pem);
});

test("an older server's answer is checked against the CA that was given, and refused without one", async () => {
  const { run, files } = agentWorld(oldServer());
  const error = await rejection("invalid-certificate", run());
  assert.match(error.message, /does not say which CA issued it, and none was given \(--issuer-cacrt\)$/);
  const other = await createCa({ commonName: "old CA", now });
  await rejection("invalid-certificate", run({ fallbackIssuerCa: other.certificate.pem }));
  assert.equal(Object.keys(files.snapshot()), []);
});

test("an older server's refusal is shown", async () => {
  const { run } = agentWorld(oldServer());
  const error = await rejection("rejected", run({ organization: "x", fallbackIssuerCa: ca.certificate.pem }));
  assert.is(error.message, "HTTP status 400: Error signing csr");
});

test("a server without either version ends it", async () => {
  const { run, sent } = agentWorld(() => new Response("404 page not found\n", { status: 404 }));
  await rejection("not-found", run());
  assert.is(sent.length, 2);
});

test("/ca of the signer holds over a CA that was given for want of it, and a CA that was given holds over /ca", async () => {
  const { signer, etcd } = await agentSigner();
  const { run, files } = agentWorld(signer.fetch);
  await run({ fallbackIssuerCa: ca.certificate.pem });
  assert.is(files.text("certs/ca.crt"), etcd.certificate.pem);
  await rejection("invalid-certificate", run({ issuerCa: ca.certificate.pem }));
});

test("R58 of what the signer names as CA only certificates of CAs are written, and nothing of the text around them", async () => {
  const { signer, etcd } = await agentSigner();
  const leaf = await createCa({ commonName: "expired", now: () => new Date(0), lifetimeSeconds: 1000 });
  let extra = "";
  const { run, files } = agentWorld(async (request) => {
    const answer = await signer.fetch(request);
    if (!new URL(request.url).pathname.startsWith("/ca/")) return answer;
    return new Response(`\x1b]0;title\x07\n${await answer.text()}more text\n${extra}`);
  });
  await run();
  assert.is(files.text("certs/ca.crt"), etcd.certificate.pem);
  extra = leaf.certificate.pem;
  await rejection("invalid-certificate", run());
  assert.is(files.text("certs/ca.crt"), etcd.certificate.pem);
});

test("a name that is taken by this very request is fetched; the GET is by the name that was posted", async () => {
  const { signer } = await agentSigner();
  let posts = 0;
  const { run, sent } = agentWorld(async (request) => {
    // the first answer is lost on its way
    const answer = await signer.fetch(request);
    return request.method === "POST" && ++posts === 1 ? failure(502, "BadGateway") : answer;
  });
  await run();
  const { name } = JSON.parse(sent[0]?.body ?? "").metadata;
  assert.is(sent[1]?.body, sent[0]?.body);
  assert.is(sent[2]?.path, pathOf("v1", name));
});

test("R16 a pending request is looked at until it is decided, with growing pauses", async () => {
  const { signer } = await agentSigner();
  let looks = 0;
  const { run, pauses, sent } = agentWorld(async (request) => {
    const answer = await signer.fetch(request);
    if (request.url.includes("/ca/") || ++looks > 6) return answer;
    const object = await answer.json();
    return jsonAnswer(answer.status, { ...object, status: {} });
  });
  await run();
  assert.is(sent.filter(({ method, path }) => method === "GET" && path.startsWith("/apis")).length, 6);
  assert.is(pauses.length, 6);
  for (const [index, whole] of [1, 2, 4, 8, 10, 10].entries()) {
    assert.ok((pauses[index] ?? -1) >= whole / 2 && (pauses[index] ?? 99) <= whole);
  }
});

test("decodeRequest reads back what encodeRequest wrote, and nothing else", async () => {
  const request = newRequest("a-1", "certgen.internal/etcd-peer", ["server auth"], atob(await peerRequest()));
  const json = encodeRequest(request, "v1");
  assert.equal(decodeRequest(json), request);
  for (const text of [undefined, "", "{", "null", "[]", "7", "{}", json.slice(0, -10), json.replace("LS0t", "!!!!")]) {
    assert.is(decodeRequest(text), undefined, text);
  }
  assert.is(decodeRequest(json.replace(/"usages":\[.*?\]/, '"usages":7')), undefined);
});

test("a lifetime is staged and asked for in v1, and not in v1beta1", async () => {
  const request = newRequest("a-1", "certgen.internal/etcd-peer", ["server auth"], atob(await peerRequest()), 3600);
  const json = encodeRequest(request, "v1");
  assert.is(JSON.parse(json).spec.expirationSeconds, 3600);
  assert.equal(decodeRequest(json), request);
  assert.is(decodeRequest(json.replace(":3600", ':"3600"')), undefined);
  assert.is(decodeRequest(json.replace(":3600", ":3600.5")), undefined);
  assert.equal(Object.keys(JSON.parse(encodeRequest(request, "v1beta1")).spec), ["request"]);
  const without = newRequest("a-1", "certgen.internal/etcd-peer", ["server auth"], atob(await peerRequest()));
  assert.not("expirationSeconds" in JSON.parse(encodeRequest(without, "v1")).spec);
});

test("hasTerms compares signer, usages and lifetime", async () => {
  const usages = ["server auth", "client auth"];
  const staged = newRequest("a-1", "certgen.internal/etcd-peer", usages, atob(await peerRequest()), 600);
  const wanted = {
    signerName: "certgen.internal/etcd-peer",
    usages: ["client auth", "server auth"],
    expirationSeconds: 600,
  };
  assert.ok(hasTerms(staged, wanted));
  assert.not(hasTerms(staged, { ...wanted, signerName: "certgen.internal/etcd-server" }));
  assert.not(hasTerms(staged, { ...wanted, usages: ["client auth"] }));
  assert.not(hasTerms(staged, { ...wanted, expirationSeconds: 601 }));
  assert.not(hasTerms(staged, { signerName: wanted.signerName, usages }));
});

const AGENT = { token: "agent.token", username: "system:serviceaccount:etcd:agent", verbs: ["create", "get", "watch"] };

/** A cluster's API server, and what is submitted to it. */
async function cluster(verbs: readonly string[] = AGENT.verbs): Promise<{
  api: KubernetesApi;
  staged: StagedRequest;
  log: ReturnType<typeof fakeLog>;
  submitted: (request: StagedRequest, options?: Partial<SubmitOptions>) => Promise<string>;
}> {
  const api = new KubernetesApi({ users: [{ ...AGENT, verbs }], now, sleep: () => new Promise(() => {}) });
  const { fetch } = fakeFetch(api.handler);
  const log = fakeLog();
  const peer = { url: "https://api:6443", token: AGENT.token };
  const client = new SignerClient({ ...peer, fetch, sleep: fakeSleep().sleep, random: fixedRandom(0), log: log.log });
  const usages = ["digital signature", "server auth", "client auth"];
  const staged = newRequest(`${NODE}-1`, "certgen.internal/etcd-peer", usages, atob(await peerRequest()), 3600);
  const submitted: Awaited<ReturnType<typeof cluster>>["submitted"] = (request, options = {}) =>
    submit(client, request, { ...peer, stream: fetch, log: log.log, ...options });
  return { api, staged, log, submitted };
}

test("a Kubernetes API server gets all that it wants, and tells approval and certificate by watch", async () => {
  const { api, staged, log, submitted } = await cluster();
  const pem = submitted(staged);
  await api.until(() => api.watches.size === 1);
  const { metadata, spec } = api.only();
  assert.equal([spec["expirationSeconds"], spec["username"]], [3600, AGENT.username]);
  api.approve(metadata.name);
  await api.sign(metadata.name, ca);
  assert.match(await pem, "-----BEGIN CERTIFICATE-----");
  assert.equal(api.seen.map((line) => line.split("?")[0]), [`POST ${pathOf("v1")}`, `GET ${pathOf("v1")}`]);
  assert.equal(log.lines.map(({ message }) => message), [
    "waiting for the signer's decision",
    "the request is approved; waiting for the certificate",
  ]);
});

test("a lifetime that is too short for it is its to refuse", async () => {
  const { staged, submitted } = await cluster();
  const { message } = await rejection("rejected", submitted({ ...staged, expirationSeconds: 599 }));
  assert.match(message, "spec.expirationSeconds: Invalid value: 599: may not specify a duration less than 600 seconds");
});

test("a name of somebody else's is given up for another, a few times", async () => {
  for (const verbs of [AGENT.verbs, ["create"]]) {
    const { api, staged, log, submitted } = await cluster(verbs);
    const taken = [staged.name, `${NODE}-2`];
    for (const name of taken) api.put(name, { request: "eA==", signerName: staged.signerName });
    let names = 1;
    const rename = (): Promise<StagedRequest> => Promise.resolve({ ...staged, name: `${NODE}-${++names}` });
    const pem = submitted(staged, { rename });
    pem.catch(() => {});
    await api.until(() => api.objects.has(`${NODE}-3`));
    assert.equal(log.lines.filter(({ level }) => level === "warn").map(({ facts }) => facts["name"]), taken);
    if (verbs.length === 1) {
      // it may not see what it has created
      await rejection("forbidden", pem);
      continue;
    }
    api.approve(`${NODE}-3`);
    await api.sign(`${NODE}-3`, ca);
    await pem;
  }
  const { api, staged, submitted } = await cluster();
  api.put(staged.name, { request: "eA==" });
  let renames = 0;
  await rejection("already-exists", submitted(staged));
  await rejection("already-exists", submitted(staged, { rename: () => Promise.resolve((renames++, staged)) }));
  assert.is(renames, 3);
});

test("an object with the same CSR for another signer is not this request", async () => {
  const { api, staged, submitted } = await cluster();
  api.put(staged.name, { request: staged.request, signerName: "example.com/other" });
  await rejection("already-exists", submitted(staged));
  api.remove(staged.name);
  api.put(staged.name, { request: staged.request, signerName: staged.signerName });
  api.approve(staged.name);
  await api.sign(staged.name, ca);
  assert.match(await submitted(staged), "-----BEGIN CERTIFICATE-----");
});

test("Forked ends it, and an administrator's approval after that ends it well", async () => {
  const { api, staged, submitted } = await cluster();
  const conditions = [{ type: "Forked", status: "True", reason: "SecondSuccessor", message: "x" }];
  api.intercepts.push(async (request) => {
    const answer = await api.handler(request.clone());
    return jsonAnswer(201, { ...await answer.json(), status: { conditions } });
  });
  await rejection("forked", submitted(staged));
  api.approve(staged.name);
  await api.sign(staged.name, ca);
  assert.match(await submitted(staged), "-----BEGIN CERTIFICATE-----");
});

test.run();
