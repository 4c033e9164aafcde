import { test } from "uvu";
import * as assert from "uvu/assert";
import { exactRenewalFault, isRenewal, renewedSubjectFault } from "../../../src/policy/renewal.ts";
import { ask, askAgain, type Asked, namesOf } from "../../policy.ts";

const fault = (asked: Asked): string => exactRenewalFault(askAgain(asked)) ?? "";

test("a renewal is one with a proof by a certificate, or with a certificate before it", () => {
  assert.ok(isRenewal(askAgain()));
  assert.ok(isRenewal(ask({ proof: "certificate" })));
  assert.ok(isRenewal(ask({ renewal: {} })));
  assert.not(isRenewal(ask()));
});

test("the same certificate may be had again, or with fewer names", () => {
  assert.is(fault({}), "");
  assert.is(fault({ dns: [], ip: [], renewal: { names: namesOf(["a"]) } }), "");
  assert.is(fault({ dns: ["A"], ip: ["::1"], renewal: { names: namesOf(["a"], ["::1"]) } }), "");
});

test("another profile, subject or name may not", () => {
  assert.match(fault({ profile: "etcd-server", renewal: { profile: "etcd-peer" } }), 'of profile "etcd-peer"');
  for (
    const [asked, subject] of [
      [{}, { commonName: "system:etcd-peer:etcd2", others: [] }],
      [{}, { commonName: "system:etcd-peer:etcd1", organization: "o", others: [] }],
      [{ organization: "system:masters" }, { commonName: "system:etcd-peer:etcd1", others: [] }],
      [{ others: ["organizationalUnit=x"] }, { commonName: "system:etcd-peer:etcd1", others: [] }],
      [{}, { commonName: "system:etcd-peer:etcd1", others: ["country=DE"] }],
      [{ others: ["country=DE"] }, { commonName: "system:etcd-peer:etcd1", others: ["country=FR"] }],
    ] as const
  ) {
    assert.match(fault({ ...asked, renewal: { subject } }), "the certificate's subject is");
    assert.ok(renewedSubjectFault(askAgain({ ...asked, renewal: { subject } })));
  }
  assert.is(
    fault({ dns: ["a", "b"], ip: [], renewal: { names: namesOf(["a"]) } }),
    '"DNS:b" is no name of the certificate',
  );
  assert.match(fault({ dns: [], ip: ["::2"], renewal: { names: namesOf([], ["::1"]) } }), '"IP:::2"');
  assert.match(fault({ dns: ["\u212a"], ip: [], renewal: { names: namesOf(["k"]) } }), "is no name");
});

test("nothing is renewed that is not known", () => {
  assert.match(exactRenewalFault(ask({ proof: "certificate" })) ?? "", "nothing is known");
});

test.run();
