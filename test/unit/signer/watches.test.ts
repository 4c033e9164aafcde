import { test } from "uvu";
import * as assert from "uvu/assert";
import type { CertificateSigningRequest } from "../../../src/k8s/certificate_signing_request.ts";
import { parseListOptions } from "../../../src/k8s/list_options.ts";
import type { Status } from "../../../src/k8s/status.ts";
import { Objects } from "../../../src/requests/objects.ts";
import { Watches } from "../../../src/signer/watches.ts";
import { MemoryStore } from "../../../src/store/memory.ts";
import { type ApiWorld, apiWorld, eventsOf } from "../../api.ts";
import { countingRandom, fakeClock } from "../../fakes.ts";
import { objectIn, pathOf, statusIn } from "../../signing.ts";
import { type FakeTimers, fakeTimers, settled } from "../../timers.ts";

const OTHER = { spec: { signerName: "example.com/other" } };

async function timed(): Promise<ApiWorld & { timers: FakeTimers }> {
  const timers = fakeTimers();
  return { ...await apiWorld({ sleep: timers.sleep }), timers };
}

const summary = (
  { type, object }: { type: string; object: { metadata: { name?: string; resourceVersion: string } } },
) => [type, object.metadata.name, object.metadata.resourceVersion].join(" ");

/** An object of another signer: one change, and nothing is decided. */
function other({ admin }: ApiWorld, name: string, metadata = {}): Promise<CertificateSigningRequest> {
  return admin.create({ name, metadata, ...OTHER });
}

test("a watch without a resourceVersion, or from 0, begins with what is there, and goes on", async () => {
  const world = await timed();
  await other(world, "b");
  await other(world, "a");
  for (const query of ["watch=1", "watch=true&resourceVersion=0", "watch=True&resourceVersion="]) {
    const events = eventsOf(await world.admin.send("GET", `${pathOf("v1")}?${query}`));
    assert.is(summary(await events.next()), "ADDED a 2");
    assert.is(summary(await events.next()), "ADDED b 1");
    await events.cancel();
  }
});

test("a watch from a revision tells only what is newer, in order; a deletion with its own resourceVersion", async () => {
  const world = await timed();
  const { admin } = world;
  await other(world, "a");
  await other(world, "b");
  const events = eventsOf(await admin.send("GET", `${pathOf("v1")}?watch=1&resourceVersion=1`));
  const merge = { "content-type": "application/merge-patch+json" };
  await admin.send("PATCH", pathOf("v1", "a"), { metadata: { labels: { x: "y" } } }, merge);
  await admin.send("DELETE", pathOf("v1", "a"));
  await other(world, "a");
  const told = [await events.next(), await events.next(), await events.next(), await events.next()];
  assert.equal(told.map(summary), ["ADDED b 2", "MODIFIED a 3", "DELETED a 4", "ADDED a 5"]);
  const [, modified, deleted] = told;
  assert.equal(modified?.object.metadata, { ...deleted?.object.metadata, resourceVersion: "3" });
  assert.is(modified?.object["apiVersion"], "certificates.k8s.io/v1");
  assert.is(modified?.object["kind"], "CertificateSigningRequest");
  await events.cancel();
});

test("headers come at once, before any event", async () => {
  const { admin, node } = await timed();
  const response = await admin.send("GET", `${pathOf("v1beta1")}?watch=1`);
  assert.is(response.headers.get("cache-control"), "no-cache, private");
  const events = eventsOf(response);
  const next = events.next();
  await node.create();
  const { type, object } = await next;
  assert.equal([type, object["apiVersion"]], ["ADDED", "certificates.k8s.io/v1beta1"]);
  assert.equal((await events.next()).type, "MODIFIED");
  await events.cancel();
});

test("watch is off for 0 and false in any case, and on for all else", async () => {
  const { admin } = await timed();
  for (const value of ["0", "false", "False", "FALSE"]) {
    const list = await objectIn(await admin.send("GET", `${pathOf("v1")}?watch=${value}`), 200);
    assert.is(list.kind, "CertificateSigningRequestList" as unknown);
  }
  for (const value of ["True", "1", "yes", ""]) {
    const response = await admin.send("GET", `${pathOf("v1")}?watch=${value}`);
    await eventsOf(response).cancel();
  }
});

test("a watch from a number of the future stays open; one from what is none is 400", async () => {
  const world = await timed();
  const events = eventsOf(await world.admin.send("GET", `${pathOf("v1")}?watch=1&resourceVersion=3`));
  for (const name of ["a", "b", "c", "d"]) await other(world, name);
  assert.is(summary(await events.next()), "ADDED d 4");
  await events.cancel();
  const status = await statusIn(await world.admin.send("GET", `${pathOf("v1")}?watch=1&resourceVersion=x`), 400);
  assert.match(status.message, 'resourceVersion: Invalid value: "x"');
});

