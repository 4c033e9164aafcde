import { test } from "uvu";
import * as assert from "uvu/assert";
import type { CertificateSigningRequest } from "../../../src/k8s/certificate_signing_request.ts";
import { showList, showObject } from "../../../src/signer/view.ts";
import { apiWorld } from "../../api.ts";
import { fakeClock, MOMENT } from "../../fakes.ts";
import { objectIn, pathOf, statusIn } from "../../signing.ts";

const OTHER = { spec: { signerName: "example.com/other", expirationSeconds: 3600 } };
const as = (kind: string) => ({ accept: `application/json;as=${kind};v=v1;g=meta.k8s.io` });
const TABLE = as("Table");

const OBJECT: CertificateSigningRequest = {
  kind: "CertificateSigningRequest",
  apiVersion: "certificates.k8s.io/v1",
  metadata: { name: "a", uid: "u", resourceVersion: "7", creationTimestamp: MOMENT },
  spec: { request: "eA==", signerName: "example.com/x", usages: ["any"], username: "bob", groups: [] },
  status: {},
};

test("an object is shown in the version that is asked for, in each of its forms", () => {
  const { now } = fakeClock();
  const view = { version: "v1beta1", includeObject: "Object" } as const;
  const apiVersion = "certificates.k8s.io/v1beta1";
  assert.equal(showObject(OBJECT, { ...view, representation: "Object" }, now), { ...OBJECT, apiVersion });
  assert.equal(showObject(OBJECT, { ...view, representation: "PartialObjectMetadata" }, now), {
    kind: "PartialObjectMetadata",
    apiVersion: "meta.k8s.io/v1",
    metadata: OBJECT.metadata,
  });
  const { rows } = showObject(OBJECT, { ...view, representation: "Table" }, now) as { rows: unknown };
  assert.equal(rows, [{
    cells: ["a", "0s", "example.com/x", "bob", "<none>", "Pending"],
    object: { ...OBJECT, apiVersion },
  }]);
  const list = showList([OBJECT], { resourceVersion: "9" }, { ...view, representation: "Object" }, now);
  const { kind: _, apiVersion: __, ...item } = OBJECT;
  const metadata = { resourceVersion: "9" };
  assert.equal(list, { kind: "CertificateSigningRequestList", apiVersion, metadata, items: [item] });
});

test("a table has a row for each object, and says as much of it as is asked for", async () => {
  const { admin, setTime, store } = await apiWorld();
  const a = await admin.create({ name: "a", ...OTHER });
  await admin.create({ name: "b" });
  await admin.create({ name: "c", spec: { usages: ["code signing"] } });
  setTime(new Date(Date.parse(a.metadata.creationTimestamp ?? "") + 125_000).toISOString());
  const table = async (query = "") => {
    const answer = await admin.send("GET", `${pathOf("v1beta1")}${query}`, undefined, TABLE);
    assert.is(answer.headers.get("content-type"), "application/json");
    return await answer.json() as {
      kind: string;
      metadata: { resourceVersion: string; continue?: string; remainingItemCount?: number };
      columnDefinitions: { name: string; format: string; type: string; priority: number }[];
      rows: { cells: string[]; object: Record<string, unknown> | null }[];
    };
  };
  const { kind, metadata, columnDefinitions, rows } = await table();
  assert.equal([kind, metadata], ["Table", { resourceVersion: String(store.revision) }]);
  assert.equal(columnDefinitions.map(({ name, format }) => name + format), [
    "Namename",
    "Age",
    "SignerName",
    "Requestor",
    "RequestedDuration",
    "Condition",
  ]);
  assert.ok(columnDefinitions.every(({ type, priority }) => type === "string" && priority === 0));
  assert.equal(rows.map(({ cells }) => cells), [
    ["a", "2m5s", "example.com/other", "alice", "60m", "Pending"],
    ["b", "2m5s", "certgen.internal/etcd-peer", "alice", "<none>", "Approved,Issued"],
    ["c", "2m5s", "certgen.internal/etcd-peer", "alice", "<none>", "Denied"],
  ]);
  assert.equal(rows[0]?.object, { kind: "PartialObjectMetadata", apiVersion: "meta.k8s.io/v1", metadata: a.metadata });
  const apiVersion = "certificates.k8s.io/v1beta1";
  assert.equal((await table("?includeObject=Object")).rows[0]?.object, { ...a, apiVersion } as unknown);
  assert.is((await table("?includeObject=None")).rows[0]?.object, null);
  const page = await table("?limit=1");
  assert.equal([page.rows.length, page.metadata.remainingItemCount], [1, 2]);
  assert.ok(page.metadata.continue);
  await statusIn(await admin.send("GET", `${pathOf("v1")}?includeObject=all`, undefined, TABLE), 400);
  const one = await (await admin.send("GET", pathOf("v1", "a"), undefined, TABLE)).json() as typeof page;
  assert.equal(one.metadata, { resourceVersion: a.metadata.resourceVersion });
});

