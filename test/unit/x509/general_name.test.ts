import { test } from "uvu";
import * as assert from "uvu/assert";
import { readDer } from "../../../src/asn1/der.ts";
import { element, implicit } from "../../../src/asn1/der_writer.ts";
import { toUtf8 } from "../../../src/bytes.ts";
import {
  dnsNameFault,
  encodeGeneralName,
  formatGeneralName,
  type GeneralName,
  generalNames,
  parseGeneralName,
} from "../../../src/x509/general_name.ts";
import { faultOf, hex } from "../support.ts";

const parse = (der: string): GeneralName => parseGeneralName(readDer(hex(der), "thing", 10));

test("parseGeneralName reads every type, those that are not issued by name only", () => {
  const names: readonly (readonly [string, GeneralName, string])[] = [
    ["82 05 65 74 63 64 31", { type: "dns", value: "etcd1" }, "DNS:etcd1"],
    ["82 00", { type: "dns", value: "" }, "DNS:"],
    ["82 03 61 00 62", { type: "dns", value: "a\0b" }, "DNS:a\0b"],
    ["87 04 0a 08 59 09", { type: "ip", value: "10.8.89.9" }, "IP:10.8.89.9"],
    [`87 10 ${"00".repeat(15)} 01`, { type: "ip", value: "::1" }, "IP:::1"],
    [
      "87 10 00 00 00 00 00 00 00 00 00 00 ff ff 01 02 03 04",
      { type: "ip", value: "::ffff:102:304" },
      "IP:::ffff:102:304",
    ],
    ["81 03 61 40 62", { type: "email", value: "a@b" }, "email:a@b"],
    ["86 03 75 3a 78", { type: "uri", value: "u:x" }, "URI:u:x"],
    ["a0 05 06 03 2a 03 04", { type: "otherName", value: "" }, "otherName"],
    ["a3 00", { type: "x400Address", value: "" }, "x400Address"],
    ["a4 02 30 00", { type: "directoryName", value: "" }, "directoryName"],
    ["a5 00", { type: "ediPartyName", value: "" }, "ediPartyName"],
    ["88 03 2a 03 04", { type: "registeredID", value: "" }, "registeredID"],
  ];
  for (const [der, name, text] of names) {
    assert.equal(parse(der), name);
    assert.is(formatGeneralName(name), text);
  }
});

test("parseGeneralName refuses what is none, with the place", () => {
  const faults = [
    ...["89 00", "a9 00", "9e 00", "05 00", "0c 01 61", "30 00", "42 00", "c2 01 61"],
    ...["a2 00", "a1 00", "a6 00", "a7 00", "a8 00", "80 00", "83 00", "84 00", "85 00"],
    ...["82 01 80", "82 02 c3 a4", "81 01 ff", "86 01 e4"],
  ];
  for (const der of faults) assert.is(faultOf("malformed-asn1", () => parse(der)).offset, 10, der);
});

test("R28 an IP address has 4 or 16 octets", () => {
  for (const length of [0, 1, 3, 5, 8, 15, 17, 32]) {
    const der = readDer(implicit(7, new Uint8Array(length)), "thing");
    assert.match(faultOf("malformed-asn1", () => parseGeneralName(der)).message, `IP address has ${length} octets`);
  }
});

test("encodeGeneralName writes DNS names and addresses, and nothing else", () => {
  assert.equal(encodeGeneralName({ type: "dns", value: "a" }), hex("82 01 61"));
  assert.equal(encodeGeneralName({ type: "ip", value: "1.2.3.4" }), hex("87 04 01 02 03 04"));
  assert.equal(encodeGeneralName({ type: "ip", value: "::1" }), hex(`87 10 ${"00".repeat(15)} 01`));
  const others: readonly GeneralName[] = [
    { type: "email", value: "a@b" },
    { type: "uri", value: "u:x" },
    { type: "otherName", value: "" },
    { type: "ip", value: "etcd1" },
    { type: "ip", value: "" },
  ];
  for (const name of others) {
    assert.throws(() => encodeGeneralName(name), (error: unknown) => error instanceof TypeError, name.type);
  }
});

const L63 = "a".repeat(63);

test("dnsNameFault takes names of hosts", () => {
  const good = [
    "a",
    "etcd1",
    "etcd-1.example.org",
    "1a",
    "a1",
    "3com.com",
    "xn--bcher-kva.example",
    "A.B",
    "a--b",
    "1.2.3.4.example",
  ];
  for (const name of [...good, L63, `${L63}.${L63}.${L63}.${"a".repeat(61)}`]) {
    assert.is(dnsNameFault(name), undefined, name);
  }
});

