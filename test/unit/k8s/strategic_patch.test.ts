import { test } from "uvu";
import * as assert from "uvu/assert";
import type { JsonObject } from "../../../src/k8s/json.ts";
import { applyStrategicPatch } from "../../../src/k8s/strategic_patch.ts";
import { faultOf } from "../support.ts";

const owner = (uid: string, name = uid) => ({ apiVersion: "v1", kind: "Node", name, uid });
const meta = (metadata: JsonObject) => ({ metadata });
const patchMeta = (target: JsonObject, patch: JsonObject) => applyStrategicPatch(meta(target), meta(patch))["metadata"];

test("applyStrategicPatch merges maps, removes null and replaces lists", () => {
  const target = {
    metadata: { labels: { a: "1", b: "2" } },
    spec: { usages: ["client auth"] },
    status: { conditions: [{ type: "Approved" }] },
  };
  const patch = {
    metadata: { labels: { a: null, c: "3" } },
    spec: { usages: ["server auth"] },
    status: { conditions: [{ type: "Denied" }] },
  };
  const before = JSON.stringify(target);
  assert.equal(applyStrategicPatch(target, patch), {
    metadata: { labels: { b: "2", c: "3" } },
    spec: { usages: ["server auth"] },
    status: { conditions: [{ type: "Denied" }] },
  });
  assert.is(JSON.stringify(target), before);
});

test("applyStrategicPatch merges finalizers as a set", () => {
  assert.equal(patchMeta({ finalizers: ["a", "b"] }, { finalizers: ["b", "c"] }), { finalizers: ["a", "b", "c"] });
  assert.equal(patchMeta({}, { finalizers: ["b"] }), { finalizers: ["b"] });
  assert.equal(patchMeta({ finalizers: ["a", "b"] }, { "$deleteFromPrimitiveList/finalizers": ["a"] }), {
    finalizers: ["b"],
  });
  assert.equal(
    patchMeta({ finalizers: ["a", "b"] }, { "$setElementOrder/finalizers": ["c", "b"], finalizers: ["c"] }),
    { finalizers: ["c", "b", "a"] },
  );
  assert.equal(patchMeta({ finalizers: ["a"] }, { finalizers: null }), {});
});

test("applyStrategicPatch merges ownerReferences by uid", () => {
  const target = { ownerReferences: [owner("1"), owner("2")] };
  assert.equal(patchMeta(target, { ownerReferences: [{ uid: "2", name: "new" }, owner("3")] }), {
    ownerReferences: [owner("1"), owner("2", "new"), owner("3")],
  });
  assert.equal(patchMeta(target, { ownerReferences: [{ $patch: "delete", uid: "1" }] }), {
    ownerReferences: [owner("2")],
  });
  assert.equal(patchMeta(target, { ownerReferences: [owner("9"), { $patch: "replace" }] }), {
    ownerReferences: [owner("9")],
  });
  assert.equal(patchMeta(target, { "$setElementOrder/ownerReferences": [{ uid: "2" }, { uid: "1" }] }), {
    ownerReferences: [owner("2"), owner("1")],
  });
});

test("applyStrategicPatch honours $patch and $retainKeys on objects", () => {
  const target = { labels: { a: "1", b: "2" }, name: "x" };
  assert.equal(patchMeta(target, { labels: { $patch: "replace", c: "3" } }), { labels: { c: "3" }, name: "x" });
  assert.equal(patchMeta(target, { labels: { $patch: "delete" } }), { name: "x" });
  assert.equal(patchMeta(target, { labels: { $patch: "merge", c: "3" } }), {
    labels: { a: "1", b: "2", c: "3" },
    name: "x",
  });
  assert.equal(patchMeta(target, { labels: { $retainKeys: ["b", "c"], c: "3" } }), {
    labels: { b: "2", c: "3" },
    name: "x",
  });
  assert.equal(applyStrategicPatch({ a: 1 }, { $patch: "replace", b: 2 }), { b: 2 });
});

test("applyStrategicPatch refuses directives that are none", () => {
  const cases: JsonObject[] = [
    { labels: { $patch: "other" } },
    { labels: { $patch: null } },
    { labels: { $retainKeys: "a" } },
    { "$setElementOrder/finalizers": "a" },
    { "$deleteFromPrimitiveList/finalizers": {} },
    { finalizers: [1] },
    { ownerReferences: ["x"] },
  ];
  for (const patch of cases) {
    assert.match(
      faultOf("malformed-object", () => patchMeta({ labels: {} }, patch)).message,
      /^error decoding patch: /,
    );
  }
  const noKey = faultOf("invalid-object", () => patchMeta({}, { ownerReferences: [{ name: "x" }] }));
  assert.match(noKey.message, "does not contain declared merge key: uid");
});

test("applyStrategicPatch reaches no prototype", () => {
  const patch = JSON.parse('{"__proto__":{"polluted":1},"metadata":{"__proto__":{"polluted":1}}}') as JsonObject;
  applyStrategicPatch({ metadata: {} }, patch);
  assert.is(Reflect.get({}, "polluted"), undefined);
});

test.run();
