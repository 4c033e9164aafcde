import { sha256Hex } from "../../../src/digest.ts";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { AuditEvent } from "../../../src/audit/entry.ts";
import { CertgenError } from "../../../src/errors.ts";
import { ANONYMOUS } from "../../../src/identity.ts";
import { fromBase64Pem } from "../../../src/k8s/certificate_signing_request.ts";
import { type Audited, Auditing } from "../../../src/requests/auditing.ts";
import { withFailure, withFork } from "../../../src/requests/object.ts";
import { parseCsr } from "../../../src/x509/csr.ts";
import { MOMENT, rejection } from "../../fakes.ts";
import { objectIn, objectJson, peerRequest, post, rawRequest, rdn, sharedKey, testSigner } from "../../signing.ts";

const { signer } = await testSigner();
const object = await objectIn(await post(signer, objectJson(await peerRequest("etcd1", await sharedKey()))));
const { name, uid } = object.metadata;
const csr = parseCsr(fromBase64Pem(object.spec.request));

/** The event that something is told as. */
async function eventOf(change: Partial<Audited> = {}): Promise<AuditEvent> {
  const events: AuditEvent[] = [];
  const auditing = new Auditing({ record: (event) => Promise.resolve(void events.push(event)) });
  const trace = { requestId: "id", source: "192.0.2.1" };
  await auditing.record({ trace, identity: ANONYMOUS, action: "create", decision: "approved", object, ...change });
  const [event, ...more] = events;
  assert.ok(event !== undefined && more.length === 0);
  return event;
}

test("an event says what is known, and leaves out what is not", async () => {
  const { signerName } = object.spec;
  const serialNumber = object.metadata.annotations?.["certgen.internal/serial-number"];
  const bare = {
    requestId: "id",
    source: "192.0.2.1",
    identity: ANONYMOUS,
    action: "create",
    decision: "approved",
    object: { name, uid },
    signerName,
    profile: undefined,
    commonName: undefined,
    names: undefined,
    reason: "PolicyApproved",
    rules: undefined,
    serialNumber,
    keyFingerprint: undefined,
    predecessor: undefined,
  };
  assert.equal(await eventOf(), bare);
  assert.equal(await eventOf({ csr, profile: "etcd-peer", rules: "allowed by x" }), {
    ...bare,
    profile: "etcd-peer",
    rules: "allowed by x",
    commonName: "system:etcd-peer:etcd1",
    names: ["DNS:etcd1", "IP:10.8.89.9"],
    keyFingerprint: await sha256Hex((await sharedKey()).publicKey.spki),
  });
});

test("the reason is that of what counts: a fork or a failure before the approval", async () => {
  assert.is((await eventOf({ object: withFork(object, new Date(MOMENT)) })).reason, "SecondSuccessor");
  assert.is((await eventOf({ object: withFailure(object, new Date(MOMENT)) })).reason, "IssuingFailed");
  assert.is((await eventOf({ object: { ...object, status: {} } })).reason, undefined);
});

test("of several common names the first is told; an object without a serial number has none", async () => {
  const rdns = [rdn(["commonName", "a"], ["commonName", "b"])];
  const odd = parseCsr(fromBase64Pem(await rawRequest({ rdns })));
  const { annotations: _, ...metadata } = object.metadata;
  const event = await eventOf({ csr: odd, object: { ...object, metadata } });
  assert.equal([event.commonName, event.serialNumber, event.names], ["a", undefined, undefined]);
});

test("no certificate, request or key is in an event", async () => {
  assert.not.match(JSON.stringify(await eventOf({ csr })), /LS0t|BEGIN/);
});

test("a log that cannot be written is the caller's to know", async () => {
  const auditing = new Auditing({ record: () => Promise.reject(new CertgenError("unavailable", "full")) });
  const trace = { requestId: "id" };
  await rejection(
    "unavailable",
    auditing.record({ trace, identity: ANONYMOUS, action: "delete", decision: "done", object }),
  );
});

test.run();
