import { test } from "uvu";
import * as assert from "uvu/assert";
import { duplicate, forbidden, invalid, notSupported, refuse, required, tooLong } from "../../../src/k8s/field.ts";
import { faultOf } from "../support.ts";

test("faults read as Kubernetes writes them", () => {
  assert.equal(required("f"), { field: "f", reason: "FieldValueRequired", message: "Required value" });
  assert.is(required("f", "is required").message, "Required value: is required");
  assert.equal(invalid("f", 'a"b', "no"), {
    field: "f",
    reason: "FieldValueInvalid",
    message: 'Invalid value: "a\\"b": no',
  });
  assert.is(invalid("f", 599, "no").message, "Invalid value: 599: no");
  assert.is(notSupported("f", "x", ["a", "b"]).message, 'Unsupported value: "x": supported values: "a", "b"');
  assert.is(duplicate("f", "x").message, 'Duplicate value: "x"');
  assert.is(tooLong("f", 5).message, "Too long: must have at most 5 bytes");
  assert.is(forbidden("f", "no").message, "Forbidden: no");
  assert.ok(invalid("f", "x".repeat(10_000), "").message.length < 200);
});

test("refuse throws every cause, and nothing where there is none", () => {
  refuse([]);
  const fault = faultOf("invalid-object", () => refuse([required("a"), forbidden("b", "no")]));
  assert.is(fault.field, "a");
  assert.is(fault.fieldReason, "FieldValueRequired");
  assert.equal(fault.causes?.map(({ field }) => field), ["a", "b"]);
  assert.is(fault.invalidKind, undefined);
  const kind = { group: "meta.k8s.io", kind: "ListOptions" };
  assert.equal(faultOf("invalid-object", () => refuse([required("a")], kind)).invalidKind, kind);
});

test("refuse tells a hundred causes at most", () => {
  const causes = Array.from({ length: 1_000 }, (_, i) => required(`f${i}`));
  assert.equal(faultOf("invalid-object", () => refuse(causes)).causes, causes.slice(0, 100));
});

test.run();
