import { AsnConvert, AsnIntegerConverter, OctetString } from "@peculiar/asn1-schema";
import { Extension, GeneralName, KeyUsage, KeyUsageFlags, Name, Time } from "@peculiar/asn1-x509";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { readDer } from "../../../src/asn1/der.ts";
import { bitString, booleanValue, oidText, smallInteger, timeValue } from "../../../src/asn1/der_value.ts";
import * as write from "../../../src/asn1/der_writer.ts";
import { Oid } from "../../../src/asn1/oid.ts";
import { toHex } from "../../../src/bytes.ts";
import { hex } from "../support.ts";

test("element writes the shortest length at every border, and the reader takes it", () => {
  const borders: readonly (readonly [number, string])[] = [
    [0, "04 00"],
    [127, "04 7f"],
    [128, "04 81 80"],
    [255, "04 81 ff"],
    [256, "04 82 01 00"],
    [65535, "04 82 ff ff"],
    [65536, "04 83 01 00 00"],
    [1_000_000, "04 83 0f 42 40"],
  ];
  for (const [length, header] of borders) {
    const der = write.octetString(new Uint8Array(length));
    assert.equal(der.subarray(0, der.length - length), hex(header));
    assert.is(readDer(der, "thing").content.length, length);
  }
});

test("sequence, setOf, explicit and implicit put the parts inside", () => {
  assert.equal(write.sequence(), hex("30 00"));
  assert.equal(write.sequence(write.nullValue(), write.boolean(false)), hex("30 05 05 00 01 01 00"));
  assert.equal(write.setOf(hex("02 01 02"), hex("02 01 01")), hex("31 06 02 01 01 02 01 02"));
  assert.equal(write.explicit(0, hex("05 00")), hex("a0 02 05 00"));
  assert.equal(write.explicit(3), hex("a3 00"));
  assert.equal(write.implicit(2, hex("61")), hex("82 01 61"));
});

test("unsigned and integer write the shortest positive INTEGER", () => {
  const numbers: readonly (readonly [string, string])[] = [
    ["", "02 01 00"],
    ["00", "02 01 00"],
    ["0000", "02 01 00"],
    ["7f", "02 01 7f"],
    ["80", "02 02 00 80"],
    ["0080", "02 02 00 80"],
    ["00000100", "02 02 01 00"],
    ["ffff", "02 03 00 ff ff"],
  ];
  for (const [octets, der] of numbers) {
    assert.equal(write.unsigned(hex(octets)), hex(der), octets);
    readDer(hex(der), "thing");
  }
  for (const value of [0, 1, 127, 128, 255, 256, 32767, 32768, 65536, 2 ** 31 - 1]) {
    const der = write.integer(value);
    assert.is(smallInteger(readDer(der, "thing")), value);
    const asn = AsnConvert.serialize(AsnIntegerConverter.toASN(value)) as ArrayBuffer;
    assert.is(toHex(der), toHex(new Uint8Array(asn)));
  }
});

test("boolean, nullValue, octetString and bitStringOf", () => {
  assert.ok(booleanValue(readDer(write.boolean(true), "thing")));
  assert.equal(write.boolean(true), hex("01 01 ff"));
  assert.equal(write.nullValue(), hex("05 00"));
  assert.equal(write.bitStringOf(hex("aa")), hex("03 02 00 aa"));
  const octets = new Uint8Array(AsnConvert.serialize(new OctetString(hex("0102"))));
  assert.equal(write.octetString(hex("0102")), octets);
});

