import { test } from "uvu";
import * as assert from "uvu/assert";
import { implicit } from "../../../src/asn1/der_writer.ts";
import { type Bytes, toUtf8 } from "../../../src/bytes.ts";
import { etcdProfiles } from "../../../src/ca/etcd.ts";
import { decide, type PolicyRequest } from "../../../src/ca/policy.ts";
import { defineProfile, type Profile } from "../../../src/ca/profile.ts";
import { parseCsr } from "../../../src/x509/csr.ts";
import {
  encodeBasicConstraints,
  encodeExtKeyUsage,
  encodeKeyUsage,
  encodeSubjectAltName,
} from "../../../src/x509/extension.ts";
import { generateKey } from "../../../src/x509/key.ts";
import { altNames, craftCsr, type CraftedCsr, extension } from "../craft.ts";
import { hex } from "../support.ts";

const key = await generateKey("ec-p256");
const PROFILES = etcdProfiles();
const GOOD = { organization: "system:etcd-peers", commonName: "system:etcd-peer:etcd1" };
const SAN = encodeSubjectAltName([{ type: "dns", value: "etcd1" }, { type: "ip", value: "10.8.89.9" }]);

const judge = async (
  parts: Partial<CraftedCsr>,
  rest: Partial<PolicyRequest> = {},
): Promise<ReturnType<typeof decide>> =>
  decide({ csr: parseCsr(await craftCsr({ key, subject: GOOD, extensions: [SAN], ...parts })), ...rest }, PROFILES);
/** What is wrong, as `reason: message`; nothing where the request is approved. */
const denial = async (parts: Partial<CraftedCsr>, rest: Partial<PolicyRequest> = {}): Promise<string | undefined> => {
  const decision = await judge(parts, rest);
  return decision.approved ? undefined : `${decision.reason}: ${decision.message}`;
};

test("a good request is approved, with its profile and names", async () => {
  const decision = await judge({});
  assert.equal(decision.approved && [decision.profile.name, decision.names], [
    "etcd-peer",
    [{ type: "dns", value: "etcd1" }, { type: "ip", value: "10.8.89.9" }],
  ]);
  const asked = [
    encodeKeyUsage(["digitalSignature"]),
    encodeExtKeyUsage(["clientAuth"]),
    encodeBasicConstraints(false),
  ];
  assert.is(await denial({ extensions: [SAN, ...asked, extension("1.2.3", hex("ff"))] }), undefined);
  assert.is(await denial({ extensions: [] as Bytes[], attributesField: hex("a0 00") }), undefined, "no names");
});

const dns = (name: string): Bytes => altNames(implicit(2, toUtf8(name)));

test("R43 a profile certifies the kinds of keys it names", async () => {
  const profile: Profile = defineProfile({
    name: "p",
    issuer: "p",
    keyUsage: ["digitalSignature"],
    extKeyUsage: ["serverAuth"],
    lifetimeSeconds: 1,
    keys: ["ed25519"],
  });
  assert.match(
    await denial({}, { profile }) ?? "",
    "KeyNotAllowed: keys of type EC P-256 are not certified (profile p)",
  );
  const ed25519 = await generateKey("ed25519");
  assert.is(await denial({ key: ed25519 }, { profile }), undefined);
});

test("R29 empty DNS names are dropped where that is asked for, and only those", async () => {
  const drop = { dropEmptyDnsNames: true };
  const mixed = altNames(implicit(2, hex("")), implicit(2, toUtf8("a")), implicit(2, hex("")));
  const decision = await judge({ extensions: [mixed] }, drop);
  assert.equal(decision.approved && decision.names, [{ type: "dns", value: "a" }]);
  const none = await judge({ extensions: [dns("")] }, drop);
  assert.equal(none.approved && none.names, []);
  assert.match(await denial({ extensions: [altNames(implicit(1, hex("")))] }, drop) ?? "", "names of type email");
  assert.match(await denial({ extensions: [dns(" ")] }, drop) ?? "", "NameNotAllowed");
});

test("R33 R34 DNS names are issued in lower case, each once, in order; duplicates do not count", async () => {
  const names = altNames(
    implicit(2, toUtf8("B")),
    implicit(7, hex("0a000001")),
    implicit(2, toUtf8("a")),
    implicit(2, toUtf8("b")),
  );
  const decision = await judge({ extensions: [names] });
  assert.equal(decision.approved && decision.names.map(({ value }) => value), ["b", "10.0.0.1", "a"]);
  const many = altNames(...Array.from({ length: 300 }, (_, i) => implicit(2, toUtf8(`a${i % 100}`))));
  assert.is(await denial({ extensions: [many] }), undefined);
});

