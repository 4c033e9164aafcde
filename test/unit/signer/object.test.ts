import { test } from "uvu";
import * as assert from "uvu/assert";
import type { CertificateSigningRequest } from "../../../src/k8s/certificate_signing_request.ts";
import { type ApiWorld, apiWorld, eventsOf } from "../../api.ts";
import { objectIn, pathOf, statusIn } from "../../signing.ts";

const OTHER = { spec: { signerName: "example.com/other" } };
const PATH = pathOf("v1", "a");
const DETAILS = { name: "a", group: "certificates.k8s.io", kind: "certificatesigningrequests" };
const CONFLICT = 'Operation cannot be fulfilled on certificatesigningrequests.certificates.k8s.io "a": ';

interface OneWorld extends ApiWorld {
  readonly object: CertificateSigningRequest;
}

async function one(metadata = {}): Promise<OneWorld> {
  const world = await apiWorld();
  return { ...world, object: await world.admin.create({ name: "a", metadata, ...OTHER }) };
}

function withMeta(object: CertificateSigningRequest, metadata: object): unknown {
  return { ...object, metadata: { ...object.metadata, ...metadata } };
}

test("PUT changes labels, annotations, owners and finalizers, and keeps spec and status without a word", async () => {
  const { admin, object } = await one({ labels: { old: "1" }, annotations: { old: "1" } });
  const owner = { apiVersion: "v1", kind: "Node", name: "n", uid: "u", controller: true };
  const changes = {
    labels: { new: "2" },
    annotations: { new: "2" },
    ownerReferences: [owner],
    finalizers: ["example.com/x"],
  };
  const sent = {
    ...withMeta(object, { ...changes, creationTimestamp: "2000-01-01T00:00:00Z", generateName: "x" }) as object,
    spec: { request: "eA==", signerName: "example.com/changed", usages: ["any"], username: "mallory", groups: ["x"] },
    status: { certificate: "eA==", conditions: [{ type: "Approved", status: "True" }] },
  };
  const changed = await objectIn(await admin.send("PUT", PATH, sent), 200);
  assert.equal(changed, {
    ...object,
    metadata: { ...object.metadata, ...changes, resourceVersion: "2" },
  });
  assert.equal(await objectIn(await admin.send("GET", PATH), 200), changed);
});

test("PUT of what is there changes nothing: no new resourceVersion, no event", async () => {
  const { admin, object, store } = await one({ labels: { b: "1", a: "2" }, annotations: { "b/x": "1", a: "2" } });
  for (const path of [PATH, `${PATH}/status`, `${PATH}/approval`, pathOf("v1beta1", "a")]) {
    const apiVersion = `certificates.k8s.io/${path.includes("beta") ? "v1beta1" : "v1"}`;
    const answer = await objectIn(await admin.send("PUT", path, { ...object, apiVersion }), 200);
    assert.equal(answer, { ...object, apiVersion });
  }
  assert.is(store.revision, 1);
});

test("the signer's own annotations are neither set nor taken away", async () => {
  const { admin } = await apiWorld();
  const own = { "certgen.internal/serial-number": "00".repeat(16), "certgen.internal/x": "y" };
  const { metadata: { annotations, ...metadata }, ...rest } = await admin.create({
    name: "a",
    metadata: { annotations: own },
  });
  const serial = annotations?.["certgen.internal/serial-number"] ?? "";
  assert.equal(Object.keys(annotations ?? {}), ["certgen.internal/serial-number"]);
  assert.is.not(serial, own["certgen.internal/serial-number"]);
  const put = await objectIn(
    await admin.send("PUT", PATH, { ...rest, metadata: { ...metadata, annotations: own } }),
    200,
  );
  assert.equal([put.metadata.annotations, put.metadata.resourceVersion], [annotations, metadata.resourceVersion]);
  const without = await objectIn(
    await admin.send("PUT", PATH, { ...rest, metadata: { ...metadata, annotations: { x: "y" } } }),
    200,
  );
  assert.equal(without.metadata.annotations, { x: "y", ...annotations });
});

test("PUT must name the object at its path", async () => {
  const { admin, object } = await one();
  const other = await statusIn(await admin.send("PUT", PATH, withMeta(object, { name: "other" })), 400);
  assert.is(other.message, "the name of the object (other) does not match the name on the URL (a)");
  const none = await statusIn(await admin.send("PUT", PATH, withMeta(object, { name: undefined })), 400);
  assert.is(none.message, "the name of the object (a based on URL) was undeterminable: name must be provided");
  await statusIn(await admin.send("PUT", PATH, { ...object, kind: "Pod" }), 400);
  await statusIn(await admin.send("PUT", PATH, { ...object, apiVersion: "certificates.k8s.io/v1beta1" }), 400);
});

