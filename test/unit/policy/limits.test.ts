import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  administratorsResult,
  isAdministrator,
  tokenGivesCommonName,
  tokenResult,
} from "../../../src/policy/limits.ts";
import type { RuleResult } from "../../../src/policy/question.ts";
import { ask, askAgain, type Asked, failed, identityOf, namesOf, tokenOf } from "../../policy.ts";

const NONE: RuleResult = { rule: "none", allowed: true, checks: [] };
const ADMIN: Asked = { user: "alice", groups: ["certgen:admins"] };

test("an administrator is in the group, and has proven it by something else than a certificate", () => {
  assert.ok(isAdministrator(identityOf(ADMIN)));
  for (const proof of ["none", "certificate"] as const) assert.not(isAdministrator(identityOf({ ...ADMIN, proof })));
  assert.not(isAdministrator(identityOf({ groups: ["certgen:adminsx", "x"] })));
});

test("administrators may have anything, others nothing", () => {
  assert.ok(administratorsResult(ask({ ...ADMIN, dns: ["x"] })).allowed);
  assert.is(administratorsResult(ask()).checks[0]?.fault, 'user "etcd:etcd1" is not in group "certgen:admins"');
});

test("an administrator's certificate is renewed as it is, and no wider", () => {
  const origin = identityOf(ADMIN);
  assert.ok(administratorsResult(askAgain({ renewal: { origin } })).allowed);
  const wider = askAgain({ dns: ["b"], renewal: { origin, names: namesOf(["a"]) } });
  assert.equal(failed(administratorsResult(wider)), ["renewal"]);
  assert.equal(failed(administratorsResult(askAgain())), ["who"]);
  assert.equal(failed(administratorsResult(askAgain({ ...ADMIN, proof: "certificate" }))), ["who"]);
  assert.equal(failed(administratorsResult(ask({ ...ADMIN, proof: "certificate" }))), ["who"]);
});

test("a token is good for what it says; it limits what it says something of", () => {
  assert.is(tokenResult(ask()), undefined);
  assert.is(tokenResult(ask(tokenOf({}))), undefined);
  const lists = {
    commonNames: ["system:etcd-peer:etcd1"],
    dnsNames: ["ETCD1", "*.a.b"],
    ipAddresses: ["10.8.89.9", "0:0::1"],
    profiles: ["etcd-peer"],
  };
  const all = tokenResult(ask({ ...tokenOf(lists), dns: ["etcd1", "*.a.b"], ip: ["10.8.89.9", "::1"] }));
  assert.equal([all?.allowed, all?.isLimit, all?.checks.length], [true, true, 4]);
  const cases: [Parameters<typeof tokenOf>[0], string][] = [
    [{ commonNames: [] }, "commonName"],
    [{ commonNames: ["system:etcd-peer:etcd2"] }, "commonName"],
    [{ dnsNames: [] }, "dnsNames"],
    [{ dnsNames: [".etcd1", "etcd2"] }, "dnsNames"],
    [{ ipAddresses: [] }, "ipAddresses"],
    [{ ipAddresses: ["10.8.89.0/24"] }, "ipAddresses"],
    [{ profiles: [] }, "profile"],
    [{ profiles: ["etcd-server"] }, "profile"],
  ];
  for (const [change, check] of cases) {
    const result = tokenResult(ask(tokenOf(change)));
    assert.equal(result && failed(result), [check]);
    const whole = tokenResult(ask(tokenOf({ ...lists, ...change })));
    assert.equal(whole && failed(whole), [check]);
  }
});

test("a token that names common names may occupy no other", () => {
  const gives = (commonNames: string[] | undefined, commonName: string): boolean =>
    tokenGivesCommonName(ask({ ...tokenOf(commonNames === undefined ? {} : { commonNames }), commonName }));
  assert.ok(gives(undefined, "a"));
  assert.ok(gives(["a"], "a"));
  assert.not(gives(["a"], "b"));
  assert.not(gives([], "a"));
  const origin = identityOf(tokenOf({ commonNames: ["a"] }));
  assert.ok(tokenGivesCommonName(askAgain({ commonName: "a", renewal: { origin } })));
  assert.not(tokenGivesCommonName(askAgain({ commonName: "b", renewal: { origin } })));
});

test("H3 a certificate's key is held to the token that the first certificate was asked for with, and to its own", () => {
  const origin = identityOf(tokenOf({ dnsNames: ["a"], profiles: ["etcd-peer"] }));
  const failing = (asked: Asked): string[] => failed(tokenResult(askAgain({ renewal: { origin }, ...asked })) ?? NONE);
  assert.equal(failing({ dns: ["a"] }), []);
  assert.equal(failing({ dns: [] }), []);
  assert.equal(failing({ dns: ["a", "b"] }), ["dnsNames"]);
  assert.equal(failing({ dns: ["a"], profile: "etcd-server" }), ["profile"]);
  const { extra = {} } = tokenOf({ dnsNames: ["a", "b"] });
  assert.equal(failing({ dns: ["a", "b"], extra }), ["dnsNames"], "both must hold");
  assert.equal(failing({ dns: ["a"], extra: tokenOf({ dnsNames: ["b"] }).extra ?? {} }), ["dnsNames"]);
});

test.run();
