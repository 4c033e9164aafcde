import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { definePolicy } from "../../../src/policy/define_policy.ts";
import type { RuleConfig } from "../../../src/policy/rule.ts";
import { RuleError } from "../../../src/policy/who.ts";
import { ask, askAgain, type Asked, failed, identityOf, namesOf, NODES, resultNamed, tokenOf } from "../../policy.ts";

const POLICY = definePolicy([NODES]);
const allows = (asked: Asked, rules: readonly RuleConfig[] = [NODES]): boolean =>
  definePolicy(rules).judge(ask(asked)).allowed;
const ADMIN: Asked = { user: "alice", groups: ["certgen:admins"] };
const TOKENS: RuleConfig = {
  name: "tokens",
  who: { user: "system:bootstrap:*" },
  mayHave: {
    profiles: ["etcd-peer"],
    commonNames: ["system:etcd-peer:etcd1"],
    dnsNames: [".example", "etcd1"],
    ipAddresses: ["10.8.89.0/24"],
  },
};

test("R35 the policy of the README gives each node its own names and nothing else", () => {
  const answer = POLICY.judge(ask());
  assert.equal([answer.allowed, answer.allowedBy, answer.mayHaveCommonName], [true, "rule 1", true]);
  for (const profile of ["etcd-peer", "etcd-server", "etcd-metric"]) {
    for (const [asks, owns] of [["etcd1", "etcd2"], ["etcd2", "etcd3"], ["etcd3", "etcd1"]] as const) {
      const commonName = `system:${profile}:${asks}`;
      assert.ok(allows({ user: `etcd:${asks}`, profile, commonName, dns: [asks, `${asks}.etcd.example`] }));
      assert.not(allows({ user: `etcd:${owns}`, profile, commonName, dns: [asks] }));
      assert.not(allows({ user: `etcd:${asks}`, profile, commonName, dns: [owns] }));
      assert.not(POLICY.judge(ask({ user: `etcd:${owns}`, profile, commonName })).mayHaveCommonName);
    }
  }
});

test("what no rule gives is denied", () => {
  for (const rules of [[], [NODES], [TOKENS]]) {
    assert.not(allows({ user: "somebody" }, rules));
    assert.not(allows({ user: "system:anonymous", proof: "none" }, rules));
    assert.not(definePolicy(rules).judge(ask({ user: "somebody" })).mayHaveCommonName);
  }
  assert.ok(allows({}, [TOKENS, NODES]));
});

test("a rule allows by itself: what two rules give each is given by neither", () => {
  const half = (part: Partial<RuleConfig["mayHave"]>, name: string): RuleConfig => ({
    ...NODES,
    name,
    mayHave: { ...NODES.mayHave, ...part },
  });
  assert.not(allows({}, [half({ dnsNames: [] }, "a"), half({ ipAddresses: [] }, "b")]));
});

test("administrators may have anything under a policy, too", () => {
  const answer = POLICY.judge(ask({ ...ADMIN, dns: ["x"] }));
  assert.equal([answer.allowed, answer.allowedBy, answer.mayHaveCommonName], [true, "administrators", true]);
});

test("a token narrows what the rules give, and widens nothing", () => {
  assert.ok(allows(tokenOf({}), [TOKENS]));
  assert.ok(allows({ ...tokenOf({ commonNames: ["system:etcd-peer:etcd1"] }), dns: ["a.example"] }, [TOKENS]));
  assert.not(allows({ ...tokenOf({ commonNames: ["system:etcd-peer:etcd1"] }), dns: ["a.other"] }, [TOKENS]));
  assert.not(allows({ ...tokenOf({ dnsNames: ["b.example"] }), dns: ["a.example"] }, [TOKENS]));
  assert.not(allows({ ...tokenOf({ dnsNames: ["a.other"] }), dns: ["a.other"] }, [TOKENS]));
  const admin = { ...tokenOf({ dnsNames: [] }), groups: ["certgen:admins"] };
  const answer = POLICY.judge(ask(admin));
  assert.equal([answer.allowed, failed(resultNamed(answer, "token"))], [false, ["dnsNames"]]);
  const other = definePolicy([TOKENS]).judge(ask(tokenOf({ commonNames: ["system:etcd-peer:etcd2"] })));
  assert.not(other.mayHaveCommonName);
});