test("what is no longer known is 200 with one ERROR event of 410, and the end", async () => {
  const store = new MemoryStore();
  const world = await apiWorld({ store, sleep: fakeTimers().sleep });
  const path = pathOf("v1", "a");
  await other(world, "a");
  const merge = { "content-type": "application/merge-patch+json" };
  for (let i = 0; i < 4097; i++) {
    const entry = await store.get("a");
    const text = (entry?.text ?? "").replace(/"resourceVersion":"\d+"/, `"resourceVersion":"${i + 2}"`);
    await store.update("a", () => text, entry?.revision ?? 0);
  }
  const response = await world.admin.send("GET", `${pathOf("v1")}?watch=1&resourceVersion=1`);
  const [error, ...more] = await eventsOf(response).rest();
  assert.equal(more, []);
  assert.is(error?.type, "ERROR");
  const status = error?.object as unknown as Status;
  assert.equal([status.code, status.reason, status.details], [410, "Expired", undefined]);
  assert.match(status.message, /^too old resource version: 1 \(\d+\)$/);
  assert.is((await world.admin.send("PATCH", path, {}, merge)).status, 200);
});

test("sendInitialEvents and resourceVersionMatch are 422, so that clients list first", async () => {
  const { admin } = await timed();
  const query = "watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true";
  const status = await statusIn(await admin.send("GET", `${pathOf("v1")}?${query}`), 422);
  assert.match(status.message, /^ListOptions\.meta\.k8s\.io "" is invalid: \[/);
  assert.equal(status.details?.causes?.map(({ field, reason }) => [field, reason]), [
    ["sendInitialEvents", "FieldValueForbidden"],
    ["resourceVersionMatch", "FieldValueForbidden"],
  ]);
  await statusIn(await admin.send("GET", `${pathOf("v1")}?watch=1&sendInitialEvents=false`), 422);
});

test("no change is lost or told twice between what is there and what follows", async () => {
  const world = await timed();
  const { admin } = world;
  for (let i = 0; i < 20; i++) await other(world, `old-${i}`);
  const merge = { "content-type": "application/merge-patch+json" };
  const writes = Array.from({ length: 60 }, async (_, i) => {
    if (i % 3 === 0) await other(world, `new-${i}`);
    else if (i % 3 === 1) {
      await admin.send("PATCH", pathOf("v1", `old-${i % 20}`), { metadata: { labels: { i: `${i}` } } }, merge);
    } else await admin.send("DELETE", pathOf("v1", `old-${i % 20}`));
  });
  const watches = await Promise.all(
    Array.from({ length: 8 }, () => admin.send("GET", `${pathOf("v1")}?watch=1&timeoutSeconds=10`)),
  );
  const seen = watches.map((watch) => eventsOf(watch).rest());
  await Promise.all(writes);
  await other(world, "last");
  await settled();
  await world.timers.advance(10);
  const list = await (await admin.send("GET", pathOf("v1"))).json() as { items: CertificateSigningRequest[] };
  const wanted = list.items.map(({ metadata }) => [metadata.name, metadata.resourceVersion]).sort();
  for (const events of await Promise.all(seen)) {
    const present = new Map<string, string>();
    for (const { type, object: { metadata: { name, resourceVersion } } } of events) {
      assert.is(
        present.has(name) ? "MODIFIED or DELETED" : "ADDED",
        type === "ADDED" ? type : "MODIFIED or DELETED",
        name,
      );
      if (type === "DELETED") present.delete(name);
      else present.set(name, resourceVersion);
    }
    assert.equal([...present].sort(), wanted);
  }
});

test("what comes while what is there is read is told once", async () => {
  const world = await timed();
  const { admin, store } = world;
  await other(world, "a");
  const list = store.list.bind(store);
  store.list = async (options) => {
    store.list = list;
    await other(world, "b");
    return await list(options);
  };
  const events = eventsOf(await admin.send("GET", `${pathOf("v1")}?watch=1`));
  const told = [summary(await events.next()), summary(await events.next())];
  await other(world, "c");
  assert.equal([...told, summary(await events.next())], ["ADDED a 1", "ADDED b 2", "ADDED c 3"]);
  await events.cancel();
});

test("a watch counts while it goes on: until its end, its client's, or all of them's", async () => {
  const timers = fakeTimers();
  const { now } = fakeClock();
  const objects = new Objects(new MemoryStore(), () => {});
  const watches = new Watches();
  const view = { representation: "Object", version: "v1", includeObject: "Metadata" } as const;
  const services = { objects, now, random: countingRandom(), sleep: timers.sleep };
  const start = (query: string) => watches.start(parseListOptions(new URLSearchParams(query)), view, services);
  const cancelled = start("watch=1&timeoutSeconds=5&allowWatchBookmarks=1");
  const timed = start("watch=1&timeoutSeconds=7");
  const closed = start("watch=1");
  assert.is(watches.size, 3);
  assert.is(timers.waits().length, 4);
  await cancelled.body?.cancel();
  await settled();
  assert.equal([watches.size, timers.waits().length], [2, 2]);
  await timers.advance(7);
  assert.is(await timed.text(), "");
  assert.equal([watches.size, timers.waits().length], [1, 1]);
  watches.close();
  assert.is(await closed.text(), "");
  await settled();
  assert.equal([watches.size, timers.waits().length], [0, 0]);
  assert.is(await start("watch=1").text(), "");
  assert.equal([watches.size, timers.waits().length], [0, 0]);
});

test.run();
