import { test } from "uvu";
import * as assert from "uvu/assert";
import { etcdProfiles } from "../../../src/ca/etcd.ts";
import type { CreateRequest } from "../../../src/k8s/create_request.ts";
import {
  isThroughBeta,
  isUnfinished,
  newObject,
  type ObjectParts,
  serialNumberOf,
  uuid,
  withCertificate,
  withFailure,
} from "../../../src/requests/object.ts";
import type { Decision } from "../../../src/requests/judge.ts";
import { createCsr, parseCsr } from "../../../src/x509/csr.ts";
import { generateKey } from "../../../src/x509/key.ts";
import { fixedRandom, MOMENT } from "../../fakes.ts";

const [profile] = etcdProfiles();
if (profile === undefined) throw new Error("no profile");
const approved: Decision = { approved: true, profile, names: [], message: "allowed by nodes" };
const denied: Decision = { approved: false, profile, reason: "NameNotAllowed", message: "no" };
const { pem } = await createCsr({ key: await generateKey(), subject: { commonName: "a" } });
const request: CreateRequest = {
  version: "v1",
  name: "a",
  generateName: undefined,
  labels: undefined,
  annotations: undefined,
  ownerReferences: undefined,
  finalizers: undefined,
  request: "pem",
  csr: parseCsr(pem),
  signerName: "certgen.internal/etcd-peer",
  usages: ["client auth"],
  expirationSeconds: undefined,
};
const parts: ObjectParts = {
  request,
  identity: { username: "u", groups: ["g"], proof: "bootstrap-token" },
  decision: approved,
  profile: approved.profile,
  signerName: "certgen.internal/etcd-peer",
  uid: uuid(fixedRandom(0xff)(16)),
  serialNumber: fixedRandom(0x0a)(16),
  now: new Date(MOMENT),
};
const make = (change: Partial<ObjectParts> = {}) => newObject({ ...parts, ...change });

test("newObject of an approved request carries its serial number and no certificate", () => {
  const object = make();
  assert.equal(object, {
    kind: "CertificateSigningRequest",
    apiVersion: "certificates.k8s.io/v1",
    metadata: {
      name: "a",
      uid: "ffffffff-ffff-4fff-bfff-ffffffffffff",
      resourceVersion: "1",
      creationTimestamp: MOMENT,
      annotations: { "certgen.internal/serial-number": "0a".repeat(16) },
    },
    spec: {
      request: btoa("pem"),
      signerName: "certgen.internal/etcd-peer",
      usages: ["client auth"],
      username: "u",
      groups: ["g"],
      extra: { "certgen.internal/proof": ["bootstrap-token"] },
    },
    status: {
      conditions: [{
        type: "Approved",
        status: "True",
        reason: "PolicyApproved",
        message: "allowed by nodes",
        lastUpdateTime: MOMENT,
        lastTransitionTime: MOMENT,
      }],
    },
  });
  assert.equal(serialNumberOf(object), parts.serialNumber);
  assert.ok(isUnfinished(object));
});

test("newObject of a denied request has the rule, and no serial number", () => {
  const object = make({ decision: denied });
  assert.is(object.metadata.annotations, undefined);
  const [condition] = object.status.conditions ?? [];
  assert.equal([condition?.type, condition?.reason, condition?.message], ["Denied", "NameNotAllowed", "no"]);
  assert.not.ok(isUnfinished(object));
});

test("newObject of another signer's request has no condition", () => {
  const object = make({ decision: undefined, profile: undefined, signerName: undefined });
  assert.equal(object.status, {});
  assert.not.ok(isUnfinished(object));
});

test("newObject of v1beta1 is marked, and gets the profile's usages and signer name", () => {
  const beta: CreateRequest = { ...request, version: "v1beta1", signerName: undefined, usages: undefined };
  const object = make({ request: beta });
  assert.ok(isThroughBeta(object));
  assert.not.ok(isThroughBeta(make()));
  assert.is(object.spec.signerName, "certgen.internal/etcd-peer");
  assert.equal(object.spec.usages, ["digital signature", "key encipherment", "server auth", "client auth"]);
  const nobodys = make({ request: beta, decision: denied, profile: undefined, signerName: undefined });
  assert.is(nobodys.spec.signerName, "kubernetes.io/legacy-unknown");
  assert.equal(nobodys.spec.usages, ["digital signature", "key encipherment"]);
});

test("newObject keeps labels and annotations, its own over a client's", () => {
  const annotations = { x: "y", "certgen.internal/serial-number": "theirs" };
  const object = make({ request: { ...request, labels: { l: "m" }, annotations, expirationSeconds: 700 } });
  assert.equal(object.metadata.labels, { l: "m" });
  assert.is(object.metadata.annotations?.["x"], "y");
  assert.is(object.metadata.annotations?.["certgen.internal/serial-number"], "0a".repeat(16));
  assert.is(object.spec.expirationSeconds, 700);
});

test("newObject writes all of a client's metadata in Kubernetes' order", () => {
  const owner = { apiVersion: "v1", kind: "Node", name: "n", uid: "1" };
  const labels = { l: "m" };
  const whole: CreateRequest = {
    ...request,
    generateName: "g-",
    labels,
    annotations: { x: "y" },
    ownerReferences: [owner],
    finalizers: ["x.io/f"],
  };
  const { metadata } = make({ request: whole });
  assert.equal(Object.keys(metadata), [
    "name",
    "generateName",
    "uid",
    "resourceVersion",
    "creationTimestamp",
    "labels",
    "annotations",
    "ownerReferences",
    "finalizers",
  ]);
  const { generateName, ownerReferences, finalizers } = metadata;
  assert.equal([generateName, ownerReferences, finalizers], ["g-", [owner], ["x.io/f"]]);
});

test("withCertificate and withFailure finish an object", () => {
  const object = make();
  const issued = withCertificate(object, "crt");
  assert.is(issued.status.certificate, btoa("crt"));
  assert.not.ok(isUnfinished(issued));
  const failed = withFailure(object, new Date(MOMENT));
  assert.equal(failed.status.conditions?.map(({ type }) => type), ["Approved", "Failed"]);
  assert.is(failed.status.certificate, undefined);
  assert.not.ok(isUnfinished(failed));
});

test("isUnfinished: never what the older system stored, never what is denied too", () => {
  const object = make();
  assert.not.ok(isUnfinished({ ...object, apiVersion: "certificates.k8s.io/v1beta1" }));
  const [condition] = make({ decision: denied }).status.conditions ?? [];
  const both = condition === undefined ? [] : [...object.status.conditions ?? [], condition];
  assert.is(both.length, 2);
  assert.not.ok(isUnfinished({ ...object, status: { conditions: both } }));
});

test("serialNumberOf refuses what the signer never makes", () => {
  for (const text of [undefined, "", "01", "00".repeat(16), "ab".repeat(15), "ab".repeat(17), "zz".repeat(16)]) {
    const object = make();
    const annotations = text === undefined ? {} : { "certgen.internal/serial-number": text };
    const changed = { ...object, metadata: { ...object.metadata, annotations } };
    assert.throws(() => serialNumberOf(changed));
  }
});

test.run();
