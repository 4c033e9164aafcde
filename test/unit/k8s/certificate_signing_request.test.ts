import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  type CertificateSigningRequest,
  checkKind,
  conditionOf,
  encode,
  fromBase64Pem,
  isOwn,
  parseTimestamp,
  timestamp,
  toBase64Pem,
} from "../../../src/k8s/certificate_signing_request.ts";
import { updateObject } from "../../../src/k8s/validation.ts";
import { faultOf } from "../support.ts";

const OBJECT: CertificateSigningRequest = {
  kind: "CertificateSigningRequest",
  apiVersion: "certificates.k8s.io/v1",
  metadata: { name: "a", uid: "u", resourceVersion: "7", creationTimestamp: "2026-01-01T00:00:00Z" },
  spec: { request: "eA==", signerName: "a.b/c", usages: ["client auth"], username: "u", groups: [] },
  status: { conditions: [{ type: "Approved", status: "True" }] },
};

test("updateObject takes the object as it is", () => {
  const sent = { ...OBJECT, metadata: { ...OBJECT.metadata, labels: { l: "1" } }, spec: {} };
  const options = { subresource: "", version: "v1", now: new Date("2026-02-02T00:00:00Z") } as const;
  const updated: CertificateSigningRequest = updateObject<CertificateSigningRequest>(OBJECT, sent, options);
  assert.equal(updated.metadata.labels, { l: "1" });
  assert.equal(updated.spec, OBJECT.spec);
  assert.ok(isOwn(updated));
});

test("checkKind takes what says nothing, and refuses other kinds and versions", () => {
  checkKind({}, "v1");
  checkKind({ kind: "CertificateSigningRequest", apiVersion: "certificates.k8s.io/v1beta1" }, "v1beta1");
  assert.match(
    faultOf("malformed-object", () => checkKind({ kind: "Pod", apiVersion: "v2" }, "v1")).message,
    'Pod in version "v2" cannot be handled as a CertificateSigningRequest: ',
  );
  assert.match(faultOf("malformed-object", () => checkKind({ kind: "Pod" }, "v1")).message, 'Pod in version "v1"');
  assert.is(
    faultOf("malformed-object", () => checkKind({ apiVersion: "certificates.k8s.io/v1beta1" }, "v1")).message,
    "the API version in the data (certificates.k8s.io/v1beta1) does not match the expected API version " +
      "(certificates.k8s.io/v1)",
  );
  const long = { kind: "x".repeat(100_000), apiVersion: "y".repeat(100_000) };
  assert.ok(faultOf("malformed-object", () => checkKind(long, "v1")).message.length < 500);
  faultOf("malformed-object", () => checkKind({ kind: 1 }, "v1"));
});

test("encode writes the version that is asked through, and so hides who made the object", () => {
  for (const apiVersion of ["certificates.k8s.io/v1", "certificates.k8s.io/v1beta1"] as const) {
    const object = { ...OBJECT, apiVersion };
    assert.is(isOwn(object), apiVersion === "certificates.k8s.io/v1");
    for (const version of ["v1", "v1beta1"] as const) {
      const text = encode(object, version);
      assert.ok(text.endsWith("}\n"));
      assert.equal(JSON.parse(text), { ...OBJECT, apiVersion: `certificates.k8s.io/${version}` });
    }
  }
});

test("conditionOf finds a condition by type", () => {
  assert.is(conditionOf(OBJECT, "Approved")?.type, "Approved");
  assert.is(conditionOf(OBJECT, "Denied"), undefined);
  assert.is(conditionOf({ status: {} }, "Approved"), undefined);
});

test("base64 of PEM goes both ways", () => {
  assert.is(fromBase64Pem(toBase64Pem("ü\n")), "ü\n");
  for (const text of ["!", "AAA", "/w=="]) faultOf("malformed-object", () => fromBase64Pem(text));
});

test("timestamp is RFC 3339 in whole seconds", () => {
  assert.is(timestamp(new Date("2026-03-01T12:00:00.999Z")), "2026-03-01T12:00:00Z");
});

test("parseTimestamp takes RFC 3339 only, and only what it can write", () => {
  assert.is(parseTimestamp("2026-03-01T12:00:00.999999999Z"), "2026-03-01T12:00:00Z");
  assert.is(parseTimestamp("2026-03-01T12:00:00+02:00"), "2026-03-01T10:00:00Z");
  const bad = [
    "",
    "x",
    "2026-03-01",
    "2026-03-01T12:00:00",
    "2026-03-01 12:00:00Z",
    "2026-13-01T12:00:00Z",
    " 2026-03-01T12:00:00Z",
    "2026-03-01T12:00:00Z\n",
    // years that four digits cannot say
    "9999-12-31T23:59:59-01:00",
    "0000-01-01T00:00:00+01:00",
  ];
  for (const text of bad) assert.is(parseTimestamp(text), undefined, text);
});

test.run();
