import { test } from "uvu";
import * as assert from "uvu/assert";
import { toUtf8 } from "../../../src/bytes.ts";
import { CertgenError } from "../../../src/errors.ts";
import type { PatchType } from "../../../src/k8s/accept.ts";
import { applyPatch, checkPatchOptions, parsePatch, patchedFault } from "../../../src/k8s/patch.ts";
import { faultOf } from "../support.ts";

const parse = (type: PatchType, body: string) => parsePatch(type, toUtf8(body));
const TARGET = { metadata: { finalizers: ["a"] } };

test("applyPatch applies each of the four types", () => {
  const cases: [PatchType, string, unknown][] = [
    ["json", '[{"op":"add","path":"/metadata/finalizers/-","value":"b"}]', { metadata: { finalizers: ["a", "b"] } }],
    ["merge", '{"metadata":{"finalizers":["b"]}}', { metadata: { finalizers: ["b"] } }],
    ["strategic", '{"metadata":{"finalizers":["b"]}}', { metadata: { finalizers: ["a", "b"] } }],
    ["apply", "metadata: {finalizers: [b]}", { metadata: { finalizers: ["a", "b"] } }],
  ];
  for (const [type, body, expected] of cases) {
    const patch = parse(type, body);
    assert.equal(applyPatch(patch, TARGET), expected, type);
    assert.equal(applyPatch(patch, TARGET), expected, `${type} again`);
    assert.equal(TARGET, { metadata: { finalizers: ["a"] } });
  }
});

test("applyPatch makes an object of nothing for apply only", () => {
  assert.equal(applyPatch(parse("apply", '{"metadata":{"name":"a"}}'), undefined), { metadata: { name: "a" } });
  for (const type of ["merge", "strategic"] as const) {
    faultOf("not-found", () => applyPatch(parse(type, "{}"), undefined));
  }
});

test("parsePatch refuses bodies of the wrong shape", () => {
  const cases: [PatchType, string][] = [
    ["json", "{}"],
    ["json", ""],
    ["json", "["],
    ["merge", "[]"],
    ["merge", "x"],
    ["merge", "null"],
    ["merge", '{"a":'.repeat(40) + "1" + "}".repeat(40)],
    ["strategic", '"x"'],
    ["apply", "- a"],
    ["apply", "a: ["],
  ];
  for (const [type, body] of cases) {
    assert.match(faultOf("malformed-object", () => parse(type, body)).message, /^error decoding patch: /, body);
  }
});

test("applyPatch refuses a result that is no object", () => {
  for (const value of ["[]", "null", "7"]) {
    const patch = parse("json", `[{"op":"replace","path":"","value":${value}}]`);
    assert.is(faultOf("invalid-object", () => applyPatch(patch, TARGET)).field, "patch");
  }
});

test("patchedFault makes 422 of what a patched object cannot be decoded for", () => {
  const fault = patchedFault(
    new CertgenError("malformed-object", "Cannot read metadata.labels: it is not a map of strings"),
  );
  assert.instance(fault, CertgenError);
  assert.equal([(fault as CertgenError).code, (fault as CertgenError).field], ["invalid-object", "patch"]);
  for (const other of [new CertgenError("conflict", "x"), new Error("x"), "x"]) assert.is(patchedFault(other), other);
});

test("checkPatchOptions wants a field manager for apply, and force for nothing else", () => {
  const check = (type: PatchType, query: string) => () => checkPatchOptions(type, new URLSearchParams(query));
  check("apply", "fieldManager=kubectl&force=false")();
  check("merge", "fieldManager=x")();
  check("merge", "")();
  const missing = faultOf("invalid-object", check("apply", "force=true"));
  assert.equal(missing.causes, [{
    field: "fieldManager",
    reason: "FieldValueRequired",
    message: "Required value: is required for apply patch",
  }]);
  assert.equal(missing.invalidKind, { group: "meta.k8s.io", kind: "PatchOptions" });
  assert.is(faultOf("invalid-object", check("strategic", "force=true")).fieldReason, "FieldValueForbidden");
});

test.run();
