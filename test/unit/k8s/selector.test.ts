import { test } from "uvu";
import * as assert from "uvu/assert";
import { parseSelectors } from "../../../src/k8s/selector.ts";
import { faultOf } from "../support.ts";

const OBJECT = { metadata: { name: "a,b", labels: { k: "v" } }, spec: { signerName: "x.io/y" } };

test("parseSelectors matches names, signers and labels", () => {
  const cases: [string | null, string | null, boolean][] = [
    [null, null, true],
    ["", "", true],
    ["k=v", null, true],
    ["k=w", null, false],
    [null, "metadata.name=a\\,b", true],
    [null, "metadata.name==a\\,b,spec.signerName=x.io/y", true],
    [null, "metadata.name!=a\\,b", false],
    [null, "metadata.namespace=", true],
    [null, "metadata.namespace=default", false],
    [null, "metadata.namespace!=default,", true],
    ["k", "spec.signerName=other", false],
  ];
  for (const [labels, fields, expected] of cases) {
    assert.is(parseSelectors(labels, fields).matches(OBJECT), expected, `${labels} ${fields}`);
  }
  assert.ok(parseSelectors("!k", null).matches({ metadata: { name: "x" }, spec: { signerName: "" } }));
});

test("parseSelectors tells whether everything matches, and the only name that can", () => {
  assert.ok(parseSelectors(" ", "").matchesAll);
  assert.not(parseSelectors("k", null).matchesAll);
  assert.not(parseSelectors(null, "metadata.name!=x").matchesAll);
  assert.is(parseSelectors(null, "spec.signerName=s,metadata.name=x").name, "x");
  assert.is(parseSelectors(null, "metadata.name!=x").name, undefined);
});

test("parseSelectors refuses fields that are not supported and what is no selector", () => {
  const cases: [string, string][] = [
    ["spec.username=x", "field label not supported: spec.username"],
    ["__proto__=x", "field label not supported: __proto__"],
    ["metadata.name", "invalid selector: 'metadata.name'; can't understand 'metadata.name'"],
    ["metadata.name=a=b", "invalid field selector: unescaped character in value: a=b: ="],
    ["metadata.name=a\\x", 'invalid field selector: invalid escape sequence: "\\\\x"'],
  ];
  for (const [text, message] of cases) {
    assert.is(faultOf("malformed-object", () => parseSelectors(null, text)).message, message);
  }
  faultOf("malformed-object", () => parseSelectors("=", null));
});

test.run();
