import { test } from "uvu";
import * as assert from "uvu/assert";
import { parseSignerConfig, type SignerConfig } from "../../../src/policy/config.ts";
import { faultOf } from "../support.ts";
import { ask } from "../../policy.ts";

const README = `rules:
  - who: { user: "etcd:{node}" }
    mayHave:
      profiles: [etcd-peer, etcd-server, etcd-metric]
      commonNames: ["system:{profile}:{node}"]
      dnsNames: ["{node}", "{node}.etcd.example", localhost]
      ipAddresses: [10.8.89.0/24, 127.0.0.1, "::1"]
`;
const ALL = `
domain: certs.example.org
issuers:
  web: { certificate: web.crt, key: web.key }
profiles:
  - name: web
    issuer: web
    subject: { organization: web, commonNamePrefix: "web:" }
    usages: [signing, digital signature, key encipherment, server auth]
    lifetime: 30d
    maxLifetime: 90d
    keys: [ec-p256]
    maxNames: 10
    wildcards: true
    renewFor: 365d
  - { name: clients, issuer: etcd, usages: [digital signature, client auth], lifetime: 1h, peerEquivalent: true }
rules: []
jwt:
  - issuer: https://idp.example.org
    audiences: [certgen]
    jwksUrl: https://idp.example.org/keys
    user: { claim: sub, prefix: "idp:" }
limits: { burst: 10 }
renewal: { grace: 7d }
`;
const parse = (text: string): SignerConfig => parseSignerConfig(text, "signer.yaml");
const messageOf = (text: string): string => {
  const { message } = faultOf("malformed-object", () => parse(text));
  assert.ok(message.startsWith('Cannot use configuration "signer.yaml": '), message);
  return message.slice('Cannot use configuration "signer.yaml": '.length);
};

test("the seven lines of the README are a policy", () => {
  const { policy, profiles, jwt, issuers, limits } = parse(README);
  assert.equal([policy?.judge(ask()).allowed, policy?.judge(ask({ dns: ["etcd2"] })).allowed], [true, false]);
  assert.equal([profiles, jwt, issuers.size, limits], [[], [], 0, {}]);
});

test("every member of a file comes through", () => {
  const { domain, issuers, profiles, policy, jwt, limits, graceSeconds } = parse(ALL);
  assert.equal([domain, limits, graceSeconds], ["certs.example.org", { burst: 10 }, 604_800]);
  assert.equal([...issuers], [["web", { certificate: "web.crt", key: "web.key" }]]);
  assert.equal(profiles, [{
    name: "web",
    issuer: "web",
    keyUsage: ["digitalSignature", "keyEncipherment"],
    extKeyUsage: ["serverAuth"],
    lifetimeSeconds: 30 * 86_400,
    subject: { organization: "web", commonNamePrefix: "web:" },
    maxLifetimeSeconds: 90 * 86_400,
    renewSeconds: 365 * 86_400,
    keys: ["ec-p256"],
    maxNames: 10,
    wildcards: true,
  }, {
    name: "clients",
    issuer: "etcd",
    keyUsage: ["digitalSignature"],
    extKeyUsage: ["clientAuth"],
    lifetimeSeconds: 3600,
    peerEquivalent: true,
  }]);
  assert.is(jwt[0]?.user.prefix, "idp:");
  assert.is(policy?.judge(ask()).allowed, false, "a policy without a rule denies");
});

test("JSON is read as well, and without rules there is no policy", () => {
  assert.is(parse('{\n\t"domain": "a.example"\n}').policy, undefined);
});

test("R46 a wrong profile is told with its line", () => {
  const profile = (more: string): string => `profiles:\n  - name: web\n    issuer: etcd\n    lifetime: 1h\n    ${more}`;
  const usages = "usages: [digital signature, server auth]";
  const FAULTS: Readonly<Record<string, string>> = {
    [profile(usages).replace("name: web", "name: etcd-peer")]:
      'line 2, column 5: profiles[0].name: "etcd-peer" is a built-in profile',
    [profile(usages).replace("issuer: etcd", "issuer: web")]:
      'line 3, column 5: profiles[0].issuer: "web" is not in issuers: there are etcd, metric',
    [profile(usages).replace("issuer: etcd", "issuer: constructor")]: '"constructor" is not in issuers',
    [profile(usages).replace("1h", "0.5s")]:
      'line 4, column 5: profiles[0].lifetime: "0.5s" is no duration of whole seconds',
    [profile(usages).replace("1h", "0s")]: "1 or more",
    [profile(usages).replace("1h", "100000h")]: "lifetimeSeconds is not a whole number from 1 to",
    [profile("usages: [server auth]")]: "line 2, column 5: profiles[0]: keyUsage lacks digitalSignature",
    [profile("usages: [digital signature, cert sign, server auth]")]: "keyUsage is a CA's",
    [profile("usages: [digital signature, any]")]:
      'line 5, column 5: profiles[0].usages: certgen does not issue "anyExtendedKeyUsage"',
    [profile("usages: [digital signature, client auth]")]: "etcd takes any client certificate under that CA for a peer",
    [`${profile(usages)}\n    maxLifetime: 1m`]: "maxLifetimeSeconds is less than lifetimeSeconds",
    [`${profile(usages)}\n${profile(usages).slice(10)}`]: 'profiles[1].name: "web" is a profile before',
  };
  for (const [text, words] of Object.entries(FAULTS)) assert.ok(messageOf(text).includes(words), messageOf(text));
});

test("whatever else is wrong is told with its line", () => {
  assert.is(messageOf("domain: x\n"), "line 1, column 1: domain: is no domain of two labels or more, in lower case");
  for (const domain of ["A.example", "a..example", "*.example", "10.0.0.1"]) {
    assert.match(messageOf(`domain: "${domain}"`), "is no domain");
  }
  assert.is(messageOf(""), "is not a map");
  assert.is(messageOf("\n- a"), "line 2, column 1: is not a map");
  assert.is(
    messageOf("domain: a.example\ndomains: x"),
    "line 2, column 1: domains: is not known: there are $schema, domain, issuers, profiles, rules, jwt, limits, renewal; did you mean domain?",
  );
  assert.match(messageOf("rules:\n"), "line 1, column 1: rules: is not a list");
  assert.match(messageOf("a: [1"), "line 1, column ");
  assert.match(messageOf("renewal: {grace: 0.5s}"), 'renewal.grace: "0.5s" is no duration of whole seconds');
  assert.match(
    messageOf(ALL.replace('prefix: "idp:"', 'prefix: "system:"')),
    "line 22, column 25: jwt[0].user.prefix: begins with",
  );
});

test("a path that comes from outside is printable", () => {
  const { message } = faultOf("malformed-object", () => parseSignerConfig("x", "a\u202eb"));
  assert.ok(message.includes('"a\\u202eb"'));
});

test.run();
