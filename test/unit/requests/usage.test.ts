import { test } from "uvu";
import * as assert from "uvu/assert";
import { openDirectory } from "../../../src/requests/directory.ts";
import { Usage } from "../../../src/requests/usage.ts";
import { apiWorld } from "../../api.ts";
import { thrown } from "../../fakes.ts";
import { MemoryFiles } from "../../memory_files.ts";
import { objectIn, objectJson, pathOf, peerRequest, sharedKey, statusIn } from "../../signing.ts";

const OTHER = { spec: { signerName: "example.com/other" } };
const LIMITS = { pending: 1, length: 1000 };

async function counted(length: number, approved = false, name = "a") {
  const { node } = await apiWorld();
  const object = await node.create(approved ? { name } : { name, ...OTHER });
  return { object, length };
}

const waiting = await counted(10);
const decided = await counted(20, true);

test("what waits for a decision counts until it is decided or gone", () => {
  const usage = new Usage();
  usage.reserve(waiting.object, LIMITS)();
  usage.change(undefined, waiting);
  usage.reserve(decided.object, LIMITS)();
  const error = thrown("too-many-requests", () => usage.reserve(waiting.object, LIMITS));
  assert.match(error.message, 'User "node1" has as much as it may: 1 requests of it wait for a decision');
  const { spec } = waiting.object;
  usage.reserve({ ...waiting.object, spec: { ...spec, username: "node2" } }, LIMITS)();
  usage.change(waiting, decided);
  usage.reserve(waiting.object, LIMITS)();
  usage.change(decided, undefined);
  usage.reserve(waiting.object, { pending: 1, length: 1 })();
});

test("a reservation counts until it is taken back", () => {
  const usage = new Usage();
  const release = usage.reserve(waiting.object, LIMITS);
  thrown("too-many-requests", () => usage.reserve(waiting.object, LIMITS));
  release();
  usage.reserve(waiting.object, LIMITS);
});

test("the length of everything counts", () => {
  const usage = new Usage();
  usage.change(undefined, { ...decided, length: 1000 });
  const { message } = thrown("too-many-requests", () => usage.reserve(decided.object, LIMITS));
  assert.match(message, "take 1000 characters");
});

test("a recount takes the place of what was counted, with what changed meanwhile on either side of it", async () => {
  const usage = new Usage();
  const [a, b, c] = [await counted(400, true, "a"), await counted(400, true, "b"), await counted(400, true, "c")];
  usage.change(undefined, { ...decided, length: 5000 }); // of a store that nobody has any more
  usage.startRecount();
  usage.change(undefined, c); // still to come to
  usage.recount([a, b], "b");
  usage.change(b, undefined);
  const late = await counted(400, true, "bb"); // not in what was read, since it came while it was read
  usage.change(undefined, late);
  usage.recount([c], "c");
  usage.change(late, undefined);
  usage.change(undefined, await counted(1, true, "d")); // behind the last that was read
  usage.endRecount();
  usage.reserve(decided.object, { pending: 1, length: 802 })();
  thrown("too-many-requests", () => usage.reserve(decided.object, { pending: 1, length: 801 }));
});

test("many posts at once keep no more than the limit, also on a disk", async () => {
  const files = new MemoryFiles();
  // as a disk: all that come meanwhile see what was counted before
  const create = files.create.bind(files);
  files.create = async (...args) => {
    await new Promise((resolve) => setTimeout(resolve, 50));
    await create(...args);
  };
  const store = await openDirectory(files, "/csrs");
  const { node, admin } = await apiWorld({ store, limits: { pending: 3 } });
  const request = await peerRequest("etcd1", await sharedKey());
  const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => {
    return node.send("POST", pathOf("v1"), objectJson(request, { name: `n${i}`, ...OTHER }));
  }));
  assert.is(answers.filter(({ status }) => status === 201).length, 3);
  assert.is(answers.filter(({ status }) => status === 429).length, 17);
  const { items } = await (await admin.send("GET", pathOf("v1"))).json() as { items: unknown[] };
  assert.is(items.length, 3);
});

test("who has too much is still answered with what is there", async () => {
  const beta = { version: "v1beta1", ...OTHER } as const;
  const { node } = await apiWorld({ limits: { pending: 1 } });
  const request = await peerRequest("etcd1", await sharedKey());
  const send = async (version: "v1" | "v1beta1", name: string) =>
    await node.send("POST", pathOf(version), objectJson(request, { ...beta, version, name, ...OTHER }));
  const first = await objectIn(await send("v1beta1", "a"));
  assert.equal(await objectIn(await send("v1beta1", "a")), first);
  await statusIn(await send("v1", "a"), 409);
  await statusIn(await send("v1beta1", "b"), 429);
});

test("who has too much waiting is 429 with Retry-After, and an administrator makes room", async () => {
  const { admin, node, other } = await apiWorld({ limits: { pending: 2 } });
  for (const name of ["a", "b"]) await node.create({ name, ...OTHER });
  const body = objectJson(await peerRequest("etcd1", await sharedKey()), { name: "c", ...OTHER });
  const answer = await node.send("POST", pathOf("v1"), body);
  assert.is(answer.headers.get("retry-after"), "60");
  const status = await statusIn(answer, 429);
  assert.equal([status.reason, status.details?.retryAfterSeconds], ["TooManyRequests", 60]);
  await other.create({ name: "d", ...OTHER });
  assert.is((await admin.send("DELETE", pathOf("v1", "a"))).status, 200);
  assert.is((await node.send("POST", pathOf("v1"), body)).status, 201);
});

test("what is replaced makes room for what replaces it, and no more", () => {
  const usage = new Usage();
  const [mine, another] = [{ ...decided, length: 95 }, { ...decided, length: 5 }];
  usage.change(undefined, mine);
  usage.change(undefined, another);
  const limits = { pending: 1, length: 95 };
  thrown("too-many-requests", () => usage.reserve(mine.object, limits));
  usage.reserve(mine.object, limits, mine)();
  thrown("too-many-requests", () => usage.reserve(another.object, limits, another));
});

test.run();
