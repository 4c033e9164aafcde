import { test } from "uvu";
import * as assert from "uvu/assert";
import { metadataOf, watchEvents } from "../../../src/agent/watch_events.ts";
import type { ErrorCode } from "../../../src/errors.ts";
import type { Handler } from "../../../src/ports.ts";
import { failure, jsonAnswer } from "../../agent_world.ts";
import { fakeFetch, rejection } from "../../fakes.ts";
import { pathOf } from "../../signing.ts";

const event = (type: string, object: unknown): string => `${JSON.stringify({ type, object })}\n`;

/** What one watch tells, as `ADDED a`, and where it was asked. */
async function eventsOf(handler: Handler): Promise<{ told: string[]; path: string | undefined }> {
  const { fetch, sent } = fakeFetch(handler);
  const told: string[] = [];
  const peer = { url: "https://signer:1", token: "t0ken", stream: fetch };
  for await (const { type, object } of watchEvents(peer, { resourceVersion: "7", labelSelector: "a=b" })) {
    const { name, resourceVersion } = metadataOf(object);
    told.push(`${type} ${name} ${resourceVersion}`);
  }
  assert.is(sent[0]?.headers.get("authorization"), "Bearer t0ken");
  return { told, path: sent[0]?.path };
}

test("watchEvents asks for a watch with bookmarks and tells each event as it is", async () => {
  const lines = [
    event("ADDED", { metadata: { name: "a", resourceVersion: "8" } }),
    "\n",
    event("BOOKMARK", { metadata: { resourceVersion: "9" } }),
    event("MODIFIED", {}),
    event("DELETED", { metadata: { name: "a" } }).trim(),
  ];
  const { told, path } = await eventsOf(() => new Response(lines.join("")));
  assert.equal(told, ["ADDED a 8", "BOOKMARK  9", "MODIFIED  ", "DELETED a "]);
  const query = "?watch=true&allowWatchBookmarks=true&resourceVersion=7&labelSelector=a%3Db";
  assert.is(path, pathOf("v1") + query);
});

test("an answer without a body tells nothing", async () => {
  assert.equal((await eventsOf(() => new Response(null, { status: 204 }))).told, []);
  assert.equal((await eventsOf(() => new Response(""))).told, []);
});

test("a failure is what the answer or the event says", async () => {
  const cases: [ErrorCode, Response][] = [
    ["expired", failure(410, "Expired")],
    ["expired", jsonAnswer(200, event("ERROR", { code: 410, message: "too old" }))],
    ["unavailable", failure(429, "TooManyRequests")],
    ["unavailable", jsonAnswer(200, event("ERROR", {}))],
    ["forbidden", failure(403, "Forbidden")],
    ["rejected", jsonAnswer(200, event("NEWS", {}))],
    ["rejected", jsonAnswer(200, { kind: "List", items: [] })],
    ["rejected", jsonAnswer(200, "<html>")],
    ["malformed-object", jsonAnswer(200, event("ADDED", 7))],
    ["malformed-object", jsonAnswer(200, { type: 7 })],
  ];
  for (const [code, answer] of cases) await rejection(code, eventsOf(() => answer));
});

test("a type that is long is not repeated whole", async () => {
  const { message } = await rejection("rejected", eventsOf(() => new Response(event("X".repeat(10_000), {}))));
  assert.ok(message.length < 200, message);
});

test.run();
