import { test } from "uvu";
import * as assert from "uvu/assert";
import { MemoryStore } from "../../../src/store/memory.ts";
import type { Entry } from "../../../src/store/store.ts";
import { type ApiWorld, apiWorld } from "../../api.ts";
import { pathOf, statusIn } from "../../signing.ts";

const NAME = "system:etcd-peer:etcd1";

/** A store in which something happens right after the next entry is read. */
class BusyStore extends MemoryStore {
  meanwhile: (() => Promise<unknown>) | undefined;

  override async get(name: string): Promise<Entry | undefined> {
    const entry = await super.get(name);
    const { meanwhile } = this;
    this.meanwhile = undefined;
    await meanwhile?.();
    return entry;
  }
}

/** An object of node1 that was approved and not issued, as a crash leaves it. */
async function unfinished(): Promise<ApiWorld & { store: BusyStore; remove: () => Promise<unknown> }> {
  const store = new BusyStore();
  const world = await apiWorld({ store });
  const issued = await world.node.create();
  const { certificate: _, ...status } = issued.status;
  const present = await store.get(NAME);
  await store.update(NAME, () => JSON.stringify({ ...issued, status }), present?.revision ?? 0);
  world.lines.length = 0;
  const remove = async (): Promise<unknown> => {
    const now = await store.get(NAME);
    return await store.delete(NAME, now?.revision ?? 0);
  };
  return { ...world, store, remove };
}

const issuedIn = ({ lines }: ApiWorld): number =>
  lines.filter(({ message }) => message === "certificate issued").length;

test("nothing is signed for an object that is deleted while it is read", async () => {
  const world = await unfinished();
  world.store.meanwhile = world.remove;
  await statusIn(await world.node.send("GET", pathOf("v1", NAME)), 404);
  assert.is(issuedIn(world), 0);
});

test("who asked for an object is not shown another's that has taken its place meanwhile", async () => {
  const world = await unfinished();
  world.store.meanwhile = async () => {
    await world.remove();
    await world.other.create();
    const theirs = await world.store.get(NAME);
    const { status: { certificate: _, ...status }, ...rest } = JSON.parse(theirs?.text ?? "");
    await world.store.update(NAME, () => JSON.stringify({ ...rest, status }), theirs?.revision ?? 0);
  };
  const { message } = await statusIn(await world.node.send("GET", pathOf("v1", NAME)), 404);
  assert.not.match(message, "node2");
});

test.run();
