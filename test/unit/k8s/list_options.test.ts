import { test } from "uvu";
import * as assert from "uvu/assert";
import { checkListRevision, parseListOptions, parseRevision, tooOld } from "../../../src/k8s/list_options.ts";
import { TOO_LARGE } from "../../../src/k8s/status.ts";
import { faultOf } from "../support.ts";

const parse = (query: string) => parseListOptions(new URLSearchParams(query));
const causesOf = (query: string) => faultOf("invalid-object", () => parse(query)).causes ?? [];

test("parseListOptions defaults to a list of everything there is", () => {
  const { selectors, ...options } = parse("timeout=32s&unknown=1");
  assert.equal(options, {
    watch: false,
    limit: 0,
    continueToken: undefined,
    resourceVersion: { match: "latest" },
    timeoutSeconds: undefined,
    allowWatchBookmarks: false,
  });
  assert.ok(selectors.matchesAll);
});

test("parseListOptions takes every value but 0 and false for true", () => {
  for (const value of ["true", "True", "1", "yes", ""]) assert.is(parse(`watch=${value}`).watch, true, value);
  for (const value of ["0", "false", "False", "FALSE"]) assert.is(parse(`watch=${value}`).watch, false, value);
  assert.is(parse("watch").watch, true);
  assert.is(parse("watch=1&allowWatchBookmarks=true").allowWatchBookmarks, true);
});

test("parseListOptions reads numbers and bounds them", () => {
  assert.is(parse("limit=500").limit, 500);
  assert.is(parse("limit=-1").limit, 0);
  assert.is(parse("limit=").limit, 0);
  assert.is(parse("timeoutSeconds=300").timeoutSeconds, 300);
  assert.is(parse("timeoutSeconds=99999999999").timeoutSeconds, 86_400);
  assert.is(parse("timeoutSeconds=0").timeoutSeconds, undefined);
  for (const bad of ["limit=abc", "limit=1.5", "limit=0x1", "timeoutSeconds=1s", `limit=${"9".repeat(30)}`]) {
    assert.match(faultOf("malformed-object", () => parse(bad)).message, /^strconv.ParseInt: parsing "/);
  }
});

test("parseListOptions reads how new an answer must be", () => {
  assert.equal(parse("resourceVersion=").resourceVersion, { match: "latest" });
  assert.equal(parse("resourceVersion=0").resourceVersion, { match: "any" });
  assert.equal(parse("resourceVersion=7").resourceVersion, { match: "notOlderThan", revision: 7 });
  assert.equal(parse("resourceVersion=7&resourceVersionMatch=NotOlderThan").resourceVersion, {
    match: "notOlderThan",
    revision: 7,
  });
  assert.equal(parse("resourceVersion=7&resourceVersionMatch=Exact").resourceVersion, { match: "exact", revision: 7 });
  assert.equal(parseRevision("18446744073709551615"), Number.MAX_SAFE_INTEGER);
  for (const bad of ["abc", "-1", "1.5", " 1", "9".repeat(21)]) {
    assert.match(faultOf("malformed-object", () => parseRevision(bad)).message, /^resourceVersion: Invalid value: /);
  }
});

test("parseListOptions refuses what does not go together, each with its field", () => {
  const cases: [string, string, string][] = [
    ["resourceVersionMatch=Exact", "resourceVersionMatch", "FieldValueForbidden"],
    ["resourceVersion=0&resourceVersionMatch=Exact", "resourceVersionMatch", "FieldValueForbidden"],
    ["resourceVersion=1&resourceVersionMatch=Other", "resourceVersionMatch", "FieldValueNotSupported"],
    ["resourceVersion=1&resourceVersionMatch=Exact&continue=x", "resourceVersionMatch", "FieldValueForbidden"],
    ["watch=1&resourceVersion=1&resourceVersionMatch=NotOlderThan", "resourceVersionMatch", "FieldValueForbidden"],
    ["watch=1&sendInitialEvents=true", "sendInitialEvents", "FieldValueForbidden"],
    ["sendInitialEvents=false", "sendInitialEvents", "FieldValueForbidden"],
  ];
  for (const [query, field, reason] of cases) {
    const [cause] = causesOf(query);
    assert.equal([cause?.field, cause?.reason], [field, reason], query);
  }
  const watchList = "watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true";
  assert.is(causesOf(watchList).length, 2);
  assert.equal(faultOf("invalid-object", () => parse(watchList)).invalidKind, {
    group: "meta.k8s.io",
    kind: "ListOptions",
  });
  faultOf("malformed-object", () => parse("continue=x&resourceVersion=7"));
  assert.is(parse("continue=x&resourceVersion=0").continueToken, "x");
});

test("checkListRevision refuses the future, and the past where exactly that is wanted", () => {
  checkListRevision({ match: "latest" }, 5);
  checkListRevision({ match: "any" }, 5);
  checkListRevision({ match: "notOlderThan", revision: 1 }, 5);
  checkListRevision({ match: "exact", revision: 5 }, 5);
  const future = faultOf("expired", () => checkListRevision({ match: "notOlderThan", revision: 6 }, 5));
  assert.equal([future.message, future.reason], ["Too large resource version: 6, current: 5", TOO_LARGE]);
  faultOf("expired", () => checkListRevision({ match: "exact", revision: 4 }, 5));
  assert.is(tooOld(1, 222).message, "too old resource version: 1 (222)");
});

test.run();
