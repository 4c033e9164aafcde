import { test } from "uvu";
import * as assert from "uvu/assert";
import type { CertificateSigningRequest } from "../../../src/k8s/certificate_signing_request.ts";
import { type ApiWorld, apiWorld } from "../../api.ts";
import { objectIn, pathOf, peerRequest, sharedKey, statusIn } from "../../signing.ts";

const OTHER = { spec: { signerName: "example.com/other" } };
const PATH = pathOf("v1", "a");
const JSON_PATCH = { "content-type": "application/json-patch+json" };
const MERGE = { "content-type": "application/merge-patch+json" };
const STRATEGIC = { "content-type": "application/strategic-merge-patch+json" };
const APPLY = { "content-type": "application/apply-patch+yaml" };

interface OneWorld extends ApiWorld {
  readonly object: CertificateSigningRequest;
  readonly patch: (body: unknown, type: Record<string, string>, query?: string) => Promise<Response>;
}

async function one(metadata = {}): Promise<OneWorld> {
  const world = await apiWorld();
  const object = await world.admin.create({ name: "a", metadata, ...OTHER });
  return { ...world, object, patch: (body, type, query = "") => world.admin.send("PATCH", PATH + query, body, type) };
}

test("each type of patch changes labels, and spec and status never", async () => {
  const { object, patch } = await one({ labels: { a: "1", b: "2" } });
  const evil = { spec: { signerName: "example.com/changed" }, status: { certificate: "eA==" } };
  const json = [
    { op: "test", path: "/metadata/labels/a", value: "1" },
    { op: "replace", path: "/metadata/labels/a", value: "json" },
    { op: "replace", path: "/spec/signerName", value: "example.com/changed" },
  ];
  const first = await objectIn(await patch(json, JSON_PATCH), 200);
  assert.equal(first, {
    ...object,
    metadata: { ...object.metadata, labels: { a: "json", b: "2" }, resourceVersion: "2" },
  });
  const merged = await objectIn(await patch({ metadata: { labels: { a: "merge", b: null } }, ...evil }, MERGE), 200);
  assert.equal([merged.metadata.labels, merged.spec, merged.status], [{ a: "merge" }, object.spec, object.status]);
  const strategic = await objectIn(await patch({ metadata: { labels: { b: "strategic" } }, ...evil }, STRATEGIC), 200);
  assert.equal(strategic.metadata.labels, { a: "merge", b: "strategic" });
  const applied = { metadata: { name: "a", labels: { a: "apply" } } };
  const last = await objectIn(await patch(applied, APPLY, "?fieldManager=me&force=true"), 200);
  assert.equal([last.metadata.labels, last.metadata.resourceVersion], [{ a: "apply", b: "strategic" }, "5"]);
});

test("a patch that changes nothing makes no new version", async () => {
  const { object, patch, store } = await one({ labels: { a: "1" } });
  for (
    const [body, type, query] of [
      [[], JSON_PATCH, ""],
      [{}, MERGE, ""],
      [{ spec: { usages: ["any"] } }, STRATEGIC, ""],
      [{ metadata: { name: "a", labels: { a: "1" } } }, APPLY, "?fieldManager=me"],
      [{ metadata: { annotations: { "certgen.internal/serial-number": "00" } } }, MERGE, ""],
    ] as const
  ) {
    assert.equal(await objectIn(await patch(body, type, query), 200), object);
  }
  assert.is(store.revision, 1);
});

test("finalizers are merged by a strategic patch, and replaced by a merge patch", async () => {
  const { patch } = await one({ finalizers: ["example.com/x"] });
  const finalizers = ["example.com/y"];
  const both = await objectIn(await patch({ metadata: { finalizers } }, STRATEGIC), 200);
  assert.equal(both.metadata.finalizers, ["example.com/x", "example.com/y"]);
  const removed = { metadata: { "$deleteFromPrimitiveList/finalizers": ["example.com/x"] } };
  assert.equal((await objectIn(await patch(removed, STRATEGIC), 200)).metadata.finalizers, finalizers);
  const merged = await objectIn(await patch({ metadata: { finalizers: ["example.com/z"] } }, MERGE), 200);
  assert.equal(merged.metadata.finalizers, ["example.com/z"]);
});

test("a patch that cannot be read is 400, and one that cannot be applied 422", async () => {
  const { patch, store } = await one();
  const types = [JSON_PATCH, MERGE, STRATEGIC];
  for (const type of types) {
    for (const body of ["", "{", "1", "null", '"x"', type === JSON_PATCH ? "{}" : "[]"]) {
      assert.match((await statusIn(await patch(body, type), 400)).message, /^error decoding patch: /);
    }
  }
  assert.match((await statusIn(await patch("a: [", APPLY, "?fieldManager=x"), 400)).message, /^error decoding /);
  for (
    const operation of [
      { op: "test", path: "/metadata/name", value: "b" },
      { op: "remove", path: "/metadata/labels/none" },
      { op: "bogus", path: "/metadata" },
      { op: "add", path: "metadata" },
      { op: "replace", path: "", value: 1 },
    ]
  ) {
    const status = await statusIn(await patch([operation], JSON_PATCH), 422);
    assert.is(status.reason, "Invalid");
  }
  const failed = await statusIn(await patch([{ op: "test", path: "/kind", value: "Pod" }], JSON_PATCH), 422);
  assert.is(failed.message, "the server rejected our request due to an error in our request");
  assert.equal(failed.details, {});
  await statusIn(await patch({ metadata: { labels: { x: 1 } } }, MERGE), 422);
  await statusIn(await patch({ metadata: { labels: "x" } }, STRATEGIC), 422);
  await statusIn(await patch({ metadata: { labels: { "-": "x" } } }, MERGE), 422);
  assert.is(store.revision, 1);
});

