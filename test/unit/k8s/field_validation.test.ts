import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  parseFieldValidation,
  strictError,
  strictPatchError,
  warningHeaders,
} from "../../../src/k8s/field_validation.ts";
import { statusOf } from "../../../src/k8s/status.ts";
import { faultOf } from "../support.ts";

const FAULTS = ['unknown field "spec.bogus"', 'duplicate field "metadata.name"'];

test("parseFieldValidation reads the three directives, and warns where none is said", () => {
  const read = (query: string) => parseFieldValidation(new URLSearchParams(query), "CreateOptions");
  assert.is(read(""), "Warn");
  assert.is(read("fieldValidation="), "Warn");
  for (const one of ["Ignore", "Warn", "Strict"]) assert.is(read(`fieldValidation=${one}&dryRun=All`), one);
  assert.is(read("fieldValidation=Strict&fieldValidation=x"), "Strict");
});

test("parseFieldValidation refuses another value as kube-apiserver does", () => {
  for (const kind of ["CreateOptions", "UpdateOptions", "PatchOptions"] as const) {
    for (const text of ["strict", "Warn "]) {
      const query = new URLSearchParams({ fieldValidation: text });
      const status = statusOf(faultOf("invalid-object", () => parseFieldValidation(query, kind)), { name: "a" });
      const message = `Unsupported value: "${text}": supported values: "", "Ignore", "Strict", "Warn"`;
      assert.is(status.message, `${kind}.meta.k8s.io "" is invalid: fieldValidation: ${message}`);
      const causes = [{ reason: "FieldValueNotSupported", message, field: "fieldValidation" }];
      assert.equal([status.code, status.details], [422, { group: "meta.k8s.io", kind, causes }]);
    }
  }
});

test("strictError is a 400 with all faults", () => {
  assert.equal(statusOf(strictError(FAULTS, "v1")).code, 400);
  assert.is(
    strictError(FAULTS, "v1").message,
    'CertificateSigningRequest in version "v1" cannot be handled as a CertificateSigningRequest: ' +
      'strict decoding error: unknown field "spec.bogus", duplicate field "metadata.name"',
  );
});

test("strictPatchError is a 422 of the patch", () => {
  const { code, details } = statusOf(strictPatchError(FAULTS), { name: "a" });
  assert.is(code, 422);
  assert.equal(details?.causes, [{
    reason: "FieldValueInvalid",
    message: 'Invalid value: strict decoding error: unknown field "spec.bogus", duplicate field "metadata.name"',
    field: "patch",
  }]);
});

test("warningHeaders escapes quotes and backslashes", () => {
  assert.equal(warningHeaders(FAULTS), [
    '299 - "unknown field \\"spec.bogus\\""',
    '299 - "duplicate field \\"metadata.name\\""',
  ]);
  assert.equal(warningHeaders(['a\\"']), ['299 - "a\\\\\\""']);
  assert.equal(warningHeaders([]), []);
});

test("warningHeaders makes headers whatever the text is, bounded each and together", () => {
  for (const text of ["a\r\nSet-Cookie: x", "ü", "\u0000", "\ud800", "\u2028", "\t"]) {
    const [header = ""] = warningHeaders([text]);
    assert.match(header, /^299 - "[\x20-\x7e]*"$/);
    assert.is(new Headers([["warning", header]]).get("warning"), header);
  }
  const [long = ""] = warningHeaders(["\\".repeat(1_000)]);
  assert.is(long, `299 - "${"\\\\".repeat(256)}"`);
  const all = warningHeaders(Array.from({ length: 200 }, (_, i) => `${i} ${"x".repeat(300)}`));
  assert.is(all.length, Math.floor(4_096 / (256 + 8)));
});

test.run();
