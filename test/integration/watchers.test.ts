// timeout: 900
// runtimes: node
// Many watchers of one signer while objects come and go. The clients run on Node, the signer on each runtime in turn.
import { existsSync } from "node:fs";
import process from "node:process";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { toBase64Pem } from "../../src/k8s/certificate_signing_request.ts";
import { createCsr } from "../../src/x509/csr.ts";
import { pause, type RunningSigner, startSigner, temporary } from "../programs.ts";
import { RUNTIMES } from "../runtimes.ts";
import { sharedKey } from "../signing.ts";
import { AdminClient, costOf, difference, type Habits, History, Watcher } from "../watching.ts";

/** 200 and 5,000 in a soak. */
const WATCHERS = Number(process.env["WATCHERS"] ?? 20);
const OBJECTS = Number(process.env["WATCHED_OBJECTS"] ?? 200);
const isSoak = OBJECTS > 1000;
const SERVERS = RUNTIMES.filter((name) =>
  (process.env["WATCHED_RUNTIMES"] ?? RUNTIMES.join()).split(",").includes(name)
);
const WRITERS = 8;
const SHARDS = 4;
/** So many objects of each writer are there at once. */
const KEPT = 5;
const LAST = "last";
/**
 * So much more memory than after the first round, as a part of it, there may be after the second. A first round of a soak
 * fills what is remembered of changes; a short one does not, so that a second one may still add to it.
 */
const GROWTH = isSoak ? 0.2 : 0.5;

let request: Promise<string> | undefined;

/** One that nobody here signs, so that it is stored and left alone. */
async function specOf(): Promise<unknown> {
  request ??= sharedKey().then(async (key) =>
    toBase64Pem((await createCsr({ key, subject: { commonName: "x" } })).pem)
  );
  return { request: await request, signerName: "example.com/x", usages: ["client auth"] };
}

async function withSigner(
  runtime: typeof RUNTIMES[number],
  use: (signer: RunningSigner, client: AdminClient) => Promise<void>,
): Promise<void> {
  const { path: cwd, remove } = temporary();
  try {
    const signer = await startSigner(runtime, [], cwd);
    const client = new AdminClient(signer, cwd);
    try {
      await use(signer, client);
    } finally {
      client.close();
      await signer.stop();
    }
  } finally {
    remove();
  }
}

/** Creates, labels and deletes objects, and an object to end with. */
async function write(client: AdminClient, history: History, round: number): Promise<void> {
  const spec = await specOf();
  const create = async (name: string, shard: string): Promise<void> =>
    history.add("ADDED", await client.send("POST", "", { metadata: { name, labels: { shard } }, spec }), shard);
  const remove = async (name: string, shard: string): Promise<void> => {
    await client.send("DELETE", name);
    history.delete(name, shard);
  };
  let next = 0;
  const writer = async (): Promise<void> => {
    const kept: [string, string][] = [];
    for (let number = next++; number < OBJECTS; number = next++) {
      const name = `r${round}-${number}`;
      await create(name, String(number % SHARDS));
      // every second one goes over to another shard
      const shard = String((number % 2 === 0 ? number : number + 1) % SHARDS);
      const labels = { shard, touched: "yes" };
      history.add(
        "MODIFIED",
        await client.send("PATCH", name, { metadata: { labels } }, "application/merge-patch+json"),
        shard,
      );
      kept.push([name, shard]);
      const oldest = kept.length > KEPT ? kept.shift() : undefined;
      if (oldest !== undefined) await remove(...oldest);
    }
    for (const one of kept) await remove(...one);
  };
  await Promise.all(Array.from({ length: WRITERS }, writer));
  await create(LAST, LAST);
}

/** Of ten watchers, five read all, two select, two break off and come again, and one is slow. */
function habitsOf(index: number): Habits {
  if (index % 10 < 2) return { shards: [String(index % SHARDS), LAST] };
  if (index % 10 < 4) return { leavesAfter: Math.ceil(OBJECTS / 3) + index };
  if (index % 10 < 5) return { slowness: index % 20 < 10 ? 20 : 120 };
  return {};
}

/** What a round took. */
interface Round {
  readonly events: number;
  readonly expired: number;
  readonly seconds: number;
  readonly cpu: number;
  readonly memory: number;
}

