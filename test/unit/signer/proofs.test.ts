/** Proofs of possession at the whole signer: which are good, and that each is good once. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { signCsr } from "../../../src/ca/sign_csr.ts";
import { fromBase64Pem } from "../../../src/k8s/certificate_signing_request.ts";
import { parseCertificate } from "../../../src/x509/certificate.ts";
import { generateKey } from "../../../src/x509/key.ts";
import { clientOf } from "../../api.ts";
import {
  type Asked,
  type CredentialWorld,
  credentialWorld,
  entriesOf,
  type Holder,
  issuedBy,
  obtain,
  present,
  prove,
  proven,
  type ProvenRequest,
  STORES,
  wantedJson,
} from "../../credentials.ts";
import { posing } from "../../proof.ts";
import { objectIn, pathOf, statusIn, testSigner } from "../../signing.ts";

const NAME = "system:etcd-peer:etcd1";
const RENEWAL = `${NAME}-0a1b2c3d`;

async function first(options: Parameters<typeof credentialWorld>[0] = {}): Promise<[CredentialWorld, Holder]> {
  const world = await credentialWorld(options);
  return [world, await obtain(world.bearer("any-token"))];
}

/** A renewal of `etcd1` by another key. */
async function renewal(
  world: CredentialWorld,
  holder: Holder,
  proof: NonNullable<Asked["proof"]> = {},
): Promise<ProvenRequest> {
  return await prove(world, holder, { body: await wantedJson({ name: RENEWAL }), proof });
}

/** That a request is 401, without a word of why, and that nothing comes of it. */
async function refused(world: CredentialWorld, request: ProvenRequest, what: string): Promise<void> {
  const before = [await entriesOf(world.store), await entriesOf(world.store, "certificate")];
  const answer = await present(world, request);
  assert.is(answer.status, 401, `${what}: ${answer.status}`);
  assert.is((await statusIn(answer, 401)).message, "Unauthorized");
  assert.equal([await entriesOf(world.store), await entriesOf(world.store, "certificate")], before, what);
}

for (const kind of STORES) {
  test(`a proof is good once, also after a restart (${kind})`, async () => {
    const [world, holder] = await first({ kind });
    const request = await renewal(world, holder);
    const object = await objectIn(await present(world, request));
    assert.ok(object.status.certificate);
    await refused(world, request, "replayed");
    const again = await world.restart();
    await refused(again, request, "replayed after a restart");
    const poll = await prove(again, holder, { method: "GET", path: pathOf("v1", RENEWAL) });
    assert.equal(await objectIn(await present(again, poll), 200), object);
    await refused(again, poll, "replayed GET");
  });

  test(`of one proof a hundred times at once one is good (${kind})`, async () => {
    const [world, holder] = await first({ kind });
    const request = await renewal(world, holder);
    const answers = await Promise.all(Array.from({ length: 100 }, () => present(world, request)));
    assert.equal(answers.map(({ status }) => status).sort(), [201, ...Array<number>(99).fill(401)]);
    assert.is(issuedBy(world), 2);
    assert.is((await entriesOf(world.store, "nonce")).length, 1);
  });
}

test("a proof of a request is none of another", async () => {
  const [world, holder] = await first();
  const request = await renewal(world, holder);
  const others: [what: string, change: Partial<ProvenRequest>][] = [
    ["another body", { body: await wantedJson({ name: RENEWAL }) }],
    ["a longer body", { body: `${request.body} ` }],
    ["no body", { body: "" }],
    ["another query", { path: `${request.path}?dryRun=All` }],
    ["another version", { path: pathOf("v1beta1") }],
    ["another path", { path: `${request.path}/` }],
    ["an object's path", { path: pathOf("v1", RENEWAL), method: "PATCH" }],
    ["another method", { method: "DELETE" }],
  ];
  for (const [what, change] of others) await refused(world, { ...request, ...change }, what);
  // none of them has used it up
  await objectIn(await present(world, request));
});

test("a proof for another signer or CA, by another key, or of another time is none", async () => {
  const [world, holder] = await first();
  const key = await generateKey();
  const changes: [what: string, proof: NonNullable<Asked["proof"]>][] = [
    ["another signer", { signerName: "certgen.internal/etcd-server" }],
    ["another domain", { signerName: "example.com/etcd-peer" }],
    ["another CA", { issuerKey: world.metric.publicKey.spki }],
    ["another key", { key: posing(key, holder.key.publicKey) }],
    ["long ago", { now: () => new Date(world.now().getTime() - 121_000) }],
    ["in the future", { now: () => new Date(world.now().getTime() + 121_000) }],
    ["another certificate", {
      certificate: world.etcd.certificate.pem,
      key: posing(holder.key, world.etcd.publicKey),
    }],
  ];
  for (const [what, proof] of changes) await refused(world, await renewal(world, holder, proof), what);
  assert.is((await entriesOf(world.store, "nonce")).length, 0, "nobody's nonce is used up");
  for (const seconds of [-120, 120]) {
    const now = () => new Date(world.now().getTime() + seconds * 1000);
    const poll = await prove(world, holder, { method: "GET", path: pathOf("v1", "none"), proof: { now } });
    assert.is((await present(world, poll)).status, 404);
  }
});

test("the time window of a proof is over before its nonce is forgotten", async () => {
  const [world, holder] = await first();
  const now = () => new Date(world.now().getTime() + 120_000);
  const request = await renewal(world, holder, { now });
  const { status } = await present(world, request);
  assert.is(status, 201);
  const at = world.now().getTime();
  for (const seconds of [120, 239, 240, 241, 3600]) {
    world.setTime(new Date(at + seconds * 1000).toISOString());
    await world.signer.sweep();
    await refused(world, request, `${seconds} s later`);
  }
  assert.is((await entriesOf(world.store, "nonce")).length, 0);
});