test("PUT of an older version, or of another object, is 409; without a resourceVersion it is made in any case", async () => {
  const { admin, object } = await one();
  const labels = (value: string) => ({ labels: { x: value } });
  await objectIn(await admin.send("PUT", PATH, withMeta(object, labels("1"))), 200);
  const stale = await statusIn(await admin.send("PUT", PATH, withMeta(object, labels("2"))), 409);
  const text = "the object has been modified; please apply your changes to the latest version and try again";
  assert.equal([stale.reason, stale.message, stale.details], ["Conflict", CONFLICT + text, DETAILS]);
  const { uid } = object.metadata;
  const other = await statusIn(await admin.send("PUT", PATH, withMeta(object, { uid: "X" })), 409);
  assert.is(other.message, `${CONFLICT}Precondition failed: UID in precondition: X, UID in object meta: ${uid}`);
  assert.equal([other.reason, other.details], ["Conflict", DETAILS]);
  const anyway = withMeta(object, { ...labels("3"), uid: undefined, resourceVersion: undefined });
  assert.is((await objectIn(await admin.send("PUT", PATH, anyway), 200)).metadata.labels?.["x"], "3");
});

test("PUT makes no object: 404, or 409 where one of a uid was meant", async () => {
  const { admin, object, store } = await one();
  const missing = withMeta(object, { name: "none", uid: undefined, resourceVersion: undefined });
  for (const subresource of ["", "/status"]) {
    const path = `${pathOf("v1", "none")}${subresource}`;
    const status = await statusIn(await admin.send("PUT", path, missing), 404);
    assert.is(status.message, 'certificatesigningrequests.certificates.k8s.io "none" not found');
    assert.equal(status.details, { ...DETAILS, name: "none" });
    const conflict = await statusIn(await admin.send("PUT", path, withMeta(object, { name: "none" })), 409);
    assert.match(
      conflict.message,
      `Precondition failed: UID in precondition: ${object.metadata.uid}, UID in object meta: `,
    );
  }
  assert.is(store.revision, 1);
});

test("/approval changes conditions and nothing else, and may change an approval that is there", async () => {
  const { admin, object } = await one();
  const send = async (object: CertificateSigningRequest, status: unknown) =>
    await admin.send("PUT", `${PATH}/approval`, {
      ...withMeta(object, { labels: { x: "y" } }) as object,
      spec: {},
      status,
    });
  const approved = { type: "Approved", status: "True", reason: "one" };
  const first = await objectIn(
    await send(object, { conditions: [approved, { type: "Custom", status: "False" }], certificate: "eA==" }),
    200,
  );
  // and who it was, which only the signer writes
  const annotations = { ...object.metadata.annotations, "certgen.internal/decided-by": "alice" };
  assert.equal(first.metadata, { ...object.metadata, resourceVersion: "2", annotations });
  assert.equal(first.spec, object.spec);
  assert.is(first.status.certificate, undefined);
  const times = {
    lastUpdateTime: object.metadata.creationTimestamp,
    lastTransitionTime: object.metadata.creationTimestamp,
  };
  assert.equal(first.status.conditions, [{ ...approved, ...times }, { type: "Custom", status: "False", ...times }]);
  const second = await objectIn(
    await send(first, { conditions: [{ ...approved, reason: "two" }, { type: "Failed", status: "True" }] }),
    200,
  );
  assert.equal(second.status.conditions?.map(({ type, reason }) => [type, reason]), [["Approved", "two"], [
    "Failed",
    undefined,
  ]]);
  for (
    const conditions of [[], [approved], [{ type: "Denied", status: "True" }], [approved, {
      type: "Denied",
      status: "True",
    }]]
  ) {
    await statusIn(await send(second, { conditions }), 422);
  }
  await statusIn(
    await send(second, { conditions: [{ type: "Approved", status: "False" }, { type: "Failed", status: "True" }] }),
    422,
  );
});

test("/status changes conditions but decisions, and sets another signer's certificate once", async () => {
  const { admin, object } = await one();
  const issued = await (await apiWorld()).node.create();
  const { certificate } = issued.status;
  const send = async (status: unknown) =>
    await admin.send(
      "PUT",
      `${PATH}/status`,
      withMeta({ ...object, status } as never, { labels: { x: "y" }, resourceVersion: undefined }),
    );
  for (const type of ["Approved", "Denied"]) {
    const status = await statusIn(await send({ conditions: [{ type, status: "True" }] }), 422);
    assert.match(status.message, `updates may not add a condition of type "${type}"`);
  }
  const custom = { type: "Ready", status: "Unknown" };
  const set = await objectIn(await send({ conditions: [custom], certificate }), 200);
  const annotations = { ...object.metadata.annotations, "certgen.internal/decided-by": "alice" };
  assert.equal(set.metadata, { ...object.metadata, resourceVersion: "2", annotations });
  assert.is(set.status.certificate, certificate);
  assert.is(set.status.conditions?.[0]?.status, "Unknown");
  for (const other of [undefined, "eA=="]) {
    await statusIn(await send({ conditions: [custom], certificate: other }), 422);
  }
  const same = await objectIn(await send({ conditions: [custom], certificate }), 200);
  assert.is(same.metadata.resourceVersion, "2");
});

