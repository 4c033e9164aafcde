import { test } from "uvu";
import * as assert from "uvu/assert";
import { toUtf8 } from "../../../src/bytes.ts";
import { checkBody, checkMade, checkPatch } from "../../../src/signer/fields.ts";
import { apiWorld } from "../../api.ts";
import { thrown } from "../../fakes.ts";
import { objectIn, objectJson, pathOf, peerRequest, sharedKey, statusIn } from "../../signing.ts";

const MERGE = { "content-type": "application/merge-patch+json" };

test("nothing is looked at where faults are to be ignored, and nothing of protobuf", () => {
  const json = toUtf8('{"a":1,"kind":"x","kind":"y"}');
  assert.is(checkBody({ object: {}, json }, "v1", "Warn").length, 2);
  assert.equal(checkBody({ object: {}, json }, "v1", "Ignore"), []);
  assert.equal(checkBody({ object: {}, json: undefined }, "v1", "Strict"), []);
  thrown("malformed-object", () => checkBody({ object: {}, json }, "v1", "Strict"));
  thrown("invalid-object", () => checkPatch("merge", toUtf8('{"a":1,"a":1}'), "Strict"));
  assert.equal(checkPatch("apply", toUtf8('{"a":1,"a":1}'), "Strict"), []);
  thrown("invalid-object", () => checkMade({ bogus: 1 }, "Strict"));
  assert.equal(checkMade({ bogus: 1 }, "Warn"), ['299 - "unknown field \\"bogus\\""']);
});

test("POST warns of unknown and double fields, refuses them or passes over them, as it is asked", async () => {
  const { admin, store } = await apiWorld();
  const good = objectJson(await peerRequest("etcd1", await sharedKey()), { name: "a" });
  const bad = good.replace('"spec":{', '"spec":{"bogus":1,"request":"",');
  const send = async (query: string) => await admin.send("POST", `${pathOf("v1")}${query}`, bad);
  const strict = await statusIn(await send("?fieldValidation=Strict"), 400);
  assert.match(strict.message, "strict decoding error: ");
  assert.match(strict.message, 'unknown field "spec.bogus"');
  assert.match(strict.message, 'duplicate field "spec.request"');
  const wrong = await statusIn(await send("?fieldValidation=strict"), 422);
  assert.equal([wrong.details?.kind, wrong.details?.causes?.[0]?.field], ["CreateOptions", "fieldValidation"]);
  assert.is(store.revision, 0);
  for (const query of ["", "?fieldValidation=Warn&dryRun=All", "?fieldValidation="]) {
    const answer = await send(
      query.includes("dryRun") || query === "" ? query || "?dryRun=All" : `${query}&dryRun=All`,
    );
    assert.is(answer.status, 201);
    const warning = answer.headers.get("warning") ?? "";
    assert.match(warning, '299 - "unknown field \\"spec.bogus\\""');
    assert.match(warning, '299 - "duplicate field \\"spec.request\\""');
  }
  const ignored = await send("?fieldValidation=Ignore");
  assert.is(ignored.headers.get("warning"), null);
  assert.not.ok("bogus" in (await objectIn(ignored)).spec);
  assert.is(
    (await admin.send("POST", `${pathOf("v1")}?dryRun=All&fieldValidation=Strict`, good.replace('"a"', '"b"'))).status,
    201,
  );
});

test("PUT and PATCH look at fields as POST does", async () => {
  const { admin, store } = await apiWorld();
  const object = await admin.create({ name: "a" });
  const before = store.revision;
  const path = pathOf("v1", "a");
  const sent = { ...object, metadata: { ...object.metadata, bogus: 1 } };
  await statusIn(await admin.send("PUT", `${path}?fieldValidation=Strict`, sent), 400);
  const warned = await admin.send("PUT", path, sent);
  assert.is(warned.headers.get("warning"), '299 - "unknown field \\"metadata.bogus\\""');
  assert.is((await admin.send("PUT", `${path}?fieldValidation=Ignore`, sent)).headers.get("warning"), null);
  const patch = '{"metadata":{"bogus":1,"labels":{},"labels":{}}}';
  const strict = await statusIn(await admin.send("PATCH", `${path}?fieldValidation=Strict`, patch, MERGE), 422);
  assert.match(strict.message, 'duplicate field "metadata.labels"');
  const unknown = await statusIn(await admin.send("PATCH", `${path}?fieldValidation=Strict`, { bogus: 1 }, MERGE), 422);
  assert.match(unknown.message, 'unknown field "bogus"');
  const patched = await admin.send("PATCH", path, patch, MERGE);
  assert.is(patched.status, 200);
  assert.match(patched.headers.get("warning") ?? "", "duplicate field");
  assert.match(patched.headers.get("warning") ?? "", "unknown field");
  const none = await admin.send("PATCH", `${path}?fieldValidation=Ignore`, patch, MERGE);
  assert.equal([none.status, none.headers.get("warning")], [200, null]);
  const wrong = await statusIn(await admin.send("PATCH", `${path}?fieldValidation=x`, patch, MERGE), 422);
  assert.is(wrong.details?.kind, "PatchOptions");
  assert.is(store.revision, before);
});

test("applying looks at what is made", async () => {
  const { admin } = await apiWorld();
  await admin.create({ name: "a" });
  const apply = { "content-type": "application/apply-patch+yaml" };
  const path = `${pathOf("v1", "a")}?fieldManager=me&fieldValidation=`;
  const body = { metadata: { name: "a" }, bogus: 1 };
  await statusIn(await admin.send("PATCH", `${path}Strict`, body, apply), 422);
  const warned = await admin.send("PATCH", `${path}Warn`, body, apply);
  assert.equal([warned.status, warned.headers.get("warning")], [200, '299 - "unknown field \\"bogus\\""']);
});

test.run();
