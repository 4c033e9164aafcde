import { test } from "uvu";
import * as assert from "uvu/assert";
import { toUtf8 } from "../../../src/bytes.ts";
import { bodyFaults, patchFaults, unknownFields } from "../../../src/k8s/field_faults.ts";
import { isObject, type JsonObject, parseJsonObject } from "../../../src/k8s/json.ts";
import { faultOf } from "../support.ts";

const body = (text: string): string[] => bodyFaults(toUtf8(text));
const GOOD = {
  kind: "CertificateSigningRequest",
  apiVersion: "certificates.k8s.io/v1",
  metadata: {
    name: "a",
    creationTimestamp: null,
    labels: { "any.key/x": "y", "": "" },
    annotations: { a: '{"name":1,"name":2}' },
    ownerReferences: [{ apiVersion: "v1", kind: "Node", name: "n", uid: "1", controller: true }],
    managedFields: [{ manager: "m", fieldsV1: { "f:metadata": { ".": {}, "f:x": {} } } }],
  },
  spec: { request: "eA==", usages: ["any"], extra: { "a/b": ["c"] }, expirationSeconds: 6e2 },
  status: { conditions: [{ type: "Approved", status: "True" }, {}] },
};

test("a good object has no faults, however it is written", () => {
  for (const indent of [0, 2, "\t\r\n "]) assert.equal(body(JSON.stringify(GOOD, null, indent)), []);
  assert.equal(unknownFields(GOOD), []);
  for (
    const text of ["{}", ' { "spec" : { } , "status" : null } ', '{"spec":{"usages":[ ]},"metadata":{"labels":{ }}}']
  ) {
    assert.equal(body(text), []);
  }
});

test("unknown fields are told with their paths, in order, once each, and not looked into", () => {
  const object = {
    Kind: "x",
    metadata: { Name: "a", ownerReferences: [{}, { x: 1 }], clusterName: { "a": { b: 1 } } },
    spec: { bogus: [{ spec: { x: 1 } }], signername: 1 },
    status: { conditions: [[], { "observedGeneration": 1 }], phase: "" },
    items: [],
  };
  const faults = [
    'unknown field "Kind"',
    'unknown field "metadata.Name"',
    'unknown field "metadata.ownerReferences[1].x"',
    'unknown field "metadata.clusterName"',
    'unknown field "spec.bogus"',
    'unknown field "spec.signername"',
    'unknown field "status.conditions[1].observedGeneration"',
    'unknown field "status.phase"',
    'unknown field "items"',
  ];
  assert.equal(body(JSON.stringify(object)), faults);
  assert.equal(unknownFields(object), faults);
  assert.equal(body('{"x":1,"x":{"a":1,"a":2},"spec":null}'), ['unknown field "x"']);
});

test("duplicate fields are told with their paths, in maps too, wherever they stand", () => {
  assert.equal(body('{"metadata":{"name":"a","uid":"u","name":"b"},"metadata":{"name":"c"},"kind":"x","kind":"x"}'), [
    'duplicate field "metadata.name"',
    'duplicate field "metadata"',
    'duplicate field "kind"',
  ]);
  assert.equal(body('{"metadata":{"labels":{"a":"1","b":"2","a":"3"}}}'), ['duplicate field "metadata.labels.a"']);
  assert.equal(body('{"spec":{"extra":{"a":[],"a":["b"]}}}'), ['duplicate field "spec.extra.a"']);
  assert.equal(body('{"status":{"conditions":[{},{"type":"a","type":"b"}]}}'), [
    'duplicate field "status.conditions[1].type"',
  ]);
  // one and the same key, once with an escape
  assert.equal(body('{"spec":{"uid":"a","\\u0075id":"b"}}'), ['duplicate field "spec.uid"']);
  assert.equal(body('{"spec":{"uid":1,"bogus":1,"uid":null}}'), [
    'unknown field "spec.bogus"',
    'duplicate field "spec.uid"',
  ]);
  assert.equal(body('{"metadata":{"managedFields":[{"a":1,"a":1}]}}'), []);
});

test("strings that look like JSON are strings", () => {
  assert.equal(body('{"spec":{"uid":"\\"}, {\\\\","usages":["]","\\\\"],"username":"},{"},"x":1}'), [
    'unknown field "x"',
  ]);
  assert.equal(body('{"metadata":{"labels":{"}":"{","\\"":"\\\\"}},"y":-1.5e+3,"kind":true}'), ['unknown field "y"']);
});

