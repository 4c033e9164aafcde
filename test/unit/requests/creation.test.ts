import { test } from "uvu";
import * as assert from "uvu/assert";
import { CertgenError } from "../../../src/errors.ts";
import { conditionOf } from "../../../src/k8s/certificate_signing_request.ts";
import { type CredentialWorld, credentialWorld, entriesOf, issuedBy, namesIn, wantedJson } from "../../credentials.ts";
import type { CertificateSigningRequest } from "../../../src/k8s/certificate_signing_request.ts";
import { objectIn, type ObjectParts, pathOf, statusIn } from "../../signing.ts";

const NAME = "system:etcd-peer:etcd1";

/** Creates something as whoever has any bootstrap token, or as an administrator. */
async function create(
  world: CredentialWorld,
  parts: ObjectParts = {},
  { query = "", token = "any-token", version = "v1" as "v1" | "v1beta1" } = {},
): Promise<Response> {
  const body = await wantedJson({ parts: { ...parts, version } });
  const sent = JSON.parse(body) as object;
  return await world.bearer(token).send("POST", `${pathOf(version)}${query}`, { ...sent, ...parts });
}

const meta = (change: object): ObjectParts => ({ metadata: { name: NAME, ...change } });

test("an object is made with its decision, who asked, and how that was proven", async () => {
  const world = await credentialWorld();
  const { spec, status } = await objectIn(await create(world));
  assert.equal([spec.username, spec.groups], ["system:bootstrap:any", [
    "system:bootstrappers",
    "system:authenticated",
  ]]);
  assert.equal(spec.extra, {
    "certgen.internal/proof": ["bootstrap-token"],
    "certgen.internal/token-id": ["any"],
  });
  assert.equal(status.conditions?.map(({ type, message }) => [type, message]), [
    ["Approved", "allowed by bootstrap tokens (profile etcd-peer)"],
  ]);
});

test("what a requester says of itself is not taken", async () => {
  const world = await credentialWorld();
  const spec = {
    username: "alice",
    groups: ["certgen:admins"],
    extra: { "certgen.internal/proof": ["token"], "certgen.internal/certificate": ["aa"] },
    uid: "x",
  };
  const body = JSON.parse(await wantedJson()) as { spec: object };
  const sent = { ...body, spec: { ...body.spec, ...spec } };
  const object = await objectIn(await world.bearer("any-token").send("POST", pathOf("v1"), sent));
  assert.is(object.spec.username, "system:bootstrap:any");
  assert.not.match(JSON.stringify(object.spec), /certgen:admins|alice|"aa"/);
});

test("finalizers and owners are an administrator's to set", async () => {
  const world = await credentialWorld();
  const owner = { apiVersion: "v1", kind: "Node", name: "n", uid: "u" };
  for (const change of [{ finalizers: ["example.com/x"] }, { ownerReferences: [owner] }]) {
    assert.match((await statusIn(await create(world, meta(change)), 403)).message, "only administrators set metadata.");
    const name = `${Object.keys(change)[0]?.toLowerCase()}`;
    await objectIn(await create(world, meta({ ...change, name }), { token: "admin-token" }));
  }
  assert.equal(await namesIn(world.store), ["finalizers", "ownerreferences"]);
});

test("a dry run says what would be, of no version, and leaves nothing; a taken name is 409", async () => {
  const world = await credentialWorld();
  const tried = await objectIn(await create(world, {}, { query: "?dryRun=All" }));
  assert.ok(conditionOf(tried, "Approved"));
  assert.equal([tried.metadata.resourceVersion, tried.status.certificate], [undefined, undefined]);
  assert.equal([world.store.revision, world.events, issuedBy(world)], [0, [], 0]);
  await objectIn(await create(world));
  await statusIn(await create(world, {}, { query: "?dryRun=All" }), 409);
});

test("a dry run tells everybody who has too much", async () => {
  const world = await credentialWorld({ limits: { length: 1 } });
  await objectIn(await create(world));
  for (const query of ["", "?dryRun=All"]) await statusIn(await create(world, meta({ name: "b" }), { query }), 429);
  await objectIn(await create(world, meta({ name: "b" }), { token: "admin-token" }));
});

test("a reservation is given back, whatever becomes of its object", async () => {
  let fails = true;
  const record = (): Promise<void> =>
    fails ? Promise.reject(new CertgenError("unavailable", "full")) : Promise.resolve();
  const world = await credentialWorld({ audit: { record }, approval: "manual", limits: { pending: 1 } });
  for (let i = 0; i < 3; i++) await statusIn(await create(world), 503);
  fails = false;
  await objectIn(await create(world));
  await statusIn(await create(world, meta({ name: "b" })), 429);
});

test("through v1beta1 the same requester's object makes room, once decided by nobody but the policy", async () => {
  const world = await credentialWorld();
  const beta = { version: "v1beta1" } as const;
  const ask = async (token?: string): Promise<Response> =>
    await create(world, {}, { ...beta, ...token === undefined ? {} : { token } });
  const first = await objectIn(await ask());
  const second = await objectIn(await ask());
  assert.is.not(second.metadata.uid, first.metadata.uid);
  assert.equal(await namesIn(world.store), [NAME]);
  assert.is((await entriesOf(world.store, "certificate")).length, 2);
  await statusIn(await ask("etcd1-token"), 409);
  await statusIn(await create(world), 409);
  const sent: CertificateSigningRequest = await objectIn(await world.admin.send("GET", pathOf("v1", NAME)), 200);
  const revoked = { type: "Revoked", status: "True", reason: "x", message: "x" };
  const status = { ...sent.status, conditions: [...sent.status.conditions ?? [], revoked] };
  await objectIn(await world.admin.send("PUT", `${pathOf("v1", NAME)}/approval`, { ...sent, status }), 200);
  await statusIn(await ask(), 409);
});

test("what is another signer's waits for that one, and has no serial number", async () => {
  const world = await credentialWorld();
  const body = await wantedJson({ name: "other", parts: { spec: { signerName: "example.com/x" } } });
  const object = await objectIn(await world.bearer("once-token").send("POST", pathOf("v1"), body));
  assert.equal([object.status, object.metadata.annotations], [{}, undefined]);
  assert.equal(world.events.map(({ decision, serialNumber }) => [decision, serialNumber]), [["pending", undefined]]);
  assert.is(world.lines.at(-1)?.message, "request left alone");
  assert.is((await entriesOf(world.store, "token")).length, 0);
});

test.run();
