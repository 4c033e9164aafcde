import { test } from "uvu";
import * as assert from "uvu/assert";
import { defaultPolicy, openPolicy } from "../../../src/policy/default_policy.ts";
import { ask, askAgain, type Asked, failed, identityOf, namesOf, resultNamed, tokenOf } from "../../policy.ts";

const allowedBy = (asked: Asked): string | undefined => defaultPolicy.judge(ask(asked)).allowedBy;
const may = (asked: Asked): boolean => defaultPolicy.judge(ask(asked)).mayHaveCommonName;

test("an open policy gives everybody everything", () => {
  const { allowed, allowedBy, mayHaveCommonName } = openPolicy.judge(ask({ user: "system:anonymous", proof: "none" }));
  assert.equal([allowed, allowedBy, mayHaveCommonName], [true, "anybody", true]);
});

test("by default whoever has no rule gets nothing", () => {
  for (const proof of ["none", "token", "jwt"] as const) {
    assert.is(allowedBy({ proof }), undefined);
    assert.not(may({ proof }));
  }
});

test("administrators may have anything", () => {
  assert.is(allowedBy({ groups: ["certgen:admins"], dns: ["*.x.y"], profile: "web" }), "administrators");
  assert.ok(may({ groups: ["certgen:admins"] }));
});

test("a token that names nothing is good for the three profiles of etcd", () => {
  for (const profile of ["etcd-peer", "etcd-server", "etcd-metric"]) {
    assert.is(allowedBy({ ...tokenOf({}), profile, dns: ["any.name"], ip: ["192.0.2.1"] }), "bootstrap tokens");
  }
  const denied = (asked: Asked): string[] =>
    failed(resultNamed(defaultPolicy.judge(ask({ ...tokenOf({}), ...asked })), "bootstrap tokens"));
  assert.equal(denied({ profile: "web", commonName: "" }), ["profile"]);
  assert.equal(denied({ dns: ["*.example.org"] }), ["wildcards"]);
  assert.equal(denied({ names: [{ type: "uri", value: "a" }] }), ["dnsNames"]);
  assert.ok(may(tokenOf({})));
});

test("a token that names something is good for that", () => {
  const commonNames = ["system:etcd-peer:etcd1"];
  assert.is(allowedBy(tokenOf({ commonNames })), "bootstrap tokens");
  assert.is(allowedBy({ ...tokenOf({ commonNames }), commonName: "system:etcd-peer:etcd2" }), undefined);
  assert.not(may({ ...tokenOf({ commonNames }), commonName: "system:etcd-peer:etcd2" }));
  assert.is(allowedBy({ ...tokenOf({ dnsNames: ["etcd1"] }), dns: ["etcd2"] }), undefined);
  assert.is(allowedBy({ ...tokenOf({ dnsNames: ["*.example.org"] }), dns: ["*.example.org"] }), "bootstrap tokens");
  assert.is(allowedBy({ ...tokenOf({ ipAddresses: ["10.8.89.9"] }), ip: ["10.8.89.8"] }), undefined);
  assert.is(allowedBy({ ...tokenOf({ profiles: ["etcd-server"] }) }), undefined);
});

test("R9 a token for a profile without a subject rule chooses no organization", () => {
  const web: Asked = { ...tokenOf({ profiles: ["web"], commonNames: ["x"] }), profile: "web", commonName: "x" };
  assert.is(allowedBy(web), "bootstrap tokens");
  assert.is(allowedBy({ ...web, organization: "system:masters" }), undefined);
  assert.is(allowedBy({ ...web, others: ["organizationalUnit=x"] }), undefined);
  assert.is(allowedBy({ ...web, ...tokenOf({ commonNames: ["x"] }) }), undefined, "it does not name the profile");
});

test("M4 a token for a profile without a subject rule gives no common name that it does not name", () => {
  const client: Asked = {
    ...tokenOf({ profiles: ["web"], dnsNames: ["a.example"] }),
    profile: "web",
    dns: ["a.example"],
  };
  const asked: Asked = { ...client, ip: [] };
  assert.is(allowedBy({ ...asked, commonName: "" }), "bootstrap tokens");
  for (const commonName of ["root", "a.example", "b.example", "system:etcd-peer:etcd2"]) {
    const answer = defaultPolicy.judge(ask({ ...asked, commonName }));
    assert.equal([answer.allowed, failed(resultNamed(answer, "bootstrap tokens"))], [false, ["commonName"]]);
    const named = tokenOf({ profiles: ["web"], dnsNames: ["a.example"], commonNames: [commonName] });
    assert.is(allowedBy({ ...asked, ...named, commonName }), "bootstrap tokens");
    assert.is(allowedBy({ ...asked, ...named, commonName: "other" }), undefined);
  }
});

test("M4 a token for other profiles occupies no node's name", () => {
  const commonName = "system:etcd-peer:etcd2";
  assert.not(may({ ...tokenOf({ profiles: ["web"] }), commonName }));
  assert.not(may({ ...tokenOf({ profiles: ["etcd-server"] }), commonName }));
  assert.ok(may({ ...tokenOf({ profiles: ["etcd-peer"] }), commonName }));
  assert.ok(may({ ...tokenOf({ commonNames: [commonName] }), commonName }));
});

test("a certificate's key gets that certificate once more, or with fewer names", () => {
  const judged = (asked: Asked): string | undefined => defaultPolicy.judge(askAgain(asked)).allowedBy;
  assert.is(judged({}), "renewal");
  assert.is(judged({ dns: [], renewal: { names: ask().names } }), "renewal");
  assert.is(judged({ dns: ["b"], renewal: { names: ask().names } }), undefined);
  assert.is(judged({ profile: "etcd-server", renewal: { profile: "etcd-peer" } }), undefined);
  assert.is(judged({ renewal: { subject: { commonName: "b", others: [] } } }), undefined);
  const origin = identityOf({ groups: ["certgen:admins"] });
  assert.is(judged({ renewal: { origin } }), "administrators");
  assert.is(judged({ dns: ["b"], renewal: { origin, names: namesOf(["a"]) } }), undefined);
  assert.is(allowedBy({ proof: "certificate" }), undefined);
  assert.ok(defaultPolicy.judge(askAgain()).mayHaveCommonName);
  const other = { subject: { commonName: "b", others: [] } };
  assert.not(defaultPolicy.judge(askAgain({ renewal: other })).mayHaveCommonName);
});

test.run();
