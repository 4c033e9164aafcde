import { isIP } from "node:net";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { toHex } from "../../../src/bytes.ts";
import { formatIp, isMapped, parseIp } from "../../../src/x509/ip.ts";
import { hex } from "../support.ts";

test("R28 parseIp takes addresses, and formatIp writes them as RFC 5952 wants", () => {
  const addresses: readonly (readonly [text: string, octets: string, shortest: string])[] = [
    ["0.0.0.0", "00000000", "0.0.0.0"],
    ["10.8.89.9", "0a085909", "10.8.89.9"],
    ["255.255.255.255", "ffffffff", "255.255.255.255"],
    ["::", "00".repeat(16), "::"],
    ["::1", `${"00".repeat(15)}01`, "::1"],
    ["1::", `0001${"00".repeat(14)}`, "1::"],
    ["0:0:0:0:0:0:0:1", `${"00".repeat(15)}01`, "::1"],
    ["2001:DB8::A", "20010db800000000000000000000000a", "2001:db8::a"],
    ["2001:0db8:0000:0000:0000:0000:0002:0001", "20010db8000000000000000000020001", "2001:db8::2:1"],
    ["2001:db8:0:1:1:1:1:1", "20010db8000000010001000100010001", "2001:db8:0:1:1:1:1:1"],
    ["2001:0:0:1:0:0:0:1", "20010000000000010000000000000001", "2001:0:0:1::1"],
    ["2001:db8:0:0:1:0:0:1", "20010db8000000000001000000000001", "2001:db8::1:0:0:1"],
    ["1:2:3:4:5:6:7::", "00010002000300040005000600070000", "1:2:3:4:5:6:7:0"],
    ["::2:3:4:5:6:7:8", "00000002000300040005000600070008", "0:2:3:4:5:6:7:8"],
    ["64:ff9b::192.0.2.33", "0064ff9b0000000000000000c0000221", "64:ff9b::c000:221"],
    ["1:2:3:4:5:6:1.2.3.4", "00010002000300040005000601020304", "1:2:3:4:5:6:102:304"],
    ["::1.2.3.4", "000000000000000000000000" + "01020304", "::102:304"],
    ["::ffff:1.2.3.4", "01020304", "1.2.3.4"],
    ["::FFFF:102:304", "01020304", "1.2.3.4"],
    ["0000:0000:0000:0000:0000:ffff:255.255.255.255", "ffffffff", "255.255.255.255"],
  ];
  for (const [text, octets, shortest] of addresses) {
    const parsed = parseIp(text);
    assert.is(parsed && toHex(parsed), octets, text);
    assert.is(formatIp(hex(octets)), shortest);
    assert.ok(isIP(text) !== 0, text);
    const again = parseIp(shortest);
    assert.is(again && toHex(again), octets, shortest);
  }
});

test("R28 parseIp refuses", () => {
  const none = [
    ...["", " ", "1", "1.2.3", "1.2.3.4.5", "1.2.3.", ".1.2.3", "1..2.3", "256.1.1.1", "1.2.3.256", "1.2.3.999"],
    ...["01.2.3.4", "1.2.3.04", "00.0.0.0", "0x1.2.3.4", "1.2.3.4 ", " 1.2.3.4", "+1.2.3.4", "1.2.3.-4", "1e1.2.3.4"],
    ...["1.2.3.4\n", "1.2.3.4/8", "1.2.3.4:80", "[1.2.3.4]", "١.٢.٣.٤", "1.2.3.4\0", "2130706433"],
    ...[":", ":::", "::1::", "1::2::3", "1:::2", ":1", "1:", ":1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8:", "1:2:3:4:5:6:7"],
    ...[
      "1:2:3:4:5:6:7:8:9",
      "1:2:3:4::5:6:7:8",
      "::1:2:3:4:5:6:7:8",
      "1:2:3:4:5:6:7:8::",
      "12345::",
      "::g",
      "::-1",
      ":: 1",
    ],
    ...["fe80::1%eth0", "fe80::1%25eth0", "[::1]", "[::1", "::1]", "::1/128", "::01.2.3.4", "::1.2.3", "::1.2.3.4.5"],
    ...["::1.2.3.256", "1.2.3.4::", "::1.2.3.4:5", "1:2:3:4:5:6:7:1.2.3.4", "::ffff:01.2.3.4", `::${"0".repeat(44)}1`],
  ];
  for (const text of none) {
    assert.is(parseIp(text), undefined, JSON.stringify(text));
    if (!text.includes("%")) assert.is(isIP(text), 0, `${JSON.stringify(text)} is one to node:net`);
  }
});

test("isMapped knows IPv4-mapped addresses only", () => {
  assert.ok(isMapped(hex("00000000000000000000ffff01020304")));
  assert.not(isMapped(hex("00000000000000000000fffe01020304")));
  assert.not(isMapped(hex("000000000000000000000000ffff0102")));
  assert.not(isMapped(hex("01020304")));
});

test("every address goes from octets to text and back", () => {
  let seed = 7;
  const next = (): number => (seed = (seed * 48271) % 0x7fffffff);
  for (let round = 0; round < 2000; round++) {
    // many zero groups, so that "::" stands everywhere
    const octets = Uint8Array.from({ length: 16 }, (_, i) => (round >> (i >> 1)) & 1 ? next() & 0xff : 0);
    if (isMapped(octets)) continue;
    const text = formatIp(octets);
    const parsed = parseIp(text);
    assert.is(parsed && toHex(parsed), toHex(octets), text);
    assert.not.match(text, /[A-F]|(?:^|:)0[0-9a-f]|::.*::/);
  }
});

test.run();