test("DELETE answers with a Status that names the object, and the name is free then", async () => {
  const { admin, object } = await one();
  const answer = await admin.send("DELETE", PATH, { propagationPolicy: "Background" });
  assert.is(answer.status, 200);
  assert.equal(await answer.json(), {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Success",
    details: { ...DETAILS, uid: object.metadata.uid },
  });
  await statusIn(await admin.send("GET", PATH), 404);
  const missing = await statusIn(await admin.send("DELETE", PATH), 404);
  assert.equal(missing.details, DETAILS);
  const again = await admin.create({ name: "a", ...OTHER });
  assert.is.not(again.metadata.uid, object.metadata.uid);
  assert.is(again.metadata.resourceVersion, "3");
});

test("DELETE of another object, or of another version of it, is 409", async () => {
  const { admin, object: { metadata: { uid, resourceVersion } } } = await one();
  for (const preconditions of [{ uid: "x" }, { resourceVersion: "9" }, { uid, resourceVersion: "9" }]) {
    const status = await statusIn(await admin.send("DELETE", PATH, { preconditions }), 409);
    assert.equal([status.reason, status.details?.name], ["Conflict", "a"]);
  }
  assert.is((await admin.send("DELETE", PATH, { preconditions: { uid, resourceVersion } })).status, 200);
});

test("DELETE with bad options is 422 or 400, and nothing is deleted", async () => {
  const { admin, store } = await one();
  for (
    const body of [{ propagationPolicy: "x" }, { dryRun: ["some"] }, {
      propagationPolicy: "Orphan",
      orphanDependents: true,
    }]
  ) {
    const status = await statusIn(await admin.send("DELETE", PATH, body), 422);
    assert.equal([status.details?.group, status.details?.kind], ["meta.k8s.io", "DeleteOptions"]);
  }
  for (const body of ["[]", "{", '{"kind":"Pod"}', '{"gracePeriodSeconds":"x"}', '{"preconditions":1}']) {
    await statusIn(await admin.send("DELETE", PATH, body), 400);
  }
  await statusIn(await admin.send("DELETE", `${PATH}?propagationPolicy=x`), 422);
  for (const query of ["?dryRun=All", "?dryRun=All&propagationPolicy=Foreground"]) {
    assert.is((await admin.send("DELETE", `${PATH}${query}`)).status, 200);
  }
  assert.is((await admin.send("DELETE", PATH, { dryRun: ["All"] })).status, 200);
  assert.is(store.revision, 1);
});

test("an object with finalizers is marked, shown, and gone with its last finalizer", async () => {
  const { admin, object } = await one({ finalizers: ["example.com/x", "example.com/y"] });
  const events = eventsOf(await admin.send("GET", `${pathOf("v1")}?watch=1&resourceVersion=1`));
  const marked = await objectIn(await admin.send("DELETE", PATH), 200);
  const { deletionTimestamp, deletionGracePeriodSeconds, resourceVersion } = marked.metadata;
  assert.equal([deletionTimestamp, deletionGracePeriodSeconds, resourceVersion], [
    object.metadata.creationTimestamp,
    0,
    "2",
  ]);
  assert.equal(await objectIn(await admin.send("DELETE", PATH), 200), marked);
  const more = withMeta(marked, { finalizers: ["example.com/x", "example.com/z"] });
  assert.match((await statusIn(await admin.send("PUT", PATH, more), 422)).message, "no new finalizers can be added");
  const half = await objectIn(await admin.send("PUT", PATH, withMeta(marked, { finalizers: ["example.com/y"] })), 200);
  await objectIn(await admin.send("PUT", `${PATH}?dryRun=All`, withMeta(half, { finalizers: [] })), 200);
  await objectIn(await admin.send("GET", PATH), 200);
  await objectIn(await admin.send("PUT", PATH, withMeta(half, { finalizers: [] })), 200);
  await statusIn(await admin.send("GET", PATH), 404);
  const told = [await events.next(), await events.next(), await events.next()];
  assert.equal(told.map(({ type, object }) => `${type} ${object.metadata.resourceVersion}`), [
    "MODIFIED 2",
    "MODIFIED 3",
    "DELETED 4",
  ]);
  await events.cancel();
});

test.run();
