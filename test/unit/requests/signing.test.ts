import { test } from "uvu";
import * as assert from "uvu/assert";
import { CertgenError } from "../../../src/errors.ts";
import {
  type CertificateSigningRequest,
  conditionOf,
  fromBase64Pem,
} from "../../../src/k8s/certificate_signing_request.ts";
import { MemoryStore } from "../../../src/store/memory.ts";
import type { Change, Entry } from "../../../src/store/store.ts";
import { parseCertificate } from "../../../src/x509/certificate.ts";
import {
  get,
  objectIn,
  objectJson,
  pathOf,
  peerRequest,
  post,
  statusIn,
  type TestSigner,
  testSigner,
} from "../../signing.ts";

const NAME = "system:etcd-peer:etcd1";
const SERIAL = "certgen.internal/serial-number";

/** A store that stops working where it is told to, and counts what it did. */
class MortalStore extends MemoryStore {
  fails: readonly ("create" | "update" | "get")[] = [];
  readonly done: string[] = [];

  override async get(name: string): Promise<Entry | undefined> {
    return await this.#do("get", () => super.get(name));
  }
  /** Named for what it does to an object; what is kept besides goes with it. */
  override async commit(changes: readonly Change[]): Promise<Entry[]> {
    const [change] = changes;
    const isObject = change !== undefined && change.type !== "delete" && !change.name.includes("/");
    const commit = (): Promise<Entry[]> => super.commit(changes);
    return isObject ? await this.#do(change.type, commit) : await commit();
  }

  async #do<T>(what: "create" | "update" | "get", action: () => Promise<T>): Promise<T> {
    await Promise.resolve();
    if (this.fails.includes(what)) throw new CertgenError("io", `Cannot ${what}: no space left on the device`);
    this.done.push(what);
    return await action();
  }
}

async function mortal(): Promise<TestSigner & { store: MortalStore }> {
  const store = new MortalStore();
  return { ...await testSigner({ store }), store };
}

async function storedIn(store: MemoryStore, name: string = NAME): Promise<CertificateSigningRequest> {
  return JSON.parse((await store.get(name))?.text ?? "null") as CertificateSigningRequest;
}

const issued = (lines: TestSigner["lines"]): number =>
  lines.filter(({ message }) => message === "certificate issued").length;

test("R50 the decision is recorded before anything is signed, the certificate before it is answered", async () => {
  const { signer, store, lines } = await mortal();
  await objectIn(await post(signer, objectJson(await peerRequest())));
  assert.equal(store.done, ["get", "create", "update"]);
  assert.equal(lines.map(({ message }) => message), ["request approved", "certificate issued"]);
});

test("R5 a store that cannot take the decision: 5xx, nothing signed, nothing stored", async () => {
  const { signer, store, lines } = await mortal();
  store.fails = ["create"];
  await statusIn(await post(signer, objectJson(await peerRequest())), 500);
  assert.is(issued(lines), 0);
  store.fails = [];
  await statusIn(await get(signer, pathOf("v1", NAME)), 404);
});

for (const version of ["v1", "v1beta1"] as const) {
  test(`a store that dies before the certificate is recorded: 5xx, and GET ${version} finishes with the same serial number`, async () => {
    const { signer, store } = await mortal();
    const request = await peerRequest();
    store.fails = ["update"];
    const response = await post(signer, objectJson(request, { version }), { version });
    const status = await statusIn(response, 500);
    assert.not.match(JSON.stringify(status), "CERTIFICATE|LS0tLS1CRUdJTiBDRVJU");
    const serial = (await storedIn(store)).metadata.annotations?.[SERIAL];
    assert.match(serial ?? "", /^[0-9a-f]{32}$/);
    // it cannot be finished as long as the store is broken, and no certificate is given away
    await statusIn(await get(signer, pathOf(version, NAME)), 500);
    store.fails = [];
    const object = await objectIn(await get(signer, pathOf(version, NAME)), 200);
    const certificate = parseCertificate(fromBase64Pem(object.status.certificate ?? ""));
    assert.is(certificate.serialNumber.padStart(32, "0"), serial);
    assert.equal(await objectIn(await get(signer, pathOf(version, NAME)), 200), object);
  });
}

