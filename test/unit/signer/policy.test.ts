/** The policy and the audit log at the whole signer. */
import { sha256Hex } from "../../../src/digest.ts";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { AuditEvent } from "../../../src/audit/entry.ts";
import { etcdProfiles } from "../../../src/ca/etcd.ts";
import { CertgenError } from "../../../src/errors.ts";
import { type CertificateSigningRequest, conditionOf } from "../../../src/k8s/certificate_signing_request.ts";
import { definePolicy } from "../../../src/policy/define_policy.ts";
import { MemoryStore } from "../../../src/store/memory.ts";
import type { Change, Entry } from "../../../src/store/store.ts";
import { parseCertificate } from "../../../src/x509/certificate.ts";
import { generateKey } from "../../../src/x509/key.ts";
import {
  bootstrapToken,
  type CredentialWorld,
  credentialWorld,
  entriesOf,
  issuedBy,
  namesIn,
  obtain,
  prove,
  proven,
  wantedJson,
} from "../../credentials.ts";
import { NODES } from "../../policy.ts";
import { objectIn, pathOf, statusIn } from "../../signing.ts";

const NAME = "system:etcd-peer:etcd1";
const APPROVAL = `${pathOf("v1", NAME)}/approval`;

/** An object with one more condition. */
function decided(object: CertificateSigningRequest, type: string): unknown {
  const condition = { type, status: "True", reason: "Hand", message: "by hand" };
  return { ...object, status: { ...object.status, conditions: [...object.status.conditions ?? [], condition] } };
}

/** An audit log that can be full, and a store; in one order what they do. */
function watched() {
  const done: string[] = [];
  const events: AuditEvent[] = [];
  const state = { isFull: false };
  class WatchedStore extends MemoryStore {
    override async commit(changes: readonly Change[]): Promise<Entry[]> {
      done.push(`commit ${changes.map(({ type, name }) => `${type} ${name.replace(/\/.*/, "/")}`).join(", ")}`);
      return await super.commit(changes);
    }
  }
  const audit = {
    record: async (event: AuditEvent): Promise<void> => {
      await Promise.resolve(); // so that whoever forgot to wait is found out
      if (state.isFull) {
        throw new CertgenError("unavailable", "Cannot write the audit log: no space left on the device");
      }
      done.push(`audit ${event.action} ${event.decision}`);
      events.push(event);
    },
  };
  return { done, events, state, audit, store: new WatchedStore() };
}

test("an event is in the audit log before anything of it is in the store", async () => {
  const { audit, store, done } = watched();
  const world = await credentialWorld({ audit, store });
  const holder = await obtain(world.bearer("once-token"));
  const commits = [`commit create ${NAME}, create token/`, `commit update ${NAME}, create certificate/`];
  assert.equal(done.splice(0), ["audit create approved", ...commits]);
  await objectIn(await world.admin.send("POST", pathOf("v1"), await wantedJson({ name: "d", organization: "x" })));
  assert.equal(done.splice(0), ["audit create denied", "commit create d"]);
  for (const name of ["r1", "r2"]) {
    await objectIn(await proven(world, holder).send("POST", pathOf("v1"), await wantedJson({ name })));
  }
  assert.equal(done.splice(0), [
    "commit create nonce/",
    "audit create approved",
    "commit create r1, update certificate/",
    "commit update r1, create certificate/",
    "commit create nonce/",
    "audit fork forked",
    "commit create r2, update certificate/",
  ]);
  const object = await objectIn(await world.admin.send("GET", pathOf("v1", NAME)), 200);
  await objectIn(await world.admin.send("PUT", APPROVAL, decided(object, "Revoked")), 200);
  assert.equal(done.splice(0), ["audit revoke revoked", `commit update ${NAME}, update certificate/`]);
  assert.is((await world.admin.send("DELETE", pathOf("v1", "d"))).status, 200);
  assert.equal(done.splice(0), ["audit delete done", "commit delete d"]);
  // what decides nothing is not in it
  await objectIn(await world.admin.send("POST", `${pathOf("v1")}?dryRun=All`, await wantedJson({ name: "t" })));
  assert.equal(done, []);
});

test("the same, where an administrator approves or denies", async () => {
  const { audit, store, done } = watched();
  const world = await credentialWorld({ audit, store, approval: "manual" });
  for (
    const [type, expected] of [
      ["Approved", ["audit approve approved", `commit update ${NAME}`, `commit update ${NAME}, create certificate/`]],
      ["Denied", ["audit deny denied", `commit update ${NAME}`]],
    ] as const
  ) {
    const pending = await objectIn(await world.bearer("any-token").send("POST", pathOf("v1"), await wantedJson()));
    assert.equal(done.splice(0), ["audit create pending", `commit create ${NAME}`]);
    await objectIn(await world.admin.send("PUT", APPROVAL, decided(pending, type)), 200);
    assert.equal(done.splice(0), expected);
    await world.admin.send("DELETE", pathOf("v1", NAME));
    done.length = 0;
  }
});