test("an expired certificate proves requests for a while, and then no more", async () => {
  const [world, holder] = await first();
  const { notAfter } = parseCertificate(holder.certificate);
  const at = (seconds: number): void => world.setTime(new Date(notAfter.getTime() + seconds * 1000).toISOString());
  const WEEK = 7 * 86_400;
  at(WEEK + 1);
  await refused(world, await renewal(world, holder), "after the grace");
  at(WEEK);
  const renewed = await objectIn(await present(world, await renewal(world, holder)));
  assert.ok(renewed.status.certificate);
  const strict = await world.restart({ graceSeconds: 0 });
  at(1);
  await refused(strict, await renewal(strict, holder), "without a grace");
});

test("what was issued by an open signer proves nothing, over the same CA and store", async () => {
  const [world, holder] = await first();
  const { etcd, metric, store, now } = world;
  const open = await testSigner({ issuers: { etcd, metric }, store, now });
  const foundling = await obtain(clientOf(open.signer, undefined), { name: RENEWAL });
  assert.is((await entriesOf(store, "certificate")).length, 1);
  await refused(world, await renewal(world, foundling), "open-mode");
  // and an open signer, which knows nobody, takes no proof at all
  const opened = { ...world, ...open, events: world.events };
  await refused(opened, await renewal(world, holder), "at an open signer");
});

test("a certificate of the same CA that was never recorded proves nothing", async () => {
  const [world, holder] = await first();
  const key = await generateKey();
  const csr = JSON.parse(await wantedJson({ key })) as { spec: { request: string } };
  const options = { profile: "etcd-peer" as const, now: world.now };
  const certificate = await signCsr(fromBase64Pem(csr.spec.request), world.etcd, options);
  await refused(world, await renewal(world, { ...holder, key, certificate: certificate.pem }), "foreign");
});

test("a revoked certificate proves nothing from then on; its successors do", async () => {
  const [world, holder] = await first();
  const renewed = await obtain(proven(world, holder), { name: RENEWAL });
  const path = pathOf("v1", NAME);
  const object = await objectIn(await world.admin.send("GET", path), 200);
  const condition = { type: "Revoked", status: "True", reason: "KeyCompromise", message: "stolen" };
  const conditions = [...object.status.conditions ?? [], condition];
  const sent = { ...object, status: { ...object.status, conditions } };
  await statusIn(await world.bearer("any-token").send("PUT", `${path}/approval`, sent), 403);
  await objectIn(await world.admin.send("PUT", `${path}/approval`, sent), 200);
  assert.equal(world.events.map(({ action, decision }) => `${action} ${decision}`).at(-1), "revoke revoked");
  await refused(world, await renewal(world, holder), "revoked");
  const again = await world.restart();
  await refused(again, await renewal(again, holder), "revoked before a restart");
  await obtain(proven(again, renewed), { name: `${NAME}-0a1b2c3e` });
});

test("what waits for an administrator is not approved once the certificate that proved it is revoked", async () => {
  const [auto, holder] = await first();
  const world = await auto.restart({ approval: "manual" });
  const pending = await objectIn(await present(world, await renewal(world, holder)));
  const change = async (path: string, type: string): Promise<Response> => {
    const object = await objectIn(await world.admin.send("GET", path), 200);
    const condition = { type, status: "True", reason: "Hand", message: "x" };
    const conditions = [...object.status.conditions ?? [], condition];
    return await world.admin.send("PUT", `${path}/approval`, { ...object, status: { ...object.status, conditions } });
  };
  await objectIn(await change(pathOf("v1", NAME), "Revoked"), 200);
  await statusIn(await change(pathOf("v1", RENEWAL), "Approved"), 403);
  assert.equal((await objectIn(await world.admin.send("GET", pathOf("v1", RENEWAL)), 200)).status, pending.status);
});

test("a proof beside another credential, twice, or cut short is none", async () => {
  const [world, holder] = await first();
  const request = await renewal(world, holder);
  const value = request.headers["authorization"] ?? "";
  const headers = [
    `${value}, Bearer any-token`,
    `Bearer any-token, ${value}`,
    `${value}, ${value}`,
    value.slice(0, -1),
    `${value}=`,
    value.replace(" ", " ."),
    value.split(".").slice(0, 3).join("."),
    "Certgen-Proof",
    "Certgen-Proof x",
    `Certgen-Proof ${"A".repeat(13_000)}`,
  ];
  for (const authorization of headers) {
    await refused(world, { ...request, headers: { authorization } }, authorization.slice(0, 60));
  }
});

test("a body that is too long is 413 with a proof, too, whether or not it says so", async () => {
  const [world, holder] = await first({ maxBodyBytes: 2000 });
  const request = await renewal(world, holder);
  const body = " ".repeat(2001);
  await statusIn(await present(world, { ...request, body }), 413);
  await statusIn(
    await present(world, { ...request, body, headers: { ...request.headers, "content-length": "1" } }),
    413,
  );
  await objectIn(await present(world, request));
});

test("whoever administers is not made one by a proof, and a proof is told from impersonation", async () => {
  const [world, holder] = await first();
  const request = await renewal(world, holder);
  const headers = { ...request.headers, "impersonate-user": "alice" };
  await statusIn(await present(world, { ...request, headers }), 403);
  assert.is((await entriesOf(world.store, "certificate")).length, 1);
});

test.run();
