import { test } from "uvu";
import * as assert from "uvu/assert";
import { createCa } from "../../../src/ca/create_ca.ts";
import { etcdProfiles } from "../../../src/ca/etcd.ts";
import { ANONYMOUS } from "../../../src/identity.ts";
import { fromBase64Pem } from "../../../src/k8s/certificate_signing_request.ts";
import { openPolicy } from "../../../src/policy/default_policy.ts";
import { type Issuers, Judge, type JudgedRequest } from "../../../src/requests/judge.ts";
import { type Csr, parseCsr } from "../../../src/x509/csr.ts";
import { SHA1 } from "../../refused_csrs.ts";
import { fakeClock, MOMENT, rejection } from "../../fakes.ts";
import { peerRequest } from "../../signing.ts";

const { now } = fakeClock();
const etcd = await createCa({ commonName: "etcd", now });
const metric = await createCa({ commonName: "metric", lifetimeSeconds: 3600, now });
const profiles = etcdProfiles();
const judgeWith = (issuers: Issuers): Judge =>
  new Judge({ profiles, policy: openPolicy, issuers, domain: "certgen.internal" });
const judge = judgeWith({ etcd, metric });
const csr = parseCsr(fromBase64Pem(await peerRequest()));
const asking = (change: Partial<JudgedRequest> = {}): JudgedRequest => ({
  csr,
  signerName: "certgen.internal/etcd-peer",
  usages: ["server auth"],
  dropEmptyDnsNames: false,
  requester: { identity: ANONYMOUS },
  expirationSeconds: undefined,
  ...change,
});
const LATER = new Date("2030-01-01T00:00:00Z");

test("fault names the first CA that cannot issue", () => {
  assert.is(judge.fault(now()), undefined);
  assert.match(judge.fault(LATER) ?? "", /^metric: /);
  assert.is(judgeWith({}).fault(now()), undefined);
});

test("issuerOf finds the CA of a profile by name, and of no inherited word", () => {
  assert.is(judge.issuerOf("etcd-server"), etcd);
  assert.is(judge.issuerOf("etcd-metric"), metric);
  for (const name of ["etcd", "", "__proto__", "constructor", "toString"]) assert.is(judge.issuerOf(name), undefined);
  const odd = { ...profiles[0], issuer: "constructor" } as typeof profiles[0] & object;
  assert.is(judge.issuerOf(odd), undefined);
});

test("signerNameOf is domain and profile", () => {
  assert.equal(profiles.map((profile) => judge.signerNameOf(profile)), [
    "certgen.internal/etcd-peer",
    "certgen.internal/etcd-server",
    "certgen.internal/etcd-metric",
  ]);
});

test("isNodeName: what begins as a profile's common names do", () => {
  for (const name of ["system:etcd-peer:", "system:etcd-peer:x", "system:etcd-metric:x-1"]) {
    assert.ok(judge.isNodeName(name));
  }
  for (const name of ["system:etcd-peer", "x", "", "System:etcd-peer:x"]) assert.not.ok(judge.isNodeName(name));
});

test("judge approves by signer name, or by subject without one", async () => {
  for (const signerName of ["certgen.internal/etcd-peer", undefined]) {
    const decision = (await judge.judge(asking({ signerName }), now())).decision;
    assert.is(decision?.approved, true);
    if (decision?.approved) assert.is(decision.profile.name, "etcd-peer");
  }
});

test("judge leaves another signer's request alone, but not one that is not its key's own", async () => {
  assert.is((await judge.judge(asking({ signerName: "a.b/c" }), now())).decision, undefined);
  const signature = new Uint8Array(csr.signature);
  signature[signature.length - 1] = (signature.at(-1) ?? 0) ^ 1;
  const forged: Csr = { ...csr, signature };
  for (const signerName of ["a.b/c", "certgen.internal/etcd-peer", undefined]) {
    await rejection("invalid-signature", judge.judge(asking({ csr: forged, signerName }), now()));
  }
});

test("R41 judge denies what cannot be verified for its algorithm; for another signer it is refused", async () => {
  const weak = parseCsr(SHA1);
  const decision = (await judge.judge(asking({ csr: weak }), now())).decision;
  assert.equal(decision?.approved === false && decision.reason, "SignatureAlgorithmNotAllowed");
  await rejection("unsupported-algorithm", judge.judge(asking({ csr: weak, signerName: "a.b/c" }), now()));
});

test("judge: a CA that is expired is unavailable for what it would approve, and for that alone", async () => {
  await rejection("unavailable", judge.judge(asking(), new Date("2050-01-01T00:00:00Z")));
  const denied = (await judge.judge(asking({ usages: ["code signing"] }), new Date("2050-01-01T00:00:00Z"))).decision;
  assert.is(denied?.approved, false);
  assert.is((await judge.judge(asking(), LATER)).decision?.approved, true);
});

test("judge: useIssuers holds from the next request on", async () => {
  const changing = judgeWith({ etcd, metric });
  changing.useIssuers({ metric });
  const decision = (await changing.judge(asking(), now())).decision;
  assert.ok(decision?.approved === false);
  const { approved, reason, message, profile } = decision;
  assert.equal({ approved, reason, message, profile: profile?.name }, {
    approved: false,
    profile: "etcd-peer",
    reason: "ProfileUnknown",
    message: "this signer has no CA for the profile etcd-peer",
  });
  assert.is(changing.fault(new Date(MOMENT)), undefined);
});

test.run();