test("where the audit log cannot be written nothing is issued, stored or used up", async () => {
  const { audit, store, state } = watched();
  const world = await credentialWorld({ audit, store });
  state.isFull = true;
  for (const body of [await wantedJson(), await wantedJson({ organization: "x" })]) {
    await statusIn(await world.bearer("once-token").send("POST", pathOf("v1"), body), 503);
    assert.is(store.revision, 0);
  }
  assert.is(issuedBy(world), 0);
  state.isFull = false;
  await obtain(world.bearer("once-token"));
});

test("where the audit log cannot be written nothing is decided, revoked or deleted", async () => {
  const { audit, store, state } = watched();
  const auto = await credentialWorld({ audit, store });
  const holder = await obtain(auto.bearer("any-token"));
  const world = await auto.restart({ approval: "manual" });
  const body = await wantedJson({ name: "waits" });
  const waits = await objectIn(await world.bearer("any-token").send("POST", pathOf("v1"), body));
  const { revision } = store;
  state.isFull = true;
  const approval = `${pathOf("v1", "waits")}/approval`;
  const object = await objectIn(await world.admin.send("GET", pathOf("v1", NAME)), 200);
  for (const type of ["Approved", "Denied"]) {
    await statusIn(await world.admin.send("PUT", approval, decided(waits, type)), 503);
    const patch = { status: (decided(waits, type) as typeof waits).status, metadata: { uid: waits.metadata.uid } };
    const merge = { "content-type": "application/merge-patch+json" };
    const metadata = { ...patch.metadata, resourceVersion: waits.metadata.resourceVersion };
    const answer = await world.admin.send("PATCH", approval, JSON.stringify({ ...patch, metadata }), merge);
    await statusIn(answer, 503);
  }
  await statusIn(await world.admin.send("PUT", APPROVAL, decided(object, "Revoked")), 503);
  await statusIn(await world.admin.send("DELETE", pathOf("v1", NAME)), 503);
  await statusIn(await world.admin.send("DELETE", pathOf("v1")), 503);
  assert.is(store.revision, revision);
  assert.is(issuedBy(world) + issuedBy(auto), 1);
  // a proof is used up all the same; what it was for is not had
  const renewal = await prove(world, holder, { body: await wantedJson({ name: "r" }) });
  await statusIn(await world.bearer("").send("POST", pathOf("v1"), renewal.body, renewal.headers), 503);
  assert.equal(await namesIn(store), [NAME, "waits"]);
});

/** The facts of an event that tests compare. */
const factsOf = ({ requestId: _, identity, ...rest }: AuditEvent): unknown => ({ ...rest, user: identity.username });

test("an event says who asked by which request for what, and what came of it", async () => {
  const world = await credentialWorld();
  const key = await generateKey();
  const send = async (): Promise<Response> => {
    const headers = { authorization: "Bearer any-token", "content-type": "application/json" };
    const init = { method: "POST", headers, body: await wantedJson({ key }) };
    return await world.signer.fetch(new Request(`https://signer${pathOf("v1")}`, init), { remoteAddress: "192.0.2.1" });
  };
  const answer = await send();
  const object = await objectIn(answer);
  const [event, ...more] = world.events;
  assert.equal(more, []);
  assert.ok(event);
  assert.is(event.requestId, answer.headers.get("audit-id"));
  assert.equal(event.identity, bootstrapToken("any").identity);
  const { serialNumber, der } = parseCertificate(atob(object.status.certificate ?? ""));
  assert.equal(factsOf(event), {
    source: "192.0.2.1",
    user: "system:bootstrap:any",
    action: "create",
    decision: "approved",
    object: { name: NAME, uid: object.metadata.uid },
    signerName: "certgen.internal/etcd-peer",
    profile: "etcd-peer",
    commonName: NAME,
    names: ["DNS:etcd1", "IP:10.8.89.9"],
    reason: "PolicyApproved",
    rules: "allowed by bootstrap tokens (profile etcd-peer)",
    serialNumber: serialNumber.padStart(32, "0"),
    keyFingerprint: await sha256Hex(key.publicKey.spki),
    predecessor: undefined,
  });
  const holder = { certificate: atob(object.status.certificate ?? ""), key, object };
  const renewal = await prove(world, holder, { body: await wantedJson({ key, name: "r" }) });
  const renewed = await world.bearer("").send("POST", pathOf("v1"), renewal.body, renewal.headers);
  const [, second] = world.events;
  assert.equal([renewed.status, second?.requestId], [201, renewed.headers.get("audit-id")]);
  assert.equal([second?.predecessor, second?.identity.proof], [await sha256Hex(der), "certificate"]);
  // a retry decides nothing
  await send();
  assert.is(world.events.length, 2);
});

