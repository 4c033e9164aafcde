import { test } from "uvu";
import * as assert from "uvu/assert";
import { SignerClient } from "../../../src/agent/client.ts";
import { isDecided } from "../../../src/agent/decision.ts";
import { waitForDecision } from "../../../src/agent/wait.ts";
import { createCa } from "../../../src/ca/create_ca.ts";
import { CertgenError, type ErrorCode } from "../../../src/errors.ts";
import type { JsonObject } from "../../../src/k8s/json.ts";
import type { Handler } from "../../../src/ports.ts";
import { failure, jsonAnswer } from "../../agent_world.ts";
import { fakeClock, fakeFetch, fakeLog, fakeSleep, fixedRandom, rejection } from "../../fakes.ts";
import type { KubernetesApi } from "../../kubernetes_api.ts";
import { pathOf } from "../../signing.ts";
import { NAME, pending, wait } from "../../waiting.ts";

const { now } = fakeClock();
const ca = await createCa({ commonName: "cluster CA", now });
const WATCH = `GET ${pathOf("v1")}?watch=true&allowWatchBookmarks=true` +
  "&fieldSelector=metadata.name%3Dsystem%3Aetcd-peer%3Aetcd1-0a0b";
const LOOK = `GET ${pathOf("v1", NAME)}`;

const revisionOf = (object: unknown): string => Object(object).metadata.resourceVersion;
const from = (revision?: number | string): string =>
  `${WATCH}${revision === undefined ? "" : `&resourceVersion=${revision}`}&timeoutSeconds=90`;
const begun = (api: KubernetesApi, count: number): Promise<void> =>
  api.until(() => api.seen.filter((line) => line.includes("watch=")).length >= count);

test("waitForDecision asks nothing where the object is decided", async () => {
  const { object } = await pending();
  const denied = { ...object, status: { conditions: [{ type: "Denied" }] } };
  const { decided, asked, logged } = wait(() => failure(500, "x"), denied);
  assert.is(await decided, denied);
  assert.equal([...asked(), ...logged()], []);
});

test("waitForDecision is told by one watch, however long the certificate takes after the approval", async () => {
  const { api, object } = await pending();
  const { decided, asked, pauses, logged } = wait(api.handler, object);
  await begun(api, 1);
  api.watches.bookmark();
  api.approve(NAME);
  await new Promise((resolve) => setTimeout(resolve));
  assert.is(api.watches.size, 1, "an approval is no certificate");
  await api.sign(NAME, ca);
  assert.ok(Object(await decided)["status"].certificate);
  assert.equal(asked(), [from(revisionOf(object))]);
  assert.equal(pauses, []);
  assert.equal(logged(), ["info: waiting for the signer's decision"]);
  assert.is(api.watches.size, 0, "the watch is left");
});

test("what was decided between creation and watch is told", async () => {
  const { api, object } = await pending();
  api.deny(NAME);
  const { decided, asked } = wait(api.handler, object);
  assert.is(Object(await decided)["status"].conditions[0].type, "Denied");
  assert.is(asked().length, 1);
});

test("a watch that ends in order goes on where it ended; after one that told nothing the object is looked at", async () => {
  const { api, object } = await pending();
  const { decided, asked, pauses } = wait(api.handler, object);
  await begun(api, 1);
  api.put("another", { request: "x" });
  api.watches.bookmark();
  const revision = Number(revisionOf(object)) + 1;
  api.watches.end(true);
  await begun(api, 2);
  api.watches.end(true);
  await begun(api, 3);
  api.watches.end(true);
  await begun(api, 4);
  api.deny(NAME);
  await decided;
  assert.equal(asked(), [from(revisionOf(object)), from(revision), LOOK, from(), from(revisionOf(object))]);
  assert.equal(pauses, [1, 2, 1]);
});

test("after a watch that is cut the object is looked at, and watched from then on", async () => {
  const { api, object } = await pending();
  const { decided, asked, logged } = wait(api.handler, object);
  await begun(api, 1);
  api.watches.bookmark();
  await new Promise((resolve) => setTimeout(resolve));
  api.watches.end(false);
  await begun(api, 2);
  api.deny(NAME);
  await decided;
  assert.equal(asked(), [from(revisionOf(object)), LOOK, from()]);
  assert.equal(logged().slice(1), ["warn: the watch has ended; looking at the request"]);
});

