import { test } from "uvu";
import * as assert from "uvu/assert";
import { decide, type Judgement } from "../../../src/ca/policy.ts";
import { definePolicy } from "../../../src/policy/define_policy.ts";
import { explain, policyMessage } from "../../../src/policy/explain.ts";
import type { RuleConfig } from "../../../src/policy/rule.ts";
import { createCsr, parseCsr } from "../../../src/x509/csr.ts";
import { sharedKey } from "../../signing.ts";
import { ask, type Asked, NODES, profileNamed, tokenOf } from "../../policy.ts";

const judgementOf = async (commonName: string): Promise<Judgement> => {
  const subject = { organization: "system:etcd-peers", commonName };
  const { der } = await createCsr({ key: await sharedKey(), subject, dnsNames: ["etcd1"] });
  return decide({ csr: parseCsr(der), profile: profileNamed("etcd-peer") }, []);
};
const fits = await judgementOf("system:etcd-peer:etcd1");
const policy = definePolicy([{ ...NODES, name: "nodes" }]);
const explained = (asked: Asked): ReturnType<typeof explain> => explain(fits, policy.judge(ask(asked)));

test("an approval names the rule that allows it, and every rule is told", () => {
  const { allowed, reason, message, results } = explained({});
  assert.equal([allowed, reason, message], [true, undefined, "allowed by nodes (profile etcd-peer)"]);
  assert.equal(results.map(({ of, rule, pass }) => `${of} ${rule} ${pass}`), [
    "profile subject true",
    "profile key true",
    "profile signature algorithm true",
    "profile extensions true",
    "profile usages true",
    "profile names true",
    "policy administrators false",
    "policy nodes true",
  ]);
  assert.match(results[6]?.reason ?? "", /^who: user "etcd:etcd1" is not in group "certgen:admins"$/);
});

test("a denial says of each rule why it gives nothing, the nearest first", () => {
  const { allowed, reason, message } = explained({ dns: ["b.example"] });
  assert.equal([allowed, reason], [false, "NotAllowedByPolicy"]);
  assert.is(
    message,
    'no rule allows it: nodes: dnsNames: "b.example" is none of "etcd1", "etcd1.etcd.example", "localhost"; ' +
      'administrators: who: user "etcd:etcd1" is not in group "certgen:admins"',
  );
});

test("a token's own limits are told before the rules", () => {
  const answer = policy.judge(ask({ ...tokenOf({ dnsNames: ["a"] }), user: "etcd:etcd1" }));
  assert.is(policyMessage(answer), 'the bootstrap token is not good for it: dnsNames: "etcd1" is none of "a"');
});

test("what the profile refuses is told in its words, and the policy's rules all the same", async () => {
  const { allowed, reason, message, results } = explain(await judgementOf("x"), policy.judge(ask({ commonName: "x" })));
  assert.equal([allowed, reason], [false, "SubjectNotAllowed"]);
  assert.match(
    message,
    /^the subject's common name "x" does not begin with "system:etcd-peer:" \(profile etcd-peer\)$/,
  );
  assert.equal(results.filter(({ pass }) => !pass).map(({ rule }) => rule), ["subject", "administrators", "nodes"]);
  assert.not(explain(fits).allowed, "without a policy nothing is allowed");
});

test("R31 texts of a request are printable and short, whatever they are", async () => {
  const evil = "\u202e\u001b[2J\u200b\n";
  const commonName = `system:etcd-peer:${evil}`;
  const rules = Array.from({ length: 50 }, (): RuleConfig => ({
    ...NODES,
    who: [{ user: "{node}:*" }, ...Array.from({ length: 5 }, (_, i) => ({ user: `${"x".repeat(200)}${i}:{node}` }))],
  }));
  const asked = { user: `a:${evil}${"y".repeat(5000)}`, commonName, dns: [evil.repeat(500)], ip: [evil] };
  const answer = definePolicy(rules).judge(ask(asked));
  assert.match(explain(fits, answer).message, "\\u202e\\u001b[2J");
  for (const { message, results } of [explain(fits, answer), explain(await judgementOf(commonName), answer)]) {
    assert.ok(message.length <= 2000, String(message.length));
    for (const text of [message, ...results.map(({ reason = "" }) => reason)]) {
      assert.not(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u.test(text), JSON.stringify(text));
    }
  }
});

test("R31 so is a subject that no profile issues to", async () => {
  const { der } = await createCsr({ key: await sharedKey(), subject: { commonName: "\u202e\u200bx" } });
  const { message, results } = explain(decide({ csr: parseCsr(der) }, []));
  assert.is(message, 'no profile issues to the subject "CN=\\u202e\\u200bx"');
  assert.equal(results, [{ of: "profile", rule: "profile", pass: false, reason: message }]);
});

test.run();
