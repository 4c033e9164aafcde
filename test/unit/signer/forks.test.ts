/** Second successors of a certificate: somebody has stolen a key. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { conditionOf } from "../../../src/k8s/certificate_signing_request.ts";
import { type CredentialWorld, credentialWorld, type Holder, obtain, proven, wantedJson } from "../../credentials.ts";
import { objectIn, pathOf } from "../../signing.ts";

/** The name of a renewal, as the agent makes them. */
const named = (i: number): string => `system:etcd-peer:etcd1-${i.toString(16).padStart(8, "0")}`;

/** A signer, and the first certificate of `etcd1`. */
async function first(): Promise<{ world: CredentialWorld; holder: Holder }> {
  const world = await credentialWorld();
  return { world, holder: await obtain(world.bearer("any-token")) };
}

/** What a renewal with another key is answered with. */
async function renew(world: CredentialWorld, holder: Holder, { name }: { readonly name: string }): Promise<Response> {
  return await proven(world, holder).send("POST", pathOf("v1"), await wantedJson({ name }));
}

test("of many renewals at once, each with another key, one is the successor, and ten are kept for a look", async () => {
  const { world, holder } = await first();
  const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => renew(world, holder, { name: named(i) })));
  const objects = await Promise.all(answers.filter(({ status }) => status === 201).map((answer) => objectIn(answer)));
  assert.is(objects.filter(({ status }) => status.certificate !== undefined).length, 1);
  assert.is(objects.filter((object) => conditionOf(object, "Forked") !== undefined).length, 10);
  assert.is(answers.filter(({ status }) => status === 403).length, 9);
});

test("a fork is told in the audit log also where its name is taken", async () => {
  const { world, holder } = await first();
  const renewed = await objectIn(await renew(world, holder, { name: named(0) }));
  world.events.length = 0;
  // under the thief's name, which is the one that the owner always asks by
  assert.is((await renew(world, holder, { name: named(0) })).status, 409);
  assert.equal(world.events.map(({ action, decision }) => [action, decision]), [["fork", "forked"]]);
  assert.is((await world.store.get(renewed.metadata.name))?.text.includes("Forked"), false);
});

test("two holders of one common name are two: neither sees nor replaces the other's", async () => {
  const { world, holder } = await first();
  const other = await obtain(world.admin, { name: named(8) });
  const renewed = await objectIn(await renew(world, holder, { name: named(0) }));
  assert.is((await proven(world, other).send("GET", pathOf("v1", named(0)))).status, 403);
  const own = await proven(world, holder).send("GET", pathOf("v1", named(0)));
  assert.is((await objectIn(own, 200)).metadata.uid, renewed.metadata.uid);
});

test.run();
