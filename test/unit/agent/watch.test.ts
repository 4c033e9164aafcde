import { test } from "uvu";
import * as assert from "uvu/assert";
import type { RequestList } from "../../../src/agent/admin_client.ts";
import { type RequestChange, watchRequests } from "../../../src/agent/watch.ts";
import { CertgenError, type ErrorCode } from "../../../src/errors.ts";
import type { JsonObject } from "../../../src/k8s/json.ts";
import { failure } from "../../agent_world.ts";
import { fakeFetch, fakeLog, fakeSleep, fixedRandom, rejection } from "../../fakes.ts";

const object = (name: string, revision: number): JsonObject => ({
  metadata: { name, resourceVersion: String(revision) },
});
const list = (revision: number, ...items: JsonObject[]): RequestList => ({ items, resourceVersion: String(revision) });
const event = (type: string, name: string, revision: number): string =>
  `${JSON.stringify({ type, object: object(name, revision) })}\n`;
const failed = (code: unknown): string => `${JSON.stringify({ type: "ERROR", object: { message: "no", code } })}\n`;
const unreachable = (): CertgenError => new CertgenError("unavailable", "Cannot reach it");

/** What one connection answers: a body that ends, a failure, or an answer. */
type Step = string | Error | Response;

interface World {
  readonly changes: string[];
  readonly paths: string[];
  readonly pauses: number[];
  readonly logged: string[];
  readonly lists: () => number;
}

/** Watches until no step is left. */
async function watched(
  from: RequestList,
  steps: readonly Step[],
  lists: readonly (RequestList | Error)[] = [],
  more: { selector?: string; token?: string } = {},
): Promise<World> {
  const controller = new AbortController();
  // of the kind that is tried again otherwise
  const over = new CertgenError("unavailable", "over");
  let [at, listed] = [0, 0];
  const { fetch, sent } = fakeFetch(() => {
    const step = steps[at++];
    if (step === undefined) controller.abort(over);
    controller.signal.throwIfAborted();
    if (step instanceof Error) throw step;
    return step instanceof Response ? step : new Response(step);
  });
  const { sleep, pauses } = fakeSleep();
  const { log, lines } = fakeLog();
  const changes: string[] = [];
  const watch = watchRequests({
    url: "https://signer:1",
    stream: fetch,
    list: () => {
      const next = lists[listed++] ?? new Error("one list too many");
      return next instanceof Error ? Promise.reject(next) : Promise.resolve(next);
    },
    sleep,
    random: fixedRandom(255),
    log,
    signal: controller.signal,
    ...more,
  }, from);
  try {
    for await (const change of watch) changes.push(wordsOf(change));
  } catch (error) {
    if (error !== over) throw error;
  }
  return {
    changes,
    paths: sent.map(({ path }) => path),
    pauses,
    logged: lines.map(({ level }) => level),
    lists: () => listed,
  };
}

function wordsOf({ type, object }: RequestChange): string {
  const metadata = Object(object["metadata"]);
  return `${type} ${metadata.name} ${metadata.resourceVersion}`;
}

const revisions = ({ paths }: World): (string | null)[] =>
  paths.map((path) => new URL(path, "https://a").searchParams.get("resourceVersion"));

test("watchRequests gives what has changed since the list, each change once", async () => {
  const world = await watched(list(5, object("a", 3), object("b", 4)), [
    event("ADDED", "a", 3) + event("ADDED", "c", 6) + event("MODIFIED", "a", 7) + event("MODIFIED", "a", 7) +
    event("DELETED", "b", 8) + event("DELETED", "b", 8) + event("ADDED", "b", 9),
  ]);
  assert.equal(world.changes, ["ADDED c 6", "MODIFIED a 7", "DELETED b 8", "ADDED b 9"]);
  assert.equal(world.logged, []);
  assert.is(
    world.paths[0],
    "/apis/certificates.k8s.io/v1/certificatesigningrequests?watch=true&allowWatchBookmarks=true&resourceVersion=5",
  );
  const selected = await watched(list(1), [""], [], { selector: "a=b" });
  assert.match(selected.paths[0] ?? "", "&labelSelector=a%3Db");
});

