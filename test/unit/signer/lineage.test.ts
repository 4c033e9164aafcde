/** Renewal by the key of a certificate, at the whole signer: one successor each, and nothing but the same again. */
import { sha256Hex } from "../../../src/digest.ts";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { etcdProfiles } from "../../../src/ca/etcd.ts";
import { defineProfile } from "../../../src/ca/profile.ts";
import { type CertificateSigningRequest, conditionOf } from "../../../src/k8s/certificate_signing_request.ts";
import { definePolicy } from "../../../src/policy/define_policy.ts";
import { parseCertificate } from "../../../src/x509/certificate.ts";
import { generateKey } from "../../../src/x509/key.ts";
import {
  bootstrapToken,
  type CredentialWorld,
  credentialWorld,
  entriesOf,
  type Holder,
  issuedBy,
  namesIn,
  obtain,
  proven,
  STORES,
  type Wanted,
  wantedJson,
} from "../../credentials.ts";
import { objectIn, pathOf, statusIn } from "../../signing.ts";

const NAME = "system:etcd-peer:etcd1";
const USER = "certgen:cert:etcd-peer:system:etcd-peer:etcd1";

/** The name of a renewal, as the agent makes them. */
const named = (i: number): string => `${NAME}-${(0x0a1b2c00 + i).toString(16).padStart(8, "0")}`;

/** A signer, and the first certificate of `etcd1`. */
async function first(
  options: Parameters<typeof credentialWorld>[0] = {},
): Promise<{ world: CredentialWorld; holder: Holder }> {
  const world = await credentialWorld(options);
  return { world, holder: await obtain(world.bearer("any-token")) };
}

/** The same, where each request waits for an administrator. */
async function waiting(): Promise<{ world: CredentialWorld; holder: Holder }> {
  const { world, holder } = await first();
  return { world: await world.restart({ approval: "manual" }), holder };
}

/** What a renewal is answered with. */
async function renew(world: CredentialWorld, holder: Holder, wanted: Wanted = {}): Promise<Response> {
  return await proven(world, holder).send("POST", pathOf("v1"), await wantedJson({ name: named(0), ...wanted }));
}

/** An administrator's decision. */
async function decide(
  { admin }: CredentialWorld,
  { metadata: { name } }: CertificateSigningRequest,
  type: string,
): Promise<Response> {
  const path = pathOf("v1", name);
  const object = await objectIn(await admin.send("GET", path), 200);
  const condition = { type, status: "True", reason: "Hand", message: "by hand" };
  const sent = { ...object, status: { ...object.status, conditions: [...object.status.conditions ?? [], condition] } };
  return await admin.send("PUT", `${path}/approval`, sent);
}

const fingerprint = async ({ certificate }: Holder): Promise<string> =>
  await sha256Hex(parseCertificate(certificate).der);

test("a certificate's key renews it with itself, and with another", async () => {
  const { world, holder } = await first();
  const same = await obtain(proven(world, holder), { name: named(1), key: holder.key });
  const other = await obtain(proven(world, same), { name: named(2) });
  assert.is((await entriesOf(world.store, "certificate")).length, 3);
  assert.equal([same.object.spec.username, same.object.spec.groups], [USER, []]);
  const [, second, third] = world.events;
  assert.equal([second?.action, second?.decision, second?.identity.proof], ["create", "approved", "certificate"]);
  assert.equal([second?.predecessor, third?.predecessor], [await fingerprint(holder), await fingerprint(same)]);
  assert.is(parseCertificate(other.certificate).subject.attributes.length, 2);
});

for (const kind of STORES) {
  test(`the same key again gets the stored answer, also after a restart (${kind})`, async () => {
    const { world, holder } = await first({ kind });
    const key = await generateKey();
    const renewed = await objectIn(await renew(world, holder, { key }));
    assert.ok(renewed.status.certificate);
    assert.equal(await objectIn(await renew(world, holder, { key, name: named(1) })), renewed);
    const again = await world.restart();
    assert.equal(await objectIn(await renew(again, holder, { key, name: named(2) })), renewed);
    assert.is((await renew(again, holder, { name: named(3) })).status, 201);
    assert.is((await entriesOf(again.store, "certificate")).length, 2);
    assert.is(issuedBy(again), 0);
  });

  test(`a second successor with another key is Forked, waits, and is said in the audit log (${kind})`, async () => {
    const { world, holder } = await first({ kind });
    await obtain(proven(world, holder), { name: named(0) });
    world.events.length = 0;
    const forked = await objectIn(await renew(world, holder, { name: named(1) }));
    assert.is(forked.status.certificate, undefined);
    assert.equal(forked.status.conditions?.map(({ type, reason }) => [type, reason]), [["Forked", "SecondSuccessor"]]);
    assert.equal(world.events.map(({ action, decision }) => [action, decision]), [["fork", "forked"]]);
    assert.equal(world.events[0]?.object, { name: named(1), uid: forked.metadata.uid });
    assert.is(world.events[0]?.predecessor, await fingerprint(holder));
    assert.is(world.events[0]?.serialNumber, undefined);
    assert.equal(world.lines.filter(({ level }) => level === "error").map(({ message }) => message), [
      "request forked",
    ]);
    assert.is(issuedBy(world), 2);
    // neither time nor polling issues it
    const again = await world.restart();
    await again.signer.sweep();
    const polled = await objectIn(await proven(again, holder).send("GET", pathOf("v1", named(1))), 200);
    assert.equal(polled, forked);
    assert.is((await entriesOf(again.store, "certificate")).length, 2);
  });
}