test("namedBits leaves trailing zero bits out, as the second opinion does", () => {
  assert.equal(write.namedBits([]), hex("03 01 00"));
  assert.equal(write.namedBits([0]), hex("03 02 07 80"));
  assert.equal(write.namedBits([7]), hex("03 02 00 01"));
  assert.equal(write.namedBits([8]), hex("03 03 07 00 80"));
  assert.equal(write.namedBits([2, 0]), hex("03 02 05 a0"));
  for (let bits = 1; bits < 128; bits++) {
    const positions = [0, 1, 2, 3, 4, 5, 6].filter((bit) => (bits >> bit) & 1);
    const der = write.namedBits(positions);
    assert.is(bitString(readDer(der, "thing")).unusedBits, 7 - Math.max(...positions));
    assert.is(AsnConvert.parse(der, KeyUsage).toNumber(), bits);
  }
  assert.equal(
    write.namedBits([5, 6]),
    new Uint8Array(AsnConvert.serialize(new KeyUsage(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign))),
  );
});

test("oid writes what oidText reads, and refuses what is none", () => {
  for (const text of [...Object.values(Oid), "0.0", "0.39", "1.39", "2.0", "2.999.3", "1.2.562949953421311"]) {
    assert.is(oidText(readDer(write.oid(text), "thing")), text);
  }
  for (const text of ["", "1", "3.1", "0.40", "1.40", "1.2.", ".1.2", "a", "1.b", "1.-2", "1.2.3.4e99", "1.2.x"]) {
    assert.throws(() => write.oid(text), (error: unknown) => error instanceof TypeError, text);
  }
});

test("strings: UTF-8, and PrintableString with its own characters only", () => {
  assert.equal(write.utf8String("ä"), hex("0c 02 c3 a4"));
  assert.equal(write.printableString("DE"), hex("13 02 44 45"));
  for (const text of ["a*", "ä", "a@b", "a_b", "\0"]) {
    assert.throws(() => write.printableString(text), (error: unknown) => error instanceof TypeError, text);
  }
});

test("R48 time is UTCTime from 1950 through 2049 and GeneralizedTime elsewhere, without fractions", () => {
  const times: readonly (readonly [string, number, string])[] = [
    ["2024-02-29T12:34:56.999Z", 0x17, "240229123456Z"],
    ["2049-12-31T23:59:59Z", 0x17, "491231235959Z"],
    ["2050-01-01T00:00:00Z", 0x18, "20500101000000Z"],
    ["1950-01-01T00:00:00Z", 0x17, "500101000000Z"],
    ["1949-12-31T23:59:59Z", 0x18, "19491231235959Z"],
    ["9999-12-31T23:59:59Z", 0x18, "99991231235959Z"],
  ];
  for (const [iso, tag, text] of times) {
    const der = write.time(new Date(iso));
    const read = readDer(der, "time");
    assert.is(read.tag, tag, iso);
    assert.is(new TextDecoder().decode(read.content), text);
    const seconds = Math.floor(new Date(iso).getTime() / 1000) * 1000;
    assert.is(timeValue(read).getTime(), seconds);
    if (iso !== "1949-12-31T23:59:59Z") assert.is(AsnConvert.parse(der, Time).getTime().getTime(), seconds);
  }
  for (
    const moment of [new Date(Number.NaN), new Date("+010000-01-01T00:00:00Z"), new Date("-000001-01-01T00:00:00Z")]
  ) {
    assert.throws(() => write.time(moment), (error: unknown) => error instanceof TypeError);
  }
});

test("what is written means the same to @peculiar/asn1-schema", () => {
  const cn = write.sequence(write.oid(Oid.commonName), write.utf8String("etcd ä"));
  const name = AsnConvert.parse(write.sequence(write.setOf(cn)), Name);
  assert.is(name[0]?.[0]?.value.toString(), "etcd ä");
  const dns = AsnConvert.parse(write.implicit(2, hex("61")), GeneralName);
  assert.is(dns.dNSName, "a");
  const der = write.sequence(write.oid(Oid.keyUsage), write.boolean(true), write.octetString(write.namedBits([0])));
  const extension = AsnConvert.parse(der, Extension);
  assert.is(extension.extnID, Oid.keyUsage);
  assert.ok(extension.critical);
  assert.equal(new Uint8Array(AsnConvert.serialize(extension)), der);
});

test.run();
