import { test } from "uvu";
import * as assert from "uvu/assert";
import { type ChangeableMeta, metaFaults, readChangeableMeta } from "../../../src/k8s/object_meta.ts";
import { faultOf } from "../support.ts";

const owner = { apiVersion: "v1", kind: "Node", name: "n", uid: "1" };

test("readChangeableMeta reads what a client may change, and leaves out what is empty", () => {
  const metadata = {
    name: "x",
    uid: "y",
    labels: { a: "1" },
    annotations: { b: "" },
    ownerReferences: [{ ...owner, controller: true, blockOwnerDeletion: null, other: 1 }],
    finalizers: ["f", "g", "f"],
    managedFields: [{}],
  };
  assert.equal(readChangeableMeta({ metadata }), {
    labels: { a: "1" },
    annotations: { b: "" },
    ownerReferences: [{ ...owner, controller: true }],
    finalizers: ["f", "g"],
  });
  const empty = { labels: {}, annotations: null, ownerReferences: [], finalizers: [] };
  for (const object of [{}, { metadata: null }, { metadata: empty }]) assert.equal(readChangeableMeta(object), {});
});

test("readChangeableMeta refuses other types, with the path", () => {
  const cases: [unknown, string][] = [
    [[], "metadata"],
    [{ labels: { a: 1 } }, "metadata.labels"],
    [{ labels: ["a"] }, "metadata.labels"],
    [{ annotations: "a" }, "metadata.annotations"],
    [{ finalizers: "a" }, "metadata.finalizers"],
    [{ finalizers: [1] }, "metadata.finalizers"],
    [{ ownerReferences: {} }, "metadata.ownerReferences"],
    [{ ownerReferences: ["a"] }, "metadata.ownerReferences[0]"],
    [{ ownerReferences: [{ uid: 1 }] }, "metadata.ownerReferences[0].uid"],
    [{ ownerReferences: [owner, { controller: "yes" }] }, "metadata.ownerReferences[1].controller"],
  ];
  for (const [metadata, path] of cases) {
    const { message } = faultOf("malformed-object", () => readChangeableMeta({ metadata }));
    assert.ok(message.startsWith(`Cannot read ${path}: `), message);
  }
});

test("metaFaults names every field that is wrong", () => {
  const cases: [ChangeableMeta, [string, string][]][] = [
    [{}, []],
    [{ labels: { "x.io/a": "b" }, annotations: { "X.io/A": "any text\n" }, finalizers: ["x.io/f"] }, []],
    [{ labels: { "-a": "b" } }, [["metadata.labels", "FieldValueInvalid"]]],
    [{ labels: { "-a": "-b" } }, [["metadata.labels", "FieldValueInvalid"], ["metadata.labels", "FieldValueInvalid"]]],
    [{ annotations: { "a b": "" } }, [["metadata.annotations", "FieldValueInvalid"]]],
    [{ annotations: { a: "é".repeat(131_072) } }, [["metadata.annotations", "FieldValueTooLong"]]],
    [{ annotations: { a: "x".repeat(262_143) } }, []],
    [{ ownerReferences: [owner] }, []],
    [{ ownerReferences: [{ ...owner, kind: "", uid: "", apiVersion: "" }] }, [
      ["metadata.ownerReferences.apiVersion", "FieldValueInvalid"],
      ["metadata.ownerReferences.kind", "FieldValueInvalid"],
      ["metadata.ownerReferences.uid", "FieldValueInvalid"],
    ]],
    [{ ownerReferences: [{ ...owner, controller: true }, { ...owner, uid: "2", controller: true }] }, [
      ["metadata.ownerReferences", "FieldValueInvalid"],
    ]],
    [{ ownerReferences: Array.from({ length: 101 }, () => owner) }, [[
      "metadata.ownerReferences",
      "FieldValueInvalid",
    ]]],
    [{ finalizers: ["a/b/c"] }, [["metadata.finalizers", "FieldValueInvalid"]]],
    [{ finalizers: ["orphan"] }, []],
    [{ finalizers: ["orphan", "foregroundDeletion"] }, [["metadata.finalizers", "FieldValueInvalid"]]],
    [{ finalizers: Array.from({ length: 101 }, (_, i) => `f${i}`) }, [["metadata.finalizers", "FieldValueInvalid"]]],
  ];
  for (const [meta, expected] of cases) {
    assert.equal(metaFaults(meta).map(({ field, reason }) => [field, reason]), expected);
  }
});

test.run();
