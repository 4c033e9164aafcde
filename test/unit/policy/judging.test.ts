import { test } from "uvu";
import * as assert from "uvu/assert";
import { judgingOf } from "../../../src/policy/judging.ts";
import { ask, askAgain, namesOf } from "../../policy.ts";

test("judgingOf sorts the names once, and no more than the profile has", () => {
  const { question, names, renewal, work, aside, bindings } = judgingOf(ask({ dns: ["A"], ip: [] }));
  assert.is(question.subject.commonName, "system:etcd-peer:etcd1");
  assert.equal(names, { dnsNames: [{ text: "a", suffixes: [] }], wildcards: [], ipAddresses: [] });
  assert.equal([renewal, work.isSpent, aside.isSpent, bindings.size], [undefined, false, false, 0]);
  const dns = Array.from({ length: 101 }, (_, i) => `n${i}`);
  assert.is(judgingOf(ask({ dns, ip: [] })).names.fault, "101 names are asked for: 100 are possible");
});

test("judgingOf says of a renewal what it is", () => {
  assert.equal(judgingOf(askAgain()).renewal, { subject: undefined, exact: undefined });
  const wider = judgingOf(askAgain({ dns: ["b"], renewal: { names: namesOf(["a"]) } })).renewal;
  assert.is(wider?.subject, undefined);
  assert.match(wider?.exact ?? "", "is no name of the certificate");
  const unknown = judgingOf(ask({ proof: "certificate" })).renewal;
  assert.match(unknown?.subject ?? "", "nothing is known");
});

test.run();
