import { test } from "uvu";
import * as assert from "uvu/assert";
import { askedDnsName, canonicalIp, nameKey, numberFault, sortNames } from "../../../src/policy/names.ts";
import type { GeneralNameType } from "../../../src/x509/general_name.ts";
import { namesOf } from "../../policy.ts";

test("sortNames takes kinds apart, in the form in which they are compared", () => {
  assert.equal(sortNames(namesOf(["B.example", "*.X.example", "a"], ["10.0.0.1", "::1"]), 5), {
    dnsNames: [{ text: "b.example", suffixes: [".example"] }, { text: "a", suffixes: [] }],
    wildcards: ["*.x.example"],
    ipAddresses: [
      { text: "10.0.0.1", octets: Uint8Array.of(10, 0, 0, 1) },
      { text: "::1", octets: Uint8Array.of(...Array(15).fill(0), 1) },
    ],
  });
  assert.equal(askedDnsName("a.b.c").suffixes, [".b.c", ".c"]);
});

test("M2 sortNames looks at no more names than there may be", () => {
  const names = namesOf(["a", "b"], ["::1"]);
  assert.is(sortNames(names, 3).fault, undefined);
  assert.equal(sortNames(names, 2), {
    dnsNames: [],
    wildcards: [],
    ipAddresses: [],
    fault: "3 names are asked for: 2 are possible",
  });
  const untouched = names.map((name) =>
    Object.defineProperty({ ...name }, "value", { get: () => assert.unreachable() })
  );
  assert.ok(sortNames(untouched, 2).fault);
  assert.is(numberFault(names, 3), undefined);
});

test("R26 R28 R30 sortNames finds what no rule gives", () => {
  const bad: [GeneralNameType, string][] = [
    ["email", "a@b"],
    ["uri", "spiffe://a"],
    ["otherName", ""],
    ["dns", ""],
    ["dns", "a\0b"],
    ["dns", "\u212aube"],
    ["dns", "*"],
    ["dns", "*.com"],
    ["dns", "a.*.b"],
    ["dns", ".example.org"],
    ["dns", "10.0.0.1"],
    ["ip", "::ffff:10.0.0.1"],
    ["ip", "10.0.0.01"],
    ["ip", "10.0.0.0/8"],
    ["ip", "0:0::1"],
  ];
  for (const [type, value] of bad) {
    const { fault, ...rest } = sortNames([{ type, value }], 1);
    assert.match(fault ?? "", "is given by no rule", `${type}:${value}`);
    assert.equal(rest, { dnsNames: [], wildcards: [], ipAddresses: [] });
  }
});

test("nameKey tells names apart by what they are", () => {
  assert.is(nameKey({ type: "dns", value: "A.b" }), nameKey({ type: "dns", value: "a.B" }));
  assert.is(nameKey({ type: "ip", value: "::ffff:10.0.0.1" }), nameKey({ type: "ip", value: "10.0.0.1" }));
  assert.is.not(nameKey({ type: "dns", value: "\u212a" }), nameKey({ type: "dns", value: "k" }));
  assert.is.not(nameKey({ type: "uri", value: "a" }), nameKey({ type: "dns", value: "a" }));
  assert.is(canonicalIp("0:0::1"), "::1");
  assert.is(canonicalIp("x"), undefined);
});

test.run();
