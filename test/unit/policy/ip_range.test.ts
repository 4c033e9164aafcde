import { test } from "uvu";
import * as assert from "uvu/assert";
import { ipRange } from "../../../src/policy/ip_range.ts";
import { parseIp } from "../../../src/x509/ip.ts";

const octets = (text: string): Uint8Array => parseIp(text) ?? new Uint8Array();

const RANGES: Readonly<Record<string, readonly [has: string[], hasNot: string[]]>> = {
  "10.8.89.0/24": [["10.8.89.0", "10.8.89.255"], ["10.8.88.255", "10.8.90.0", "::a08:5900"]],
  "10.8.89.9": [["10.8.89.9"], ["10.8.89.8", "10.8.89.10"]],
  "10.8.89.9/32": [["10.8.89.9"], ["10.8.89.8", "10.8.89.10"]],
  "10.8.89.8/30": [["10.8.89.8", "10.8.89.11"], ["10.8.89.7", "10.8.89.12"]],
  "128.0.0.0/1": [["128.0.0.0", "255.255.255.255"], ["127.255.255.255"]],
  "0.0.0.0/0": [["0.0.0.0", "255.255.255.255"], ["::", "::1"]],
  "::1": [["::1"], ["::", "::2", "0.0.0.1"]],
  "fd00::/9": [["fd00::", "fd7f:ffff::1"], ["fd80::", "fcff::"]],
  "2001:db8::/33": [["2001:db8:7fff::"], ["2001:db8:8000::"]],
  "::/0": [["::", "ffff::"], ["10.0.0.1"]],
  // mapped addresses are their IPv4 addresses, and no IPv6 range has those
  "::/64": [["::1:2:3:4"], ["10.0.0.1"]],
};

for (const [text, [has, hasNot]] of Object.entries(RANGES)) {
  test(`R28 ${text} has what is in it, up to its edges`, () => {
    const range = ipRange(text);
    assert.is(range.text, text);
    for (const address of has) assert.ok(range.has(octets(address)), address);
    for (const address of hasNot) assert.not(range.has(octets(address)), address);
  });
}

test("R28 a range has nothing that is no address", () => {
  for (const length of [0, 3, 5, 15, 17]) {
    for (const text of ["0.0.0.0/0", "::/0", "::1"]) assert.not(ipRange(text).has(new Uint8Array(length)));
  }
});

test("R28 an IPv4 range has an IPv4-mapped address as its IPv4 address", () => {
  assert.ok(ipRange("10.0.0.0/8").has(octets("::ffff:10.1.2.3")));
  assert.not(ipRange("::/0").has(octets("::ffff:10.1.2.3")));
});

test("ipRange refuses what is no address or CIDR in its one form", () => {
  const FAULTS: Readonly<Record<string, string>> = {
    "": "neither",
    "10.0.0": "neither",
    "010.0.0.0/8": "neither",
    "10.0.0.0/8/8": "neither",
    "a.example/8": "neither",
    "fe80::1%eth0": "neither",
    "10.0.0.0/": "prefix length",
    "10.0.0.0/33": "prefix length that is not 0 to 32",
    "10.0.0.0/08": "prefix length",
    "10.0.0.0/-1": "prefix length",
    "10.0.0.0/255.0.0.0": "prefix length",
    "fd00::/129": "prefix length that is not 0 to 128",
    "10.8.89.9/24": 'write "10.8.89.0/24"',
    "0.0.0.1/0": 'write "0.0.0.0/0"',
    "fd00::1/8": 'write "fd00::/8"',
    "::ffff:10.0.0.1": 'write "10.0.0.1"',
    "::ffff:10.0.0.0/104": "IPv6 form",
  };
  for (const [text, words] of Object.entries(FAULTS)) {
    assert.throws(() => ipRange(text), (error: unknown) => {
      return error instanceof TypeError && error.message.includes(words);
    }, text);
  }
});

test.run();