test("an administrator who approves what is forked has it issued; it renews as any other", async () => {
  const { world, holder } = await first();
  await obtain(proven(world, holder), { name: named(0) });
  const key = await generateKey();
  const forked = await objectIn(await renew(world, holder, { key, name: named(1) }));
  const approved = await objectIn(await decide(world, forked, "Approved"), 200);
  assert.ok(approved.status.certificate);
  assert.ok(conditionOf(approved, "Forked"));
  const next: Holder = { certificate: atob(approved.status.certificate ?? ""), key, object: approved };
  await obtain(proven(world, next), { name: named(2) });
  // a third key is forked still
  assert.ok(conditionOf(await objectIn(await renew(world, holder, { name: named(3) })), "Forked"));
});

test("a successor that was denied, or failed, is none", async () => {
  const { world, holder } = await waiting();
  const pending = await objectIn(await renew(world, holder, { name: named(0) }));
  assert.equal(pending.status, {});
  // as long as it waits, another is the second
  assert.ok(conditionOf(await objectIn(await renew(world, holder, { name: named(1) })), "Forked"));
  await objectIn(await decide(world, pending, "Denied"), 200);
  const second = await objectIn(await renew(world, holder, { name: named(2) }));
  assert.equal(second.status, {});
  const entry = await world.store.get(named(2));
  const failed = { type: "Failed", status: "True", reason: "IssuingFailed", message: "x" };
  const text = JSON.stringify({ ...JSON.parse(entry?.text ?? "{}") as object, status: { conditions: [failed] } });
  await world.store.update(named(2), () => text, entry?.revision ?? -1);
  assert.equal((await objectIn(await renew(world, holder, { name: named(3) }))).status, {});
});

test("a successor that is removed without a certificate leaves its place; one with a certificate does not", async () => {
  const { world, holder } = await waiting();
  const remove = async (name: string): Promise<void> =>
    assert.is((await world.admin.send("DELETE", pathOf("v1", name))).status, 200);
  await objectIn(await renew(world, holder, { name: named(0) }));
  await remove(named(0));
  // what was denied is swept after a day, what waits after a week
  await objectIn(await decide(world, await objectIn(await renew(world, holder, { name: named(1) })), "Denied"), 200);
  world.setTime("2026-03-02T12:00:00Z");
  await world.signer.sweep();
  const forever = await objectIn(await renew(world, holder, { name: named(2) }));
  assert.equal(forever.status, {});
  world.setTime("2026-03-09T12:00:00Z");
  await world.signer.sweep();
  assert.equal(await namesIn(world.store), [NAME]);
  const key = await generateKey();
  const last = await objectIn(await renew(world, holder, { key, name: named(3) }));
  await objectIn(await decide(world, last, "Approved"), 200);
  await remove(named(3));
  assert.ok(conditionOf(await objectIn(await renew(world, holder, { name: named(4) })), "Forked"));
  await remove(named(4)); // what is forked has no place
  assert.ok(conditionOf(await objectIn(await renew(world, holder, { name: named(5) })), "Forked"));
  await statusIn(await renew(world, holder, { key, name: named(6) }), 403);
});

test("what is denied or tried with dryRun is no successor", async () => {
  const { world, holder } = await first();
  const denied = await objectIn(await renew(world, holder, { dnsNames: ["etcd1", "b"], name: named(0) }));
  assert.ok(conditionOf(denied, "Denied"));
  const body = await wantedJson({ name: named(1) });
  await objectIn(await proven(world, holder).send("POST", `${pathOf("v1")}?dryRun=All`, body));
  await obtain(proven(world, holder), { name: named(2) });
});

test("renewUntil ends a lineage, whatever its certificates say", async () => {
  const DAY = 86_400;
  const [peer, ...others] = etcdProfiles({ "etcd-peer": 20 * DAY });
  assert.ok(peer);
  const { keyUsage, extKeyUsage, subject, issuer, name, lifetimeSeconds } = peer;
  assert.ok(subject);
  const config = { name, issuer, subject, keyUsage, extKeyUsage, lifetimeSeconds, renewSeconds: 30 * DAY };
  const { world, holder } = await first({ profiles: [defineProfile(config), ...others] });
  world.setTime("2026-03-21T12:00:00Z");
  const second = await obtain(proven(world, holder), { name: named(0) });
  world.setTime("2026-03-31T12:00:00Z");
  const third = await obtain(proven(world, second), { name: named(1) });
  world.setTime("2026-03-31T12:00:01Z");
  for (const late of [second, third]) {
    assert.ok(parseCertificate(late.certificate).notAfter > world.now());
    await statusIn(await renew(world, late, { name: named(2) }), 401);
  }
});