test("a patch that renames is 400, one of an older version or another object 409, of nothing 404", async () => {
  const { admin, object, patch } = await one();
  for (
    const [body, type] of [
      [{ metadata: { name: "b" } }, MERGE],
      [{ metadata: { name: "b" } }, STRATEGIC],
      [[{ op: "replace", path: "/metadata/name", value: "b" }], JSON_PATCH],
    ] as const
  ) {
    const status = await statusIn(await patch(body, type), 400);
    assert.is(status.message, "the name of the object (b) does not match the name on the URL (a)");
  }
  const { resourceVersion } = object.metadata;
  await objectIn(await patch({ metadata: { resourceVersion, labels: { x: "1" } } }, MERGE), 200);
  const stale = await statusIn(await patch({ metadata: { resourceVersion, labels: { x: "2" } } }, MERGE), 409);
  assert.is(stale.reason, "Conflict");
  await statusIn(await patch({ metadata: { uid: "x" } }, STRATEGIC), 409);
  for (const type of [JSON_PATCH, MERGE, STRATEGIC]) {
    const body = type === JSON_PATCH ? [] : {};
    const status = await statusIn(await admin.send("PATCH", pathOf("v1", "none"), body, type), 404);
    assert.is(status.message, 'certificatesigningrequests.certificates.k8s.io "none" not found');
  }
  const status = { metadata: { name: "none" } };
  await statusIn(await admin.send("PATCH", `${pathOf("v1", "none")}/status?fieldManager=x`, status, APPLY), 404);
});

test("applying makes what is not there, and changes what is", async () => {
  const { admin, store } = await one();
  const path = `${pathOf("v1", "b")}?fieldManager=me`;
  const request = await peerRequest("etcd1", await sharedKey());
  const spec = { request, signerName: "example.com/other", usages: ["client auth"] };
  const body = {
    apiVersion: "certificates.k8s.io/v1",
    kind: "CertificateSigningRequest",
    metadata: { name: "b", labels: { x: "1" } },
    spec,
  };
  const dry = await objectIn(await admin.send("PATCH", `${path}&dryRun=All`, body, APPLY), 201);
  assert.not.ok("resourceVersion" in dry.metadata);
  assert.is(store.revision, 1);
  const made = await objectIn(await admin.send("PATCH", path, body, APPLY), 201);
  assert.equal([made.metadata.labels, made.spec.username, made.metadata.resourceVersion], [{ x: "1" }, "alice", "2"]);
  const yaml = `metadata:\n  name: b\n  labels:\n    y: "2"\n`;
  assert.equal((await objectIn(await admin.send("PATCH", path, yaml, APPLY), 200)).metadata.labels, { x: "1", y: "2" });
  const unnamed = await statusIn(await admin.send("PATCH", pathOf("v1", "c"), body, APPLY), 422);
  assert.is(
    unnamed.message,
    'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
  );
  await statusIn(await admin.send("PATCH", `${pathOf("v1", "c")}?fieldManager=me`, body, APPLY), 400);
  await statusIn(await admin.send("PATCH", `${PATH}?force=true`, {}, MERGE), 422);
  await statusIn(
    await admin.send("PATCH", `${pathOf("v1", "c")}?fieldManager=me`, { metadata: { name: "c" } }, APPLY),
    422,
  );
});

test("a patch that is only tried is shown and not kept", async () => {
  const { admin, object, patch, store } = await one();
  const tried = await objectIn(await patch({ metadata: { labels: { x: "y" } } }, MERGE, "?dryRun=All"), 200);
  assert.equal(tried.metadata.labels, { x: "y" });
  const status = await statusIn(await patch({}, MERGE, "?dryRun=x"), 422);
  assert.is(status.details?.kind, "PatchOptions");
  assert.equal(await objectIn(await admin.send("GET", PATH), 200), object);
  assert.is(store.revision, 1);
});

test("conditions are patched through the subresources, and lists replaced but by applying", async () => {
  const { admin, object } = await one();
  const { uid, resourceVersion } = object.metadata;
  const ready = { type: "Ready", status: "True" };
  const send = async (sub: string, body: unknown, type = MERGE, query = "") =>
    await objectIn(await admin.send("PATCH", `${PATH}/${sub}${query}`, body, type), 200);
  const first = await send("status", { status: { conditions: [ready] } });
  assert.equal(first.status.conditions?.map(({ type }) => type), ["Ready"]);
  const second = await send("status", { status: { conditions: [{ type: "Other", status: "False" }] } }, STRATEGIC);
  assert.equal(second.status.conditions?.map(({ type }) => type), ["Other"]);
  const applied = { metadata: { name: "a" }, status: { conditions: [ready] } };
  const third = await send("status", applied, APPLY, "?fieldManager=me");
  assert.equal(third.status.conditions?.map(({ type }) => type), ["Other", "Ready"]);
  assert.is((await admin.send("PATCH", `${PATH}/approval`, { metadata: { uid, resourceVersion } }, MERGE)).status, 409);
  const approval = {
    metadata: { uid, resourceVersion: third.metadata.resourceVersion },
    status: { conditions: [{ type: "Approved", status: "True" }] },
  };
  assert.equal((await send("approval", approval)).status.conditions?.map(({ type }) => type), ["Approved"]);
});

test.run();