test("a watch that ends goes on where it was, bookmarks counted, and pauses only where nothing comes", async () => {
  const world = await watched(list(5), [
    event("ADDED", "a", 6),
    event("BOOKMARK", "", 9),
    "",
    "",
    "",
    event("MODIFIED", "a", 10),
  ]);
  assert.equal(world.changes, ["ADDED a 6", "MODIFIED a 10"]);
  assert.equal(revisions(world), ["5", "6", "9", "9", "9", "9", "10"]);
  assert.equal(world.pauses, [0, 0, 1, 2, 4, 0]);
});

test("what may pass is tried again with growing pauses, and said", async () => {
  const cut = new Response(
    new ReadableStream({
      start: (controller) => {
        controller.enqueue(new TextEncoder().encode(event("ADDED", "a", 6)));
      },
      pull: (controller) => controller.error(unreachable()),
    }),
  );
  const world = await watched(list(5), [
    cut,
    unreachable(),
    unreachable(),
    failure(503, "x"),
    failed(500),
    failed("x"),
  ]);
  assert.equal(revisions(world).slice(0, 3), ["5", "6", "6"]);
  assert.equal(world.pauses, [0, 1, 2, 4, 8, 10]);
  assert.equal(new Set(world.logged), new Set(["warn"]));
});

test("a place that is no longer known is listed anew: what happened in between is told", async () => {
  for (const gone of [failed(410), failure(410, "Expired")]) {
    const world = await watched(list(5, object("a", 1), object("b", 2), object("c", 3)), [
      gone,
      event("ADDED", "e", 12),
    ], [
      list(11, object("a", 1), object("c", 10), object("d", 9)),
    ]);
    assert.equal(world.changes, ["DELETED b 2", "MODIFIED c 10", "ADDED d 9", "ADDED e 12"]);
    assert.equal(revisions(world).slice(0, 2), ["5", "11"]);
    assert.is(world.lists(), 1);
  }
});

test("a list that fails is tried again, and the place stays lost until one is there", async () => {
  const world = await watched(list(5), [failed(410), ""], [unreachable(), list(9, object("a", 8))]);
  assert.equal(world.changes, ["ADDED a 8"]);
  assert.equal(revisions(world), ["5", "9", "9"]);
});

test("what cannot pass ends it", async () => {
  const cases: [ErrorCode, Step][] = [
    ["unauthorized", failure(401, "Unauthorized")],
    ["forbidden", failure(403, "Forbidden")],
    ["rejected", failure(400, "BadRequest")],
    ["rejected", failed(400)],
    ["rejected", "[]\n"],
    ["rejected", event("NEWS", "a", 6)],
    ["malformed-object", '{"type":"ADDED","object":1}\n'],
    ["invalid-certificate", new CertgenError("invalid-certificate", "x")],
  ];
  for (const [code, step] of cases) await rejection(code, watched(list(5), [step]));
  await rejection("forbidden", watched(list(5), [failed(410)], [new CertgenError("forbidden", "x")]));
  const odd = new TypeError("a mistake");
  assert.is(await watched(list(5), [odd]).then(() => undefined, (error: unknown) => error), odd);
});

test("an endless failure is not taken whole", async () => {
  let pulls = 0;
  const pull = (controller: ReadableStreamDefaultController): void => {
    pulls++;
    controller.enqueue(new Uint8Array(10_000).fill(0x78));
  };
  await rejection("rejected", watched(list(5), [new Response(new ReadableStream({ pull }), { status: 400 })]));
  assert.ok(pulls < 20, String(pulls));
});

test("to leave the loop cancels the body", async () => {
  let cancelled = false;
  const body = new ReadableStream({
    start: (controller) => controller.enqueue(new TextEncoder().encode(event("ADDED", "a", 6))),
    cancel: () => void (cancelled = true),
  });
  const watch = watchRequests({
    url: "https://signer:1",
    stream: () => Promise.resolve(new Response(body)),
    list: () => Promise.reject(new Error("not needed")),
    sleep: fakeSleep().sleep,
    random: fixedRandom(0),
    log: fakeLog().log,
  }, list(5));
  for await (const { type } of watch) {
    assert.is(type, "ADDED");
    break;
  }
  assert.ok(cancelled);
});

test.run();