test("metadata alone is shown of an object and of a list, each to who asks for that", async () => {
  const { admin } = await apiWorld();
  const { metadata } = await admin.create({ name: "a", ...OTHER });
  const [object, list] = [as("PartialObjectMetadata"), as("PartialObjectMetadataList")];
  assert.equal(await (await admin.send("GET", pathOf("v1", "a"), undefined, object)).json(), {
    kind: "PartialObjectMetadata",
    apiVersion: "meta.k8s.io/v1",
    metadata,
  });
  assert.equal(await (await admin.send("GET", pathOf("v1"), undefined, list)).json(), {
    kind: "PartialObjectMetadataList",
    apiVersion: "meta.k8s.io/v1",
    metadata: { resourceVersion: "1" },
    items: [{ metadata }],
  });
  await statusIn(await admin.send("GET", pathOf("v1"), undefined, object), 406);
  await statusIn(await admin.send("GET", pathOf("v1", "a"), undefined, list), 406);
});

test("the first clause that can be answered holds; none is 406", async () => {
  const { admin } = await apiWorld();
  await admin.create({ name: "a", ...OTHER });
  const kindFor = async (accept: string) => {
    const answer = await admin.send("GET", pathOf("v1", "a"), undefined, { accept });
    return answer.status === 200 ? (await answer.json() as { kind: string }).kind : answer.status;
  };
  for (
    const accept of [
      "application/json",
      "application/*",
      "*/*",
      "application/json, */*;q=0.8",
      "application/vnd.kubernetes.protobuf,application/json",
      "application/yaml, application/json",
    ]
  ) {
    assert.is(await kindFor(accept), "CertificateSigningRequest");
  }
  assert.is(await kindFor(`${as("Table").accept},application/json`), "Table");
  assert.is(
    await kindFor(`application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json`),
    "CertificateSigningRequest",
  );
  assert.is(await kindFor(`application/json,${as("Table").accept}`), "CertificateSigningRequest");
  for (const accept of ["text/html", "application/yaml", "application/vnd.kubernetes.protobuf", as("Other").accept]) {
    assert.is(await kindFor(accept), 406);
  }
  const status = await statusIn(await admin.send("GET", pathOf("v1"), undefined, { accept: "text/html" }), 406);
  assert.is(status.message, "only the following media types are accepted: application/json");
  assert.equal([status.reason, status.details], ["NotAcceptable", {}]);
});

test("an object is the same through both versions, whichever it was made through", async () => {
  const { admin } = await apiWorld();
  await admin.create({ name: "a", version: "v1" });
  await admin.create({ name: "b", version: "v1beta1" });
  await admin.create({ name: "c", version: "v1beta1", spec: { signerName: "example.com/other" } });
  for (const name of ["a", "b", "c"]) {
    const v1 = await objectIn(await admin.send("GET", pathOf("v1", name)), 200);
    const beta = await objectIn(await admin.send("GET", pathOf("v1beta1", name)), 200);
    assert.equal([v1.apiVersion, beta.apiVersion], ["certificates.k8s.io/v1", "certificates.k8s.io/v1beta1"]);
    assert.equal({ ...v1, apiVersion: "" }, { ...beta, apiVersion: "" });
  }
  const beta = await objectIn(await admin.send("GET", pathOf("v1", "b")), 200);
  assert.is(beta.spec.signerName, "certgen.internal/etcd-peer");
  const changed = { ...beta, metadata: { ...beta.metadata, labels: { x: "y" } } };
  assert.equal((await objectIn(await admin.send("PUT", pathOf("v1", "b"), changed), 200)).metadata.labels, { x: "y" });
});

test.run();
