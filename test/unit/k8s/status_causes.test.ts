import { test } from "uvu";
import * as assert from "uvu/assert";
import { CertgenError } from "../../../src/errors.ts";
import { forbidden, refuse, required } from "../../../src/k8s/field.ts";
import { PRECONDITION, type Status, statusOf, TOO_LARGE } from "../../../src/k8s/status.ts";
import { faultOf } from "../support.ts";

function statusOfRefusal(run: () => void, name?: string): Status {
  return statusOf(faultOf("invalid-object", run), { name });
}

test("statusOf lists several causes", () => {
  const status = statusOfRefusal(() => refuse([required("a"), forbidden("b", "no")]), "x");
  assert.is(
    status.message,
    'CertificateSigningRequest.certificates.k8s.io "x" is invalid: [a: Required value, b: Forbidden: no]',
  );
  assert.equal(status.details, {
    name: "x",
    group: "certificates.k8s.io",
    kind: "CertificateSigningRequest",
    causes: [
      { reason: "FieldValueRequired", message: "Required value", field: "a" },
      { reason: "FieldValueForbidden", message: "Forbidden: no", field: "b" },
    ],
  });
});

test("statusOf names what the fields are of", () => {
  const status = statusOfRefusal(() => refuse([required("a")], { group: "meta.k8s.io", kind: "ListOptions" }), "x");
  assert.is(status.message, 'ListOptions.meta.k8s.io "" is invalid: a: Required value');
  assert.equal(Object.keys(status.details ?? {}), ["group", "kind", "causes"]);
});

test("statusOf says no more than the message where the causes are none", () => {
  const status = statusOf(new CertgenError("invalid-object", "the server rejected it", { causes: [] }), { name: "x" });
  assert.equal([status.code, status.message, status.details], [422, "the server rejected it", {}]);
});

test("statusOf tells a precondition from a write that came too late", () => {
  const failed = statusOf(new CertgenError("conflict", "Precondition failed: UID", { reason: PRECONDITION }), {
    name: "x",
  });
  assert.match(failed.message, /"x": Precondition failed: UID$/);
  assert.match(
    statusOf(new CertgenError("conflict", "secret"), { name: "x" }).message,
    /"x": the object has been modified; please/,
  );
});

test("statusOf says that a revision is of another store in a way that clients begin anew by", () => {
  const status = statusOf(new CertgenError("expired", "Too large resource version: 9", { reason: TOO_LARGE }));
  assert.equal([status.code, status.reason, status.message], [410, "Expired", "Too large resource version: 9"]);
  assert.equal(status.details, { causes: [{ reason: TOO_LARGE, message: "Too large resource version" }] });
  assert.is(statusOf(new CertgenError("expired", "too old")).details, undefined);
});

test("statusOf tells who has too much when to come again", () => {
  const status = statusOf(new CertgenError("too-many-requests", "enough"), { name: "x" });
  assert.equal([status.code, status.reason, status.message], [429, "TooManyRequests", "enough"]);
  assert.is(status.details?.retryAfterSeconds, 60);
});

test("statusOf says of the collection that it is forbidden", () => {
  const status = statusOf(new CertgenError("forbidden", "no"), { name: undefined });
  assert.is(status.message, "certificatesigningrequests.certificates.k8s.io is forbidden: no");
  assert.equal(status.details, { group: "certificates.k8s.io", kind: "certificatesigningrequests" });
});

test.run();
