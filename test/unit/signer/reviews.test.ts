import { test } from "uvu";
import * as assert from "uvu/assert";
import { type ApiWorld, apiWorld, type Client } from "../../api.ts";
import { enveloped, field, message } from "../../protobuf_writer.ts";
import { objectIn, pathOf, statusIn } from "../../signing.ts";

const AUTHORIZATION = "/apis/authorization.k8s.io/v1";
const AUTHENTICATION = "/apis/authentication.k8s.io";
const PROTOBUF = { "content-type": "application/vnd.kubernetes.protobuf" };

async function reviewed(client: Client, path: string, body: unknown, headers = {}): Promise<Record<string, unknown>> {
  return await objectIn(await client.send("POST", path, body, headers)) as unknown as Record<string, unknown>;
}

async function may({ send }: Client, attributes: Record<string, string>): Promise<unknown> {
  const resourceAttributes = { group: "certificates.k8s.io", resource: "certificatesigningrequests", ...attributes };
  const client = { send } as Client;
  const answer = await reviewed(client, `${AUTHORIZATION}/selfsubjectaccessreviews`, { spec: { resourceAttributes } });
  return (answer["status"] as { allowed: boolean }).allowed;
}

async function owned(): Promise<ApiWorld> {
  const world = await apiWorld();
  await world.node.create({ name: "a", spec: { signerName: "example.com/other" } });
  return world;
}

test("somebody is told who they are, in JSON and in protobuf", async () => {
  const { admin, nobody } = await owned();
  const userInfo = { username: "alice", groups: ["certgen:admins", "system:authenticated"] };
  for (const version of ["v1", "v1beta1"]) {
    const path = `${AUTHENTICATION}/${version}/selfsubjectreviews`;
    const apiVersion = `authentication.k8s.io/${version}`;
    const body = enveloped(apiVersion, "SelfSubjectReview", field(1, ""));
    for (const answer of [await reviewed(admin, path, {}), await reviewed(admin, path, body, PROTOBUF)]) {
      assert.equal([answer["kind"], answer["apiVersion"]], ["SelfSubjectReview", apiVersion]);
      assert.equal(answer["status"], { userInfo });
    }
    // whatever the body is: nobody's is not read
    for (const sent of [{}, "{", new Uint8Array(1 << 20)]) {
      const status = await statusIn(await nobody.send("POST", path, sent, PROTOBUF), 403);
      assert.match(status.message, /cannot create resource "selfsubjectreviews".*: a token is needed$/);
    }
  }
});

test("somebody is told what they may, and of one object whether it is theirs", async () => {
  const { admin, node, other } = await owned();
  assert.is(await may(admin, { verb: "list" }), true);
  assert.is(await may(admin, { verb: "update", subresource: "approval" }), true);
  assert.is(await may(node, { verb: "create" }), true);
  for (const verb of ["list", "get", "delete", "patch"]) assert.is(await may(node, { verb }), false);
  assert.is(await may(node, { verb: "get", name: "a" }), true);
  assert.is(await may(node, { verb: "delete", name: "a" }), false);
  assert.is(await may(other, { verb: "get", name: "a" }), false);
  assert.is(await may(other, { verb: "get", name: "../a" }), false);
  assert.is(await may(admin, { verb: "list", group: "", resource: "pods" }), false);
});

test("access is reviewed in protobuf as kubectl sends it", async () => {
  const { node } = await owned();
  const path = `${AUTHORIZATION}/selfsubjectaccessreviews`;
  const attributes = message(
    field(2, "create"),
    field(3, "certificates.k8s.io"),
    field(5, "certificatesigningrequests"),
  );
  const spec = field(2, field(1, attributes));
  const answer = await reviewed(
    node,
    path,
    enveloped("authorization.k8s.io/v1", "SelfSubjectAccessReview", spec),
    PROTOBUF,
  );
  assert.equal(answer["status"], { allowed: true });
  const nonResourceAttributes = { path: "/version", verb: "get" };
  assert.equal((await reviewed(node, path, { spec: { nonResourceAttributes } }))["status"], { allowed: true });
});

test("rules are listed", async () => {
  const { node } = await owned();
  const path = `${AUTHORIZATION}/selfsubjectrulesreviews`;
  const body = enveloped("authorization.k8s.io/v1", "SelfSubjectRulesReview", field(2, field(1, "default")));
  for (
    const answer of [
      await reviewed(node, path, { spec: { namespace: "default" } }),
      await reviewed(node, path, body, PROTOBUF),
    ]
  ) {
    const { resourceRules, incomplete } = answer["status"] as {
      resourceRules: { resources: string[] }[];
      incomplete: boolean;
    };
    assert.is(incomplete, false);
    assert.ok(resourceRules.some(({ resources }) => resources.includes("certificatesigningrequests")));
  }
});

test("a review that is none is refused", async () => {
  const { node } = await owned();
  const access = `${AUTHORIZATION}/selfsubjectaccessreviews`;
  await statusIn(await node.send("POST", access, { spec: {} }), 422);
  await statusIn(await node.send("POST", access, { kind: "Pod" }), 400);
  await statusIn(await node.send("POST", access, { spec: { resourceAttributes: 1 } }), 400);
  await statusIn(await node.send("POST", access, "[]"), 400);
  await statusIn(await node.send("POST", `${AUTHORIZATION}/selfsubjectrulesreviews`, {}), 400);
  await statusIn(await node.send("POST", access, "x", { "content-type": "text/plain" }), 415);
  await statusIn(await node.send("POST", access, {}, { authorization: "Bearer wrong" }), 401);
});

test("events are an empty list, for kubectl describe", async () => {
  const { admin } = await owned();
  const answer = await admin.send("GET", "/api/v1/events?fieldSelector=involvedObject.name%3Da&limit=500");
  assert.equal(await answer.json(), {
    kind: "EventList",
    apiVersion: "v1",
    metadata: { resourceVersion: "1" },
    items: [],
  });
  await statusIn(await admin.send("GET", `${pathOf("v1", "a")}/events`), 404);
});

test.run();