test("R34 10,000 names are judged in no time, which grows as they do", async () => {
  const kinds: readonly ((index: number) => Bytes)[] = [
    (index) => implicit(2, toUtf8(`node-${index}.example.org`)),
    (index) => implicit(2, toUtf8(`NODE-${index % 100}`)),
    (index) => implicit(7, Uint8Array.of(10, 0, index >> 8, index & 255)),
    (index) => implicit(6, toUtf8(`spiffe://a/${index}`)),
  ];
  /** The best of some, in milliseconds: the machine may do other things at times. */
  const timeOf = async (count: number, kind: number, make: (index: number) => Bytes): Promise<number> => {
    const names = altNames(...Array.from({ length: count }, (_, index) => make(index)));
    const der = await craftCsr({ key, subject: GOOD, extensions: [names] });
    const times = Array.from({ length: 8 }, () => {
      const started = performance.now();
      const decision = decide({ csr: parseCsr(der) }, PROFILES);
      // of the second kind there are only a hundred
      assert.is(decision.approved, kind === 1);
      return performance.now() - started;
    });
    return Math.min(...times);
  };
  for (const [kind, make] of kinds.entries()) {
    const [some, many] = [await timeOf(1250, kind, make), await timeOf(10_000, kind, make)];
    assert.ok(many < 500, `${kind}: ${many} ms`); // 25 where nothing else runs
    // 8 times the names: what is quadratic takes 64 times as long
    assert.ok(many < 40 * Math.max(some, 2), `${kind}: ${some} ms, ${many} ms`);
  }
});

test("a profile without a subject rule takes any subject of single values, or names alone", async () => {
  const profile = defineProfile({
    name: "any",
    issuer: "p",
    keyUsage: ["digitalSignature"],
    extKeyUsage: ["serverAuth"],
    lifetimeSeconds: 1,
  });
  const full = { country: "DE", organization: "x", organizationalUnit: "y", commonName: "Bücher" };
  assert.is(await denial({ subject: full }, { profile }), undefined);
  assert.is(await denial({ subject: {} }, { profile }), undefined);
  assert.match(
    await denial({ subject: {}, attributesField: hex("a0 00") }, { profile }) ?? "",
    "SubjectNotAllowed: the request names nobody",
  );
  assert.match(
    await denial({ subject: { ...full, organization: ["x", "z"] } }, { profile }) ?? "",
    "more than one organization",
  );
});

test("R10 a profile that was asked for is the one that judges, whatever the subject", async () => {
  const [, server] = PROFILES;
  if (server === undefined) throw new Error("no profile");
  assert.match(
    await denial({}, { profile: server }) ?? "",
    'SubjectNotAllowed: the subject\'s organization is "system:etcd-peers"',
  );
  assert.match(await denial({ subject: {} }, { profile: server }) ?? "", "organization is null");
});

test("R27 wildcards are issued by a profile that has them", async () => {
  const profile = defineProfile({
    name: "w",
    issuer: "w",
    keyUsage: ["digitalSignature"],
    extKeyUsage: ["serverAuth"],
    lifetimeSeconds: 1,
    wildcards: true,
  });
  const decision = await judge({ extensions: [dns("*.Example.org")] }, { profile });
  assert.equal(decision.approved && decision.names, [{ type: "dns", value: "*.example.org" }]);
  for (const name of ["*", "*.com", "a.*.b", "f*o.b.c"]) {
    assert.match(await denial({ extensions: [dns(name)] }, { profile }) ?? "", "NameNotAllowed");
  }
});

test("every rule is judged, and the first fault is the reason", async () => {
  const asked = { subject: { ...GOOD, commonName: "x" }, extensions: [dns("10.0.0.1"), encodeKeyUsage(["cRLSign"])] };
  const decision = await judge(asked);
  assert.is(!decision.approved && decision.reason, "SubjectNotAllowed");
  assert.is(decision.profile?.name, "etcd-peer");
  assert.equal(decision.names, [{ type: "dns", value: "10.0.0.1" }]);
  assert.equal(decision.rules.map(({ rule, fault }) => [rule, fault !== undefined]), [
    ["SubjectNotAllowed", true],
    ["KeyNotAllowed", false],
    ["SignatureAlgorithmNotAllowed", false],
    ["ExtensionNotAllowed", false],
    ["UsageNotAllowed", true],
    ["NameNotAllowed", true],
  ]);
  assert.ok((await judge({})).rules.every((rule) => !("fault" in rule)));
  const unknown = await judge({ subject: { commonName: "y" } });
  assert.equal(unknown.rules.map(({ rule }) => rule), ["ProfileUnknown"]);
  assert.is(unknown.profile, undefined);
});

test.run();