test("a renewal needs a rule as the first did, and stays as it is unless the rule may widen", () => {
  const judged = (rules: RuleConfig[], asked: Asked = {}): boolean =>
    definePolicy(rules).judge(askAgain(asked)).allowed;
  const wider: Asked = { dns: ["etcd1", "localhost"], renewal: { names: namesOf(["etcd1"], ["10.8.89.9"]) } };
  assert.ok(judged([NODES]));
  assert.not(judged([]), "a rule that is gone renews nothing");
  assert.not(judged([NODES], wider));
  assert.ok(judged([{ ...NODES, widen: true }], wider));
  const origin = identityOf(ADMIN);
  assert.ok(judged([], { renewal: { origin } }));
  assert.not(judged([NODES], { ...wider, renewal: { ...wider.renewal, origin } }));
});

test("H3 a rule that may widen gives a renewal no more than the token of the first certificate was good for", () => {
  const rule: RuleConfig = {
    who: { group: "system:bootstrappers" },
    widen: true,
    mayHave: { profiles: ["etcd-peer"], commonNames: ["system:etcd-peer:etcd1"], dnsNames: [".etcd.example"] },
  };
  const origin = { ...identityOf(tokenOf({ dnsNames: ["a.etcd.example"] })), groups: ["system:bootstrappers"] };
  const judged = (dns: string[], first = origin): boolean =>
    definePolicy([rule]).judge(
      askAgain({ dns, ip: [], renewal: { names: namesOf(["a.etcd.example"]), origin: first } }),
    )
      .allowed;
  assert.ok(judged(["a.etcd.example"]));
  assert.ok(judged([]));
  assert.not(judged(["a.etcd.example", "b.etcd.example"]));
  assert.not(judged(["b.etcd.example"]));
  const free = { ...identityOf(tokenOf({})), groups: ["system:bootstrappers"] };
  assert.ok(judged(["a.etcd.example", "b.etcd.example"], free), "a token that limits nothing");
});

test("a certificate's key may occupy the name of its certificate alone", () => {
  const may = (asked: Asked, origin = identityOf({})): boolean =>
    POLICY.judge(askAgain({ ...asked, renewal: { subject: askAgain().subject, origin } })).mayHaveCommonName;
  assert.ok(may({}));
  assert.not(may({ commonName: "system:etcd-server:etcd1" }), "though the rule gives it");
  assert.not(may({ commonName: "system:etcd-peer:etcd2" }, identityOf(ADMIN)));
  assert.ok(may({}, identityOf(ADMIN)));
});

test("definePolicy refuses names that mislead, and says which rule it was", () => {
  const FAULTS: readonly (readonly [readonly RuleConfig[], readonly (string | number)[], string])[] = [
    [[{ ...NODES, name: "administrators" }], [0, "name"], "every policy has"],
    [[NODES, { ...NODES, name: "a\n" }], [1, "name"], "is not 1 to 100"],
    [[{ ...NODES, name: "rule 2" }, NODES], [1, "name"], "a rule before"],
    [[NODES, { ...NODES, who: {} }], [1, "who"], "names nobody"],
    [Array(1001).fill(NODES), [], "1001 rules"],
  ];
  for (const [rules, path, words] of FAULTS) {
    assert.throws(() => definePolicy(rules), (error: unknown) => {
      assert.instance(error, RuleError);
      assert.equal((error as RuleError).path, path);
      return (error as RuleError).message.includes(words);
    });
  }
});

