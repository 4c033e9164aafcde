import { test } from "uvu";
import * as assert from "uvu/assert";
import { etcdProfiles } from "../../../src/ca/etcd.ts";
import { openPolicy } from "../../../src/policy/default_policy.ts";
import { Judge, type Verdict } from "../../../src/requests/judge.ts";
import { checkMayHaveName, checkNodeName } from "../../../src/requests/node_name.ts";
import { type Csr, parseCsr } from "../../../src/x509/csr.ts";
import { thrown } from "../../fakes.ts";
import { fromBase64Pem } from "../../../src/k8s/certificate_signing_request.ts";
import { peerRequest, rawRequest, sharedKey } from "../../signing.ts";

const judge = new Judge({ profiles: etcdProfiles(), policy: openPolicy, issuers: {}, domain: "certgen.internal" });
const csrOf = (request: string): Csr => parseCsr(fromBase64Pem(request));
const csr = csrOf(await peerRequest("etcd", await sharedKey()));
const NAME = "system:etcd-peer:etcd";

test("checkNodeName: a name like a node's is the common name, or that and a suffix", () => {
  for (const name of [NAME, `${NAME}-`, `${NAME}-0a1b2c3d`, `${NAME}-1`, "anything", "system:etcd-peers", ""]) {
    checkNodeName(judge, name, csr);
  }
  for (
    const name of [`${NAME}1`, `${NAME}.x`, "system:etcd-peer:", "system:etcd-peer:other", "system:etcd-server:etcd"]
  ) {
    thrown("forbidden", () => checkNodeName(judge, name, csr));
  }
});

test("checkNodeName: a request without a common name has no node's name", async () => {
  const nameless = csrOf(await rawRequest({ rdns: [] }));
  for (const name of ["system:etcd-peer:", "system:etcd-peer:-x"]) {
    thrown("forbidden", () => checkNodeName(judge, name, nameless));
  }
});

/** A verdict that gives some common names. */
const giving = (...names: string[]): Verdict => ({ decision: undefined, mayHaveName: (name) => names.includes(name) });

test("checkMayHaveName: only whoever may have the common name has the name, and its generated ones", () => {
  const generated = [NAME, `${NAME}-0a1b2c3d`, `${NAME}-bcd24`];
  for (const name of generated) {
    checkMayHaveName(judge, name, csr, giving(NAME));
    thrown("forbidden", () => checkMayHaveName(judge, name, csr, giving(name === NAME ? "x" : name)));
  }
  checkMayHaveName(judge, "anything", csr, giving());
});

test("checkMayHaveName: what could be another's common name must be one that it may have, too", () => {
  for (const name of [`${NAME}-1`, `${NAME}-0a1b2c3`, `${NAME}-0a1b2c3d4`, `${NAME}-0A1B2C3D`, `${NAME}-aeiou`]) {
    thrown("forbidden", () => checkMayHaveName(judge, name, csr, giving(NAME)));
    checkMayHaveName(judge, name, csr, giving(NAME, name));
  }
});

test("checkMayHaveName says why, where the policy has said it", () => {
  const decision = { approved: false, profile: undefined, reason: "NotAllowedByPolicy", message: "no rule" } as const;
  const error = thrown("forbidden", () => checkMayHaveName(judge, NAME, csr, { ...giving(), decision }));
  assert.is(error.message, "the name is another's: no rule");
});

test.run();
