import { test } from "uvu";
import * as assert from "uvu/assert";
import { EXTRA } from "../../../src/identity.ts";
import { type Judging, judgingOf } from "../../../src/policy/judging.ts";
import { defineRule, organizationFault, type RuleConfig } from "../../../src/policy/rule.ts";
import { RuleError, type Who } from "../../../src/policy/who.ts";
import { Work } from "../../../src/policy/work.ts";
import { ask, askAgain, type Asked, failed, NODES } from "../../policy.ts";

const rule = (change: Partial<RuleConfig["mayHave"]> = {}, who: RuleConfig["who"] = NODES.who) =>
  defineRule({ ...NODES, who, mayHave: { ...NODES.mayHave, ...change } }, "nodes");
const fails = (asked: Asked, change: Partial<RuleConfig["mayHave"]> = {}): string[] => {
  const result = rule(change).judge(judgingOf(ask(asked)));
  assert.is(result.allowed, failed(result).length === 0);
  return failed(result);
};

test("a rule gives what it says, to whom it says", () => {
  assert.equal(fails({}), []);
  for (const profile of ["etcd-peer", "etcd-server", "etcd-metric"]) assert.equal(fails({ profile }), []);
  const dns = ["etcd1", "ETCD1.etcd.example", "localhost"];
  assert.equal(fails({ dns, ip: ["10.8.89.0", "10.8.89.255", "127.0.0.1", "::1"] }), []);
  assert.equal(fails({ dns: [], ip: [] }), []);
});

/** Questions that fail one check alone. */
const DENIED: Readonly<
  Record<string, readonly [check: string, asked: Asked, change?: Partial<RuleConfig["mayHave"]>]>
> = {
  "another user": ["who", { user: "etcd:etcd2.x" }],
  "another provider's user": ["who", { user: "oidc:etcd1" }],
  "another profile": ["profile", {}, { profiles: ["etcd-server"] }],
  "R35 another node's common name": ["commonName", { commonName: "system:etcd-peer:etcd2" }],
  "another profile's common name": ["commonName", { commonName: "system:etcd-server:etcd1" }],
  "a common name with more behind it": ["commonName", { commonName: "system:etcd-peer:etcd1.x" }],
  "a common name in capitals": ["commonName", { commonName: "system:etcd-peer:ETCD1" }],
  "no common name": ["commonName", { commonName: "" }],
  "R35 another node's DNS name": ["dnsNames", { dns: ["etcd2"] }],
  "a DNS name behind a good one": ["dnsNames", { dns: ["etcd1", "etcd2.etcd.example"] }],
  "a DNS name below one that is given": ["dnsNames", { dns: ["a.etcd1.etcd.example"] }],
  "a DNS name where none is given": ["dnsNames", {}, { dnsNames: [] }],
  "R26 an e-mail address": ["dnsNames", { names: [{ type: "email", value: "etcd1" }] }],
  "R28 an address as a DNS name": ["dnsNames", { dns: ["127.0.0.1"] }],
  "R30 a DNS name with NUL": ["dnsNames", { dns: ["etcd1\0"] }],
  "R28 an address below the range": ["ipAddresses", { ip: ["10.8.88.255"] }],
  "R28 an address above the range": ["ipAddresses", { ip: ["10.8.90.0"] }],
  "R28 an address where none is given": ["ipAddresses", {}, { ipAddresses: [] }],
  "R28 an IPv4-mapped address": ["dnsNames", { ip: ["::ffff:10.8.89.9"] }],
  "R27 a wildcard": ["wildcards", { dns: ["*.etcd.example"] }],
  "R27 a wildcard below a suffix": ["wildcards", { dns: ["*.etcd.example"] }, { dnsNames: [".etcd.example"] }],
  "R27 a wildcard below another": ["wildcards", { dns: ["*.a.etcd.example"] }, { wildcards: ["*.etcd.example"] }],
  "R27 a name that a wildcard would cover": ["dnsNames", { dns: ["a.etcd.example"] }, {
    wildcards: ["*.etcd.example"],
  }],
  "R48 a long lifetime": ["lifetime", { lifetimeSeconds: 3601 }, { maxLifetimeSeconds: 3600 }],
  "R48 the profile's lifetime, where it is too long": ["lifetime", {}, { maxLifetimeSeconds: 3600 }],
};

for (const [name, [check, asked, change]] of Object.entries(DENIED)) {
  test(`${name} is denied by ${check} alone`, () => assert.equal(fails(asked, change), [check]));
}

test("R10 each check of a rule denies by itself: there is a request that fails it alone", () => {
  const checks = rule().judge(judgingOf(ask({}))).checks.map(({ check }) => check);
  const alone = new Set(Object.values(DENIED).map(([check]) => check));
  assert.equal(checks.filter((check) => !alone.has(check)), []);
  assert.ok(checks.length >= 6, checks.join());
});

test("wildcards and lifetimes are given where the rule says so", () => {
  assert.equal(fails({ dns: ["*.Etcd.example"] }, { wildcards: ["*.etcd.example"] }), []);
  assert.equal(fails({ lifetimeSeconds: 3600 }, { maxLifetimeSeconds: 3600 }), []);
  // more than the profile has is cut down to it
  assert.equal(fails({ lifetimeSeconds: 1e9 }, { maxLifetimeSeconds: 31_536_000 }), []);
});

