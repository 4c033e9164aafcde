import { test } from "uvu";
import * as assert from "uvu/assert";
import { isOwn } from "../../../src/k8s/certificate_signing_request.ts";
import { foreignObject } from "../../../src/k8s/foreign_object.ts";
import type { JsonObject } from "../../../src/k8s/json.ts";
import { tableOfObject } from "../../../src/k8s/table.ts";

const NAME = "system:etcd-peer:etcd1";
const EMPTY = {
  kind: "CertificateSigningRequest",
  apiVersion: "certificates.k8s.io/v1beta1",
  metadata: {
    name: NAME,
    uid: foreignObject({}, NAME).metadata.uid,
    resourceVersion: "0",
    creationTimestamp: null,
  },
  spec: {
    request: "",
    signerName: "kubernetes.io/legacy-unknown",
    usages: ["digital signature", "key encipherment"],
    username: "system:anonymous",
    groups: ["system:unauthenticated"],
  },
  status: {},
};
const foreign = (parts: JsonObject) => foreignObject({ ...parts }, NAME);

test("foreignObject makes a whole object of what the older system wrote", () => {
  const object = foreign({
    kind: "CertificateSigningRequest",
    apiVersion: "certificates.k8s.io/v1beta1",
    metadata: { name: NAME, creationTimestamp: null },
    spec: { request: "eA==" },
    status: { conditions: [{ type: "Approved", lastUpdateTime: null }], certificate: "eHg=" },
  });
  assert.equal(object, {
    ...EMPTY,
    spec: { ...EMPTY.spec, request: "eA==" },
    status: { conditions: [{ type: "Approved", status: "True" }], certificate: "eHg=" },
  });
  assert.not.ok(isOwn(object));
});

test("foreignObject keeps what is well said", () => {
  const condition = { type: "Denied", status: "False", reason: "r", message: "m" };
  const { metadata, spec, status } = foreign({
    metadata: {
      uid: "01234567-89ab-cdef-0123-456789abcdef",
      creationTimestamp: "2020-01-01T01:00:00.5+01:00",
      labels: { l: "1" },
      annotations: { a: "b", "certgen.internal/created-through": "v1beta1" },
    },
    spec: { signerName: "a.b/c", usages: ["foo"], expirationSeconds: 5 },
    status: { conditions: [{ ...condition, lastUpdateTime: "2020-01-01T00:00:00Z", lastTransitionTime: "x" }, null] },
  });
  assert.equal(metadata, {
    name: NAME,
    uid: "01234567-89ab-cdef-0123-456789abcdef",
    resourceVersion: "0",
    creationTimestamp: "2020-01-01T00:00:00Z",
    labels: { l: "1" },
    annotations: { a: "b" },
  });
  assert.equal(spec, { ...EMPTY.spec, signerName: "a.b/c", usages: ["foo"], expirationSeconds: 5 });
  assert.equal(status, { conditions: [{ ...condition, lastUpdateTime: "2020-01-01T00:00:00Z" }] });
});

test("foreignObject believes nothing that is said of identity, version or deletion", () => {
  const object = foreign({
    apiVersion: "certificates.k8s.io/v1",
    isOwn: true,
    metadata: {
      name: "other",
      resourceVersion: "9",
      finalizers: ["x.io/f"],
      ownerReferences: [{ apiVersion: "v1", kind: "Node", name: "n", uid: "1" }],
      deletionTimestamp: "2020-01-01T00:00:00Z",
      annotations: { "certgen.internal/serial-number": "0a".repeat(16) },
      namespace: "n",
    },
    spec: { username: "root", uid: "0", groups: ["certgen:admins"], extra: { a: ["b"] } },
  });
  assert.equal(object, EMPTY);
});

test("foreignObject takes what is of the wrong type for absent", () => {
  for (const junk of [null, 1, "!", true, [], [1], { a: 1 }, { a: { b: [] } }]) {
    const parts: JsonObject[] = [
      { metadata: junk, spec: junk, status: junk },
      ...["uid", "creationTimestamp", "labels", "annotations"].map((key) => ({ metadata: { [key]: junk } })),
      ...["request", "signerName"].map((key) => ({ spec: { [key]: junk } })),
      ...["conditions", "certificate"].map((key) => ({ status: { [key]: junk } })),
    ];
    for (const part of parts) assert.equal(foreign(part), EMPTY, JSON.stringify(part));
  }
  for (const usages of [null, 1, {}, [1], []]) assert.equal(foreign({ spec: { usages } }), EMPTY);
  for (const expirationSeconds of [0.5, "1", 2 ** 31]) assert.equal(foreign({ spec: { expirationSeconds } }), EMPTY);
  assert.equal(foreign({ status: { conditions: [{ type: 1, status: [], reason: {}, message: 0 }] } }).status, {
    conditions: [{ type: "", status: "True" }],
  });
});

test("foreignObject makes a uid of the name: always the same, and another for each", () => {
  const uidOf = (name: string): string => foreignObject({}, name).metadata.uid;
  assert.is(uidOf(NAME), EMPTY.metadata.uid);
  // FNV-1a of no octet is the offset basis 6c62272e07bb014262b821756295c58d
  assert.is(uidOf(""), "6c62272e-07bb-8142-82b8-21756295c58d");
  // and of "a" (draft-eastlake-fnv) d228cb696f1a8caf78912b704e4a8964
  assert.is(uidOf("a"), "d228cb69-6f1a-8caf-8891-2b704e4a8964");
  const names = Array.from({ length: 1_000 }, (_, i) => `etcd${i}`);
  assert.is(new Set(names.map(uidOf)).size, names.length);
});

test("foreignObject without a time has an unknown age", () => {
  const options = { now: new Date(0), includeObject: "None", apiVersion: "certificates.k8s.io/v1" } as const;
  assert.equal(tableOfObject(foreign({}), options).rows[0]?.cells, [
    NAME,
    "<unknown>",
    "kubernetes.io/legacy-unknown",
    "system:anonymous",
    "<none>",
    "Pending",
  ]);
});

test.run();
