import { test } from "uvu";
import * as assert from "uvu/assert";
import { describeRequest } from "../../../cli/request_description.ts";
import { type RequestView, viewOf } from "../../../src/k8s/request_view.ts";
import { issuedObject } from "../../fake_api.ts";
import { MOMENT } from "../../fakes.ts";

const now = new Date("2026-03-01T13:00:00Z");
const issued = viewOf(
  await issuedObject("etcd1", { spec: { expirationSeconds: 7200 }, metadata: { labels: { a: "b" } } }),
);

test("describeRequest says everything, each value on a line", () => {
  const [serial] = Object.values(issued.metadata.annotations);
  assert.is(
    describeRequest(issued, now),
    `Name:          system:etcd-peer:etcd1
State:         Approved,Issued
Created:       ${MOMENT} (60m ago)
Signer:        certgen.internal/etcd-peer
Requester:     system:anonymous
Groups:        system:unauthenticated
Usages:        digital signature
               server auth
               client auth
Lifetime:      120m
Labels:        a=b
Annotations:   certgen.internal/serial-number=${serial}
Request:
  Subject:     O=system:etcd-peers, CN=system:etcd-peer:etcd1
  Names:       DNS:etcd1
               IP:10.8.89.9
  Key:         EC P-256
Conditions:
  Approved:    ${MOMENT}
               PolicyApproved
               allowed by anybody (profile etcd-peer)
Certificate:
  Serial:      ${serial}
  Subject:     O=system:etcd-peers, CN=system:etcd-peer:etcd1
  Issuer:      CN=test CA
  Names:       DNS:etcd1
               IP:10.8.89.9
  Key:         EC P-256
  Valid from:  2026-03-01T11:55:00Z
  Valid until: 2026-03-01T14:00:00Z (expires in 60m)
`,
  );
  assert.match(describeRequest(issued, new Date("2026-03-02T14:00:00Z")), "(expired 24h ago)");
});

test("what is not there is said, and so is what cannot be read", () => {
  const empty = describeRequest(viewOf({}), now);
  assert.match(empty, "Created:       <unknown>\n");
  assert.match(empty, "Groups:        <none>\n");
  assert.match(empty, "Lifetime:      <the profile's>\n");
  assert.match(empty, "Request:       <unreadable>\nConditions:    <none>\nCertificate:   <none>\n");
  assert.match(describeRequest({ ...issued, status: { certificate: "eA==" } }, now), "Certificate:   <unreadable>\n");
});

test("conditions say since when, when they were worded anew, and where they do not hold", () => {
  const conditions = [
    { type: "Denied", status: "True", lastTransitionTime: "T1", lastUpdateTime: "T2", reason: "R", message: "M" },
    { type: "Ready", status: "False", lastUpdateTime: "T3" },
    { type: "", status: "True" },
  ];
  assert.match(
    describeRequest({ ...issued, status: { conditions } }, now),
    `Conditions:
  Denied:      T1
               updated T2
               R
               M
  Ready:       False, T3
  <none>:      <unknown>
Certificate:   <none>
`,
  );
});

test("nothing of it is anything that a terminal acts on, or that makes a line", () => {
  const hostile = "x\nName: y\x1b[2J\u202e";
  const request: RequestView = {
    metadata: { ...issued.metadata, name: hostile, labels: { [hostile]: hostile }, annotations: { a: hostile } },
    spec: { ...issued.spec, signerName: hostile, username: hostile, groups: [hostile], usages: [hostile] },
    status: {
      conditions: [{ type: hostile, status: hostile, reason: hostile, message: hostile, lastUpdateTime: hostile }],
    },
  };
  const text = describeRequest(request, now);
  assert.not.match(text.replaceAll("\n", ""), /[\p{Cc}\p{Cf}]/u);
  assert.is(text.match(/^Name:/gm)?.length, 1);
  assert.is(text.match(/x\\nName: y\\u001b\[2J\\u202e/g)?.length, 13);
});

test.run();
