import { test } from "uvu";
import * as assert from "uvu/assert";
import type { JsonObject } from "../../../src/k8s/json.ts";
import { PRECONDITION } from "../../../src/k8s/status.ts";
import {
  checkApprovalNamesVersion,
  checkName,
  checkPreconditions,
  checkSameObject,
  type Subresource,
  type Updatable,
  updateObject,
} from "../../../src/k8s/validation.ts";
import { faultOf } from "../support.ts";

const NOW = "2026-02-02T00:00:00Z";
const STORED: Updatable & { kind: string } = {
  kind: "CertificateSigningRequest",
  metadata: {
    name: "a",
    uid: "u1",
    resourceVersion: "7",
    creationTimestamp: "2026-01-01T00:00:00Z",
    labels: { l: "1" },
    annotations: { "certgen.internal/serial-number": "01", mine: "x" },
  },
  spec: { request: "eA==" },
  status: {},
};

/** The stored object as a client would send it back. */
function sent(metadata: JsonObject = {}, status: JsonObject = {}): JsonObject {
  return { ...STORED, metadata: { ...STORED.metadata, ...metadata }, status } as unknown as JsonObject;
}

function update(object: JsonObject, subresource: Subresource = "", stored = STORED) {
  return updateObject(stored, object, { subresource, version: "v1", now: new Date(NOW) });
}

test("updateObject gives the stored object itself where nothing changes", () => {
  assert.is(update(sent()), STORED);
  const other = { ...sent({}, { conditions: [{ type: "Approved", status: "True" }] }), spec: { request: "eHg=" } };
  assert.is(update(other), STORED);
  assert.is(update(sent({ labels: { other: "1" } }), "approval"), STORED);
  assert.is(update(sent({ labels: { other: "1" } }), "status"), STORED);
});

test("updateObject changes metadata on the resource, and of it only what a client may", () => {
  const { metadata, ...rest } = update(sent({
    uid: "u2",
    creationTimestamp: null,
    generation: 9,
    deletionTimestamp: NOW,
    labels: { m: "2" },
    annotations: { mine: "y" },
    finalizers: ["x.io/f"],
    ownerReferences: [{ apiVersion: "v1", kind: "Node", name: "n", uid: "1" }],
  }));
  assert.equal(rest, { kind: STORED.kind, spec: STORED.spec, status: {} });
  assert.equal(metadata, {
    name: "a",
    uid: "u1",
    resourceVersion: "7",
    creationTimestamp: "2026-01-01T00:00:00Z",
    labels: { m: "2" },
    annotations: { mine: "y", "certgen.internal/serial-number": "01" },
    ownerReferences: [{ apiVersion: "v1", kind: "Node", name: "n", uid: "1" }],
    finalizers: ["x.io/f"],
  });
});

test("updateObject keeps the signer's own annotations from clients", () => {
  for (const annotations of [null, {}, { "certgen.internal/serial-number": "02", "certgen.internal/new": "1" }]) {
    assert.equal(update(sent({ annotations })).metadata.annotations, { "certgen.internal/serial-number": "01" });
  }
});

test("updateObject refuses metadata with every cause", () => {
  const fault = faultOf("invalid-object", () => update(sent({ labels: { "-a": "b" }, finalizers: ["a b"] })));
  assert.equal(fault.causes?.map(({ field }) => field), ["metadata.labels", "metadata.finalizers"]);
  const going = { ...STORED, metadata: { ...STORED.metadata, deletionTimestamp: NOW, finalizers: ["f"] } };
  const added = faultOf("invalid-object", () => update(sent({ finalizers: ["f", "g"] }), "", going));
  assert.equal([added.field, added.fieldReason], ["metadata.finalizers", "FieldValueForbidden"]);
  assert.match(added.message, '[]string{"g"}');
  assert.is(update(sent({ finalizers: [] }), "", going).metadata.finalizers, undefined);
  faultOf("malformed-object", () => update({ metadata: { labels: [] } }));
});

test("updateObject replaces conditions on /approval and passes over the certificate", () => {
  const status = { conditions: [{ type: "Approved", status: "True", lastUpdateTime: NOW }], certificate: "eA==" };
  const approved = update(sent({}, status), "approval");
  assert.equal(approved.status, {
    conditions: [{ type: "Approved", status: "True", lastUpdateTime: NOW, lastTransitionTime: NOW }],
  });
  const denied = sent({}, { conditions: [...status.conditions, { type: "Denied", status: "True" }] });
  const fault = faultOf("invalid-object", () => update(denied, "approval", { ...STORED, ...approved }));
  assert.equal(fault.causes?.map(({ field, reason }) => [field, reason]), [
    ["status.conditions[1].type", "FieldValueInvalid"],
  ]);
  const undone = faultOf("invalid-object", () => update(sent(), "approval", { ...STORED, ...approved }));
  assert.equal([undone.field, undone.fieldReason], ["status.conditions", "FieldValueForbidden"]);
});

test("updateObject sets failures and certificates on /status, and makes no decision there", () => {
  const failed = update(sent({}, { conditions: [{ type: "Failed", status: "True" }] }), "status");
  assert.is(failed.status.conditions?.[0]?.lastTransitionTime, NOW);
  const fault = faultOf(
    "invalid-object",
    () => update(sent({}, { conditions: [{ type: "Approved", status: "True" }], certificate: "eA==" }), "status"),
  );
  assert.equal(fault.causes?.map(({ field, reason }) => [field, reason]), [
    ["status.conditions", "FieldValueForbidden"],
    ["status.certificate", "FieldValueInvalid"],
  ]);
  const issued = { ...STORED, status: { certificate: "eA==" } };
  assert.is(faultOf("invalid-object", () => update(sent(), "status", issued)).fieldReason, "FieldValueForbidden");
});

test("checkSameObject wants the name, and the uid and version where they are said", () => {
  checkSameObject(sent(), "a", STORED);
  checkSameObject({ metadata: { name: "a" } }, "a", STORED);
  checkSameObject({ metadata: { name: "a", uid: "", resourceVersion: "" } }, "a", STORED);
  assert.is(
    faultOf("malformed-object", () => checkName({}, "q2")).message,
    "the name of the object (q2 based on URL) was undeterminable: name must be provided",
  );
  assert.is(
    faultOf("malformed-object", () => checkName(sent({ name: "other" }), "a")).message,
    "the name of the object (other) does not match the name on the URL (a)",
  );
  const uid = faultOf("conflict", () => checkSameObject(sent({ uid: "u2" }), "a", STORED));
  assert.is(uid.message, "Precondition failed: UID in precondition: u2, UID in object meta: u1");
  assert.is(uid.reason, PRECONDITION);
  assert.is(faultOf("conflict", () => checkSameObject(sent({ resourceVersion: "6" }), "a", STORED)).reason, undefined);
});

test("checkPreconditions holds where nothing is presumed", () => {
  checkPreconditions({ uid: undefined, resourceVersion: undefined }, STORED);
  checkPreconditions({ uid: "u1", resourceVersion: "7" }, STORED);
  faultOf("conflict", () => checkPreconditions({ uid: undefined, resourceVersion: "07" }, STORED));
});

test("checkApprovalNamesVersion wants both uid and resourceVersion", () => {
  checkApprovalNamesVersion(sent());
  for (const key of ["uid", "resourceVersion"]) {
    for (const value of ["", null]) {
      assert.match(faultOf("conflict", () => checkApprovalNamesVersion(sent({ [key]: value }))).message, key);
    }
  }
});

test.run();
