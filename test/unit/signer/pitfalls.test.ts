import { test } from "uvu";
import * as assert from "uvu/assert";
import { CertgenError } from "../../../src/errors.ts";
import type { CertificateSigningRequest } from "../../../src/k8s/certificate_signing_request.ts";
import { openPolicy } from "../../../src/policy/default_policy.ts";
import { openDirectory } from "../../../src/requests/directory.ts";
import { apiWorld, type Client } from "../../api.ts";
import { MemoryFiles } from "../../memory_files.ts";
import {
  get,
  objectIn,
  objectJson,
  pathOf,
  peerRequest,
  post,
  rawRequest,
  sharedKey,
  statusIn,
  testSigner,
  withDirectory,
} from "../../signing.ts";

const NAME = "system:etcd-peer:etcd1";
const VERSIONS = ["v1", "v1beta1"] as const;

test("R1 names in a path reach no file but the entry's own, with any method", async () => {
  const files = new MemoryFiles();
  files.put("/etc/passwd", "root");
  files.put("/x.json", "outside");
  files.put("/csrs/.hidden", "hidden");
  const { admin } = await apiWorld({ store: await openDirectory(files, "/csrs") });
  const before = files.snapshot();
  const names = [
    "..%2fx",
    "..%2f..%2fetc%2fpasswd",
    "%2e%2e%2fx.json",
    "%252e%252e%252fx",
    "..%5cx",
    "%2fetc%2fpasswd",
    "x%00y",
    ".hidden",
    ".revision",
    "%2ehidden",
    "C:x",
    "con",
    "x.",
    "x%20",
    "x".repeat(300),
  ];
  for (const name of names) {
    for (const version of VERSIONS) {
      for (const method of ["GET", "PUT", "PATCH", "DELETE"]) {
        const body = method === "GET" ? undefined : objectJson("eA==", { version, name: decodeURIComponent(name) });
        const type = method === "PATCH" ? { "content-type": "application/merge-patch+json" } : {};
        const answer = await admin.send(method, pathOf(version, name), method === "DELETE" ? "{}" : body, type);
        assert.ok(answer.status >= 400 && answer.status < 500, `${method} ${name}: ${answer.status}`);
        assert.not.match(await answer.text(), /outside|hidden"?\s*$|root/);
      }
    }
  }
  assert.equal(files.snapshot(), before);
});

/** What a client may not say of an object. */
const SPOOFED = {
  spec: {
    username: "system:admin",
    uid: "0",
    groups: ["system:masters", "certgen:admins"],
    extra: { "certgen.internal/proof": ["jwt"], "certgen.internal/token-id": ["zzzzzz"], "a": ["b"] },
  },
  status: {
    certificate: "bWluZQ==",
    conditions: [{ type: "Approved", status: "True", reason: "Mine", message: "mine" }],
  },
};

/** Fails where an object says anything of these, or does not say who asked for it. */
function checkServers(
  object: CertificateSigningRequest,
  username: string,
  groups: readonly string[],
  what: string,
): void {
  const { spec, status } = object;
  assert.equal([spec.username, spec.groups], [username, groups], what);
  assert.not.ok("uid" in spec, what);
  assert.equal(spec.extra, { "certgen.internal/proof": ["bootstrap-token"] }, what);
  assert.equal(status.conditions?.map(({ type, reason }) => [type, reason]), [["Denied", "UsageNotAllowed"]], what);
  assert.is(status.certificate, undefined, what);
  assert.not.match(JSON.stringify(object), /system:masters|zzzzzz|bWluZQ|"Mine"/, what);
}

/** A request that the signer refuses, which would gain by another status; who asks may do anything. */
const REFUSED = { usages: ["code signing"] };

test("R4 POST and an apply of what is not there: status and identity are the server's, through both versions", async () => {
  const { node, admin } = await apiWorld();
  const request = await peerRequest("etcd1", await sharedKey());
  const groups = ["system:authenticated"];
  for (const version of VERSIONS) {
    const parts = (name: string) => ({ version, name, ...SPOOFED, spec: { ...REFUSED, ...SPOOFED.spec } });
    const posted = await objectIn(
      await node.send("POST", pathOf(version), objectJson(request, parts(`${version}-post`))),
    );
    checkServers(posted, "node1", groups, `POST ${version}`);
    for (const shown of VERSIONS) {
      const got = await objectIn(await node.send("GET", pathOf(shown, `${version}-post`)), 200);
      assert.equal({ ...got, apiVersion: posted.apiVersion }, posted);
    }
    const name = `${version}-apply`;
    const path = `${pathOf(version, name)}?fieldManager=x`;
    const type = { "content-type": "application/apply-patch+yaml" };
    const applied = await objectIn(await admin.send("PATCH", path, objectJson(request, parts(name)), type));
    checkServers(applied, "alice", ["certgen:admins", ...groups], `apply ${version}`);
  }
});

test("R4 PUT, PATCH and apply of what is there: an administrator changes neither request nor identity, nor in passing the status", async () => {
  const { node, admin } = await apiWorld();
  const request = await peerRequest("etcd1", await sharedKey());
  const other = await peerRequest("etcd2");
  const first = await objectIn(
    await node.send("POST", pathOf("v1"), objectJson(request, { name: "a", spec: REFUSED })),
  );
  const spoofed = { ...SPOOFED, spec: { ...SPOOFED.spec, request: other, usages: ["client auth"] } };
  const json = Object.entries(spoofed).flatMap(([at, members]) =>
    Object.entries(members).map(([member, value]) => ({ op: "add", path: `/${at}/${member}`, value }))
  );
  const ways: readonly (readonly [what: string, method: string, type: string, (version: string) => unknown])[] = [
    ["PUT", "PUT", "application/json", (version) => ({
      ...first,
      apiVersion: `certificates.k8s.io/${version}`,
      spec: { ...first.spec, ...spoofed.spec },
      status: spoofed.status,
    })],
    ["JSON patch", "PATCH", "application/json-patch+json", () => json],
    ["merge patch", "PATCH", "application/merge-patch+json", () => spoofed],
    ["strategic patch", "PATCH", "application/strategic-merge-patch+json", () => spoofed],
    ["apply", "PATCH", "application/apply-patch+yaml", (version) => ({
      kind: "CertificateSigningRequest",
      apiVersion: `certificates.k8s.io/${version}`,
      metadata: { name: "a" },
      ...spoofed,
    })],
  ];
  let changed = 0;
  for (const version of VERSIONS) {
    for (const [what, method, type, body] of ways) {
      for (const subresource of ["", "/approval", "/status"]) {
        const query = what === "apply" ? "?fieldManager=x&force=true" : "";
        const sent = body(version);
        const path = `${pathOf(version, "a")}${subresource}${query}`;
        const answer = await admin.send(method, path, sent, { "content-type": type });
        assert.ok(answer.status < 500, `${what} ${version}${subresource}: ${await answer.clone().text()}`);
        if (answer.status === 200) changed++;
        const got = await objectIn(await admin.send("GET", pathOf("v1", "a")), 200);
        checkServers(got, "node1", ["system:authenticated"], `${what} ${version}${subresource}`);
        assert.equal(got.spec, first.spec);
        assert.equal(got.status, first.status);
      }
    }
  }
  assert.ok(changed > 0, "some of them are taken, and have no effect");
});

test("R5 a directory that cannot be written: 5xx, nothing released, and nothing is there after", async () => {
  for (const version of VERSIONS) {
    const { signer, files } = await withDirectory();
    const before = files.snapshot();
    const full = (): Promise<never> =>
      Promise.reject(new CertgenError("io", "Cannot write: no space left on the device"));
    [files.create, files.replace, files.rename, files.append] = [full, full, full, full];
    const answer = await post(signer, objectJson(await peerRequest(), { version }), { version });
    const status = await statusIn(answer, 500);
    assert.not.match(JSON.stringify(status), /CERTIFICATE|LS0tLS1CRUdJTi|device/);
    await statusIn(await get(signer, pathOf(version, NAME)), 404);
    assert.equal(files.snapshot(), before);
  }
});

/** Bad requests, each another one, in the ways that there are to be bad. */
async function badBody(index: number): Promise<string> {
  const request = await peerRequest("etcd1", await sharedKey());
  const parts = { name: `bad-${index}` };
  const ways: readonly (() => string | Promise<string>)[] = [
    () => objectJson(request, { ...parts, spec: { usages: ["code signing"] } }),
    () => objectJson(request, { ...parts, spec: { signerName: "example.com/nobody" } }),
    () => objectJson(btoa("-----BEGIN CERTIFICATE REQUEST-----\nMAA=\n-----END CERTIFICATE REQUEST-----\n"), parts),
    () => objectJson(request.slice(0, -8), parts),
    async () => objectJson(await rawRequest({ rdns: [] }), parts),
    () => objectJson(request, { ...parts, kind: "Pod" }),
    () => "[".repeat(index),
  ];
  return await (ways[index % ways.length]?.() ?? "");
}

/** How long a good request of somebody takes, in milliseconds. */
async function timeOfGood(client: Client): Promise<number> {
  const body = objectJson(await peerRequest());
  const started = performance.now();
  const object = await objectIn(await client.send("POST", pathOf("v1"), body));
  assert.ok(object.status.certificate);
  return performance.now() - started;
}

test("R11 1,000 bad requests and one good: the good one is answered in its time, whether the bad ones are limited or not", async () => {
  for (const requestsPerSecond of [50, 0]) {
    const { node, other, admin, signer } = await apiWorld({ policy: openPolicy, rate: { requestsPerSecond } });
    const bodies = await Promise.all(Array.from({ length: 1000 }, (_, index) => badBody(index)));
    const answers = bodies.map(async (body) => (await node.send("POST", pathOf("v1"), body)).status);
    const good = timeOfGood(other);
    const codes = await Promise.all(answers);
    assert.ok(await good < 5000, `${await good} ms`);
    assert.ok(codes.every((code) => code === 201 || (code >= 400 && code < 500)), [...new Set(codes)].join());
    assert.is(codes.includes(429), requestsPerSecond > 0);
    // and those that were kept hold up nothing either
    await signer.sweep();
    const list = await admin.send("GET", `${pathOf("v1")}?limit=2000`);
    const { items } = (await list.json()) as { items: CertificateSigningRequest[] };
    const kept = codes.filter((code) => code === 201).length;
    assert.is(items.length, kept + 1);
    assert.ok(kept > 50);
  }
});

test("R11 a sweep finishes what was approved behind 1,000 entries that nobody can read", async () => {
  const { signer, store, lines } = await testSigner();
  const body = objectJson(await peerRequest());
  const commit = store.commit.bind(store);
  store.commit = async (changes) => {
    if (changes.some(({ type }) => type === "update")) throw new CertgenError("io", "Cannot write");
    return await commit(changes);
  };
  await statusIn(await post(signer, body), 500);
  store.commit = commit;
  const texts = ["", "{", "[]", '{"kind":"Pod"}', "x".repeat(1000)];
  for (let index = 0; index < 1000; index++) {
    await store.create(`a${index}`, () => texts[index % texts.length] ?? "");
  }
  lines.length = 0;
  await signer.sweep();
  assert.is(lines.filter(({ message }) => message === "certificate issued").length, 1);
  assert.ok((await objectIn(await get(signer, pathOf("v1", NAME)), 200)).status.certificate);
});

test.run();
