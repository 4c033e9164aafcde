import { test } from "uvu";
import * as assert from "uvu/assert";
import { openDirectory } from "../../../src/requests/directory.ts";
import { type ApiWorld, apiWorld } from "../../api.ts";
import { MemoryFiles } from "../../memory_files.ts";
import { get, objectIn, objectJson, pathOf, peerRequest, sharedKey, statusIn, testSigner } from "../../signing.ts";

const NAME = "system:etcd-peer:etcd1";

/** A directory that the older system has written to. */
async function legacyFiles(): Promise<MemoryFiles> {
  const files = new MemoryFiles();
  const object = {
    kind: "CertificateSigningRequest",
    apiVersion: "certificates.k8s.io/v1beta1",
    metadata: { name: NAME, creationTimestamp: null },
    spec: { request: await peerRequest("etcd1", await sharedKey()), username: "node1", groups: ["certgen:admins"] },
    status: { conditions: [{ type: "Approved", lastUpdateTime: null }], certificate: "eA==" },
  };
  files.put(`/csrs/${NAME}`, JSON.stringify(object));
  return files;
}

async function legacy(): Promise<ApiWorld & { files: MemoryFiles }> {
  const files = await legacyFiles();
  return { ...await apiWorld({ store: await openDirectory(files, "/csrs") }), files };
}

test("what the older system left is anonymous's, and shown to administrators in both versions", async () => {
  const { admin, node } = await legacy();
  for (const version of ["v1", "v1beta1"] as const) {
    const object = await objectIn(await admin.send("GET", pathOf(version, NAME)), 200);
    assert.is(object.apiVersion, `certificates.k8s.io/${version}`);
    assert.is(object.spec.username, "system:anonymous");
    const list = await (await admin.send("GET", pathOf(version))).json() as { items: unknown[] };
    assert.is(list.items.length, 1);
    await statusIn(await node.send("GET", pathOf(version, NAME)), 403);
  }
  const { signer } = await testSigner({ store: await openDirectory(await legacyFiles(), "/csrs") });
  await objectIn(await get(signer, pathOf("v1", NAME)), 200);
});

test("it is not approved, changed or replaced", async () => {
  const { admin, files, store } = await legacy();
  const [before, { revision }] = [files.snapshot(), store];
  const object = await objectIn(await admin.send("GET", pathOf("v1", NAME)), 200);
  const labelled = { ...object, metadata: { ...object.metadata, labels: { x: "y" } } };
  const merge = { "content-type": "application/merge-patch+json" };
  for (const subresource of ["", "/approval", "/status"]) {
    const path = `${pathOf("v1", NAME)}${subresource}`;
    await statusIn(await admin.send("PUT", path, labelled), 403);
    await statusIn(await admin.send("PATCH", path, labelled, merge), 403);
  }
  for (const version of ["v1", "v1beta1"] as const) {
    for (const query of ["", "?dryRun=All"]) {
      const body = objectJson(object.spec.request, { version });
      const status = await statusIn(await admin.send("POST", `${pathOf(version)}${query}`, body), 409);
      assert.is(status.reason, "AlreadyExists");
    }
  }
  assert.equal(files.snapshot(), before);
  assert.is(store.revision, revision);
});

test("it is deleted like any other", async () => {
  const { admin, files } = await legacy();
  await statusIn(await admin.send("DELETE", pathOf("v1", NAME), { preconditions: { uid: "x" } }), 409);
  assert.is((await admin.send("DELETE", pathOf("v1", NAME))).status, 200);
  await statusIn(await admin.send("GET", pathOf("v1", NAME)), 404);
  assert.not.ok(Object.keys(files.snapshot()).some((path) => path.includes(NAME)));
});

test.run();
