import { test } from "uvu";
import * as assert from "uvu/assert";
import { FREE, JSON_PATCH, REQUEST_SHAPE, type Shape } from "../../../src/k8s/field_shape.ts";
import { schemaName, schemasOf } from "../../../src/k8s/openapi_schema.ts";

/** The shape at a path; `[]` is an item, `*` a value of a map. */
function at(path: string): Shape | undefined {
  return path.split(".").reduce<Shape | undefined>((shape, key) => {
    return key === "[]" ? shape?.items : key === "*" ? shape?.values : shape?.fields?.get(key);
  }, REQUEST_SHAPE);
}

test("REQUEST_SHAPE has the fields of the schemas, through references", () => {
  const keys = (path: string): string[] => [...at(path)?.fields?.keys() ?? []].sort();
  assert.equal([...REQUEST_SHAPE.fields?.keys() ?? []], ["apiVersion", "kind", "metadata", "spec", "status"]);
  assert.equal(keys("spec"), [
    "expirationSeconds",
    "extra",
    "groups",
    "request",
    "signerName",
    "uid",
    "usages",
    "username",
  ]);
  assert.equal(keys("status"), ["certificate", "conditions"]);
  assert.equal(keys("status.conditions.[]"), [
    "lastTransitionTime",
    "lastUpdateTime",
    "message",
    "reason",
    "status",
    "type",
  ]);
  assert.equal(keys("metadata.ownerReferences.[]").length, 6);
  assert.equal(keys("metadata").length, 15);
});

test("REQUEST_SHAPE has maps with any key, and does not look into what it does not describe", () => {
  for (const path of ["metadata.labels.*", "metadata.annotations.*", "spec.extra.*.[]", "spec.usages.[]"]) {
    assert.equal(at(path), {}, path);
  }
  assert.equal(at("metadata.managedFields.[]"), {});
  assert.equal(at("metadata.creationTimestamp"), {});
});

test("both versions have the same fields, so that one shape serves", () => {
  for (const type of ["", "Spec", "Status", "Condition"]) {
    const [v1, v1beta1] = (["v1", "v1beta1"] as const).map((version) => {
      return Object.keys(schemasOf(version)[schemaName(version, type)]?.["properties"] ?? {});
    });
    assert.equal(v1, v1beta1, type);
    assert.ok((v1?.length ?? 0) > 0);
  }
});

test("FREE has no end, JSON_PATCH the members of an operation", () => {
  assert.is(FREE.values?.items?.values, FREE);
  assert.equal([...JSON_PATCH.items?.fields?.keys() ?? []], ["op", "path", "from", "value"]);
});

test.run();