test("an object older than all that the server still knows is watched all the same", async () => {
  for (const answer of [undefined, failure(410, "Expired")]) {
    const { api, object } = await pending();
    if (answer === undefined) api.watches.compact();
    else api.intercepts.push(() => answer);
    const { decided, asked, logged } = wait(api.handler, object);
    await begun(api, 2);
    api.deny(NAME);
    await decided;
    assert.equal(asked(), [from(revisionOf(object)), LOOK, from()]);
    assert.equal(logged().slice(1), ["debug: the watch has ended; looking at the request"]);
  }
});

test("what was decided while no watch was open is seen", async () => {
  const { api, object } = await pending();
  const { decided, asked } = wait(api.handler, object);
  await begun(api, 1);
  api.intercepts.push(() => {
    api.deny(NAME);
    return undefined;
  });
  api.watches.end(false);
  await decided;
  assert.equal(asked().slice(1), [LOOK]);
});

test("where watching is refused, or is no watch, the object is looked at again and again, and that is said once", async () => {
  const { object } = await pending();
  const list = { kind: "CertificateSigningRequestList", items: [object], metadata: { resourceVersion: "1" } };
  const answers: Response[] = [
    failure(403, "Forbidden"),
    failure(404, "NotFound"),
    failure(405, "MethodNotAllowed"),
    failure(400, "BadRequest"),
    failure(422, "Invalid"),
    jsonAnswer(200, list),
    jsonAnswer(200, "<html>"),
    jsonAnswer(200, { type: "NEWS", object: {} }),
    jsonAnswer(200, { type: "ADDED", object: 7 }),
    jsonAnswer(200, { type: "ERROR", object: { code: 403 } }),
    new Response(null, { status: 302, headers: { location: "https://elsewhere/" } }),
  ];
  for (const answer of answers) {
    let looks = 0;
    const denied = { ...object, status: { conditions: [{ type: "Denied" }] } };
    const handler: Handler = ({ url }) =>
      url.includes("watch=") ? answer : jsonAnswer(200, ++looks < 4 ? object : denied);
    const { decided, asked, pauses, logged } = wait(handler, object);
    assert.equal(await decided, denied);
    assert.equal(asked().slice(1), [LOOK, LOOK, LOOK, LOOK]);
    assert.equal(pauses, [1, 2, 4, 8]);
    assert.equal(logged().slice(1), [
      "debug: the request cannot be watched: it is looked at again and again instead",
    ]);
  }
});

test("a server that is down or overloaded for a while is watched again", async () => {
  const { api, object } = await pending();
  api.intercepts.push(
    () => failure(429, "TooManyRequests"),
    () => undefined,
    () => {
      throw new CertgenError("unavailable", "no route");
    },
  );
  const { decided, asked, pauses, logged } = wait(api.handler, object);
  await begun(api, 3);
  api.deny(NAME);
  await decided;
  assert.equal(asked().map((line) => line === LOOK ? "look" : "watch"), ["watch", "look", "watch", "look", "watch"]);
  assert.equal(pauses, [1, 2]);
  assert.equal(logged().slice(1), Array(2).fill("warn: the watch has ended; looking at the request"));
});

test("an object that is gone, or is another, ends it", async () => {
  const remove = (api: KubernetesApi): undefined => {
    api.remove(NAME);
  };
  const replace = (api: KubernetesApi): undefined => {
    api.remove(NAME);
    api.put(NAME, { request: "another" });
  };
  for (const change of [remove, replace]) {
    for (const isWatched of [true, false]) {
      const { api, object } = await pending();
      const between = (): undefined => change(api);
      const tooOften = (): never => {
        throw new Error("asked once more");
      };
      if (!isWatched) api.intercepts.push(() => failure(403, "Forbidden"), between, tooOften);
      const { decided } = wait(api.handler, object);
      decided.catch(() => {});
      if (isWatched) {
        await begun(api, 1);
        change(api);
      }
      const { message } = await rejection("rejected", decided);
      assert.is(message, `the request "${NAME}" is no longer at the signer`);
    }
  }
});

