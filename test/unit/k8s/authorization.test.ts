import { test } from "uvu";
import * as assert from "uvu/assert";
import { ANONYMOUS, type Identity } from "../../../src/identity.ts";
import {
  ADMINISTRATORS,
  type AuthorizationMode,
  checkMayDo,
  mayDo,
  mayUsePath,
  type ResourceAttributes,
  rulesOf,
} from "../../../src/k8s/authorization.ts";
import { faultOf } from "../support.ts";

const ADMIN: Identity = { username: "root", groups: [ADMINISTRATORS], proof: "token" };
const BOB: Identity = { username: "bob", groups: ["users"], proof: "token" };
/** Somebody who says so without having proven it. */
const IMPOSTOR: Identity = { username: "root", groups: [ADMINISTRATORS], proof: "none" };
const CLOSED: AuthorizationMode = { open: false };
const OPEN: AuthorizationMode = { open: true };

const on = (verb: string, subresource = "", resource = "certificatesigningrequests"): ResourceAttributes => ({
  verb,
  group: "certificates.k8s.io",
  resource,
  subresource,
  name: "",
});
const ADMINISTRATIVE = [
  ...["list", "watch", "update", "patch", "delete", "deletecollection"].map((verb) => on(verb)),
  ...["get", "update", "patch"].flatMap((verb) => [on(verb, "approval"), on(verb, "status")]),
];

test("administrators do everything there is", () => {
  for (const attributes of [on("create"), on("get"), ...ADMINISTRATIVE, on("approve", "", "signers")]) {
    assert.ok(mayDo(ADMIN, attributes, CLOSED), JSON.stringify(attributes));
  }
  for (const attributes of [on("create", "approval"), on("*"), on("get", "", "*"), { ...on("get"), group: "" }]) {
    assert.not(mayDo(ADMIN, attributes, CLOSED), JSON.stringify(attributes));
  }
});

test("others create, and get what they created", () => {
  assert.ok(mayDo(BOB, on("create"), CLOSED));
  assert.not(mayDo(BOB, on("get"), CLOSED));
  assert.ok(mayDo(BOB, on("get"), CLOSED, true));
  for (const attributes of ADMINISTRATIVE) assert.not(mayDo(BOB, attributes, CLOSED, true));
});

test("nobody does anything without proof, whatever the groups, in a closed signer", () => {
  for (const identity of [ANONYMOUS, IMPOSTOR]) {
    for (const attributes of [on("create"), on("get"), ...ADMINISTRATIVE]) {
      assert.not(mayDo(identity, attributes, CLOSED, true));
    }
    assert.equal(rulesOf(identity, CLOSED).resourceRules, []);
  }
});

test("everybody creates and gets in an open signer, and nobody administers", () => {
  for (const identity of [ANONYMOUS, BOB, ADMIN]) {
    assert.ok(mayDo(identity, on("create"), OPEN));
    assert.ok(mayDo(identity, on("get"), OPEN));
    for (const attributes of ADMINISTRATIVE) assert.not(mayDo(identity, attributes, OPEN, true));
  }
});

test("impersonation is for administrators, and only where it is configured", () => {
  const impersonate = { verb: "impersonate", group: "", resource: "users", subresource: "", name: "x" };
  assert.not(mayDo(ADMIN, impersonate, CLOSED));
  assert.ok(mayDo(ADMIN, impersonate, { open: false, mayImpersonate: true }));
  assert.not(mayDo(BOB, impersonate, { open: false, mayImpersonate: true }));
  assert.not(mayDo(ADMIN, impersonate, { open: true, mayImpersonate: true }));
});

test("mayUsePath lets everybody read what is public", () => {
  for (const path of ["/healthz", "/version", "/version/", "/openapi/v3/apis/x", "/apis", "/ca/etcd-peer"]) {
    assert.ok(mayUsePath(ANONYMOUS, path, "get", CLOSED), path);
  }
  for (const path of ["/", "/healthz/x", "/metrics", "/apix"]) assert.not(mayUsePath(ADMIN, path, "get", CLOSED), path);
  assert.not(mayUsePath(ADMIN, "/healthz", "post", CLOSED));
});

test("checkMayDo refuses in kube-apiserver's words", () => {
  checkMayDo(ADMIN, on("list"), CLOSED);
  checkMayDo(BOB, on("get"), CLOSED, true);
  assert.is(
    faultOf("forbidden", () => checkMayDo(BOB, on("update", "approval"), CLOSED)).message,
    'User "bob" cannot update resource "certificatesigningrequests/approval" in API group "certificates.k8s.io" ' +
      "at the cluster scope",
  );
});

test.run();
