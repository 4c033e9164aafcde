import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  commonNameFault,
  descriptionFault,
  encodeTokenDefinition,
  isTokenId,
  parseTokenDefinition,
  type TokenDefinition,
  tokenObject,
} from "../../../src/auth/token_definition.ts";
import { fromUtf8, toUtf8 } from "../../../src/bytes.ts";
import { MOMENT, thrown } from "../../fakes.ts";

const MINIMAL: TokenDefinition = {
  id: "0a1b2c",
  hash: "ab".repeat(32),
  createdAt: new Date(MOMENT),
  expiresAt: new Date("2026-03-02T12:00:00Z"),
};
const FULL: TokenDefinition = {
  ...MINIMAL,
  uses: 1,
  commonNames: ["system:etcd-peer:etcd1"],
  dnsNames: ["etcd1", "etcd1.example.org"],
  ipAddresses: ["10.8.89.9", "fd00::1"],
  profiles: ["etcd-peer"],
  description: "the first node, größer",
};
const parse = (text: string): TokenDefinition => parseTokenDefinition(toUtf8(text), "tokens/0a1b2c.json");

/** The full definition's JSON with something else in it. */
function changed(change: (object: Record<string, Record<string, unknown>>) => void): string {
  const object = JSON.parse(fromUtf8(encodeTokenDefinition(FULL)));
  change(object);
  return JSON.stringify(object);
}

test("a definition is read as it was written", () => {
  for (const definition of [MINIMAL, FULL]) {
    assert.equal(parseTokenDefinition(encodeTokenDefinition(definition), "x"), definition);
  }
});

test("a definition's file is what is documented", () => {
  assert.equal(tokenObject(MINIMAL), {
    apiVersion: "certgen.internal/v1",
    kind: "BootstrapToken",
    metadata: { name: "0a1b2c", creationTimestamp: MOMENT },
    spec: { hash: `sha256:${"ab".repeat(32)}`, expirationTimestamp: "2026-03-02T12:00:00Z" },
  });
});

