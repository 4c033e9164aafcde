import { test } from "uvu";
import * as assert from "uvu/assert";
import { CertgenError, messageOf } from "../../src/errors.ts";

test("CertgenError carries code, message and details", () => {
  const cause = new Error("disk");
  const error = new CertgenError("io", "Cannot read file", {
    offset: 3,
    reason: "Because",
    field: "spec.request",
    fieldReason: "FieldValueInvalid",
    cause,
  });
  assert.instance(error, Error);
  assert.is(error.name, "CertgenError");
  assert.is(error.code, "io");
  assert.is(error.message, "Cannot read file");
  assert.is(error.offset, 3);
  assert.is(error.reason, "Because");
  assert.is(error.field, "spec.request");
  assert.is(error.fieldReason, "FieldValueInvalid");
  assert.is(error.cause, cause);
  assert.match(String(error), "CertgenError: Cannot read file");
});

test("CertgenError has no details and no cause unless given", () => {
  const error = new CertgenError("denied", "Cannot sign");
  assert.is(error.offset, undefined);
  assert.is(error.reason, undefined);
  assert.is(error.field, undefined);
  assert.is(error.fieldReason, undefined);
  assert.not.ok("cause" in error);
  assert.is(new CertgenError("denied", "", { offset: 0 }).offset, 0);
});

test("messageOf gives the message of anything thrown", () => {
  assert.is(messageOf(new TypeError("one")), "one");
  assert.is(messageOf("two"), "two");
  assert.is(messageOf(undefined), "undefined");
  assert.is(messageOf({ toString: () => "three" }), "three");
});

test.run();
