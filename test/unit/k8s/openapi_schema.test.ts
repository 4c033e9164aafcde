import { test } from "uvu";
import * as assert from "uvu/assert";
import { schemaName, schemasOf } from "../../../src/k8s/openapi_schema.ts";

/** The members that the API has (api.md §7), in alphabetical order as `kubectl explain` shows them. */
const MEMBERS: [string, string[]][] = [
  ["", ["apiVersion", "kind", "metadata", "spec", "status"]],
  ["Spec", ["expirationSeconds", "extra", "groups", "request", "signerName", "uid", "usages", "username"]],
  ["Status", ["certificate", "conditions"]],
  ["Condition", ["lastTransitionTime", "lastUpdateTime", "message", "reason", "status", "type"]],
];

test("schemasOf describes every member of the objects", () => {
  for (const version of ["v1", "v1beta1"] as const) {
    const schemas = schemasOf(version);
    for (const [type, members] of MEMBERS) {
      const properties = schemas[schemaName(version, type)]?.["properties"] as Record<string, Record<string, unknown>>;
      assert.equal(Object.keys(properties), members);
      for (const [name, { description, type, allOf }] of Object.entries(properties)) {
        assert.ok(description && (type ?? allOf), name);
      }
    }
  }
});

test("schemasOf requires what each version requires", () => {
  const required = (version: "v1" | "v1beta1", type: string) =>
    schemasOf(version)[schemaName(version, type)]?.["required"];
  assert.equal(required("v1", "Spec"), ["request", "signerName"]);
  assert.equal(required("v1beta1", "Spec"), ["request"]);
  assert.equal(required("v1", "Condition"), ["type", "status"]);
  assert.equal(required("v1beta1", "Condition"), ["type"]);
});

test.run();