test("an event about another object is passed over, a new object under the name is not", async () => {
  const { object } = await pending();
  const named = (name: string, more: JsonObject): JsonObject => ({
    ...object,
    metadata: { ...Object(object["metadata"]), name, ...more },
    status: { conditions: [{ type: "Denied" }] },
  });
  const lines = (...events: [string, JsonObject][]): Response =>
    new Response(events.map(([type, object]) => `${JSON.stringify({ type, object })}\n`).join(""));
  const others: [string, JsonObject][] = [["MODIFIED", named("other", {})], ["DELETED", named("other", {})]];
  const { decided } = wait(() => lines(...others, ["MODIFIED", named(NAME, {})]), object);
  assert.is(Object(await decided)["metadata"].name, NAME);
  await rejection("rejected", wait(() => lines(["MODIFIED", named(NAME, { uid: "other" })]), object).decided);
});

test("what cannot pass ends it, and so does the signal with its reason", async () => {
  const { object } = await pending();
  const cases: [ErrorCode, Handler][] = [
    ["unauthorized", () => failure(401, "Unauthorized")],
    ["invalid-certificate", () => Promise.reject(new CertgenError("invalid-certificate", "x"))],
    // the watch is refused, and looking as well
    ["forbidden", () => failure(403, "Forbidden")],
  ];
  for (const [code, handler] of cases) await rejection(code, wait(handler, object).decided);
  const mistake = new TypeError("a mistake");
  const { decided } = wait(() => Promise.reject(mistake), object);
  assert.is(await decided.catch((error: unknown) => error), mistake);
  const controller = new AbortController();
  const hanging: Handler = (request) =>
    new Promise((_, reject) => request.signal.addEventListener("abort", () => reject(request.signal.reason)));
  const waiting = wait(hanging, object, { signal: controller.signal });
  setTimeout(() => controller.abort(new CertgenError("timed-out", "late")));
  await rejection("timed-out", waiting.decided);
});

test("without a stream, and in v1beta1, there is no watch", async () => {
  const { object } = await pending();
  const denied = { ...object, status: { conditions: [{ type: "Denied" }] } };
  const handler: Handler = () => jsonAnswer(200, denied);
  const { fetch } = fakeFetch(handler);
  const { sleep } = fakeSleep();
  const log = fakeLog().log;
  const peer = { url: "https://api:6443" };
  const client = new SignerClient({ ...peer, fetch, sleep, random: fixedRandom(0), log });
  await waitForDecision({ ...peer, client, version: "v1", isDecided, log }, NAME, object);
  const beta = wait(handler, object, { version: "v1beta1" });
  await beta.decided;
  assert.equal(beta.asked(), [`GET ${pathOf("v1beta1", NAME)}`]);
});

test("a name is escaped in the selector, and an object without a revision is watched from now on", async () => {
  const metadata = { name: "a,b=c\\d" };
  const event = { type: "ADDED", object: { metadata, status: { conditions: [{ type: "Denied" }] } } };
  const { decided, asked } = wait(() => jsonAnswer(200, event), { metadata }, { name: metadata.name });
  await decided;
  const { searchParams } = new URL(asked()[0]?.slice(4) ?? "", "https://api");
  assert.is(searchParams.get("fieldSelector"), "metadata.name=a\\,b\\=c\\\\d");
  assert.is(searchParams.get("resourceVersion"), null);
});

test("each watch proves itself anew", async () => {
  const { object } = await pending();
  const event = JSON.stringify({ type: "BOOKMARK", object: { metadata: { resourceVersion: "2000" } } });
  const proofs: string[] = [];
  const denied = { type: "MODIFIED", object: { ...object, status: { conditions: [{ type: "Denied" }] } } };
  let watches = 0;
  const handler: Handler = () => new Response(++watches < 3 ? event : JSON.stringify(denied));
  await wait(handler, object, {
    prove: ({ method, url }) =>
      Promise.resolve(`Proof ${proofs.push(`${method} ${new URL(url).search.slice(0, 11)}`)}`),
  }).decided;
  assert.equal(proofs, Array(3).fill("GET ?watch=true"));
});

test.run();
