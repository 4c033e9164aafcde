import { test } from "uvu";
import * as assert from "uvu/assert";
import { toUtf8 } from "../../../src/bytes.ts";
import {
  integerMember,
  isObject,
  mapMember,
  MAX_JSON_DEPTH,
  member,
  objectMember,
  parseJsonObject,
  stringMember,
  stringsMember,
} from "../../../src/k8s/json.ts";
import { thrown } from "../../fakes.ts";

const parse = (text: string) => parseJsonObject(toUtf8(text));

test("parseJsonObject reads an object", () => {
  assert.equal(parse('{"a":[1,"x",null,true,{"b":{}}]}'), { a: [1, "x", null, true, { b: {} }] });
});

test("parseJsonObject refuses what is no object or no JSON", () => {
  for (
    const text of ["", "x", "[]", "null", "7", '"x"', "{", "{}{}", "{'a':1}", '{"a":1,}', "{}x", "\ufeff{}", "{a:1}"]
  ) {
    assert.match(thrown("malformed-object", () => parse(text)).message, /^Cannot read JSON: /);
  }
  thrown("malformed-object", () => parseJsonObject(Uint8Array.of(0x7b, 0xff, 0x7d)));
});

test("parseJsonObject reads 32 levels and refuses 33, of either bracket", () => {
  const nested = (depth: number): string => `${'{"a":['.repeat(depth / 2)}${"]}".repeat(depth / 2)}`;
  parse(nested(MAX_JSON_DEPTH));
  for (const text of [nested(MAX_JSON_DEPTH + 2), '{"a":'.repeat(33), "[".repeat(33), "[".repeat(1_000_000)]) {
    assert.is(thrown("malformed-object", () => parse(text)).message, "Cannot read JSON: nesting deeper than 32");
  }
});

test("parseJsonObject counts no brackets in strings, and is not fooled by escapes", () => {
  const open = "[".repeat(50);
  for (const text of [`{"${open}":1}`, `{"a":"\\"${open}"}`, `{"a":"\\\\","b":"${open}"}`, `{"a":"\\u0022${open}"}`]) {
    parse(text);
  }
  for (const text of [`{"a":"\\\\"${open}`, `{"a":"x"${open}`, `{"a":"\\\\\\\\"${open}`]) {
    assert.is(thrown("malformed-object", () => parse(text)).message, "Cannot read JSON: nesting deeper than 32");
  }
});

test("isObject: no array, not null", () => {
  assert.equal([{}, { a: 1 }].map(isObject), [true, true]);
  assert.equal([null, undefined, [], 1, "x", true].map(isObject), Array(6).fill(false));
});

test("member sees own members only, null being absent", () => {
  const object = parse('{"a":null,"b":0,"c":"","d":false,"__proto__":{"e":1}}');
  assert.equal(["a", "b", "c", "d", "e", "toString", "constructor"].map((key) => member(object, key)), [
    undefined,
    0,
    "",
    false,
    undefined,
    undefined,
    undefined,
  ]);
  assert.equal(member(object, "__proto__"), { e: 1 });
});

test("objectMember: absent is empty, another type is refused by path", () => {
  assert.equal(objectMember(parse('{"a":{"b":1}}'), "a", "a"), { b: 1 });
  assert.equal(objectMember(parse('{"a":null}'), "a", "a"), {});
  assert.equal(objectMember({}, "a", "a"), {});
  for (const value of ["[]", "1", '"x"', "true"]) {
    const error = thrown("malformed-object", () => objectMember(parse(`{"a":${value}}`), "a", "x.a"));
    assert.is(error.message, "Cannot read x.a: it is not an object");
  }
});

test("stringMember: empty is absent, another type is refused", () => {
  assert.is(stringMember({ a: "x" }, "a", "a"), "x");
  for (const object of [{}, { a: null }, { a: "" }]) assert.is(stringMember(object, "a", "a"), undefined);
  for (const a of [1, true, [], {}, ["x"]]) {
    assert.is(
      thrown("malformed-object", () => stringMember({ a }, "a", "s.a")).message,
      "Cannot read s.a: it is not a string",
    );
  }
});

test("stringsMember: a list of strings and nothing else", () => {
  assert.equal(stringsMember({ a: ["x", ""] }, "a", "a"), ["x", ""]);
  assert.equal(stringsMember({ a: [] }, "a", "a"), []);
  assert.is(stringsMember({ a: null }, "a", "a"), undefined);
  for (const a of ["x", {}, [1], ["x", null], [["x"]], 0]) {
    thrown("malformed-object", () => stringsMember({ a }, "a", "a"));
  }
});

test("mapMember: a map of strings and nothing else", () => {
  assert.equal(mapMember({ a: { x: "y" } }, "a", "a"), { x: "y" });
  assert.is(mapMember({}, "a", "a"), undefined);
  for (const a of ["x", [], ["x"], { x: 1 }, { x: null }, 0]) {
    thrown("malformed-object", () => mapMember({ a }, "a", "a"));
  }
  const map = mapMember(parse('{"a":{"__proto__":"x"}}'), "a", "a");
  assert.equal(Object.keys(map ?? {}), ["__proto__"]);
});

test("integerMember: 32 bits, whole", () => {
  for (const a of [0, 1, -1, 2 ** 31 - 1, -(2 ** 31)]) assert.is(integerMember({ a }, "a", "a"), a);
  assert.is(integerMember({ a: null }, "a", "a"), undefined);
  for (const a of [2 ** 31, -(2 ** 31) - 1, 1.5, NaN, Infinity, "1", true, [1]]) {
    thrown("malformed-object", () => integerMember({ a }, "a", "a"));
  }
});

test.run();