const WIDE = {
  who: { user: USER },
  mayHave: {
    profiles: ["etcd-peer", "etcd-server"],
    commonNames: ["system:etcd-peer:etcd1", "system:etcd-server:etcd1"],
    dnsNames: ["etcd1", "b"],
    ipAddresses: ["10.8.89.0/24"],
  },
};

test("wider names than the certificate's need a rule that says so", async () => {
  const wider = { dnsNames: ["etcd1", "b"] };
  for (
    const [policy, may] of [
      [undefined, false],
      [definePolicy([WIDE]), false],
      [definePolicy([{ ...WIDE, widen: true }]), true],
    ] as const
  ) {
    const { world, holder } = await first();
    const ruled = await world.restart(policy === undefined ? {} : { policy });
    const object = await objectIn(await renew(ruled, holder, wider));
    assert.is(object.status.certificate !== undefined, may);
    if (!may) assert.match(conditionOf(object, "Denied")?.message ?? "", /"DNS:b" is no name of the certificate/);
    // fewer are no more
    const narrow = await objectIn(await renew(ruled, holder, { ipAddresses: [], name: named(1) }));
    assert.is(conditionOf(narrow, may ? "Forked" : "Approved")?.status, "True");
  }
});

test("another profile or subject than the certificate's is not given, whatever a rule says", async () => {
  const { world, holder } = await first();
  const ruled = await world.restart({ policy: definePolicy([{ ...WIDE, widen: true }]) });
  for (const one of [world, ruled]) {
    const server = await wantedJson({ profile: "etcd-server", name: "mine" });
    const denied = await objectIn(await proven(one, holder).send("POST", pathOf("v1"), server));
    assert.match(conditionOf(denied, "Denied")?.message ?? "", /the certificate is of profile "etcd-peer"/);
    await statusIn(await renew(one, holder, { profile: "etcd-server", name: "system:etcd-server:etcd1" }), 403);
    await statusIn(await renew(one, holder, { node: "etcd2", name: "system:etcd-peer:etcd2" }), 403);
    await statusIn(await renew(one, holder, { parts: { spec: { signerName: "example.com/x" } } }), 403);
    const subject = await objectIn(await renew(one, holder, { node: "etcd2", dnsNames: ["etcd1"], name: "mine-2" }));
    assert.match(conditionOf(subject, "Denied")?.message ?? "", /subject/);
    for (const name of ["mine", "mine-2"]) assert.is((await one.admin.send("DELETE", pathOf("v1", name))).status, 200);
  }
  assert.is((await entriesOf(world.store, "certificate")).length, 1);
});

test("no group comes of a certificate's organization", async () => {
  for (const organization of ["certgen:admins", "system:masters"]) {
    const free = defineProfile({
      name: "etcd-peer",
      issuer: "etcd",
      keyUsage: ["digitalSignature"],
      extKeyUsage: ["serverAuth", "clientAuth"],
      lifetimeSeconds: 3600,
    });
    const world = await credentialWorld({ profiles: [free] });
    const holder = await obtain(world.admin, { organization });
    assert.ok(parseCertificate(holder.certificate).subject.attributes.some(({ value }) => value === organization));
    const client = proven(world, holder);
    for (
      const [method, path] of [
        ["GET", pathOf("v1")],
        ["DELETE", pathOf("v1")],
        ["DELETE", pathOf("v1", NAME)],
        ["GET", pathOf("v1", NAME)],
        ["PUT", `${pathOf("v1", NAME)}/approval`],
        ["PATCH", `${pathOf("v1", NAME)}/status`],
      ] as const
    ) await statusIn(await client.send(method, path), 403);
    const { object } = await obtain(client, { organization, name: "renewed" });
    assert.equal([object.spec.username, object.spec.groups], [USER, []]);
    // and it may not ask for others' names as an administrator does
    const other = await objectIn(await renew(world, holder, { organization, node: "etcd2", name: "other" }));
    assert.ok(conditionOf(other, "Denied"));
  }
});

test("its holder gets what it asked for by its key, and nobody else's", async () => {
  const tokens = [bootstrapToken("any"), bootstrapToken("once", { uses: 1 })];
  const { world, holder } = await first({ tokens });
  const renewed = await obtain(proven(world, holder), { name: named(0) });
  for (const who of [holder, renewed]) {
    const client = proven(world, who);
    assert.equal(await objectIn(await client.send("GET", pathOf("v1", named(0))), 200), renewed.object);
    await statusIn(await client.send("GET", pathOf("v1", NAME)), 403); // the token's
    await statusIn(await client.send("GET", pathOf("v1", "none")), 404);
  }
  await statusIn(await world.bearer("any-token").send("GET", pathOf("v1", named(0))), 403);
});

test.run();
