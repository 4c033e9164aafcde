import { test } from "uvu";
import * as assert from "uvu/assert";
import { decodeMessage, message } from "../../../src/k8s/protobuf_message.ts";
import { faultOf, hex } from "../support.ts";

const TYPE = message({
  1: ["text", "string"],
  2: ["octets", "bytes"],
  3: ["number", "integer"],
  4: ["size", "size"],
  5: ["flag", "boolean"],
  6: ["time", "time"],
  7: ["words", "strings"],
  8: ["labels", "map"],
  9: ["extra", "lists"],
  10: ["one", message({ 1: ["text", "string"] })],
  11: ["many", [message({ 1: ["text", "string"] })]],
});

const decode = (text: string) => decodeMessage(hex(text), TYPE, "x");

test("decodeMessage reads every type of field", () => {
  const cases: [string, unknown][] = [
    ["", {}],
    ["0a 02 c3a9", { text: "é" }],
    ["12 01 ff", { octets: "/w==" }],
    ["18 d804", { number: 600 }],
    ["18 ffffffffffffffffff01", { number: -1 }],
    ["20 05", { size: 5 }],
    ["28 01", { flag: true }],
    ["28 00", { flag: false }],
    ["32 02 0800", { time: "1970-01-01T00:00:00Z" }],
    ["32 08 08f891 96d8 0610 05", { time: "2026-11-24T12:54:16Z" }],
    ["3a 01 61 3a 00 3a 01 62", { words: ["a", "", "b"] }],
    ["42 06 0a0161 120162 42 03 0a0163", { labels: { a: "b", c: "" } }],
    ["4a 0b 0a0161 1206 0a0162 0a0163 4a 03 0a0164", { extra: { a: ["b", "c"], d: [] } }],
    ["52 03 0a0161", { one: { text: "a" } }],
    ["5a 03 0a0161 5a 00", { many: [{ text: "a" }, {}] }],
    ["a201 01 61 a801 05 b501 00000000 b901 0000000000000000", {}],
  ];
  for (const [text, expected] of cases) assert.equal(decode(text), expected, text);
});

test("decodeMessage leaves out what Go writes for what is not set", () => {
  assert.equal(decode("0a00 1200 2000 3200"), {});
  assert.equal(decode("1800"), { number: 0 });
});

test("decodeMessage refuses malformed bytes", () => {
  const cases = [
    "0a",
    "0a 05 61",
    "0a ffffffff0f 61",
    "0a 01 ff",
    "08 01",
    "0d 00000000",
    "1a 00",
    "18",
    "18 80",
    "18 ffffffffffffffffffffff",
    "18 ffffffffffffffff7f",
    "00",
    "07",
    "0b",
    "0c",
    "a301 a401",
    "a201 05 61",
    "b501 00",
    "b901 00",
    "a801",
    "32 0b 08ffffffffffffffff7f",
    "32 07 08808080808080 10",
    "32 06 08ffffffffff7f",
    "42 02 0a05",
    "52 01 0a",
    "80".repeat(20),
    "ff".repeat(64),
  ];
  for (const text of cases) {
    assert.match(faultOf("malformed-object", () => decode(text)).message, /^Cannot read protobuf x: /, text);
  }
});

test("decodeMessage bounds lists and maps, and reaches no prototype", () => {
  assert.is((decode("3a00".repeat(1_000))["words"] as unknown[]).length, 1_000);
  assert.match(faultOf("malformed-object", () => decode("3a00".repeat(1_001))).message, "more than 1000 values");
  faultOf("malformed-object", () => decode("5a00".repeat(1_001)));
  const labels = decode("420c 0a095f5f70726f746f5f5f 1200".replace("420c", "420d"))["labels"];
  assert.is(JSON.stringify(labels), '{"__proto__":""}');
  assert.is(Object.getPrototypeOf(labels), Object.prototype);
});

test("decodeMessage counts every entry of a map, also of one key, and the last holds", () => {
  const entry = (value: string): string => `42 06 0a0161 1201${value}`;
  assert.equal(decode(entry("62") + entry("63")), { labels: { a: "c" } });
  assert.equal(decode(entry("62").repeat(1_000)), { labels: { a: "b" } });
  const extra = "4a 05 0a0161 1200";
  for (const one of [entry("62"), extra]) {
    assert.match(faultOf("malformed-object", () => decode(one.repeat(1_001))).message, "more than 1000 values");
  }
});

test.run();