/** Names that are refused, by the pitfall. */
const FAULTS: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
  "R27 wildcards": ["*", "*.x", "*.example.org", "a.*.b", "f*o.b", "**.x", "x.*"].map((name) => [name, "wildcards"]),
  "R28 addresses": [
    ...[
      "1.2.3.4",
      "010.1.1.1",
      "1.2.3",
      "1",
      "0",
      "1.2.3.4.",
      "1.2.3.4.5",
      "256.1.1.1",
      "...",
      "::1",
      "[::1]",
      "[::1",
      "fe80::1",
      "::ffff:1.2.3.4",
    ]
      .map((name): [string, string] => [name, "it is an IP address"]),
  ],
  "R29 an empty name": [["", "it is empty"]],
  "R30 NUL, control characters and white space": [
    ...["etcd\0.evil", "a\nb", "a b", " a", "a ", "a\t", "\x7f", "a\r\n"].map((
      name,
    ): [string, string] => [name, "a label may have"]),
  ],
  "R31 characters that look like others": [
    ...["bücher.example", "еtcd", "etcd：1", "a。b", "ａ", "a\u200bb", "\u212a"].map((
      name,
    ): [string, string] => [name, "a label may have"]),
  ],
  "R33 dots, underscores, hyphens and lengths": [
    ["a.", "it ends with a dot"],
    ["a.b.", "it ends with a dot"],
    [".", "it is an IP address"],
    [".a", "it has an empty label"],
    ["a..b", "it has an empty label"],
    ["_etcd._tcp", "a label may have"],
    ["a_b", "a label may have"],
    ["-a", "a label may have"],
    ["a-", "a label may have"],
    ["a.-b.c", "a label may have"],
    ["-", "a label may have"],
    [`${L63}a`, "a label of more than 63"],
    [`x.${L63}a.y`, "a label of more than 63"],
    [`${L63}.${L63}.${L63}.${"a".repeat(62)}`, "more than 253"],
    ["a.".repeat(500), "more than 253"],
  ],
  "what stands around a name elsewhere": [
    ...["http://a", "a:2379", "a/b", "a@b", "a,b", "DNS:a", "[a]"].map((
      name,
    ): [string, string] => [name, "a label may have"]),
  ],
};

for (const [title, faults] of Object.entries(FAULTS)) {
  test(`dnsNameFault refuses ${title}`, () => {
    for (const [name, words] of faults) {
      const fault = dnsNameFault(name);
      assert.ok(fault?.includes(words), `${JSON.stringify(name)}: ${fault}`);
      faultOf("invalid-object", () => generalNames([name], []));
    }
  });
}

test("generalNames writes names in lower case, addresses in their shortest form, each once, in order", () => {
  const names = generalNames(["B", "a", "b", "A.x"], ["::0001", "[::1]", "10.0.0.1", "::ffff:10.0.0.1", "[FE80::1]"]);
  assert.equal(names.map(formatGeneralName), ["DNS:b", "DNS:a", "DNS:a.x", "IP:::1", "IP:10.0.0.1", "IP:fe80::1"]);
  assert.equal(generalNames([], []), []);
});

test("R28 generalNames refuses addresses that are none, with the text in the message", () => {
  for (
    const text of [
      "",
      "a",
      "1.2.3",
      "01.2.3.4",
      "[::1",
      "[[::1]]",
      "fe80::1%eth0",
      "1.2.3.4,5.6.7.8",
      "1.2.3.4/24",
      " ::1",
    ]
  ) {
    const error = faultOf("invalid-object", () => generalNames([], [text]));
    assert.is(error.message, `Cannot use IP address ${JSON.stringify(text)}: it is none`);
  }
});

test("what is encoded is read back as the same", () => {
  for (const name of generalNames(["etcd1", "a.example"], ["1.2.3.4", "2001:db8::1"])) {
    assert.equal(parseGeneralName(readDer(encodeGeneralName(name), "thing")), name);
  }
  assert.equal(element(0x82, toUtf8("a")), encodeGeneralName({ type: "dns", value: "a" }));
});

test("R28 a DNS name whose last label is a number is an address to somebody", () => {
  for (const name of ["0x7f000001", "etcd.0x7f", "foo.1", "2130706433", "1.2.3", "x.0X"]) {
    assert.match(dnsNameFault(name) ?? "", /IP address/, name);
  }
  for (const name of ["1.foo", "0x.foo", "etcd1", "node-1", "a1.b2"]) assert.is(dnsNameFault(name), undefined, name);
});

test("R27 a wildcard is taken where that is asked for: the whole first label, with two labels or more behind it", () => {
  assert.is(dnsNameFault("*.example.org", true), undefined);
  assert.is(dnsNameFault("*.a.b.c", true), undefined);
  const names = [
    "*",
    "*.",
    "*.x",
    "*.com",
    "a.*.b",
    "f*o.b.c",
    "*o.b.c",
    "**.x.y",
    "*.*.x.y",
    "x.y.*",
    "*x.y.z",
    "*..y.z",
  ];
  for (const name of [...names, "*.a_b.c", "*.10.0.0.1", `*.${"a.".repeat(126)}aa`]) {
    assert.ok(dnsNameFault(name, true), name);
  }
});

test.run();
