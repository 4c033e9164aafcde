import { test } from "uvu";
import * as assert from "uvu/assert";
import { applyMergePatch } from "../../../src/k8s/merge_patch.ts";

/** RFC 7386 appendix A: document, patch, result. */
const VECTORS: [string, string, string][] = [
  ['{"a":"b"}', '{"a":"c"}', '{"a":"c"}'],
  ['{"a":"b"}', '{"b":"c"}', '{"a":"b","b":"c"}'],
  ['{"a":"b"}', '{"a":null}', "{}"],
  ['{"a":"b","b":"c"}', '{"a":null}', '{"b":"c"}'],
  ['{"a":["b"]}', '{"a":"c"}', '{"a":"c"}'],
  ['{"a":"c"}', '{"a":["b"]}', '{"a":["b"]}'],
  ['{"a":{"b":"c"}}', '{"a":{"b":"d","c":null}}', '{"a":{"b":"d"}}'],
  ['{"a":[{"b":"c"}]}', '{"a":[1]}', '{"a":[1]}'],
  ['["a","b"]', '["c","d"]', '["c","d"]'],
  ['{"a":"b"}', '["c"]', '["c"]'],
  ['{"a":"foo"}', "null", "null"],
  ['{"a":"foo"}', '"bar"', '"bar"'],
  ['{"e":null}', '{"a":1}', '{"e":null,"a":1}'],
  ["[1,2]", '{"a":"b","c":null}', '{"a":"b"}'],
  ["{}", '{"a":{"bb":{"ccc":null}}}', '{"a":{"bb":{}}}'],
];

test("applyMergePatch passes the examples of RFC 7386", () => {
  for (const [document, patch, expected] of VECTORS) {
    const target: unknown = JSON.parse(document);
    assert.is(JSON.stringify(applyMergePatch(target, JSON.parse(patch))), expected);
    assert.is(JSON.stringify(target), document);
  }
});

test("applyMergePatch reaches no prototype", () => {
  const patch: unknown = JSON.parse('{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}');
  const result = applyMergePatch({ a: 1 }, patch);
  assert.is(Reflect.get({}, "polluted"), undefined);
  assert.is(Object.getPrototypeOf(result), Object.prototype);
  assert.ok(Object.hasOwn(result as object, "__proto__"));
});

test.run();