test("__proto__ and constructor are fields like others", () => {
  const text = '{"__proto__":{},"spec":{"constructor":1,"toString":1},"metadata":{"labels":{"__proto__":"a"}}}';
  const faults = ['unknown field "__proto__"', 'unknown field "spec.constructor"', 'unknown field "spec.toString"'];
  assert.equal(body(text), faults);
  assert.equal(unknownFields(parseJsonObject(toUtf8(text))), faults);
});

test("faults are printable ASCII, bounded in number and length", () => {
  assert.equal(body('{"ü\\u202e\\r\\n\\"\\\\😀":1}'), [
    'unknown field "\\u00fc\\u202e\\r\\n\\"\\\\\\ud83d\\ude00"',
  ]);
  const many = Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`${i}-${"x".repeat(300)}`, 1]));
  for (const faults of [body(JSON.stringify(many)), unknownFields(many)]) {
    assert.is(faults.length, 100);
    assert.ok(faults.every((fault) => fault.length < 250 && /^[\x20-\x7e]*$/.test(fault)));
  }
});

test("a path of many long keys is told shortened", () => {
  const key = "x".repeat(1_000);
  const text = `{"${key}":`.repeat(20) + '{"a":1,"a":2}' + "}".repeat(20);
  assert.equal(patchFaults("merge", toUtf8(text)), [`duplicate field "${"x".repeat(100)}.${"x".repeat(99)}..."`]);
});

test("bodies are gone through once", () => {
  const started = performance.now();
  const texts = [
    `{"spec":{"uid":"${"\\\\".repeat(500_000)}"}}`,
    `{"spec":{"usages":[${'"a", '.repeat(200_000)}"a"]}}`,
    `{"metadata":{"labels":{${'"a":"b",'.repeat(100_000)}"a":"b"}}}`,
    `{${" ".repeat(1_000_000)}}`,
    `{"x":${"[".repeat(31)}${"1,".repeat(300_000)}1${"]".repeat(31)}}`,
  ];
  for (const text of texts) body(text);
  assert.ok(performance.now() - started < 3_000, `${performance.now() - started} ms`);
});

test("what is too deep, or no JSON at all, comes to an end", () => {
  faultOf("malformed-object", () => body('{"x":'.repeat(33)));
  for (
    const text of ["", "{", "[}", "{]", '{"', '{"a', '{"a"', '{"a":', '{"a":[1', "{,}", "[,", "{:", '{"a":1 "b"', "]"]
  ) {
    body(text);
  }
});

test("patchFaults finds what is doubled in a merge patch, and what is unknown in a JSON Patch", () => {
  const patch = (type: "json" | "merge" | "strategic", text: string) => patchFaults(type, toUtf8(text));
  for (const type of ["merge", "strategic"] as const) {
    const text = '{"metadata":{"labels":{"a":1,"a":null}},"bogus":1,"l":[{"x":{"y":1,"y":2}}]}';
    assert.equal(patch(type, text), ['duplicate field "metadata.labels.a"', 'duplicate field "l[0].x.y"']);
  }
  const operations = '[{"op":"add","op":"test","path":"/a","value":{"b":1,"b":2}},{"oop":1,"from":""}]';
  assert.equal(patch("json", operations), [
    'json patch duplicate field "[0].op"',
    'json patch duplicate field "[0].value.b"',
    'json patch unknown field "[1].oop"',
  ]);
  assert.equal(patch("json", "[]"), []);
});

test("bodyFaults and unknownFields agree about what JSON.stringify writes", () => {
  // a small generator: members by the bits of a seed
  const keys = ["kind", "metadata", "spec", "status", "labels", "ownerReferences", "conditions", "name", "x"];
  let seed = 1;
  const next = (limit: number): number => (seed = (seed * 48_271) % 2_147_483_647) % limit;
  const make = (depth: number): unknown => {
    const kind = next(depth > 4 ? 2 : 5);
    if (kind < 2) return [null, 'a,]}"{[:\\', -1.5, true][next(4)];
    if (kind === 2) return Array.from({ length: next(3) }, () => make(depth + 1));
    return Object.fromEntries(Array.from({ length: next(6) }, () => [keys[next(keys.length)], make(depth + 1)]));
  };
  let found = 0;
  for (let i = 0; i < 3_000; i++) {
    const value = make(0);
    if (!isObject(value)) continue;
    const object: JsonObject = value;
    const expected = unknownFields(object);
    found += expected.length;
    assert.equal(body(JSON.stringify(object, null, next(3))), expected);
  }
  assert.ok(found > 1_000);
});

test.run();