test("R9 where the profile does not say the organization, the rule does", () => {
  const web = { profiles: ["web"], commonNames: ["{node}"] };
  const asked: Asked = { profile: "web", commonName: "etcd1" };
  assert.equal(fails(asked, web), []);
  assert.equal(fails({ ...asked, commonName: "" }, web), []);
  assert.equal(fails({ ...asked, organization: "system:masters" }, web), ["organization"]);
  assert.equal(fails({ ...asked, organization: "us" }, { ...web, organizations: ["us"] }), []);
  assert.equal(fails({ ...asked, others: ["organizationalUnit=x"] }, web), ["organization"]);
  assert.match(organizationFault([], { commonName: "", others: ["a=b"] }) ?? "", '"a=b", which no rule gives');
});

test("of several bindings one must allow everything", () => {
  const judged = (groups: string[], dns: string[]): string[] =>
    failed(
      rule({ dnsNames: ["{node}"], commonNames: ["system:{profile}:{node}"] }, { group: "g:{node}" })
        .judge(judgingOf(ask({ groups, dns }))),
    );
  assert.equal(judged(["g:x", "g:etcd1"], ["etcd1"]), []);
  assert.equal(judged(["g:x", "g:etcd1"], ["x"]), ["dnsNames"]);
  assert.equal(judged(["g:x", "g:etcd1"], ["x", "etcd1"]), ["dnsNames"]);
});

test("M2 parts that nothing is made of do not multiply the work", () => {
  const mayHave = { profiles: ["web"], commonNames: [], dnsNames: ["{b}"], ipAddresses: [] };
  const groups = Array.from({ length: 60 }, (_, i) => `g:n${i}:${i < 30 ? "x" : "y"}`);
  const judging = judgingOf(ask({ groups, profile: "web", commonName: "", dns: ["y"], ip: [] }));
  assert.ok(defineRule({ who: { group: "g:{a}:{b}" }, mayHave }, "r").judge(judging).allowed);
  assert.equal([...judging.bindings.get("r") ?? []], [new Map([["b", "x"]]), new Map([["b", "y"]])]);
});

test("M2 a rule that is not looked at to the end gives nothing, and says so", () => {
  const too = { check: "who", fault: "there is too much to judge" };
  const none = (): Judging => ({ ...judgingOf(ask()), work: new Work(0) });
  for (const change of [{}, { dnsNames: ["etcd1"] }]) {
    const one = rule(change);
    assert.equal(one.judge(none()).checks, [too]);
    assert.not(one.givesCommonName(none()));
  }
  // whatever the step after which it ends, it is that or the whole answer
  const whole = rule().judge(judgingOf(ask())).checks;
  let ends = 0;
  for (let steps = 0; steps < 300; steps++) {
    const { checks } = rule().judge({ ...judgingOf(ask()), work: new Work(steps) });
    assert.equal(checks, checks.length === 1 ? [too] : whole);
    if (checks.length === 1) ends++;
  }
  assert.ok(ends > 10 && ends < 300, `${ends}`);
});

test("M2 what explains alone is left out when there is no more room for it", () => {
  const asked = ask({ commonName: "x", dns: ["evil"] });
  assert.equal(failed(rule().judge(judgingOf(asked))), ["commonName", "dnsNames"]);
  const { allowed, checks } = rule().judge({ ...judgingOf(asked), aside: new Work(0) });
  assert.not(allowed);
  assert.equal(checks.filter(({ fault }) => fault !== undefined), [{ check: "commonName", fault: '"x" is not given' }]);
});

test("several who are alternatives", () => {
  const who: Who[] = [{ user: "a:{node}" }, { group: "b:{node}" }];
  const judged = (asked: Asked): string[] => failed(rule({}, who).judge(judgingOf(ask(asked))));
  assert.equal(judged({ user: "a:etcd1" }), []);
  assert.equal(judged({ user: "x", groups: ["b:etcd1"] }), []);
  const result = rule({}, who).judge(judgingOf(ask({ user: "x" })));
  assert.is(result.checks[0]?.fault, 'user "x" is not "a:{node}"; user "x" is not in group "b:{node}"');
});

test("givesCommonName looks at all profiles of the rule, and at nothing else", () => {
  const gives = (asked: Asked): boolean => rule().givesCommonName(judgingOf(ask({ dns: ["evil"], ...asked })));
  assert.ok(gives({ commonName: "system:etcd-server:etcd1" }));
  assert.not(gives({ commonName: "system:etcd-server:etcd2" }));
  assert.not(gives({ commonName: "system:web:etcd1" }));
  assert.not(gives({ commonName: "system:etcd-peer:etcd1", user: "x" }));
});

