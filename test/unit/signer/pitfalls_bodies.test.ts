import { test } from "uvu";
import * as assert from "uvu/assert";
import { implicit, sequence } from "../../../src/asn1/der_writer.ts";
import { toUtf8 } from "../../../src/bytes.ts";
import { openPolicy } from "../../../src/policy/default_policy.ts";
import { encodeExtension } from "../../../src/x509/extension.ts";
import { type ApiWorld, apiWorld, type Client } from "../../api.ts";
import { objectIn, objectJson, pathOf, peerRequest, rawRequest, sharedKey, statusIn } from "../../signing.ts";

const NAME = "system:etcd-peer:etcd1";
const REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
const WHOAMI = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
const PATCHES = ["json-patch", "merge-patch", "strategic-merge-patch"].map((name) => `application/${name}+json`);
const APPLY = "application/apply-patch+yaml";

/** Every way to send a body: method, path, media type. */
const WAYS: readonly (readonly [method: string, path: string, type: string])[] = [
  ...(["v1", "v1beta1"] as const).flatMap((version): [string, string, string][] => [
    ["POST", pathOf(version), "application/json"],
    ...["", "/approval", "/status"].flatMap((subresource): [string, string, string][] => [
      ["PUT", pathOf(version, NAME) + subresource, "application/json"],
      ...PATCHES.map((type): [string, string, string] => ["PATCH", pathOf(version, NAME) + subresource, type]),
      ["PATCH", `${pathOf(version, NAME)}${subresource}?fieldManager=x`, APPLY],
    ]),
    ["PATCH", `${pathOf(version, "new")}?fieldManager=x`, APPLY],
    ["DELETE", pathOf(version, NAME), "application/json"],
    ["DELETE", pathOf(version), "application/json"],
  ]),
  ["POST", REVIEWS, "application/json"],
  ["POST", WHOAMI, "application/json"],
];

/** A signer with one object in it, and what the administrator sees of that. */
async function world(
  options: Parameters<typeof apiWorld>[0] = {},
): Promise<ApiWorld & { seen: () => Promise<string> }> {
  const all = await apiWorld({ rate: { requestsPerSecond: 0 }, ...options });
  await all.node.create();
  const seen = async (): Promise<string> => await (await all.admin.send("GET", pathOf("v1"))).text();
  return { ...all, seen };
}

async function send(client: Client, way: typeof WAYS[number], body: unknown): Promise<Response> {
  const [method, path, type] = way;
  return await client.send(method, path, body, { "content-type": type });
}

test("R12 a depth bomb is 400 in no time, wherever a body goes", async () => {
  const { admin, seen } = await world();
  const before = await seen();
  const bombs = [
    "[".repeat(100_000),
    '{"a":'.repeat(40_000) + "1" + "}".repeat(40_000),
    `{"spec":${"[".repeat(33)}${"]".repeat(33)}}`,
  ];
  const started = performance.now();
  for (const way of WAYS) {
    for (const bomb of bombs) {
      const status = await statusIn(await send(admin, way, bomb), 400);
      assert.is(status.reason, "BadRequest", `${way}`);
    }
  }
  assert.ok(performance.now() - started < 10_000);
  assert.is(await seen(), before);
});

test("R12 a body over the limit is 413, wherever it goes, and what says so is not read", async () => {
  const { admin, seen } = await world({ maxBodyBytes: 4096 });
  const before = await seen();
  for (const way of WAYS) {
    const status = await statusIn(await send(admin, way, " ".repeat(4097)), 413);
    assert.is(status.message, "Request entity too large: limit is 4096", `${way}`);
  }
  assert.is(await seen(), before);
});

test("R12 the limit has room for a CSR with 100 of the longest names, and 101 of them are denied", async () => {
  const { admin } = await world({ policy: openPolicy });
  const requestFor = async (count: number): Promise<string> => {
    const names = Array.from({ length: count }, (_, index) => {
      const labels = [String(index).padStart(61, "x"), ..."abc"].map((label) => label.padEnd(61, label));
      return `${labels.join(".")}.abcde`;
    });
    assert.is(names[0]?.length, 253);
    const encoded = names.map((name) => implicit(2, toUtf8(name)));
    return await rawRequest({ extensions: [encodeExtension("subjectAltName", false, sequence(...encoded))] });
  };
  for (const [count, type] of [[100, "Approved"], [101, "Denied"]] as const) {
    const body = objectJson(await requestFor(count), { name: `with-${count}` });
    assert.ok(body.length > 40_000 && body.length < 256 << 10);
    const { status } = await objectIn(await admin.send("POST", pathOf("v1"), body));
    assert.is(status.conditions?.[0]?.type, type);
    assert.is(status.certificate !== undefined, type === "Approved");
  }
});