test("an equal POST through v1beta1 finishes what a crash left, with the recorded serial number", async () => {
  const { signer, store } = await mortal();
  const body = objectJson(await peerRequest(), { version: "v1beta1" });
  store.fails = ["update"];
  await statusIn(await post(signer, body, { version: "v1beta1" }), 500);
  const { uid, annotations } = (await storedIn(store)).metadata;
  store.fails = [];
  const object = await objectIn(await post(signer, body, { version: "v1beta1" }));
  assert.is(object.metadata.uid, uid);
  const { serialNumber } = parseCertificate(fromBase64Pem(object.status.certificate ?? ""));
  assert.is(serialNumber.padStart(32, "0"), annotations?.[SERIAL]);
});

test("many GETs at once issue once", async () => {
  const { signer, store, lines } = await mortal();
  store.fails = ["update"];
  await statusIn(await post(signer, objectJson(await peerRequest())), 500);
  store.fails = [];
  lines.length = 0;
  const answers = await Promise.all(Array.from({ length: 20 }, () => get(signer, pathOf("v1", NAME))));
  const certificates = new Set<string | undefined>();
  for (const answer of answers) certificates.add((await objectIn(answer, 200)).status.certificate);
  assert.is(certificates.size, 1);
  assert.is(issued(lines), 1);
  assert.equal(store.done.filter((what) => what === "update"), ["update"]);
});

test("R3 of 100 POSTs of one name at once exactly one is stored", async () => {
  for (const version of ["v1", "v1beta1"] as const) {
    const { signer, store, lines } = await mortal();
    const requests = await Promise.all(Array.from({ length: 100 }, () => peerRequest()));
    const answers = await Promise.all(
      requests.map((request) => post(signer, objectJson(request, { version }), { version })),
    );
    const codes = answers.map(({ status }) => status).sort();
    assert.is(store.done.filter((what) => what === "get").length, 100); // all asked for it
    assert.is(store.done.filter((what) => what === "create").length, 1);
    if (version === "v1") {
      assert.equal(codes, [201, ...Array<number>(99).fill(409)]);
      assert.is(issued(lines), 1);
      const winner = await objectIn(answers.find(({ status }) => status === 201) ?? Response.error());
      assert.equal((await storedIn(store)).spec, winner.spec);
    } else {
      // each replaces the one before, and each is answered with its own certificate
      assert.equal(codes, Array<number>(100).fill(201));
      for (const [index, answer] of answers.entries()) {
        const object = await objectIn(answer);
        assert.is(object.spec.request, requests[index]);
        assert.ok(object.status.certificate);
      }
    }
  }
});

/** A signer with an approved object that has no certificate yet, changed by somebody in between. */
async function tampered(
  change: (object: Record<string, Record<string, unknown>>) => void,
): Promise<TestSigner & { store: MortalStore }> {
  const all = await mortal();
  all.store.fails = ["update"];
  await statusIn(await post(all.signer, objectJson(await peerRequest())), 500);
  all.store.fails = [];
  all.lines.length = 0;
  const entry = await all.store.get(NAME);
  const object = JSON.parse(entry?.text ?? "") as Record<string, Record<string, unknown>>;
  change(object);
  await all.store.update(NAME, () => JSON.stringify(object), entry?.revision ?? -1);
  return all;
}

test("R54 a stored request that was tampered with becomes Failed, and is never signed", async () => {
  const flipped = (text: string): string => {
    const pem = atob(text).split("\n");
    const line = pem[4] ?? "";
    pem[4] = (line.startsWith("A") ? "B" : "A") + line.slice(1);
    return btoa(pem.join("\n"));
  };
  const changes: [string, (object: Record<string, Record<string, unknown>>) => void][] = [
    ["another signature", (o) => void (o["spec"] && (o["spec"]["request"] = flipped(String(o["spec"]["request"]))))],
    ["no CSR", (o) => void (o["spec"] && (o["spec"]["request"] = "bm90aGluZw=="))],
    ["other usages", (o) => void (o["spec"] && (o["spec"]["usages"] = ["code signing"]))],
    ["another signer", (o) => void (o["spec"] && (o["spec"]["signerName"] = "example.com/x"))],
    ["another profile", (o) => void (o["spec"] && (o["spec"]["signerName"] = "certgen.internal/etcd-metric"))],
    ["a short serial number", (o) => void (o["metadata"] && (o["metadata"]["annotations"] = { [SERIAL]: "01" }))],
    ["an odd serial number", (o) => void (o["metadata"] && (o["metadata"]["annotations"] = { [SERIAL]: "xyz" }))],
    [
      "a serial number of zero",
      (o) => void (o["metadata"] && (o["metadata"]["annotations"] = { [SERIAL]: "0".repeat(32) })),
    ],
    ["a lifetime below zero", (o) => void (o["spec"] && (o["spec"]["expirationSeconds"] = -600))],
  ];
  for (const [what, change] of changes) {
    const { signer, lines, store } = await tampered(change);
    const object = await objectIn(await get(signer, pathOf("v1", NAME)), 200);
    assert.is(object.status.certificate, undefined, what);
    const failed = conditionOf(object, "Failed");
    assert.is(failed?.status, "True", what);
    assert.is(failed?.reason, "IssuingFailed");
    assert.is(failed?.message, "the certificate could not be issued: the signer's log says more");
    assert.ok(conditionOf(object, "Approved"));
    assert.is(issued(lines), 0, what);
    assert.ok(lines.some(({ level, message }) => level === "error" && message === "issuing failed"));
    const before = (await store.get(NAME))?.revision;
    assert.equal(await objectIn(await get(signer, pathOf("v1", NAME)), 200), object);
    assert.is((await store.get(NAME))?.revision, before);
  }
});

