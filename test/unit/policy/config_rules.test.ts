import { test } from "uvu";
import * as assert from "uvu/assert";
import { parseSignerConfig } from "../../../src/policy/config.ts";
import { EXTRA } from "../../../src/identity.ts";
import { faultOf } from "../support.ts";
import { ask } from "../../policy.ts";

const HEAD = `profiles:
  - { name: web, issuer: metric, usages: [digital signature, server auth], lifetime: 1h }
jwt:
  - { issuer: a, audiences: [a], jwksFile: f, user: { claim: sub, prefix: "a:" }, claims: [one, both] }
  - { issuer: b, audiences: [a], jwksFile: f, user: { claim: sub, prefix: "b:" }, claims: [both] }
rules:
`;
const rule = (mayHave: string, who = '{ user: "etcd:{node}" }', more = ""): string =>
  `${HEAD}  - who: ${who}\n    mayHave: ${mayHave}\n${more}`;
const messageOf = (text: string): string =>
  faultOf("malformed-object", () => parseSignerConfig(text, "x")).message.replace('Cannot use configuration "x": ', "");
const PEER = '{ profiles: [etcd-peer], commonNames: ["system:{profile}:{node}"] }';

test("rules of a file are judged by", () => {
  const { policy } = parseSignerConfig(
    rule(PEER, '{ user: "etcd:{node}", claim: { both: x } }', "    widen: true\n    name: n\n"),
    "x",
  );
  const extra = { [`${EXTRA.claim}both`]: ["x"] };
  assert.is(policy?.judge(ask({ dns: [], ip: [], extra })).allowedBy, "n");
  assert.is(policy?.judge(ask({ dns: [], ip: [] })).allowed, false);
  const short = parseSignerConfig(rule(PEER.replace("{ p", "{ maxLifetime: 1m, p")), "x").policy;
  assert.is(short?.judge(ask({ dns: [], ip: [], lifetimeSeconds: 60 })).allowed, true);
  assert.is(short?.judge(ask({ dns: [], ip: [], lifetimeSeconds: 61 })).allowed, false);
});

test("a rule names a nested claim with its names joined", () => {
  const nested = (name: string): string =>
    rule(PEER, `{ user: "etcd:{node}", claim: { ${name}: x } }`).replace(
      "claims: [both] }",
      "claims: [[kubernetes.io, pod, name]] }",
    );
  const { policy } = parseSignerConfig(nested("kubernetes.io/pod/name"), "x");
  const extra = { [`${EXTRA.claim}kubernetes.io/pod/name`]: ["x"] };
  assert.is(policy?.judge(ask({ dns: [], ip: [], extra })).allowed, true);
  assert.is(policy?.judge(ask({ dns: [], ip: [] })).allowed, false);
  assert.match(messageOf(nested("kubernetes.io/pod")), "is in the claims of no entry of jwt");
});

test("a rule that names what is not there is told with its line", () => {
  const FAULTS: Readonly<Record<string, string>> = {
    [rule('{ profiles: [etcd-peer, nope], commonNames: ["system:{profile}:{node}"] }')]:
      'line 8, column 38: rules[0].mayHave.profiles[1]: "nope" is no profile: there are "etcd-peer", "etcd-server", "etcd-metric", "web"',
    [rule('{ profiles: [etcd-peer], commonNames: ["{node}"] }')]:
      'rules[0].mayHave.profiles[0]: no common name of the rule can begin with "system:etcd-peer:"',
    [rule('{ profiles: [etcd-peer], commonNames: ["system:etcd-peer:"] }')]:
      "no common name of the rule can begin with",
    [rule('{ profiles: [etcd-peer], commonNames: ["system:{profile}:{node}", "system:etcd-server:{node}"] }')]:
      'rules[0].mayHave.commonNames[1]: "system:etcd-server:{node}" fits no profile of the rule',
    [rule("{ profiles: [etcd-peer], commonNames: [] }")]: "no common name of the rule can begin with",
    [rule(PEER, "{ user: x }")]:
      "line 8, column 53: rules[0].mayHave.commonNames[0]: has the part {node}, which who does not capture",
    [rule(PEER, "{ user: 'x{' }")]: 'line 7, column 12: rules[0].who.user: has "{", which is no part',
    [rule(PEER, "{ user: '{node}:x', claim: { none: x } }")]:
      "rules[0].who.claim.none: is in the claims of no entry of jwt",
    [rule(PEER, "[{ claim: { one: '{node}' } }, { claim: { both: '{node}' } }]")]:
      "rules[0].who[1].claim.both: may come from several issuers",
    [rule(PEER.replace("{ p", "{ ipAddresses: [10.0.0.1/8], p"))]:
      'rules[0].mayHave.ipAddresses[0]: has an address inside of the range: write "10.0.0.0/8"',
    [rule(PEER.replace("{ p", "{ dnsNames: ['*.x'], p"))]: "rules[0].mayHave.dnsNames[0]: has a *",
    [rule(PEER.replace("{ p", "{ maxLifetime: 0, p"))]: "rules[0].mayHave.maxLifetime: is no duration",
    [rule(PEER.replace("{ p", "{ maxLifetime: '0', p"))]:
      'rules[0].mayHave.maxLifetime: "0" is no duration of whole seconds',
    [rule(PEER, undefined, "    name: token\n")]:
      "line 9, column 5: rules[0].name: is the name of a rule that every policy has",
  };
  for (const [text, words] of Object.entries(FAULTS)) {
    const message = messageOf(text);
    assert.ok(message.includes(words), message);
  }
});

test("common names that may fit are taken", () => {
  for (
    const names of ['"{a}:{b}:{node}"', '"system:{a}:{node}"', '"system:etcd-peer:x-{node}"', '"system:etcd-peer:x"']
  ) {
    parseSignerConfig(rule(`{ profiles: [etcd-peer], commonNames: [${names}] }`, '{ user: "{a}:{b}:{node}" }'), "x");
  }
  parseSignerConfig(rule("{ profiles: [web], commonNames: [] }"), "x");
});

test.run();
