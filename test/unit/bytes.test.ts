import { Buffer } from "node:buffer";
import { test } from "uvu";
import * as assert from "uvu/assert";
import * as bytes from "../../src/bytes.ts";
import { toUtf8 } from "../../src/bytes.ts";
import { faultOf } from "./support.ts";

const ALL = Uint8Array.from({ length: 256 }, (_, i) => i);

test("concat puts parts one after the other into new bytes", () => {
  const part = Uint8Array.of(1, 2);
  const joined = bytes.concat([part, new Uint8Array(0), Uint8Array.of(3)]);
  assert.equal(joined, Uint8Array.of(1, 2, 3));
  joined[0] = 9;
  assert.is(part[0], 1);
  assert.is(bytes.concat([]).length, 0);
  assert.equal(bytes.concat([ALL.subarray(254)]), Uint8Array.of(254, 255));
});

test("equal and equalConstantTime see each difference", () => {
  for (const same of [bytes.equal, bytes.equalConstantTime]) {
    assert.ok(same(ALL, new Uint8Array(ALL)));
    assert.ok(same(new Uint8Array(0), new Uint8Array(0)));
    assert.not(same(ALL, ALL.subarray(1)));
    assert.not(same(ALL.subarray(0, 1), ALL));
    for (const at of [0, 127, 255]) {
      const other = new Uint8Array(ALL);
      other[at] = (other[at] ?? 0) ^ 1;
      assert.not(same(ALL, other), `at ${at}`);
    }
  }
});

test("compare orders byte by byte, unsigned, a beginning first", () => {
  const order = [[], [0], [0, 255], [1], [127, 1], [128], [255], [255, 0]].map((octets) => Uint8Array.from(octets));
  for (const [i, a] of order.entries()) {
    for (const [j, b] of order.entries()) assert.is(Math.sign(bytes.compare(a, b)), Math.sign(i - j), `${a} ${b}`);
  }
});

test("hexadecimal digits there and back; anything else is refused", () => {
  assert.is(bytes.toHex(ALL), Buffer.from(ALL).toString("hex"));
  assert.equal(bytes.fromHex(bytes.toHex(ALL)), ALL);
  assert.equal(bytes.fromHex("fF0a"), Uint8Array.of(255, 10));
  assert.is(bytes.fromHex("").length, 0);
  for (const text of ["0", "0g", "0x00", " 00", "00\n", "-1", "٠٠"]) {
    faultOf("malformed-object", () => bytes.fromHex(text));
  }
});

test("base64 there and back at every length, against Buffer's", () => {
  for (let length = 0; length <= 256; length++) {
    const part = ALL.subarray(0, length);
    const text = Buffer.from(part).toString("base64");
    assert.is(bytes.toBase64(part), text);
    assert.equal(bytes.fromBase64(text), new Uint8Array(part));
    const url = Buffer.from(part).toString("base64url");
    assert.is(bytes.toBase64Url(part), url);
    assert.equal(bytes.fromBase64Url(url), new Uint8Array(part));
  }
  const large = new Uint8Array(100_000).fill(0xfb);
  assert.equal(bytes.fromBase64(bytes.toBase64(large)), large);
});

test("fromBase64 refuses white space, missing padding, the other alphabet and unused bits", () => {
  const faults = [
    "A",
    "AA",
    "AAA",
    "AA=",
    "A===",
    "====",
    "=AAA",
    "AA=A",
    "AAAA=",
    "AA==AA==",
    "AAAA\n",
    " AAAA",
    "A AA",
  ];
  for (const text of [...faults, "AA-_", "AB==", "AAB=", "AAAAAAB=", "AAÄ=", "\u0000AAA"]) {
    faultOf("malformed-object", () => bytes.fromBase64(text));
  }
});

test("fromBase64Url refuses padding, the other alphabet, a single digit and unused bits", () => {
  for (const text of ["AA==", "A", "AAAAA", "AA+_", "AA/_", "AB", "AAB", "A A", "AA\n"]) {
    faultOf("malformed-object", () => bytes.fromBase64Url(text));
  }
});

test("UTF-8 there and back, a byte order mark kept", () => {
  for (const text of ["", "etcd", "Ä€😀", "\ufeffx", "\0"]) assert.is(bytes.fromUtf8(bytes.toUtf8(text)), text);
  assert.equal(toUtf8("€"), Uint8Array.of(0xe2, 0x82, 0xac));
});

test("fromUtf8 refuses what is not UTF-8", () => {
  const faults = [[0x80], [0xc0, 0x80], [0xe2, 0x82], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xff], [
    0x61,
    0xfe,
  ]];
  for (const octets of faults) {
    const error = faultOf("malformed-object", () => bytes.fromUtf8(Uint8Array.from(octets)));
    assert.ok(error.cause !== undefined);
  }
});

test("toLatin1 gives a code unit for each byte", () => {
  assert.equal(Uint8Array.from(bytes.toLatin1(ALL), (c) => c.charCodeAt(0)), ALL);
  assert.is(bytes.toLatin1(Uint8Array.of(0x41, 0xe4)), "Aä");
});

test.run();