test("parseTokenDefinition refuses each fault by file and member", () => {
  const spec = (name: string, value: unknown) =>
    changed((object) => void (object["spec"] = { ...object["spec"], [name]: value }));
  const meta = (name: string, value: unknown) =>
    changed((object) => void (object["metadata"] = { ...object["metadata"], [name]: value }));
  const top = (name: string, value: unknown) => changed((object) => void Object.assign(object, { [name]: value }));
  const cases: [string, string][] = [
    ["", "JSON: "],
    ["[]", "JSON: it is no object"],
    ["[".repeat(40), "JSON: nesting deeper"],
    ["{}", "it is no BootstrapToken of certgen.internal/v1"],
    [top("kind", "Secret"), "it is no BootstrapToken"],
    [top("apiVersion", "v2"), "it is no BootstrapToken"],
    [top("status", {}), '"status": there is no such member'],
    [top("metadata", "x"), "metadata: it is not an object"],
    [meta("labels", {}), 'metadata."labels": there is no such member'],
    [meta("name", "../../x"), "metadata.name: it is not six"],
    [meta("name", "0A1B2C"), "metadata.name: it is not six"],
    [meta("name", undefined), "metadata.name: it is missing"],
    [meta("creationTimestamp", "2026-03-01"), "metadata.creationTimestamp: it is no moment"],
    [spec("use", 3), 'spec."use": there is no such member'],
    [spec("hash", "ab".repeat(32)), "spec.hash: it is not sha256:"],
    [spec("hash", `sha256:${"AB".repeat(32)}`), "spec.hash: it is not sha256:"],
    [spec("hash", `sha256:${"ab".repeat(31)}`), "spec.hash: it is not sha256:"],
    [spec("expirationTimestamp", null), "spec.expirationTimestamp: it is missing"],
    [spec("expirationTimestamp", "2026-02-30T00:00:00Z"), "spec.expirationTimestamp: it is no moment"],
    [spec("expirationTimestamp", "2026-03-02T12:00:00.000Z"), "spec.expirationTimestamp: it is no moment"],
    [spec("expirationTimestamp", "2026-03-02T12:00:00+01:00"), "spec.expirationTimestamp: it is no moment"],
    [spec("expirationTimestamp", MOMENT), "spec.expirationTimestamp: it is not after"],
    [spec("uses", 0), "spec.uses: it is not from 1"],
    [spec("uses", -1), "spec.uses: it is not from 1"],
    [spec("uses", 1001), "spec.uses: it is not from 1 to 1000"],
    [spec("uses", 1.5), "spec.uses: it is not a 32-bit integer"],
    [spec("uses", "1"), "spec.uses: it is not a 32-bit integer"],
    [spec("commonNames", []), "spec.commonNames: it is empty"],
    [spec("commonNames", "a"), "spec.commonNames: it is not a list of strings"],
    [spec("commonNames", ["a", ""]), "spec.commonNames[1]: it is empty"],
    [spec("commonNames", ["a".repeat(65)]), "spec.commonNames[0]: it has more than 64 characters"],
    [spec("dnsNames", ["a", "*.x"]), "spec.dnsNames[1]: wildcards are not allowed"],
    [spec("dnsNames", ["ETCD1"]), "spec.dnsNames[0]: it is not in lower case"],
    [spec("dnsNames", Array(101).fill("a")), "spec.dnsNames: it has more than 100 items"],
    [spec("ipAddresses", ["10.8.89"]), "spec.ipAddresses[0]: it is no IP address"],
    [spec("ipAddresses", ["fd00:0::1"]), "spec.ipAddresses[0]: it is not in its shortest form, fd00::1"],
    [spec("ipAddresses", ["::ffff:10.0.0.1"]), "spec.ipAddresses[0]: it is not in its shortest form, 10.0.0.1"],
    [spec("profiles", ["Etcd"]), "spec.profiles[0]: it is not lower-case letters"],
    [spec("profiles", ["../x"]), "spec.profiles[0]: it is not lower-case letters"],
    [spec("description", "a\u202eb"), "spec.description: it has control or format characters"],
    [spec("description", "a".repeat(201)), "spec.description: it has more than 200 characters"],
    [" ".repeat(70_000), "it is larger than 65536 bytes"],
  ];
  for (const [text, why] of cases) {
    const { message } = thrown("malformed-object", () => parse(text));
    assert.ok(message.startsWith(`Cannot use token definition "tokens/0a1b2c.json": ${why}`), message);
  }
  thrown("malformed-object", () => parseTokenDefinition(Uint8Array.of(0xff), "x"));
});

test("members that objects have anyhow are unknown ones", () => {
  for (const name of ["__proto__", "constructor", "toString"]) {
    const text = changed(() => {}).replace('"spec":{', `"spec":{${JSON.stringify(name)}:{"uses":9},`);
    assert.match(thrown("malformed-object", () => parse(text)).message, "there is no such member");
  }
});

test("isTokenId takes six characters that are safe in a path, and nothing else", () => {
  for (const id of ["aaaaaa", "0a1b2c"]) assert.ok(isTokenId(id));
  for (const id of ["", "a", "aaaaaaa", "AAAAAA", "../../", "aa/aaa", "aaaaa\n", "aaaaaa\n", "aaaaaé", "......"]) {
    assert.not.ok(isTokenId(id), id);
  }
});

test("commonNameFault and descriptionFault", () => {
  for (const name of ["a", "system:etcd-peer:etcd1", "two words", "x".repeat(64)]) {
    assert.is(commonNameFault(name), undefined);
  }
  for (const name of ["", " a", "a ", "é", "a\0b", "a\n", "x".repeat(65), "system:etcd-peer：a"]) {
    assert.ok(commonNameFault(name), name);
  }
  assert.is(descriptionFault("ein Wort, größer"), undefined);
  assert.ok(descriptionFault("\u001b[31m"));
});

test.run();
