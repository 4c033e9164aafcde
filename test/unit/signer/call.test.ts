import { test } from "uvu";
import * as assert from "uvu/assert";
import { dryRunOf, noSuchResource } from "../../../src/signer/call.ts";
import { type ApiWorld, apiWorld, type Client } from "../../api.ts";
import { thrown } from "../../fakes.ts";
import {
  get,
  objectIn,
  objectJson,
  pathOf,
  peerRequest,
  post,
  sharedKey,
  statusIn,
  testSigner,
} from "../../signing.ts";

const OTHER = { spec: { signerName: "example.com/other" } };
const MERGE = { "content-type": "application/merge-patch+json" };
const PATH = pathOf("v1", "a");

async function owned(): Promise<ApiWorld> {
  const world = await apiWorld();
  await world.node.create({ name: "a", ...OTHER });
  return world;
}

test("a dry run is All or nothing", () => {
  assert.is(dryRunOf([], "CreateOptions"), false);
  assert.is(dryRunOf(["All"], "CreateOptions"), true);
  for (const values of [[""], ["all"], ["All", "x"]]) {
    assert.equal(thrown("invalid-object", () => dryRunOf(values, "CreateOptions")).invalidKind?.kind, "CreateOptions");
  }
  assert.equal(noSuchResource().causes, []);
});

test("a credential that nobody knows is 401 everywhere, and so are two", async () => {
  const { nobody } = await owned();
  for (
    const authorization of [
      "Bearer wrong",
      "Bearer admin-token, Bearer admin-token",
      "Basic eDp5",
      "Bearer",
      "admin-token",
    ]
  ) {
    for (const path of [pathOf("v1"), PATH, "/version", "/apis", "/openapi/v2", "/api/v1/events"]) {
      const status = await statusIn(await nobody.send("GET", path, undefined, { authorization }), 401);
      assert.equal([status.reason, status.message, status.details], ["Unauthorized", "Unauthorized", undefined]);
    }
  }
});

test("who has no credential is forbidden, not unauthorized, and reads the documents", async () => {
  const { nobody } = await owned();
  const text = (verb: string, name = "") =>
    `certificatesigningrequests.certificates.k8s.io ${name}is forbidden: User "system:anonymous" cannot ${verb} resource ` +
    '"certificatesigningrequests" in API group "certificates.k8s.io" at the cluster scope: a token is needed';
  const group = { group: "certificates.k8s.io", kind: "certificatesigningrequests" };
  const list = await statusIn(await nobody.send("GET", pathOf("v1")), 403);
  assert.equal([list.reason, list.message, list.details], ["Forbidden", text("list"), group]);
  const one = await statusIn(await nobody.send("GET", PATH), 403);
  assert.equal([one.message, one.details], [text("get", '"a" '), { name: "a", ...group }]);
  assert.is((await statusIn(await nobody.send("GET", `${pathOf("v1")}?watch=1`), 403)).message, text("watch"));
  assert.is((await statusIn(await nobody.send("POST", pathOf("v1"), "{"), 403)).message, text("create"));
  assert.is((await statusIn(await nobody.send("DELETE", pathOf("v1")), 403)).message, text("deletecollection"));
  await statusIn(await nobody.send("GET", pathOf("v1", "none")), 403);
  for (const path of ["/version", "/api", "/apis", "/openapi/v3", "/ca/etcd-peer", "/readyz"]) {
    assert.is((await nobody.send("GET", path)).status, 200, path);
  }
});

test("a node gets what it created and nothing else of anything", async () => {
  const { node, other, admin } = await owned();
  await objectIn(await node.send("GET", PATH), 200);
  await statusIn(await node.send("GET", pathOf("v1", "none")), 404);
  const status = await statusIn(await other.send("GET", PATH), 403);
  assert.match(status.message, 'User "node2" cannot get resource "certificatesigningrequests"');
  const approval = await statusIn(await node.send("GET", `${PATH}/approval`), 403);
  assert.match(approval.message, 'cannot get resource "certificatesigningrequests/approval"');
  const wrong: readonly (readonly [Client, string, string, unknown, Record<string, string>])[] = [
    [node, "PUT", PATH, {}, {}],
    [node, "PATCH", PATH, {}, MERGE],
    [node, "PATCH", pathOf("v1", "new") + "?fieldManager=x", {}, { "content-type": "application/apply-patch+yaml" }],
    [node, "DELETE", PATH, undefined, {}],
    [node, "GET", pathOf("v1"), undefined, {}],
    [node, "GET", `${pathOf("v1")}?watch=1&fieldSelector=metadata.name%3Da`, undefined, {}],
    [node, "PUT", `${PATH}/status`, {}, {}],
    [node, "PATCH", `${PATH}/approval`, {}, MERGE],
  ];
  for (const [client, method, path, body, headers] of wrong) {
    await statusIn(await client.send(method, path, body, headers), 403);
  }
  await objectIn(await admin.send("GET", `${PATH}/approval`), 200);
  await objectIn(await admin.send("GET", `${PATH}/status`), 200);
});

test("nobody acts as another", async () => {
  const { admin, node } = await owned();
  for (const name of ["impersonate-user", "impersonate-group", "impersonate-uid", "impersonate-extra-scopes"]) {
    for (const client of [admin, node]) {
      await statusIn(await client.send("GET", PATH, undefined, { [name]: "alice" }), 403);
      await statusIn(await client.send("GET", "/apis", undefined, { [name]: "alice" }), 403);
    }
  }
});

test("an open signer lets everybody create and get, and nobody administer", async () => {
  const { signer, store } = await testSigner();
  const request = await peerRequest("etcd1", await sharedKey());
  const made = await objectIn(await post(signer, objectJson(request, { name: "a" })));
  assert.is(made.spec.username, "system:anonymous");
  assert.equal(await objectIn(await get(signer, PATH), 200), made);
  const { revision } = store;
  for (
    const [method, path] of [
      ["GET", pathOf("v1")],
      ["GET", `${pathOf("v1")}?watch=1`],
      ["DELETE", pathOf("v1")],
      ["DELETE", PATH],
      ["PUT", PATH],
      ["PATCH", PATH],
      ["PUT", `${PATH}/approval`],
      ["PATCH", `${PATH}/status`],
      ["GET", `${PATH}/status`],
    ] as const
  ) {
    await statusIn(await get(signer, path, {}, method), 403);
  }
  for (const metadata of [{ finalizers: ["example.com/x"] }]) {
    await statusIn(await post(signer, objectJson(request, { name: "b", metadata })), 403);
  }
  await statusIn(await get(signer, PATH, { authorization: "Bearer x" }), 401);
  assert.is(store.revision, revision);
});

test.run();
