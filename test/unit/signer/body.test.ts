import { test } from "uvu";
import * as assert from "uvu/assert";
import { fromBase64, toUtf8 } from "../../../src/bytes.ts";
import { readDeleteOptions, readObject } from "../../../src/signer/body.ts";
import { type ApiWorld, apiWorld } from "../../api.ts";
import { rejection } from "../../fakes.ts";
import { enveloped, field, message } from "../../protobuf_writer.ts";
import { objectIn, objectJson, pathOf, peerRequest, sharedKey, statusIn } from "../../signing.ts";

const PROTOBUF = { "content-type": "application/vnd.kubernetes.protobuf" };
const V1 = "certificates.k8s.io/v1";
const KIND = "CertificateSigningRequest";

function sent(body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}): Request {
  return new Request("https://signer/x", { method: "POST", body, headers });
}

/** The protobuf of an object to create. */
async function created(name: string): Promise<Uint8Array> {
  const pem = fromBase64(await peerRequest("etcd1", await sharedKey()));
  const spec = message(
    field(1, pem),
    field(5, "client auth"),
    field(5, "server auth"),
    field(7, "certgen.internal/etcd-peer"),
  );
  return enveloped(V1, KIND, message(field(1, message(field(1, name), field(2, ""))), field(2, spec), field(3, "")));
}

test("an object is read as JSON or protobuf, and only JSON is looked at for fields that stand twice", async () => {
  const json = await readObject(sent("{}", { "content-type": "application/json; charset=utf-8" }), 10, KIND);
  assert.equal(json, { object: {}, json: toUtf8("{}") });
  const body = new Uint8Array(await created("a"));
  const { object, json: none } = await readObject(sent(body, PROTOBUF), 10_000, KIND);
  assert.is(object["apiVersion"], V1);
  assert.is(none, undefined);
  await rejection("unsupported-media-type", readObject(sent("{}", { "content-type": "application/yaml" }), 10, KIND));
});

test("no options are options", async () => {
  assert.equal(await readDeleteOptions(new Request("https://signer/x", { method: "DELETE" }), 10), {});
});

async function pending(): Promise<ApiWorld> {
  const world = await apiWorld({ approval: "manual" });
  await world.node.create({ name: "a" });
  return world;
}

test("POST, PUT and DELETE take protobuf, as kubectl sends it, and answer in JSON", async () => {
  const { admin, node } = await pending();
  const accept = { ...PROTOBUF, accept: "application/vnd.kubernetes.protobuf,application/json" };
  const made = await objectIn(await node.send("POST", pathOf("v1"), await created("b"), accept));
  assert.equal(made.spec.usages, ["client auth", "server auth"]);
  assert.is(made.spec.username, "node1");
  const condition = message(
    field(1, "Approved"),
    field(2, "KubectlApprove"),
    field(3, "by hand"),
    field(4, ""),
    field(6, "True"),
  );
  const { uid, resourceVersion } = made.metadata;
  const metadata = message(field(1, "b"), field(5, uid), field(6, resourceVersion));
  const approval = enveloped(
    V1,
    KIND,
    message(field(1, metadata), field(2, ""), field(3, message(field(1, condition)))),
  );
  const approved = await objectIn(await admin.send("PUT", `${pathOf("v1", "b")}/approval`, approval, accept), 200);
  assert.is(approved.status.conditions?.[0]?.reason, "KubectlApprove");
  assert.ok(approved.status.certificate);
  const options = (wanted: string) => enveloped("meta.k8s.io/v1", "DeleteOptions", message(field(2, field(1, wanted))));
  await statusIn(await admin.send("DELETE", pathOf("v1", "b"), options("other"), accept), 409);
  const dry = enveloped("v1", "DeleteOptions", field(5, "All"));
  assert.is((await admin.send("DELETE", pathOf("v1", "b"), dry, accept)).status, 200);
  assert.is((await admin.send("DELETE", pathOf("v1", "b"), options(uid), accept)).status, 200);
  await statusIn(await admin.send("GET", pathOf("v1", "b")), 404);
});

test("protobuf that is none, or of another kind, is 400", async () => {
  const { admin } = await pending();
  const good = await created("b");
  const bodies = [
    new Uint8Array(),
    toUtf8("{}"),
    good.slice(0, 40),
    good.slice(0, -7),
    enveloped(V1, "Pod", message()),
    enveloped("certificates.k8s.io/v1beta1", KIND, message()),
  ];
  for (const body of bodies) {
    const status = await statusIn(await admin.send("POST", pathOf("v1"), body, PROTOBUF), 400);
    assert.is(status.reason, "BadRequest");
    assert.is(status.details, undefined);
  }
});

test("another type is 415: without details for objects, with empty ones for patches", async () => {
  const { admin } = await pending();
  const body = objectJson(await peerRequest("etcd1", await sharedKey()), { name: "b" });
  for (const type of ["application/yaml", "text/plain", "application/json-patch+json", "x"]) {
    const headers = { "content-type": type };
    for (const [method, path] of [["POST", pathOf("v1")], ["PUT", pathOf("v1", "a")], ["DELETE", pathOf("v1", "a")]]) {
      const status = await statusIn(await admin.send(method ?? "", path ?? "", body, headers), 415);
      assert.is(status.reason, "UnsupportedMediaType");
      assert.is(status.details, undefined);
      assert.match(
        status.message,
        "accepted media types include: application/json, application/vnd.kubernetes.protobuf",
      );
    }
  }
  for (const type of ["application/json", "application/yaml", PROTOBUF["content-type"], ""]) {
    const status = await statusIn(await admin.send("PATCH", pathOf("v1", "a"), "{}", { "content-type": type }), 415);
    assert.is(status.message, "415: Unsupported Media Type");
    assert.equal(status.details, {});
  }
});

test("a body over the limit is 413 for every method that has one", async () => {
  const { admin } = await apiWorld({ maxBodyBytes: 1000 });
  await admin.create({ name: "a", spec: { signerName: "example.com/x" } }).catch(() => {});
  const body = JSON.stringify({ metadata: { name: "a" }, filler: "x".repeat(1000) });
  const merge = { "content-type": "application/merge-patch+json" };
  for (
    const answer of [
      await admin.send("POST", pathOf("v1"), body),
      await admin.send("PUT", pathOf("v1", "a"), body),
      await admin.send("PATCH", pathOf("v1", "a"), body, merge),
      await admin.send("DELETE", pathOf("v1", "a"), body),
      await admin.send("DELETE", pathOf("v1"), body),
      await admin.send("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", body),
    ]
  ) {
    const status = await statusIn(answer, 413);
    assert.is(status.reason, "RequestEntityTooLarge");
    assert.is(status.message, "Request entity too large: limit is 1000");
    assert.is(status.details, undefined);
  }
});

test.run();
