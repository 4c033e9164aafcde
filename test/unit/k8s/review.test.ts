import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Identity } from "../../../src/identity.ts";
import { ADMINISTRATORS, rulesOf } from "../../../src/k8s/authorization.ts";
import type { JsonObject } from "../../../src/k8s/json.ts";
import { review, type ReviewContext } from "../../../src/k8s/review.ts";
import { faultOf } from "../support.ts";

const ADMIN: Identity = { username: "root", groups: [ADMINISTRATORS, "system:authenticated"], proof: "token" };
const BOB: Identity = { username: "bob", groups: [], proof: "token" };
const CSR = { group: "certificates.k8s.io", resource: "certificatesigningrequests" };

function access(identity: Identity, spec: JsonObject, more: Partial<ReviewContext> = {}): JsonObject {
  const context = { identity, mode: { open: false }, apiVersion: "authorization.k8s.io/v1", ...more };
  return review("SelfSubjectAccessReview", { spec }, context);
}

test("review answers a question about a resource, and repeats it", () => {
  const resourceAttributes = { namespace: "default", verb: "list", ...CSR };
  assert.equal(access(ADMIN, { resourceAttributes: { ...resourceAttributes, name: "", other: 1 } }), {
    kind: "SelfSubjectAccessReview",
    apiVersion: "authorization.k8s.io/v1",
    metadata: { creationTimestamp: null },
    spec: { resourceAttributes },
    status: { allowed: true },
  });
  assert.equal(access(BOB, { resourceAttributes })["status"], { allowed: false });
  const approval = { verb: "update", ...CSR, subresource: "approval" };
  assert.equal(access(ADMIN, { resourceAttributes: approval })["status"], { allowed: true });
  assert.equal(access(ADMIN, { resourceAttributes: {} })["status"], { allowed: false });
});

test("review knows what one created oneself", () => {
  const isOwn = (name: string) => name === "mine";
  const ask = (verb: string, name: string) =>
    access(BOB, { resourceAttributes: { verb, name, ...CSR } }, { isOwn })["status"];
  assert.equal(ask("get", "mine"), { allowed: true });
  assert.equal(ask("get", "other"), { allowed: false });
  assert.equal(ask("get", ""), { allowed: false });
  assert.equal(ask("delete", "mine"), { allowed: false });
});

test("review answers a question about a path", () => {
  const ask = (path: string) => access(BOB, { nonResourceAttributes: { path, verb: "get" } })["status"];
  assert.equal(ask("/readyz"), { allowed: true });
  assert.equal(ask("/metrics"), { allowed: false });
});

test("review wants one question, and one of its own kind and version", () => {
  const both = { resourceAttributes: {}, nonResourceAttributes: {} };
  for (const spec of [{}, both]) {
    const fault = faultOf("invalid-object", () => access(BOB, spec));
    assert.equal(fault.invalidKind, { group: "authorization.k8s.io", kind: "SelfSubjectAccessReview" });
  }
  const context = { identity: BOB, mode: { open: false }, apiVersion: "authorization.k8s.io/v1" };
  const bad: JsonObject[] = [
    { kind: "Pod", apiVersion: "v1" },
    { apiVersion: "authorization.k8s.io/v1beta1" },
    { kind: 7 },
    { spec: [] },
    { spec: { resourceAttributes: "x" } },
    { spec: { resourceAttributes: { verb: 1 } } },
  ];
  for (const sent of bad) faultOf("malformed-object", () => review("SelfSubjectAccessReview", sent, context));
});

test("review lists the rules, for a namespace as kubectl asks", () => {
  const context = { identity: ADMIN, mode: { open: false }, apiVersion: "authorization.k8s.io/v1" };
  const { status } = review("SelfSubjectRulesReview", { spec: { namespace: "default" } }, context);
  assert.equal(status, { ...rulesOf(ADMIN, { open: false }), incomplete: false });
  faultOf("malformed-object", () => review("SelfSubjectRulesReview", {}, context));
});

test("review tells who one is", () => {
  const context = { identity: ADMIN, mode: { open: false }, apiVersion: "authentication.k8s.io/v1" };
  assert.equal(review("SelfSubjectReview", { metadata: {} }, context), {
    kind: "SelfSubjectReview",
    apiVersion: "authentication.k8s.io/v1",
    metadata: { creationTimestamp: null },
    status: { userInfo: { username: "root", groups: ADMIN.groups } },
  });
  assert.equal(review("SelfSubjectReview", {}, { ...context, identity: BOB })["status"], {
    userInfo: { username: "bob" },
  });
});

test.run();
