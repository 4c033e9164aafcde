import { test } from "uvu";
import * as assert from "uvu/assert";
import { type CertificateSigningRequest, conditionOf } from "../../../src/k8s/certificate_signing_request.ts";
import { type ApiWorld, apiWorld } from "../../api.ts";
import { objectIn, objectJson, pathOf, peerRequest, statusIn } from "../../signing.ts";

const NAME = "system:etcd-peer:etcd1";
const V1 = "certificates.k8s.io/v1";
const SERIAL = "certgen.internal/serial-number";

/** The object with one more condition, as `kubectl certificate` sends it. */
function decided(object: CertificateSigningRequest, type: "Approved" | "Denied"): unknown {
  const condition = { type, status: "True", reason: `Kubectl${type}`, message: "by hand" };
  return { ...object, status: { conditions: [...object.status.conditions ?? [], condition] } };
}

async function manual(): Promise<ApiWorld & { pending: CertificateSigningRequest }> {
  const world = await apiWorld({ approval: "manual" });
  const pending = await world.node.create();
  return { ...world, pending };
}

test("a request that the policy allows waits, without a serial number, until an administrator approves it", async () => {
  const { admin, node, pending, lines } = await manual();
  assert.equal(pending.status, {});
  assert.is(pending.metadata.annotations?.[SERIAL], undefined);
  assert.is(pending.spec.signerName, "certgen.internal/etcd-peer");
  const path = `${pathOf("v1", NAME)}/approval`;
  const approved = await objectIn(await admin.send("PUT", path, decided(pending, "Approved")), 200);
  assert.ok(approved.status.certificate);
  assert.match(approved.metadata.annotations?.[SERIAL] ?? "", /^[0-9a-f]{32}$/);
  const [condition] = approved.status.conditions ?? [];
  assert.equal([condition?.type, condition?.reason, condition?.message], ["Approved", "KubectlApproved", "by hand"]);
  assert.is(condition?.lastUpdateTime, "2026-03-01T12:00:00Z");
  assert.equal(await objectIn(await node.send("GET", pathOf("v1", NAME)), 200), approved);
  const line = lines.find(({ message }) => message === "request approved by an administrator");
  assert.equal(line?.facts, { name: NAME, user: "alice" });
});

test("a denial by an administrator holds, and nothing is signed", async () => {
  const { admin, node, pending } = await manual();
  const path = `${pathOf("v1", NAME)}/approval`;
  const denied = await objectIn(await admin.send("PUT", path, decided(pending, "Denied")), 200);
  assert.is(conditionOf(denied, "Denied")?.message, "by hand");
  const again = await statusIn(await admin.send("PUT", path, decided(denied, "Approved")), 422);
  assert.match(again.message, "mutually exclusive");
  const { status } = await objectIn(await node.send("GET", pathOf("v1", NAME)), 200);
  assert.is(status.certificate, undefined);
});

test("what the policy refuses is denied at once, also where an administrator approves", async () => {
  const world = await apiWorld({ approval: "manual" });
  const denied = await world.node.create({ spec: { usages: ["code signing"] } });
  assert.is(conditionOf(denied, "Denied")?.status, "True");
});

test("an approval must say which object it is for", async () => {
  const { admin, pending } = await manual();
  const path = `${pathOf("v1", NAME)}/approval`;
  const approval = decided(pending, "Approved") as CertificateSigningRequest;
  for (const key of ["uid", "resourceVersion"]) {
    const { [key]: _, ...metadata } = approval.metadata as unknown as Record<string, unknown>;
    const status = await statusIn(await admin.send("PUT", path, { ...approval, metadata }), 409);
    assert.is(status.reason, "Conflict");
    for (const value of ["other", "99"]) {
      const other = { ...approval, metadata: { ...approval.metadata, [key]: value } };
      assert.is((await statusIn(await admin.send("PUT", path, other), 409)).reason, "Conflict");
    }
  }
  const headers = { "content-type": "application/merge-patch+json" };
  const { status } = approval;
  await statusIn(await admin.send("PATCH", path, { status }, headers), 409);
  const { uid, resourceVersion } = pending.metadata;
  const named = { metadata: { uid, resourceVersion }, status };
  assert.ok((await objectIn(await admin.send("PATCH", path, named, headers), 200)).status.certificate);
});

test("of two approvers at once one wins, and one certificate is issued", async () => {
  const { admin, pending, lines } = await manual();
  const path = `${pathOf("v1", NAME)}/approval`;
  const answers = await Promise.all([1, 2, 3].map(() => admin.send("PUT", path, decided(pending, "Approved"))));
  assert.equal(answers.map(({ status }) => status).sort(), [200, 409, 409]);
  assert.is(lines.filter(({ message }) => message === "certificate issued").length, 1);
});

test("only administrators decide, change and delete", async () => {
  const { node, other, nobody, pending } = await manual();
  const approval = decided(pending, "Approved");
  for (const client of [node, other, nobody]) {
    for (const subresource of ["approval", "status"]) {
      await statusIn(await client.send("PUT", `${pathOf("v1", NAME)}/${subresource}`, approval), 403);
    }
    await statusIn(await client.send("PUT", pathOf("v1", NAME), pending), 403);
    await statusIn(await client.send("PATCH", pathOf("v1", NAME), {}), 403);
    await statusIn(await client.send("DELETE", pathOf("v1", NAME)), 403);
    await statusIn(await client.send("DELETE", pathOf("v1")), 403);
    await statusIn(await client.send("GET", pathOf("v1")), 403);
    await statusIn(await client.send("GET", `${pathOf("v1")}?watch=1`), 403);
  }
  await statusIn(await other.send("GET", pathOf("v1", NAME)), 403);
});

