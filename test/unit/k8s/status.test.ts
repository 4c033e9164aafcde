import { test } from "uvu";
import * as assert from "uvu/assert";
import { CertgenError, type ErrorCode } from "../../../src/errors.ts";
import { errorOf, statusOf } from "../../../src/k8s/status.ts";

const CODES: Record<ErrorCode, [number, string]> = {
  "malformed-pem": [422, "Invalid"],
  "malformed-der": [422, "Invalid"],
  "malformed-asn1": [422, "Invalid"],
  "malformed-key": [422, "Invalid"],
  "malformed-object": [400, "BadRequest"],
  "invalid-object": [422, "Invalid"],
  "unsupported-algorithm": [422, "Invalid"],
  "invalid-signature": [422, "Invalid"],
  "invalid-certificate": [500, "InternalError"],
  "denied": [403, "Forbidden"],
  "unauthorized": [401, "Unauthorized"],
  "forbidden": [403, "Forbidden"],
  "not-found": [404, "NotFound"],
  "already-exists": [409, "AlreadyExists"],
  "conflict": [409, "Conflict"],
  "forked": [409, "Conflict"],
  "expired": [410, "Expired"],
  "method-not-allowed": [405, "MethodNotAllowed"],
  "not-acceptable": [406, "NotAcceptable"],
  "unsupported-media-type": [415, "UnsupportedMediaType"],
  "too-large": [413, "RequestEntityTooLarge"],
  "too-many-requests": [429, "TooManyRequests"],
  "unavailable": [503, "ServiceUnavailable"],
  "rejected": [500, "InternalError"],
  "timed-out": [500, "InternalError"],
  "hook-failed": [500, "InternalError"],
  "unsafe-path": [500, "InternalError"],
  "io": [500, "InternalError"],
};

test("statusOf gives every code its HTTP status and reason", () => {
  for (const [code, [http, reason]] of Object.entries(CODES)) {
    const status = statusOf(new CertgenError(code as ErrorCode, "secret"), { name: "a" });
    assert.equal([status.code, status.reason, status.kind, status.apiVersion, status.status], [
      http,
      reason,
      "Status",
      "v1",
      "Failure",
    ]);
    assert.equal(status.metadata, {});
    if (http === 500) assert.is(status.message, "Internal error: the signer's log says more");
  }
});

test("statusOf tells nothing of what is no CertgenError", () => {
  for (const error of [new Error("secret"), "secret", { message: "secret" }, null, undefined, 7]) {
    const status = statusOf(error, { name: "a" });
    assert.equal(status, {
      kind: "Status",
      apiVersion: "v1",
      metadata: {},
      status: "Failure",
      reason: "InternalError",
      code: 500,
      message: "Internal error: the signer's log says more",
    });
  }
});

test("statusOf has Kubernetes' texts and details", () => {
  const about = { name: "a", group: "certificates.k8s.io", kind: "certificatesigningrequests" };
  const cases: [CertgenError, string, unknown][] = [
    [new CertgenError("not-found", "x"), 'certificatesigningrequests.certificates.k8s.io "a" not found', about],
    [
      new CertgenError("already-exists", "x"),
      'certificatesigningrequests.certificates.k8s.io "a" already exists',
      about,
    ],
    [
      new CertgenError("forbidden", "why"),
      'certificatesigningrequests.certificates.k8s.io "a" is forbidden: why',
      about,
    ],
    [
      new CertgenError("conflict", "x"),
      'Operation cannot be fulfilled on certificatesigningrequests.certificates.k8s.io "a": the object has been modified; ' +
      "please apply your changes to the latest version and try again",
      about,
    ],
    [
      new CertgenError("forked", "another key was first"),
      'Operation cannot be fulfilled on certificatesigningrequests.certificates.k8s.io "a": another key was first',
      about,
    ],
    [new CertgenError("unauthorized", "Unauthorized"), "Unauthorized", undefined],
    [new CertgenError("malformed-object", "bad JSON"), "bad JSON", undefined],
    [new CertgenError("method-not-allowed", "x"), "x", {}],
    [new CertgenError("not-acceptable", "x"), "x", {}],
    [new CertgenError("unsupported-media-type", "x"), "x", undefined],
    [new CertgenError("too-large", "x"), "x", undefined],
    [
      new CertgenError("unavailable", "x"),
      "x",
      { name: "a", group: "certificates.k8s.io", retryAfterSeconds: 5 },
    ],
  ];
  for (const [error, message, details] of cases) {
    const status = statusOf(error, { name: "a" });
    assert.is(status.message, message);
    assert.equal(status.details, details);
  }
});

test("statusOf without a name says what it has to", () => {
  assert.is(statusOf(new CertgenError("not-found", "gone")).message, "gone");
  assert.is(statusOf(new CertgenError("forbidden", "no")).message, "no");
  assert.equal(statusOf(new CertgenError("not-found", "gone")).details, {});
});

test("statusOf names field and cause of what is invalid, and quotes the name", () => {
  const error = new CertgenError("invalid-object", "m", { field: "spec.usages", fieldReason: "FieldValueRequired" });
  const status = statusOf(error, { name: 'a"b\n' });
  assert.is(status.message, 'CertificateSigningRequest.certificates.k8s.io "a\\"b\\n" is invalid: spec.usages: m');
  assert.equal(status.details, {
    name: 'a"b\n',
    group: "certificates.k8s.io",
    kind: "CertificateSigningRequest",
    causes: [{ reason: "FieldValueRequired", message: "m", field: "spec.usages" }],
  });
  const { details } = statusOf(new CertgenError("malformed-der", "m"));
  assert.equal(details?.causes, [{ reason: "FieldValueInvalid", message: "m", field: "spec.request" }]);
  assert.is(details?.name, undefined);
});

test("errorOf gives the code by the HTTP status", () => {
  const cases: [number, unknown, ErrorCode][] = [
    [401, {}, "unauthorized"],
    [403, {}, "forbidden"],
    [404, {}, "not-found"],
    [410, {}, "expired"],
    [413, {}, "too-large"],
    [409, {}, "already-exists"],
    [409, { reason: "AlreadyExists" }, "already-exists"],
    [409, { reason: "Conflict" }, "conflict"],
    [429, {}, "unavailable"],
    [500, {}, "unavailable"],
    [503, {}, "unavailable"],
    [599, {}, "unavailable"],
    [400, {}, "rejected"],
    [405, {}, "rejected"],
    [415, {}, "rejected"],
    [422, {}, "rejected"],
  ];
  for (const [status, body, code] of cases) assert.is(errorOf(status, body).code, code, String(status));
});

test("errorOf shows the message, 2000 characters at most, or the number", () => {
  assert.is(errorOf(400, { message: "why" }).message, "why");
  assert.is(errorOf(400, { message: "x".repeat(5000) }).message.length, 2000);
  for (const body of [undefined, null, "why", 7, [], {}, { message: 7 }, { message: null }]) {
    assert.is(errorOf(400, body).message, "HTTP status 400");
  }
});

test("errorOf undoes statusOf as far as an agent cares", () => {
  for (
    const code of [
      "unauthorized",
      "forbidden",
      "not-found",
      "already-exists",
      "conflict",
      "too-large",
      "unavailable",
    ] as const
  ) {
    const status = statusOf(new CertgenError(code, "x"), { name: "a" });
    assert.is(errorOf(status.code, status).code, code);
  }
});

test.run();