test("an approval's event has the serial number, and a denial's its reasons and none", async () => {
  const world = await credentialWorld({ approval: "manual" });
  const pending = await objectIn(await world.bearer("any-token").send("POST", pathOf("v1"), await wantedJson()));
  const answer = await world.admin.send("PUT", APPROVAL, decided(pending, "Approved"));
  const { status } = await objectIn(answer, 200);
  const denied = await wantedJson({ name: "d", node: "etcd2", dnsNames: ["etcd3"] });
  await objectIn(await world.bearer("etcd2-token").send("POST", pathOf("v1"), denied));
  const [created, approved, refused] = world.events;
  assert.equal([created?.decision, created?.serialNumber], ["pending", undefined]);
  assert.equal([approved?.action, approved?.decision, approved?.identity.username], ["approve", "approved", "alice"]);
  const { serialNumber } = parseCertificate(atob(status.certificate ?? ""));
  assert.is(approved?.serialNumber, serialNumber.padStart(32, "0"));
  assert.is(approved?.requestId, answer.headers.get("audit-id"));
  assert.is(approved?.keyFingerprint, created?.keyFingerprint);
  assert.equal([refused?.decision, refused?.reason, refused?.serialNumber], [
    "denied",
    "NotAllowedByPolicy",
    undefined,
  ]);
  assert.match(refused?.rules ?? "", /dnsNames: .*"etcd3"/);
  assert.equal(refused?.names, ["DNS:etcd3", "IP:10.8.89.9"]);
});

const NOTHING = definePolicy([]);

for (const name of [NAME, "mine"]) {
  const path = pathOf("v1", name);

  test(`what is approved by hand is judged by the policy of then: ${name}`, async () => {
    const world = await credentialWorld({ approval: "manual" });
    const body = await wantedJson({ name });
    const pending = await objectIn(await world.bearer("any-token").send("POST", pathOf("v1"), body));
    world.signer.usePolicy(etcdProfiles(), NOTHING);
    world.events.length = 0;
    const answer = await world.admin.send("PUT", `${path}/approval`, decided(pending, "Approved"));
    assert.match((await statusIn(answer, 403)).message, "the policy does not allow it: ");
    assert.equal(await objectIn(await world.admin.send("GET", path), 200), pending);
    assert.equal([world.events, issuedBy(world)], [[], 0]);
    // nor is it issued by a signer without that profile
    world.signer.usePolicy(etcdProfiles().slice(1), NOTHING);
    await world.admin.send("PUT", `${path}/approval`, decided(pending, "Approved"));
    assert.is((await entriesOf(world.store, "certificate")).length, 0);
  });

  test(`what was approved under another policy is not issued under this one: ${name}`, async () => {
    const world = await credentialWorld();
    const { certificate: _, ...status } = (await obtain(world.bearer("any-token"), { name })).object.status;
    // as a crash would have left it
    const entry = await world.store.get(name);
    const unfinished = { ...JSON.parse(entry?.text ?? "{}") as object, status };
    await world.store.update(name, () => JSON.stringify(unfinished), entry?.revision ?? -1);
    world.signer.usePolicy(etcdProfiles(), NOTHING);
    await world.signer.sweep();
    assert.ok(conditionOf(await objectIn(await world.admin.send("GET", path), 200), "Failed"));
    assert.is(issuedBy(world), 1);
  });
}

test("a policy holds from the next request on", async () => {
  const world = await credentialWorld();
  const ask = async (name: string): Promise<CertificateSigningRequest> =>
    await objectIn(await world.bearer("any-token").send("POST", pathOf("v1"), await wantedJson({ name })));
  assert.ok(conditionOf(await ask("a"), "Approved"));
  world.signer.usePolicy(etcdProfiles(), NOTHING);
  assert.is(conditionOf(await ask("b"), "Denied")?.reason, "NotAllowedByPolicy");
  assert.is(issuedBy(world), 1);
});

/** Who asks for a certificate of a node in the cluster of the README, and whether it is issued. */
async function isIssued(world: CredentialWorld, who: string, node: string, name: string): Promise<boolean> {
  let count = 0;
  for (const profile of ["etcd-peer", "etcd-server", "etcd-metric"] as const) {
    const body = await wantedJson({ node, profile, dnsNames: [node, "localhost"], name: name && `${name}-${profile}` });
    const answer = await world.bearer(who).send("POST", pathOf("v1"), body);
    const text = await answer.text();
    assert.ok(answer.status === 403 || answer.status === 201, text);
    if (text.includes('"certificate":"')) count++;
  }
  assert.ok(count === 0 || count === 3);
  return count === 3;
}

test("the policy of the README gives three nodes each its own names and nothing else", async () => {
  const nodes = ["etcd1", "etcd2", "etcd3"];
  const tokens = nodes.map((node) => ({
    token: `token-of-${node}`,
    identity: { username: `etcd:${node}`, groups: [], proof: "token" as const },
  }));
  const world = await credentialWorld({ policy: definePolicy([NODES]), tokens });
  for (const who of nodes) {
    for (const node of nodes) {
      assert.is(await isIssued(world, `token-of-${who}`, node, `${who}-${node}`), who === node, `${who} ${node}`);
    }
  }
  assert.is((await entriesOf(world.store, "certificate")).length, 9);
});

test.run();