test("nobody but the signer sets the certificate of its own signer names; of others an administrator may", async () => {
  const { admin, node, pending } = await manual();
  const other = await node.create({ name: "foreign", spec: { signerName: "example.com/other" } });
  const issued = await (await apiWorld()).node.create();
  const { certificate } = issued.status;
  const path = (name: string) => `${pathOf("v1", name)}/status`;
  const status = await statusIn(await admin.send("PUT", path(NAME), { ...pending, status: { certificate } }), 403);
  assert.match(status.message, 'not permitted to sign requests with signerName "certgen.internal/etcd-peer"');
  const signed = await objectIn(await admin.send("PUT", path("foreign"), { ...other, status: { certificate } }), 200);
  assert.is(signed.status.certificate, certificate);
});

test("approving what another signer signs issues nothing", async () => {
  const { admin, node } = await manual();
  const other = await node.create({ name: "foreign", spec: { signerName: "example.com/other" } });
  const path = `${pathOf("v1", "foreign")}/approval`;
  const { status, metadata } = await objectIn(await admin.send("PUT", path, decided(other, "Approved")), 200);
  assert.is(status.certificate, undefined);
  assert.is(metadata.annotations?.[SERIAL], undefined);
});

test("a finalizer keeps an object until it is taken away; nothing is signed of it any more", async () => {
  const { admin, node } = await manual();
  await statusIn(await node.send("POST", pathOf("v1"), { metadata: { finalizers: ["example.com/x"] } }), 422);
  const metadata = { finalizers: ["example.com/keep"] };
  const kept = await admin.create({ name: "kept", metadata });
  const deleted = await objectIn(await admin.send("DELETE", pathOf("v1", "kept")), 200);
  assert.is(deleted.metadata.deletionTimestamp, "2026-03-01T12:00:00Z");
  assert.is(deleted.metadata.deletionGracePeriodSeconds, 0);
  const approval = { ...decided(kept, "Approved") as CertificateSigningRequest, metadata: deleted.metadata };
  const approved = await objectIn(await admin.send("PUT", `${pathOf("v1", "kept")}/approval`, approval), 200);
  assert.is(approved.status.certificate, undefined);
  const { finalizers: _, resourceVersion: __, ...free } = approved.metadata;
  await objectIn(await admin.send("PUT", pathOf("v1", "kept"), { ...approved, metadata: free }), 200);
  await statusIn(await admin.send("GET", pathOf("v1", "kept")), 404);
});

test("what an administrator has decided, or is deleting, is not replaced through v1beta1; equal bytes see it", async () => {
  const { admin, node } = await apiWorld();
  const beta = { version: "v1beta1", spec: { signerName: "example.com/other", usages: ["client auth"] } } as const;
  const post = async (request: string, name: string, spec = {}) =>
    await node.send("POST", pathOf("v1beta1"), objectJson(request, { version: "v1beta1", name, spec }));
  const made = await node.create({ ...beta, name: "denied" });
  const denied = await objectIn(
    await admin.send("PUT", `${pathOf("v1", "denied")}/approval`, decided({ ...made, apiVersion: V1 }, "Denied")),
    200,
  );
  assert.is(denied.metadata.annotations?.["certgen.internal/decided-by"], "alice");
  await statusIn(await post(await peerRequest(), "denied"), 409);
  assert.ok(conditionOf(await objectIn(await post(made.spec.request, "denied", beta.spec)), "Denied"));

  await node.create({ version: "v1beta1", name: "kept" });
  const headers = { "content-type": "application/merge-patch+json" };
  const finalizers = { metadata: { finalizers: ["example.com/keep"] } };
  await objectIn(await admin.send("PATCH", pathOf("v1", "kept"), finalizers, headers), 200);
  await statusIn(await post(await peerRequest(), "kept"), 409);
  const deleted = await objectIn(await admin.send("DELETE", pathOf("v1", "kept")), 200);
  await statusIn(await post(await peerRequest(), "kept"), 409);
  assert.equal(await objectIn(await admin.send("GET", pathOf("v1", "kept")), 200), deleted);
});

test("only administrators set finalizers and owners", async () => {
  const { node, admin } = await manual();
  const owner = { apiVersion: "v1", kind: "Node", name: "n", uid: "u" };
  for (const metadata of [{ finalizers: ["example.com/x"] }, { ownerReferences: [owner] }]) {
    const [key = ""] = Object.keys(metadata);
    const made = await admin.create({ name: `by-${key.toLowerCase()}`, metadata });
    assert.ok(Object.hasOwn(made.metadata, key));
    const spec = made.spec;
    const body = { metadata: { name: "mine", ...metadata }, spec: { ...spec, groups: undefined } };
    const status = await statusIn(await node.send("POST", pathOf("v1"), body), 403);
    assert.match(status.message, `only administrators set metadata.${key}`);
  }
});

test("a dry run changes nothing", async () => {
  const { admin, pending, store } = await manual();
  const before = store.revision;
  const path = `${pathOf("v1", NAME)}/approval?dryRun=All`;
  const approved = await objectIn(await admin.send("PUT", path, decided(pending, "Approved")), 200);
  assert.ok(conditionOf(approved, "Approved"));
  assert.is(approved.status.certificate, undefined);
  await statusIn(await admin.send("PUT", path.replace("All", "some"), pending), 422);
  assert.is((await admin.send("DELETE", `${pathOf("v1", NAME)}?dryRun=All`)).status, 200);
  assert.is((await admin.send("DELETE", `${pathOf("v1")}?dryRun=All`)).status, 200);
  assert.is(store.revision, before);
});

test.run();
