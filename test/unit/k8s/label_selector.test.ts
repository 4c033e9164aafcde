import { test } from "uvu";
import * as assert from "uvu/assert";
import { parseLabelSelector } from "../../../src/k8s/label_selector.ts";
import { faultOf } from "../support.ts";

test("parseLabelSelector matches as Kubernetes does", () => {
  const labels = { a: "1", "x.io/b": "two", empty: "" };
  const cases: [string, boolean][] = [
    ["", true],
    ["  ", true],
    ["a", true],
    ["!a", false],
    ["c", false],
    ["! c", true],
    ["a=1", true],
    ["a==1", true],
    ["a = 2", false],
    ["a!=1", false],
    ["a!=2", true],
    ["c!=2", true],
    ["empty=", true],
    ["empty", true],
    ["c=", false],
    ["a in (1,2)", true],
    ["a in ( 2 )", false],
    ["a notin (1)", false],
    ["c notin (1)", true],
    ["empty in (,1)", true],
    ["empty in (1,)", true],
    ["a>0", true],
    ["a<1", false],
    ["x.io/b>0", false],
    ["c<9", false],
    ["a=1,x.io/b in (two),!c", true],
    ["a=1,c", false],
    ["in=1", false],
    ["toString", false],
    ["constructor!=x", true],
  ];
  for (const [text, expected] of cases) assert.is(parseLabelSelector(text)(labels), expected, text);
});

test("parseLabelSelector refuses what is no selector, and says where", () => {
  const cases: [string, RegExp][] = [
    ["=", /^found '=', expected: !, identifier, or 'end of string'$/],
    ["a,", /^found '', expected: identifier after ','$/],
    ["a,,b", /^found ',', expected: identifier after ','$/],
    ["a b", /^unable to parse requirement: found 'b', expected: 'in', 'notin'/],
    ["a=1 b", /^found 'b', expected: ',' or 'end of string'$/],
    ["a in 1", /^unable to parse requirement: found '1' expected: '\('$/],
    ["a in ()", /^unable to parse requirement: for 'in', 'notin' operators, values set can't be empty$/],
    ["a in (1", /^unable to parse requirement: found '', expected: ',' or '\)'$/],
    ["a in (1 2)", /^unable to parse requirement: found '2', expected: ',' or '\)'$/],
    ["a=(", /^unable to parse requirement: found '\(', expected: identifier$/],
    ["!", /^unable to parse requirement: found '', expected: identifier$/],
    ["!a=1", /^unable to parse requirement: found '=', expected: /],
    ["-a", /^unable to parse requirement: key: Invalid value: "-a": name part must consist of/],
    ["a/b/c", /^unable to parse requirement: key: Invalid value: "a\/b\/c": a qualified name/],
    ["a=-1", /^unable to parse requirement: values\[0\]\[a\]: Invalid value: "-1": a valid label must/],
    ["a>x", /for 'Gt', 'Lt' operators, the value must be an integer/],
    ["__proto__", /^unable to parse requirement: key: /],
  ];
  for (const [text, message] of cases) {
    assert.match(faultOf("malformed-object", () => parseLabelSelector(text)).message, message, text);
  }
});

test("parseLabelSelector takes long selectors in time", () => {
  const start = performance.now();
  const text = Array.from({ length: 5_000 }, (_, i) => `k${i}!=v`).join(",");
  assert.ok(parseLabelSelector(text)({}));
  for (const bad of ["(".repeat(50_000), "a in (" + ",".repeat(50_000), "!".repeat(50_000), "a".repeat(50_000)]) {
    faultOf("malformed-object", () => parseLabelSelector(bad));
  }
  assert.ok(performance.now() - start < 2_000);
});

test.run();
