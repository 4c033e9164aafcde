import { test } from "uvu";
import * as assert from "uvu/assert";
import { type ApiWorld, apiWorld, eventsOf } from "../../api.ts";
import { pathOf } from "../../signing.ts";
import { type FakeTimers, fakeTimers, settled } from "../../timers.ts";

const OTHER = { spec: { signerName: "example.com/other" } };
const TABLE = { accept: "application/json;as=Table;v=v1;g=meta.k8s.io" };
const META = { accept: "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io" };

async function timed(): Promise<ApiWorld & { timers: FakeTimers }> {
  const timers = fakeTimers();
  return { ...await apiWorld({ sleep: timers.sleep }), timers };
}

test("a bookmark comes each minute and at the end, in the form of the events", async () => {
  const { admin, timers } = await timed();
  await admin.create({ name: "a", ...OTHER });
  const metadata = { resourceVersion: "1", creationTimestamp: null };
  const forms: readonly (readonly [Record<string, string>, unknown])[] = [
    [{}, {
      kind: "CertificateSigningRequest",
      apiVersion: "certificates.k8s.io/v1",
      metadata,
      spec: { request: null, signerName: "" },
      status: {},
    }],
    [TABLE, { kind: "Table", apiVersion: "meta.k8s.io/v1", metadata, columnDefinitions: null, rows: [] }],
    [META, { kind: "PartialObjectMetadata", apiVersion: "meta.k8s.io/v1", metadata }],
  ];
  for (const [accept, object] of forms) {
    const query = "?watch=1&allowWatchBookmarks=true&timeoutSeconds=130&resourceVersion=1";
    const events = eventsOf(await admin.send("GET", `${pathOf("v1")}${query}`, undefined, accept));
    const rest = events.rest();
    await timers.advance(59);
    await timers.advance(200);
    assert.equal(await rest, [1, 2, 3].map(() => ({ type: "BOOKMARK", object })));
  }
});

test("no bookmark comes unless it is asked for", async () => {
  const { admin, timers } = await timed();
  const events = eventsOf(await admin.send("GET", `${pathOf("v1")}?watch=1&timeoutSeconds=130`));
  const rest = events.rest();
  await timers.advance(130);
  assert.equal(await rest, []);
});

test("a bookmark says the last change that was told, also where a selector hid it", async () => {
  const { admin, timers } = await timed();
  const query = "?watch=1&allowWatchBookmarks=1&fieldSelector=metadata.name%3Dnone";
  const events = eventsOf(await admin.send("GET", `${pathOf("v1")}${query}`));
  const next = events.next();
  await admin.create({ name: "a", ...OTHER });
  await settled();
  await timers.advance(60);
  const { type, object } = await next;
  assert.equal([type, object.metadata.resourceVersion], ["BOOKMARK", "1"]);
  await events.cancel();
});

test("no bookmark says more than the client has been told", async () => {
  for (const query of ["", "&resourceVersion=0"]) {
    const { admin, timers } = await timed();
    for (const name of ["a", "b", "c"]) await admin.create({ name, ...OTHER });
    const path = `${pathOf("v1")}?watch=1&allowWatchBookmarks=1&timeoutSeconds=100${query}`;
    const response = await admin.send("GET", path);
    await settled();
    // the client is slow: it has read nothing when the minute is over, and not when the time is
    await timers.advance(60);
    await timers.advance(60);
    const told = new Set<string>();
    for (const { type, object } of await eventsOf(response).rest()) {
      if (type === "BOOKMARK") assert.equal([...told], ["a", "b", "c"]);
      else told.add(object.metadata.name);
    }
  }
});

test("a bookmark does not pass by a change that is on its way", async () => {
  const { admin, timers } = await timed();
  const response = await admin.send("GET", `${pathOf("v1")}?watch=1&allowWatchBookmarks=1&resourceVersion=0`);
  await settled();
  for (const name of ["a", "b", "c"]) await admin.create({ name, ...OTHER });
  await timers.advance(60);
  await timers.advance(60);
  const events = eventsOf(response);
  let last = 0;
  for (let count = 0; last < 3; count++) {
    assert.ok(count < 6);
    const { type, object } = await events.next();
    const revision = Number(object.metadata.resourceVersion);
    if (type === "BOOKMARK") assert.ok(revision <= last, `${revision} was not told, only ${last}`);
    else assert.is(revision, ++last);
  }
  await events.cancel();
});

test("a watch lasts as long as it says, and half an hour to an hour where it does not", async () => {
  const { admin, timers } = await timed();
  for (
    const [query, least, most] of [["&timeoutSeconds=600", 600, 600], ["", 1800, 3600], [
      "&timeoutSeconds=0",
      1800,
      3600,
    ]]
  ) {
    const events = eventsOf(await admin.send("GET", `${pathOf("v1")}?watch=1${query}`));
    const [seconds = 0, ...more] = timers.waits();
    assert.equal(more, []);
    assert.ok(seconds >= Number(least) && seconds <= Number(most), String(seconds));
    const rest = events.rest();
    await timers.advance(seconds);
    assert.equal(await rest, []);
  }
});

test("closing the signer ends all watches, and those that come later at once", async () => {
  const { admin, signer, timers } = await timed();
  await admin.create({ name: "a", ...OTHER });
  const path = `${pathOf("v1")}?watch=1&resourceVersion=1`;
  const open = [1, 2, 3].map(async () => await eventsOf(await admin.send("GET", path)).rest());
  await settled();
  signer.close();
  assert.equal(await Promise.all(open), [[], [], []]);
  assert.equal(await eventsOf(await admin.send("GET", path)).rest(), []);
  await settled();
  assert.equal(timers.waits(), []);
  assert.is((await admin.send("GET", pathOf("v1"))).status, 200);
});

test.run();
