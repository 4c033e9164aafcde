import { test } from "uvu";
import * as assert from "uvu/assert";
import { type CertificateSigningRequest, encode, isOwn } from "../../../src/k8s/certificate_signing_request.ts";
import { decodeStored, encodeStored } from "../../../src/k8s/stored_object.ts";
import { faultOf } from "../support.ts";

const TIME = "2026-01-01T00:00:00Z";
const BARE: CertificateSigningRequest = {
  kind: "CertificateSigningRequest",
  apiVersion: "certificates.k8s.io/v1",
  metadata: { name: "a", uid: "u", resourceVersion: "7", creationTimestamp: TIME },
  spec: { request: "eA==", signerName: "a.b/c", usages: ["client auth"], username: "u", groups: [] },
  status: {},
};
const WHOLE: CertificateSigningRequest = {
  ...BARE,
  metadata: {
    name: "a",
    generateName: "b-",
    uid: "u",
    resourceVersion: "7",
    generation: 1,
    creationTimestamp: TIME,
    deletionTimestamp: TIME,
    deletionGracePeriodSeconds: 0,
    labels: { l: "1" },
    annotations: { "certgen.internal/serial-number": "01" },
    ownerReferences: [{ apiVersion: "v1", kind: "Node", name: "n", uid: "1", controller: true }],
    finalizers: ["x.io/f"],
  },
  spec: {
    request: "eA==",
    signerName: "a.b/c",
    expirationSeconds: 600,
    usages: ["client auth"],
    username: "u",
    groups: ["g"],
  },
  status: {
    conditions: [
      { type: "Approved", status: "True", reason: "R", message: "m", lastUpdateTime: TIME, lastTransitionTime: TIME },
      { type: "Other", status: "Unknown" },
    ],
    certificate: "eA==",
  },
};

test("decodeStored reads what encodeStored wrote, in Kubernetes' order", () => {
  for (const object of [BARE, WHOLE]) {
    const read = decodeStored(encodeStored(object), "a");
    assert.equal(read, object);
    assert.is(JSON.stringify(read), JSON.stringify(object));
    assert.ok(isOwn(read));
  }
});

test("encodeStored writes no object anew that is not the signer's own", () => {
  const foreign = decodeStored(encode(WHOLE, "v1beta1"), "a");
  assert.not.ok(isOwn(foreign));
  assert.throws(() => encodeStored(foreign), (error: unknown) => error instanceof TypeError);
  assert.throws(() => encodeStored({ ...foreign, status: {} }), /not the signer's own/);
});

test("decodeStored refuses everything odd in an own object as io", () => {
  const meta = (change: object): string => JSON.stringify({ ...BARE, metadata: { ...BARE.metadata, ...change } });
  const spec = (change: object): string => JSON.stringify({ ...BARE, spec: { ...BARE.spec, ...change } });
  const status = (status: unknown): string => JSON.stringify({ ...BARE, status });
  const texts = [
    meta({ uid: undefined }),
    meta({ uid: "" }),
    meta({ uid: 1 }),
    meta({ resourceVersion: undefined }),
    meta({ resourceVersion: "0" }),
    meta({ resourceVersion: "x" }),
    meta({ creationTimestamp: null }),
    meta({ creationTimestamp: "2026-01-01T00:00:00.5Z" }),
    meta({ deletionTimestamp: "x" }),
    meta({ generation: "1" }),
    meta({ labels: { a: 1 } }),
    meta({ annotations: [] }),
    meta({ finalizers: [1] }),
    meta({ ownerReferences: [{ name: "n" }] }),
    meta({ namespace: "n" }),
    spec({ request: undefined }),
    spec({ request: "!" }),
    spec({ signerName: null }),
    spec({ usages: "x" }),
    spec({ expirationSeconds: 0.5 }),
    spec({ username: undefined }),
    spec({ groups: undefined }),
    spec({ more: 1 }),
    status(undefined),
    status(null),
    status([]),
    status({ conditions: {} }),
    status({ conditions: [null] }),
    status({ conditions: [{ type: "Approved" }] }),
    status({ conditions: [{ type: "Approved", status: "True", more: 1 }] }),
    status({ certificate: "!" }),
    JSON.stringify({ ...BARE, more: 1 }),
  ];
  for (const text of texts) faultOf("io", () => decodeStored(text, "a"));
  decodeStored(meta({}), "a");
});

test("decodeStored refuses what is no object of this name as io, whoever wrote it", () => {
  for (const version of ["v1", "v1beta1"]) {
    const object = { ...BARE, apiVersion: `certificates.k8s.io/${version}` };
    const texts = [
      "",
      "x",
      "{",
      "[]",
      "{}",
      "null",
      JSON.stringify({ ...object, kind: "Pod" }),
      JSON.stringify({ ...object, kind: undefined }),
      JSON.stringify({ ...object, metadata: undefined }),
      JSON.stringify({ ...object, metadata: [] }),
      JSON.stringify({ ...object, metadata: { name: "b" } }),
      JSON.stringify({ ...object, metadata: { name: ["a"] } }),
      JSON.stringify(object).slice(0, 50),
      "[".repeat(1000),
    ];
    for (const text of texts) {
      const { message } = faultOf("io", () => decodeStored(text, "a"));
      assert.is(message, 'Cannot read stored object "a": it is no CertificateSigningRequest of this name', text);
    }
  }
});

test("only what says v1 is read as the signer's own", () => {
  for (const apiVersion of ["certificates.k8s.io/v1beta1", "v1", "", undefined, 1, null, ["certificates.k8s.io/v1"]]) {
    const object = decodeStored(JSON.stringify({ ...WHOLE, apiVersion }), "a");
    assert.not.ok(isOwn(object));
    assert.is(object.spec.username, "system:anonymous");
  }
});

test.run();