test("R13 another kind or version, wherever an object goes, is a Status of the 4xx, and changes nothing", async () => {
  const { admin, seen } = await world();
  const before = await seen();
  const request = await peerRequest("etcd1", await sharedKey());
  const group = "certificates.k8s.io";
  const others: readonly (readonly [kind: unknown, apiVersion: unknown])[] = [
    ["Pod", `${group}/v1`],
    ["Pod", "v1"],
    ["certificatesigningrequest", `${group}/v1`],
    ["CertificateSigningRequestList", `${group}/v1`],
    ["Status", "v1"],
    ["CertificateSigningRequest", `${group}/v2`],
    ["CertificateSigningRequest", `${group}/v1alpha1`],
    ["CertificateSigningRequest", "v1"],
    ["CertificateSigningRequest", "example.com/v1"],
    ["CertificateSigningRequest", `${group}/v1/x`],
    ["CertificateSigningRequest", "__proto__"],
    [7, `${group}/v1`],
    [{}, `${group}/v1`],
    [["CertificateSigningRequest"], `${group}/v1`],
    ["CertificateSigningRequest", 7],
    ["CertificateSigningRequest", {}],
  ];
  for (const way of WAYS) {
    const [method, path, type] = way;
    if (type === "application/json-patch+json") continue; // tells paths, not an object
    const name = path.includes("/new") ? "new" : NAME;
    for (const [kind, apiVersion] of others) {
      const answer = await send(admin, way, objectJson(request, { name, kind, apiVersion }));
      const what = `${method} ${path} ${JSON.stringify([kind, apiVersion])}: ${await answer.clone().text()}`;
      assert.ok([400, 409, 415, 422].includes(answer.status), what);
      const status = await statusIn(answer, answer.status);
      assert.ok(status.reason && status.message, what);
    }
  }
  assert.is(await seen(), before);
});

test("R13 what is no JSON is 415 by its type and 400 by its content, never 5xx", async () => {
  const { admin, seen } = await world();
  const before = await seen();
  const good = objectJson(await peerRequest("etcd1", await sharedKey()), { name: "x" });
  const types = [
    "text/plain",
    "application/xml",
    "application/yaml",
    "multipart/form-data; boundary=x",
    "x",
    "application/json5",
  ];
  const contents = [
    "",
    "{",
    "null",
    "[]",
    "7",
    '"x"',
    "kind: Pod",
    `${good}x`,
    Uint8Array.of(0x6b, 0x38, 0x73, 0, 0xff),
    Uint8Array.of(0xff),
  ];
  for (const [method, path, right] of WAYS) {
    for (const type of types) await statusIn(await admin.send(method, path, good, { "content-type": type }), 415);
    for (const content of contents) {
      // no options are options, and a JSON patch is a list
      if ((method === "DELETE" && content === "") || (right === PATCHES[0] && content === "[]")) continue;
      // an apply may be YAML
      const answer = await admin.send(method, path, content, { "content-type": right });
      const what = `${method} ${path} ${right} ${content}: ${answer.status}`;
      assert.ok(answer.status === 400 || (right === APPLY && [415, 422].includes(answer.status)), what);
      await statusIn(answer, answer.status);
    }
  }
  assert.is(await seen(), before);
});

test("R15 every route, method and type of content asks who it is; verbs that nobody knows are denied to everybody", async () => {
  const { node, nobody, admin, seen } = await world();
  const before = await seen();
  const good = objectJson(await peerRequest("etcd1", await sharedKey()), { name: "x" });
  const bodies = [good, "", "[]", Uint8Array.of(0x6b, 0x38, 0x73, 0)];
  const types = [
    "application/json",
    "application/vnd.kubernetes.protobuf",
    "application/cbor",
    "text/plain",
    ...PATCHES,
    APPLY,
  ];
  const paths = [...new Set(WAYS.map(([, path]) => path))];
  let asked = 0;
  for (const path of paths) {
    for (const method of ["GET", "POST", "PUT", "PATCH", "DELETE"]) {
      for (const type of types) {
        for (const body of method === "GET" ? [undefined] : bodies) {
          const answer = await nobody.send(method, path, body, { "content-type": type });
          const isReview = method === "POST" && path === WHOAMI;
          // who asks who they are may know that they are nobody
          const refused = isReview ? answer.status !== 500 : answer.status === 403 || answer.status === 405;
          assert.ok(refused, `${method} ${path} ${type}: ${answer.status}`);
          asked++;
        }
      }
    }
    for (const method of ["PROPFIND", "LINK", "POSTX", "OPTIONS", "SEARCH", "MKCOL"]) {
      // Bun knows some methods, and makes GET of all others
      if (new Request("https://signer/", { method }).method !== method) continue;
      for (const client of [nobody, node, admin]) {
        assert.is((await client.send(method, path)).status, 405, `${method} ${path}`);
      }
    }
  }
  assert.ok(asked > 1000);
  assert.is(await seen(), before);
});

test.run();
