import { test } from "uvu";
import * as assert from "uvu/assert";
import { dnsPattern, isGivenDnsName, wildcardName } from "../../../src/policy/dns_allowance.ts";
import { askedDnsName } from "../../../src/policy/names.ts";

const gives = (pattern: string, name: string, parts: Record<string, string> = {}): boolean => {
  const filled = dnsPattern(pattern).fill(new Map(Object.entries(parts)));
  return isGivenDnsName(askedDnsName(name), new Set(filled === undefined ? [] : [filled]));
};

test("an exact name gives itself alone", () => {
  assert.ok(gives("A.Example.org", "a.example.org"));
  for (const name of ["example.org", "b.a.example.org", "a.example.orgx", "xa.example.org", ""]) {
    assert.not(gives("a.example.org", name), name);
  }
});

test("a suffix gives what has a label or more before it", () => {
  for (const name of ["a.example.org", "b.a.example.org"]) assert.ok(gives(".example.org", name), name);
  for (const name of ["example.org", "evilexample.org", ".example.org", "a.example.org.evil", "a.example.com", "org"]) {
    assert.not(gives(".example.org", name), name);
  }
});

test("parts are put in as one label each", () => {
  const parts = { node: "etcd1", dc: "fra" };
  assert.ok(gives("{node}", "etcd1", parts));
  assert.ok(gives("{node}.{dc}.example", "etcd1.fra.example", parts));
  assert.ok(gives("{node}-peer.example", "etcd1-peer.example", parts));
  assert.ok(gives(".{node}.example", "x.y.etcd1.example", parts));
  assert.not(gives(".{node}.example", "etcd1.example", parts));
  assert.not(gives("{node}.example", "etcd2.example", parts));
  assert.not(gives("{node}.example", "{node}.example", {}));
  for (const node of ["a.b", "*", "", "ETCD1", "é"]) {
    assert.not(gives("{node}.example", `${node}.example`, { node }), node);
  }
});

test("dnsPattern refuses what gives no DNS name", () => {
  const FAULTS: Readonly<Record<string, string>> = {
    "": "has 0 characters",
    "*": "wildcard name is given in wildcards",
    "*.example.org": "wildcard name is given in wildcards",
    ".": "it is empty",
    "..x": "empty label",
    "a..b": "empty label",
    "a.": "ends with a dot",
    "a b": "letters, digits",
    "{x}-.example": "letters, digits",
    "10.0.0.1": "IP address",
    "{a}{b}.example": "between them",
    "{a}-{b}.example": "between them",
    "\u212aube": "letters, digits",
  };
  for (const [text, words] of Object.entries(FAULTS)) {
    assert.throws(() => dnsPattern(text), (error: unknown) => {
      return error instanceof TypeError && error.message.includes(words);
    }, text);
  }
});

test("R27 wildcardName takes wildcards of two labels or more, and nothing else", () => {
  assert.is(wildcardName("*.Example.org"), "*.example.org");
  for (
    const text of ["*", "*.com", "a.example.org", "a.*.b", "f*o.example.org", "*.*.org", "**.example.org", "*.10.0.0.1"]
  ) {
    assert.throws(() => wildcardName(text), /is no wildcard name/, text);
  }
});

test.run();
