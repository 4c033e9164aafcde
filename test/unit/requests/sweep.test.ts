import { test } from "uvu";
import * as assert from "uvu/assert";
import { apiWorld } from "../../api.ts";
import { entriesOf } from "../../credentials.ts";
import { objectIn, pathOf, statusIn } from "../../signing.ts";

const NAME = "system:etcd-peer:etcd1";

test("sweep removes refused, undecided and expired requests when their time is over, and not before", async () => {
  const { signer, admin, node, setTime } = await apiWorld();
  await node.create();
  await node.create({ name: "denied", spec: { usages: ["code signing"] } });
  await node.create({ name: "pending", spec: { signerName: "example.com/other" } });
  const left = async (time: string): Promise<string[]> => {
    setTime(time);
    await signer.sweep();
    const { items } = await (await admin.send("GET", pathOf("v1"))).json() as {
      items: { metadata: { name: string } }[];
    };
    return items.map(({ metadata }) => metadata.name);
  };
  assert.equal(await left("2026-03-02T11:59:59Z"), ["denied", "pending", NAME]);
  assert.equal(await left("2026-03-02T12:00:00Z"), ["pending", NAME]);
  assert.equal(await left("2026-03-08T11:59:59Z"), ["pending", NAME]);
  assert.equal(await left("2026-03-08T12:00:00Z"), [NAME]);
  assert.equal(await left("2027-03-31T11:59:59Z"), [NAME]);
  assert.equal(await left("2027-03-31T12:00:00Z"), []);
});

test("how long requests stay is a setting", async () => {
  const { signer, node, setTime } = await apiWorld({ retention: { refusedSeconds: 60 } });
  await node.create({ name: "denied", spec: { usages: ["code signing"] } });
  setTime("2026-03-01T12:01:00Z");
  await signer.sweep();
  await statusIn(await node.send("GET", pathOf("v1", "denied")), 404);
});

test("sweep finishes what was approved when a signer stopped", async () => {
  const world = await apiWorld();
  const { store, signer } = world;
  const issued = await world.node.create();
  const { certificate: _, ...status } = issued.status;
  const entry = await store.get(NAME);
  await store.update(NAME, () => JSON.stringify({ ...issued, status }), entry?.revision ?? 0);
  // which is kept together with the certificate
  for (const { name, revision } of await entriesOf(store, "certificate")) await store.delete(name, revision);
  await signer.sweep();
  assert.match((await store.get(NAME))?.text ?? "", '"certificate":"');
});

test("one identity may only have so much: 429, and others go on", async () => {
  const { signer, admin, node, other } = await apiWorld({ approval: "manual", limits: { pending: 2 } });
  const foreign = { signerName: "example.com/other" };
  for (const name of ["a", "b"]) await node.create({ name, spec: foreign });
  const { spec } = await admin.create({ spec: foreign });
  const send = async (name = "c") => await node.send("POST", pathOf("v1"), { metadata: { name }, spec });
  const answer = await send();
  assert.is(answer.headers.get("retry-after"), "60");
  assert.match((await statusIn(answer, 429)).message, /User "node1" has as much as it may: 2 requests of it wait/);
  await other.create({ name: "other", spec: foreign });
  await admin.send("DELETE", pathOf("v1", "a"));
  await objectIn(await send());
  await signer.sweep();
  await statusIn(await send("d"), 429);
});

test("stored bytes count too, also those from before a start", async () => {
  const first = await apiWorld();
  await first.node.create();
  const { signer, node } = await apiWorld({ store: first.store, limits: { length: 100 } });
  await node.create({ name: "uncounted" });
  await signer.sweep();
  const status = await statusIn(await node.send("POST", pathOf("v1"), { metadata: { name: "x" } }), 422);
  assert.ok(status);
  const { spec } = await objectIn(await node.send("GET", pathOf("v1", NAME)), 200);
  await statusIn(await node.send("POST", pathOf("v1"), { metadata: { name: "more" }, spec }), 429);
});

test.run();
