import { test } from "uvu";
import * as assert from "uvu/assert";
import { apiWorld, eventsOf } from "../../api.ts";
import { pathOf, statusIn } from "../../signing.ts";
import { fakeTimers } from "../../timers.ts";

const OTHER = { spec: { signerName: "example.com/other" } };
const MERGE = { "content-type": "application/merge-patch+json" };
const label = (value: string | null) => ({ metadata: { labels: { env: value } } });

test("what comes into a selector is ADDED, and what leaves it is DELETED with its old content", async () => {
  const { admin } = await apiWorld({ sleep: fakeTimers().sleep });
  const open = async (query: string) => eventsOf(await admin.send("GET", `${pathOf("v1")}?watch=1&${query}`));
  const production = await open("labelSelector=env%3Dprod");
  const all = await open("fieldSelector=spec.signerName%3Dexample.com/other");
  await admin.create({ name: "a", ...OTHER });
  await admin.send("PATCH", pathOf("v1", "a"), label("prod"), MERGE);
  await admin.send("PATCH", pathOf("v1", "a"), { metadata: { annotations: { note: "x" } } }, MERGE);
  await admin.send("PATCH", pathOf("v1", "a"), label("test"), MERGE);
  await admin.send("PATCH", pathOf("v1", "a"), label(null), MERGE);
  await admin.send("PATCH", pathOf("v1", "a"), label("prod"), MERGE);
  await admin.send("DELETE", pathOf("v1", "a"));
  const told = [];
  for (let i = 0; i < 5; i++) {
    const { type, object: { metadata } } = await production.next();
    told.push([type, metadata.resourceVersion, (metadata as { labels?: unknown }).labels]);
  }
  const prod = { env: "prod" };
  assert.equal(told, [
    ["ADDED", "2", prod],
    ["MODIFIED", "3", prod],
    ["DELETED", "4", prod],
    ["ADDED", "6", prod],
    ["DELETED", "7", prod],
  ]);
  const types = [];
  for (let i = 0; i < 7; i++) types.push((await all.next()).type);
  assert.equal(types, ["ADDED", "MODIFIED", "MODIFIED", "MODIFIED", "MODIFIED", "MODIFIED", "DELETED"]);
  await production.cancel();
  await all.cancel();
});

test("one object is watched by its name", async () => {
  const { admin } = await apiWorld({ sleep: fakeTimers().sleep });
  for (const name of ["a", "b"]) await admin.create({ name, ...OTHER });
  const query = "?watch=1&fieldSelector=metadata.name%3Db";
  const events = eventsOf(await admin.send("GET", `${pathOf("v1")}${query}`));
  await admin.send("DELETE", pathOf("v1", "a"));
  await admin.send("DELETE", pathOf("v1", "b"));
  for (const wanted of ["ADDED", "DELETED"]) {
    const { type, object } = await events.next();
    assert.equal([type, object.metadata.name], [wanted, "b"]);
  }
  await events.cancel();
});

test("a table says its columns in the first event only, and each row is of one object", async () => {
  const { admin } = await apiWorld({ sleep: fakeTimers().sleep });
  for (const name of ["a", "b"]) await admin.create({ name, ...OTHER });
  const accept = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
  for (const include of ["Metadata", "Object", "None"]) {
    const query = `?watch=1&includeObject=${include}`;
    const events = eventsOf(await admin.send("GET", `${pathOf("v1beta1")}${query}`, undefined, { accept }));
    const [first, second] = [(await events.next()).object, (await events.next()).object];
    assert.equal([first["kind"], first["apiVersion"], first.metadata], ["Table", "meta.k8s.io/v1", {
      resourceVersion: "1",
    }]);
    assert.is((first["columnDefinitions"] as unknown[]).length, 6);
    assert.is(second["columnDefinitions"], null);
    const [row] = second["rows"] as { cells: string[]; object: { kind: string; apiVersion: string } | null }[];
    assert.is(row?.cells[0], "b");
    assert.is(row?.object?.kind, { Metadata: "PartialObjectMetadata", Object: "CertificateSigningRequest" }[include]);
    if (include === "Object") assert.is(row?.object?.apiVersion, "certificates.k8s.io/v1beta1");
    await events.cancel();
  }
  await statusIn(await admin.send("GET", `${pathOf("v1")}?watch=1&includeObject=x`, undefined, { accept }), 400);
});

test("metadata alone is told to who asks for it", async () => {
  const { admin } = await apiWorld({ sleep: fakeTimers().sleep });
  const accept = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io";
  const events = eventsOf(await admin.send("GET", `${pathOf("v1")}?watch=1`, undefined, { accept }));
  const { metadata } = await admin.create({ name: "a", ...OTHER });
  const { object } = await events.next();
  assert.equal(object, { kind: "PartialObjectMetadata", apiVersion: "meta.k8s.io/v1", metadata } as unknown);
  await events.cancel();
});

test("a selector that is none, or of another field, is 400", async () => {
  const { admin } = await apiWorld({ sleep: fakeTimers().sleep });
  for (const watch of ["", "watch=1&"]) {
    const field = await statusIn(
      await admin.send("GET", `${pathOf("v1")}?${watch}fieldSelector=spec.username%3Dx`),
      400,
    );
    assert.match(field.message, "field label not supported: spec.username");
    await statusIn(await admin.send("GET", `${pathOf("v1")}?${watch}labelSelector=a%20in`), 400);
  }
});

test.run();
