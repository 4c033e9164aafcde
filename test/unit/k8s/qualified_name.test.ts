import { test } from "uvu";
import * as assert from "uvu/assert";
import { labelValueFault, qualifiedNameFault } from "../../../src/k8s/qualified_name.ts";

test("qualifiedNameFault takes names with and without a prefix", () => {
  for (const name of ["a", "A-b_c.9", "x.io/a", "a-1.b/C", "a".repeat(63), `${"a".repeat(253)}/b`]) {
    assert.is(qualifiedNameFault(name), undefined, name);
  }
});

test("qualifiedNameFault says what is wrong", () => {
  const cases: [string, RegExp][] = [
    ["", /^name part must be non-empty$/],
    ["x.io/", /^name part must be non-empty$/],
    ["/a", /^prefix part must be non-empty$/],
    ["a/b/c", /^a qualified name must consist/],
    ["X.io/a", /^prefix part a lowercase RFC 1123 subdomain/],
    ["-x/a", /^prefix part a lowercase/],
    ["a".repeat(64), /no more than 63 bytes$/],
    [`${"a".repeat(254)}/b`, /no more than 253 bytes$/],
    ["_a", /^name part must consist/],
    ["a ", /^name part must consist/],
    ["a\n", /^name part must consist/],
    ["é", /^name part must consist/],
  ];
  for (const [name, fault] of cases) assert.match(qualifiedNameFault(name) ?? "", fault, name);
});

test("labelValueFault takes empty values", () => {
  assert.is(labelValueFault(""), undefined);
  assert.is(labelValueFault("a_b.C-9"), undefined);
  assert.match(labelValueFault("a/b") ?? "", /^a valid label must be/);
  assert.match(labelValueFault("a".repeat(64)) ?? "", /no more than 63 bytes$/);
});

test.run();