test("a name more never makes an answer better, whoever asks", () => {
  const name = fc.constantFrom("etcd1", "etcd2", "localhost", "a.example", "*.example.org", "b.etcd.example", "\0", "");
  const ip = fc.constantFrom("10.8.89.1", "10.8.90.1", "::1", "::2", "x");
  const policy = definePolicy([NODES, TOKENS, { ...NODES, name: "w", widen: true, who: { group: "g:{node}" } }]);
  const asked = fc.record({
    user: fc.constantFrom("etcd:etcd1", "etcd:etcd2", "system:bootstrap:abc123", "x"),
    groups: fc.constantFrom([], ["g:etcd1", "g:etcd2"], ["certgen:admins"]),
    proof: fc.constantFrom("token" as const, "bootstrap-token" as const, "certificate" as const),
    dns: fc.array(name, { maxLength: 3 }),
    ip: fc.array(ip, { maxLength: 2 }),
    renewal: fc.constantFrom(undefined, { names: namesOf(["etcd1"], ["10.8.89.1"]) }),
  });
  fc.assert(
    fc.property(asked, name, ip, ({ renewal, ...rest }, oneName, oneIp) => {
      const judged = (more: Asked): boolean =>
        policy.judge(ask({ ...rest, ...renewal === undefined ? {} : { renewal }, ...more })).allowed;
      if (judged({})) return true;
      return !judged({ dns: [...rest.dns, oneName] }) && !judged({ ip: [...rest.ip, oneIp] });
    }),
    { seed: 4, numRuns: 500 },
  );
});

/** Rules and questions that took seconds each. */
const groups = Array.from({ length: 100 }, (_, i) => `g:n${i}`);
const many = (length: number, text: (i: number) => string): string[] => Array.from({ length }, (_, i) => text(i));
const LARGE: Readonly<Record<string, readonly [rule: RuleConfig, asked: Asked, fault: string]>> = {
  "15,000 names": [
    NODES,
    { dns: many(15_000, (i) => `a${i}.example`) },
    "15001 names are asked for: 100 are possible",
  ],
  "a binding for each of 100 groups": [
    {
      who: { group: "g:{a}" },
      mayHave: { profiles: ["web"], commonNames: [], dnsNames: many(40, (i) => `{a}.z${i}.example`) },
    },
    { groups, profile: "web", commonName: "", dns: ["x.y"], ip: [] },
    "there is too much to judge",
  ],
  "100 alternatives": [
    { who: many(100, (i) => `{a}:h${i}`).map((group) => ({ group })), mayHave: { profiles: ["web"], commonNames: [] } },
    { groups, profile: "web", commonName: "", ip: [] },
    "there is too much to judge",
  ],
  "100 ranges": [
    {
      who: { user: "*" },
      mayHave: {
        profiles: ["web"],
        commonNames: [],
        ipAddresses: [...many(99, (i) => `11.${i}.0.0/16`), "10.0.0.0/8"],
      },
    },
    { profile: "web", commonName: "", dns: [], ip: [...many(99, (i) => `10.0.0.${i}`), "12.0.0.1"] },
    "there is too much to judge",
  ],
};

for (const [name, [rule, asked, fault]] of Object.entries(LARGE)) {
  test(`M2 1,000 rules are judged in bounded time: ${name}`, () => {
    const policy = definePolicy(Array(1000).fill(rule));
    const question = ask(asked);
    const started = performance.now();
    const { allowed, rules } = policy.judge(question);
    const took = performance.now() - started;
    assert.not(allowed);
    assert.ok(rules.at(-1)?.checks.some((check) => check.fault === fault));
    assert.ok(took < 3000, `${took} ms`);
  });
}

test("M2 what people write is judged to the end: 1,000 rules, 100 groups, 100 names, a renewal", () => {
  const rules = Array.from({ length: 1000 }, (_, i): RuleConfig => ({
    who: { group: `g${i}:{node}` },
    mayHave: { ...NODES.mayHave, dnsNames: [".{node}.example"] },
  }));
  const dns = many(50, (i) => `n${i}.etcd1.example`);
  const asked: Asked = { groups: [...groups.slice(1), "g999:etcd1"], dns, ip: many(50, (i) => `10.8.89.${i}`) };
  const policy = definePolicy(rules);
  assert.is(policy.judge(ask(asked)).allowedBy, "rule 1000");
  assert.ok(policy.judge(ask(asked)).mayHaveCommonName);
  const origin = identityOf({ groups: asked.groups ?? [] });
  assert.is(policy.judge(askAgain({ ...asked, renewal: { origin } })).allowedBy, "rule 1000");
});

test.run();