test("what the signer cannot have written is not even shown, and never signed", async () => {
  const changes: [string, (object: Record<string, Record<string, unknown>>) => void][] = [
    ["no base64", (o) => void (o["spec"] && (o["spec"]["request"] = "!"))],
    ["no request", (o) => void (o["spec"] && delete o["spec"]["request"])],
    ["a number", (o) => void (o["spec"] && (o["spec"]["request"] = 7))],
    ["no usages", (o) => void (o["spec"] && (o["spec"]["usages"] = 7))],
    ["a lifetime of words", (o) => void (o["spec"] && (o["spec"]["expirationSeconds"] = "long"))],
  ];
  for (const [what, change] of changes) {
    const { signer, lines } = await tampered(change);
    await statusIn(await get(signer, pathOf("v1", NAME)), 500);
    assert.is(issued(lines), 0, what);
  }
});

test("what was approved without a serial number being recorded is never signed", async () => {
  const { signer, lines } = await tampered((o) => void (o["metadata"] && delete o["metadata"]["annotations"]));
  const { status } = await objectIn(await get(signer, pathOf("v1", NAME)), 200);
  assert.is(status.certificate, undefined);
  assert.is(issued(lines), 0);
});

test("a whole request of somebody else in an approved object's place is judged by itself", async () => {
  const other = await peerRequest("etcd9");
  const { signer } = await tampered((object) => void (object["spec"] && (object["spec"]["request"] = other)));
  const { status } = await objectIn(await get(signer, pathOf("v1", NAME)), 200);
  // it is no other node's certificate under this node's name
  assert.is(status.certificate, undefined);
});

test("an approved object waits while its CA is expired, and is finished after", async () => {
  const { signer, store, setTime, lines } = await mortal();
  store.fails = ["update"];
  await statusIn(await post(signer, objectJson(await peerRequest())), 500);
  store.fails = [];
  setTime("2046-01-01T00:00:00Z");
  const response = await get(signer, pathOf("v1", NAME));
  assert.is(response.headers.get("retry-after"), "5");
  await statusIn(response, 503);
  assert.equal((await storedIn(store)).status.conditions?.length, 1);
  setTime("2026-04-01T00:00:00Z");
  assert.ok((await objectIn(await get(signer, pathOf("v1", NAME)), 200)).status.certificate);
  assert.is(issued(lines), 2); // the first one nobody has seen
});

test("what is no object of this name in the store is a 500, and never served", async () => {
  const { signer, store } = await mortal();
  const good = JSON.parse(objectJson(await peerRequest())) as Record<string, unknown>;
  const texts = [
    "",
    "{",
    "null",
    "[]",
    '{"kind":"Pod"}',
    JSON.stringify({ ...good, metadata: { name: "other" } }),
    JSON.stringify({ ...good, metadata: null }),
    JSON.stringify({ ...good, spec: null }),
    JSON.stringify({ ...good, status: [] }),
    JSON.stringify({ ...good, status: { conditions: {} } }),
    JSON.stringify({ ...good, status: { conditions: [7] } }),
    JSON.stringify(good).slice(0, -1),
    "[".repeat(10_000),
  ];
  for (const [index, text] of texts.entries()) {
    await store.create(`x${index}`, () => text);
    const status = await statusIn(await get(signer, pathOf("v1", `x${index}`)), 500);
    assert.is(status.message, "Internal error: the signer's log says more");
    const again = await post(signer, objectJson(await peerRequest(), { name: `x${index}` }));
    await statusIn(again, 409);
  }
});

test.run();