test("a renewal is given what its rule gives to the first owner, but no more than it was, unless it may widen", () => {
  const judged = (asked: Asked, widen = false): string[] =>
    failed(defineRule({ ...NODES, widen }, "nodes").judge(judgingOf(askAgain(asked))));
  const before = { names: ask().names };
  assert.equal(judged({}), []);
  assert.equal(judged({ dns: ["etcd1"], ip: [], renewal: before }), []);
  assert.equal(judged({ dns: ["etcd1", "localhost"], renewal: before }), ["renewal"]);
  assert.equal(judged({ dns: ["etcd1", "localhost"], renewal: before }, true), []);
  assert.equal(judged({ dns: ["etcd2"], renewal: before }, true), ["dnsNames"]);
  assert.equal(judged({ profile: "etcd-server", renewal: { profile: "etcd-peer" } }, true), ["renewal"]);
  const other = { commonName: "system:etcd-peer:etcd2", others: [] };
  assert.equal(judged({ renewal: { subject: other } }, true), ["renewal"]);
  assert.equal(judged({ renewal: { origin: { username: "x", groups: [], proof: "token" } } }), ["who"]);
});

test("a certificate's key without a certificate that is known gets nothing", () => {
  const asked: Asked = { user: "etcd:etcd1", proof: "certificate" };
  assert.equal(failed(defineRule({ ...NODES, widen: true }, "nodes").judge(judgingOf(ask(asked)))), ["renewal"]);
});

test("a rule may be for a certificate's identity or for the token of its first owner", () => {
  const extra = { [EXTRA.tokenId]: ["abc123"] };
  const origin = { username: "x", groups: [], proof: "bootstrap-token" as const, extra };
  const mayHave = {
    profiles: ["etcd-peer"],
    commonNames: ["system:etcd-peer:etcd1"],
    dnsNames: ["etcd1"],
    ipAddresses: ["::/0", "0.0.0.0/0"],
  };
  const judged = (who: Who): string[] =>
    failed(defineRule({ who, mayHave }, "r").judge(judgingOf(askAgain({ renewal: { origin } }))));
  assert.equal(judged({ token: "abc123" }), []);
  assert.equal(judged({ token: "abc124" }), ["who"]);
  assert.equal(judged({ user: "certgen:cert:etcd-peer:system:etcd-peer:{node}" }), []);
});

test("defineRule refuses what no rule can be, and says where", () => {
  const FAULTS: readonly (readonly [Partial<RuleConfig>, readonly (string | number)[], string])[] = [
    [{ who: [] }, ["who"], "is empty"],
    [{ who: {} }, ["who"], "names nobody"],
    [{ who: [{ user: "{node}" }, {}] }, ["who", 1], "names nobody"],
    [{ who: { user: "a" } }, ["mayHave", "commonNames", 0], "the part {node}, which who does not capture"],
    [{ who: [{ user: "{node}" }, { user: "x" }] }, ["mayHave", "commonNames", 0], "an alternative of who"],
    [{ mayHave: { ...NODES.mayHave, commonNames: ["{dc}"] } }, ["mayHave", "commonNames", 0], "{dc}"],
    [{ mayHave: { ...NODES.mayHave, commonNames: ["system:*"] } }, ["mayHave", "commonNames", 0], "has a *"],
    [{ mayHave: { ...NODES.mayHave, commonNames: ["{profile}{node}"] } }, ["mayHave", "commonNames", 0], "between"],
    [{ mayHave: { ...NODES.mayHave, dnsNames: ["a", "{dc}"] } }, ["mayHave", "dnsNames", 1], "{dc}"],
    [{ mayHave: { ...NODES.mayHave, dnsNames: ["{profile}"] } }, ["mayHave", "dnsNames", 0], "{profile}"],
    [{ mayHave: { ...NODES.mayHave, dnsNames: ["*.x.y"] } }, ["mayHave", "dnsNames", 0], "wildcards"],
    [{ mayHave: { ...NODES.mayHave, ipAddresses: ["10.0.0.1/8"] } }, ["mayHave", "ipAddresses", 0], "10.0.0.0/8"],
    [{ mayHave: { ...NODES.mayHave, wildcards: ["*.com"] } }, ["mayHave", "wildcards", 0], "two labels"],
    [{ mayHave: { ...NODES.mayHave, profiles: [] } }, ["mayHave", "profiles"], "is empty"],
    [{ mayHave: { ...NODES.mayHave, profiles: ["*"] } }, ["mayHave", "profiles", 0], "no name of a profile"],
    [{ mayHave: { ...NODES.mayHave, organizations: [""] } }, ["mayHave", "organizations", 0], "0 characters"],
    [{ mayHave: { ...NODES.mayHave, maxLifetimeSeconds: 0.5 } }, ["mayHave", "maxLifetime"], "whole number"],
    [{ mayHave: { ...NODES.mayHave, dnsNames: Array(1001).fill("a") } }, ["mayHave", "dnsNames"], "1001 entries"],
  ];
  for (const [change, path, words] of FAULTS) {
    assert.throws(() => defineRule({ ...NODES, ...change }, "r"), (error: unknown) => {
      assert.instance(error, RuleError);
      assert.equal((error as RuleError).path, path);
      assert.ok((error as RuleError).message.includes(words), (error as RuleError).message);
      return true;
    });
  }
});

test.run();
