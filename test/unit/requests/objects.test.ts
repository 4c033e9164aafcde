import { test } from "uvu";
import * as assert from "uvu/assert";
import { toBase64Url, toUtf8 } from "../../../src/bytes.ts";
import { parseListOptions } from "../../../src/k8s/list_options.ts";
import { Objects } from "../../../src/requests/objects.ts";
import { fakeLog, rejection } from "../../fakes.ts";
import { apiWorld } from "../../api.ts";

const NAMES = ["a", "a b", "é", "\u{1f600}", "\uffee", "b"];

/** Objects of these names, as the signer has stored them. */
async function stored(names: readonly string[] = NAMES) {
  const { node, store } = await apiWorld();
  for (const name of names) {
    await node.create({
      name,
      spec: { signerName: "example.com/x" },
      metadata: { name, labels: { odd: `${name.length % 2}` } },
    });
  }
  const { log, lines } = fakeLog();
  const objects = new Objects(store, log);
  const page = async (query: string) => {
    const { items, metadata } = await objects.page(parseListOptions(new URLSearchParams(query)));
    return { names: items.map(({ object }) => object.metadata.name), metadata };
  };
  return { objects, store, page, lines };
}

test("page sorts by code points and says the revision", async () => {
  const { page } = await stored();
  assert.equal(await page("limit=100"), {
    names: ["a", "a b", "b", "é", "\uffee", "\u{1f600}"],
    metadata: { resourceVersion: "6" },
  });
  assert.equal((await page("limit=6")).metadata, { resourceVersion: "6" });
  const none = await stored([]);
  assert.equal(await none.page("limit=5"), { names: [], metadata: { resourceVersion: "0" } });
});

test("page gives every object once, page by page, at the revision of the first", async () => {
  const { page, objects, store } = await stored();
  const seen: string[] = [];
  let query = "limit=2";
  for (let pages = 1; pages <= 3; pages++) {
    const { names, metadata } = await page(query);
    seen.push(...names);
    assert.is(metadata.resourceVersion, "6");
    assert.is(metadata.remainingItemCount, pages === 3 ? undefined : 6 - 2 * pages);
    query = `limit=2&continue=${metadata.continue}`;
    // what changes between the pages is told to whoever watches from the first one's revision
    const last = await objects.get("a");
    if (last !== undefined) await objects.update(last, last.object);
  }
  assert.equal(seen, ["a", "a b", "b", "é", "\uffee", "\u{1f600}"]);
  assert.is(store.revision, 9);
});

test("page goes on after a name that is gone, and counts nothing with selectors", async () => {
  const { page, objects } = await stored(["a", "b", "bb", "c"]);
  const { continue: token } = (await page("limit=2")).metadata;
  const b = await objects.get("bb");
  if (b !== undefined) await objects.delete(b);
  assert.equal((await page(`limit=100&continue=${token}`)).names, ["c"]);
  const selected = await page("limit=1&labelSelector=odd%3D1");
  assert.equal(selected.names, ["a"]);
  assert.is(selected.metadata.remainingItemCount, undefined);
  assert.type(selected.metadata.continue, "string");
  assert.equal((await page("limit=100&labelSelector=odd%3D0")).names, []);
});

test("page takes no revision from a token that the store has not come to", async () => {
  const { page } = await stored(["a"]);
  const token = toBase64Url(toUtf8(JSON.stringify({ v: "meta.k8s.io/v1", rv: 999, start: "a" })));
  assert.is((await page(`limit=100&continue=${token}`)).metadata.resourceVersion, "1");
});

test("a page of long objects is short, and the next goes on", async () => {
  const { objects, page } = await stored(Array.from({ length: 30 }, (_, i) => `n${10 + i}`));
  for await (const one of objects.all()) {
    const annotations = { long: "x".repeat(100_000) };
    await objects.update(one, { ...one.object, metadata: { ...one.object.metadata, annotations } });
  }
  const seen: string[] = [];
  let pages = 0;
  for (let query: string | undefined = "limit=4"; query !== undefined; pages++) {
    const { names, metadata }: Awaited<ReturnType<typeof page>> = await page(query);
    seen.push(...names);
    query = metadata.continue === undefined ? undefined : `limit=500&continue=${metadata.continue}`;
  }
  assert.equal(seen, Array.from({ length: 30 }, (_, i) => `n${10 + i}`));
  assert.is(pages, 2);
});

test("an object that is too long to be listed with others is not kept", async () => {
  const { objects } = await stored(["a"]);
  const present = await objects.get("a");
  assert.ok(present);
  const annotations = { long: "\u0001".repeat(100_000) };
  const { object } = present;
  const error = await rejection(
    "too-large",
    objects.update(present, { ...object, metadata: { ...object.metadata, annotations } }),
  );
  assert.match(error.message, "limit is 524288");
});

test("an object that cannot be read is passed over, and said", async () => {
  const { objects, page, store, lines } = await stored(["a", "b"]);
  const present = await store.get("a");
  await store.update("a", () => "{", present?.revision ?? 0);
  assert.equal((await page("limit=100")).names, ["b"]);
  assert.equal(lines.map(({ facts }) => facts["name"]), ["a"]);
  const all = [];
  for await (const { object } of objects.all()) all.push(object.metadata.name);
  assert.equal(all, ["b"]);
});

test("watch tells each change with its revision and what was there before, and decodes it once for all", async () => {
  const { objects } = await stored(["a"]);
  const ended = new AbortController();
  const [one, two] = [objects.watch(0, ended.signal), objects.watch(0, ended.signal)];
  const first = (await one.next()).value;
  assert.is(first, (await two.next()).value);
  assert.equal([first?.type, first?.object.metadata.resourceVersion, first?.previous], ["ADDED", "1", undefined]);
  const present = await objects.get("a");
  assert.ok(present);
  await objects.update(present, { ...present.object, metadata: { ...present.object.metadata, labels: { x: "y" } } });
  const changed = (await one.next()).value;
  assert.equal([changed?.type, changed?.object.metadata.labels], ["MODIFIED", { x: "y" }]);
  assert.equal(changed?.previous, present.object);
  const again = await objects.get("a");
  assert.ok(again);
  await objects.delete(again);
  const gone = (await one.next()).value;
  assert.equal([gone?.type, gone?.object.metadata.resourceVersion, gone?.object.metadata.labels], ["DELETED", "3", {
    x: "y",
  }]);
  ended.abort();
  assert.is((await one.next()).done, true);
});

test.run();
