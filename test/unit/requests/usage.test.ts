import { test } from "uvu";
import * as assert from "uvu/assert";
import { Usage } from "../../../src/requests/usage.ts";
import { apiWorld } from "../../api.ts";
import { thrown } from "../../fakes.ts";
import { objectJson, pathOf, peerRequest, sharedKey, statusIn } from "../../signing.ts";

const OTHER = { spec: { signerName: "example.com/other" } };
const LIMITS = { pending: 1, length: 1000 };

async function counted(length: number, approved = false) {
  const { node } = await apiWorld();
  const object = await node.create(approved ? { name: "a" } : { name: "a", ...OTHER });
  return { object, length };
}

test("what waits for a decision counts until it is decided or gone", async () => {
  const usage = new Usage();
  const waiting = await counted(10);
  usage.check("node1", LIMITS, true);
  usage.change(undefined, waiting);
  usage.check("node1", LIMITS, false);
  const error = thrown("too-many-requests", () => usage.check("node1", LIMITS, true));
  assert.match(error.message, 'User "node1" has as much as it may: 1 requests of it wait for a decision');
  usage.check("node2", LIMITS, true);
  const decided = await counted(20, true);
  usage.change(waiting, decided);
  usage.check("node1", LIMITS, true);
  usage.change(decided, undefined);
  usage.check("node1", { pending: 1, length: 1 }, true);
});

test("the length of everything counts, and a sweep's count takes the place of what was", async () => {
  const usage = new Usage();
  usage.change(undefined, await counted(1000, true));
  assert.match(thrown("too-many-requests", () => usage.check("node1", LIMITS, true)).message, "take 1000 characters");
  usage.replace(new Usage());
  usage.check("node1", LIMITS, true);
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

test.run();