/** Watchers come, objects come and go, every watcher is told so, watchers go. */
async function runRound(signer: RunningSigner, client: AdminClient, round: number): Promise<Round> {
  const { resourceVersion } = (await client.send("GET", "")).metadata;
  const watchers = Array.from(
    { length: WATCHERS },
    (_, index) => new Watcher(client, resourceVersion, LAST, habitsOf(index)),
  );
  await Promise.all(watchers.map((watcher) => watcher.start()));
  const before = costOf(signer.pid).cpu;
  const started = performance.now();
  const history = new History(Number(resourceVersion));
  await write(client, history, round);
  for (const watcher of watchers) watcher.hurry();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<void>((resolve) => timer = setTimeout(resolve, 60_000));
  const ends = await Promise.all(watchers.map((watcher) => Promise.race([watcher.over, late])));
  clearTimeout(timer); // it would keep this program for a minute
  const seconds = (performance.now() - started) / 1000;
  const cpu = costOf(signer.pid).cpu - before;

  const reference = watchers.find(({ habits }) => Object.keys(habits).length === 0)?.told ?? [];
  assert.equal(history.complete(reference), []);
  watchers.forEach(({ told, habits, error }, index) => {
    const who = `watcher ${index} ${JSON.stringify(habits)}, ${ends[index]}`;
    // one that is too slow is told so, or, where it has read nothing for half a minute, cut off: it goes on from where it was
    const isExpired = habits.slowness !== undefined &&
      (ends[index] === "cut" || (error === 410 && ends[index] === "ended"));
    assert.ok(ends[index] === "complete" || isExpired, `${who}, ${told.length} events, error ${error}`);
    assert.is(difference(told, history.expected(habits.shards), isExpired), undefined, who);
  });
  for (const watcher of watchers) watcher.leave();
  await client.send("DELETE", LAST);
  return {
    events: watchers.reduce((sum, { told }) => sum + told.length, 0),
    expired: watchers.filter(({ error }) => error === 410).length,
    seconds,
    cpu,
    memory: await memoryOf(signer),
  };
}

/** The least within some seconds in which the signer has nothing to do. */
async function memoryOf({ pid }: RunningSigner): Promise<number> {
  let least = Infinity;
  for (let second = 0; second < (isSoak ? 10 : 1); second += 0.25) {
    await pause(0.25);
    least = Math.min(least, costOf(pid).memory);
  }
  return least;
}

function report(runtime: string, name: string, { events, expired, seconds, cpu, memory }: Round): void {
  const each = `${Math.round(events / seconds)}/s, ${(cpu / events * 1e6).toFixed(1)} us of CPU each`;
  const size = `${Math.round(memory)} MiB after it`;
  console.log(
    `${runtime}, ${name}: ${events} events in ${seconds.toFixed(1)} s (${each}), ${expired} told 410, ${size}`,
  );
}

for (const runtime of SERVERS) {
  test(`${WATCHERS} watchers of a signer on ${runtime} are told every change of ${OBJECTS} objects once and in order`, async () => {
    if (!existsSync("/proc/self/status")) return console.log("skipped: needs /proc");
    await withSigner(runtime, async (signer, client) => {
      const first = await runRound(signer, client, 1);
      report(runtime, "first round", first);
      const second = await runRound(signer, client, 2);
      report(runtime, "second round", second);
      const growth = second.memory / first.memory - 1;
      assert.ok(growth < GROWTH, `memory grew by ${Math.round(growth * 100)} % from ${first.memory} MiB`);
    });
  });

  test(`a signer on ${runtime} with 50 watches stops at once, each after a whole line`, async () => {
    await withSigner(runtime, async (signer, client) => {
      const watchers = Array.from({ length: 50 }, () => new Watcher(client, "0", "none"));
      await Promise.all(watchers.map((watcher) => watcher.start()));
      let isStopping = false;
      const writer = write(client, new History(0), 1).catch((error: unknown) => {
        if (!isStopping) throw error;
      });
      while (watchers.some(({ told }) => told.length < 20)) await pause(0.01);
      isStopping = true;
      const started = performance.now();
      const { code, stderr } = await signer.stop();
      const seconds = (performance.now() - started) / 1000;
      assert.is(code, 0, stderr);
      assert.ok(seconds < 5, `${seconds} s`);
      for (const watcher of watchers) {
        assert.is(await watcher.over, "ended");
        assert.is(watcher.rest, "");
      }
      const [longest] = watchers.map(({ told }) => told).sort((a, b) => b.length - a.length);
      for (const { told } of watchers) assert.is(difference(told, longest ?? [], true), undefined);
      await writer;
    });
  });
}

test.run();
