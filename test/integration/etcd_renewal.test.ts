// timeout: 1200
// Three members of etcd under constant load while their agents, one on each runtime, renew every certificate again and
// again: 3 times; in a soak 20 times, with lifetimes of 30 seconds.
import { existsSync, rmSync, writeFileSync } from "node:fs";
import process from "node:process";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { etcdctl, freePorts, startMember, until } from "../etcd.ts";
import {
  KINDS,
  linesOf,
  type Node,
  pairOf,
  renewedOf,
  reportOf,
  serialOnDisk,
  serialServed,
  signerConfig,
  startAgent,
  startLoad,
  writeAgentConfig,
} from "../etcd_agents.ts";
import { folder, has, type Started, startSigner, temporary, waitFor } from "../programs.ts";
import { currentRuntime, RUNTIMES } from "../runtimes.ts";

const signerRuntime = currentRuntime();
const RENEWALS = Number(process.env["RENEWALS"] ?? 3);
const LIFETIME_SECONDS = RENEWALS > 3 ? 30 : 15;
/** Of each of the load's five workers. */
const PERIOD_SECONDS = 0.2;
/** So that no busy machine makes anybody take the leader for dead. */
const PATIENT = ["--heartbeat-interval=500", "--election-timeout=5000"];
/** Characters of each program that are shown where the test fails. */
const MOST_OUTPUT = 3000;

/** A node with its programs. */
interface Running extends Node {
  readonly agent: Started;
  readonly member: Started;
}

/** Configures a signer for nodes that are still to be started. */
function writeSignerConfig(cwd: string): string[] {
  writeFileSync(`${cwd}/signer.yaml`, signerConfig(`${LIFETIME_SECONDS}s`));
  const tokens = RUNTIMES.map((name) => `${name}-token,etcd:${name},${name}\n`);
  writeFileSync(`${cwd}/tokens.csv`, tokens.join(""), { mode: 0o600 });
  for (const name of RUNTIMES) writeFileSync(`${cwd}/${name}.token`, `${name}-token`, { mode: 0o600 });
  const lifetimes = [`--peercertdur=${LIFETIME_SECONDS}s`, `--servercertdur=${LIFETIME_SECONDS}s`];
  return ["--state-dir=state", "--config=signer.yaml", "--token-auth-file=tokens.csv", ...lifetimes];
}

async function configuredNodes(cwd: string, signerPort: number): Promise<Node[]> {
  const ports = await freePorts(2 * RUNTIMES.length);
  return RUNTIMES.map((runtime, index) => {
    const [clientPort = 0, peerPort = 0] = ports.slice(2 * index);
    const node: Node = {
      name: runtime,
      runtime,
      clientPort,
      peerPort,
      certs: folder(cwd, `certs-${runtime}`),
      data: folder(cwd, `data-${runtime}`),
      flag: `${cwd}/fail-${runtime}`,
    };
    const tokenFile = `${cwd}/${runtime}.token`;
    writeAgentConfig(node, { port: signerPort, cacrt: `${cwd}/state/serving-ca.crt`, tokenFile });
    return node;
  });
}

/** Starts agents, and members as soon as they have their certificates; done when each certificate is known to work. */
async function startNodes(nodes: readonly Node[], running: Started[]): Promise<Running[]> {
  const started = (one: Started): Started => (running.push(one), one);
  const agents = nodes.map((node) => ({ ...node, agent: started(startAgent(node)) }));
  const bases = nodes.flatMap((node) => KINDS.map((kind) => pairOf(node, kind)));
  await until(40, "all have certificates", () => bases.every((base) => existsSync(`${base}.crt`)));
  const all = agents.map((node) => ({ ...node, member: started(startMember(node, nodes, PATIENT)) }));
  await until(60, "all members show their certificates", () => all.every((node) => fewestRenewals(node) > 0));
  const [first] = nodes;
  if (first === undefined) throw new TypeError("there are no nodes");
  await until(
    40,
    "all members are healthy",
    async () => (await etcdctl(nodes, first, "endpoint", "health")).code === 0,
  );
  return all;
}

/** Of the node's certificate that was renewed least often. */
function fewestRenewals(node: Running): number {
  return Math.min(...KINDS.map((kind) => renewedOf(linesOf(node.agent, pairOf(node, kind))).length));
}

/** What a member tells of itself that no renewal may change. */
async function lifeOf(node: Running): Promise<{ process: number; member: string; leader: string; term: string }> {
  process.kill(node.member.pid, 0);
  const { stdout, code, stderr } = await etcdctl([node], node, "endpoint", "status", "-w", "json");
  assert.is(code, 0, stderr);
  const [all = "", member = "", leader = "", term = ""] =
    /"member_id":(\d+).*"leader":(\d+).*"raftTerm":(\d+)/.exec(stdout) ?? [];
  assert.ok(all, stdout);
  return { process: node.member.pid, member, leader, term };
}

/** One renewal after the other fails its check until the flag is gone: the pair before is back each time. */
async function failForATime(node: Running): Promise<void> {
  const base = pairOf(node, "server");
  writeFileSync(node.flag, "");
  const isBack = "the new pair does not work: the last good one is back";
  const lines = () => linesOf(node.agent, base);
  const rolledBack = () => lines().findIndex(({ message }) => message === isBack);
  await until(LIFETIME_SECONDS, "the agent goes back", () => rolledBack() >= 0);
  const good = renewedOf(lines().slice(0, rolledBack())).at(-1) ?? "";
  // it goes on to try, and goes back each time
  await until(3, "the old certificate is on disk and shown", async () => {
    return serialOnDisk(base) === good && await serialServed(node.clientPort, base) === good;
  });
  const said = lines().slice(rolledBack());
  assert.match(said[0]?.because ?? "", /check "test" failed: exit code 1/);
  assert.ok(said.every(({ level, message }) => message !== isBack || level === "error"));
  assert.ok(said.some(({ level, message }) => message === "the certificate is not renewed" && level === "error"));
  assert.equal(renewedOf(said), []);
  rmSync(node.flag);
  await until(LIFETIME_SECONDS, "the next try does it", () => renewedOf(lines().slice(rolledBack())).length > 0);
  const [next = ""] = renewedOf(lines().slice(rolledBack()));
  assert.is.not(next, good);
  await until(5, "the new certificate is on disk and shown", async () => {
    return serialOnDisk(base) === next && await serialServed(node.clientPort, base) === next;
  });
}

/** A member that comes back makes its connections anew, and the others theirs to it: all by certificates of now. */
async function comesBack(node: Running, nodes: readonly Running[], running: Started[]): Promise<void> {
  await node.member.stop();
  running.push(startMember(node, nodes, PATIENT));
  await until(40, "a member that comes back is taken in", async () => {
    return (await etcdctl([node], node, "endpoint", "health")).code === 0;
  });
}

/** What is said after a moment of whatever is to stay quiet. */
function listener(some: readonly Started[], pattern: RegExp): () => string[] {
  const before = some.map((one) => one.output().length);
  return () =>
    some.flatMap((one, at) => one.output().slice(before[at]).split("\n")).filter((line) => pattern.test(line));
}

const cluster = has("etcd", "--version") && has("etcdctl", "version") ? test : test.skip;
if (cluster === test.skip) console.log("skipped: needs etcd");

cluster(
  `etcd under load notices none of ${RENEWALS} renewals of each certificate, signer on ${signerRuntime}`,
  async () => {
    const { path: cwd, remove } = temporary();
    const running: Started[] = [];
    try {
      const signer = await startSigner(signerRuntime, writeSignerConfig(cwd), cwd);
      running.push(signer);
      const nodes = await startNodes(await configuredNodes(cwd, signer.port), running);
      const load = startLoad(nodes, PERIOD_SECONDS);
      running.push(load);
      await waitFor(load, /working/, 30);
      const begun = Date.now();
      const lives = await Promise.all(nodes.map(lifeOf));
      const complaints = listener(nodes.map(({ member }) => member), /rejected connection|tls:|x509|certificate/);
      const faults = listener(nodes.map(({ agent }) => agent), /"level":"(?:warn|error)"/);
      const before = nodes.map(fewestRenewals);
      const isFailure = () => /^failed: /m.test(load.output());
      await until((RENEWALS + 2) * LIFETIME_SECONDS, `${RENEWALS} renewals of each certificate`, () => {
        return isFailure() || nodes.every((node, at) => fewestRenewals(node) >= RENEWALS + (before[at] ?? 0));
      });
      assert.equal(faults(), [], "no agent warns");

      const [first] = nodes;
      if (first !== undefined && !isFailure()) await failForATime(first);

      const seconds = (Date.now() - begun) / 1000;
      const { requests, failures, connections, slowestSeconds, shown, taken } = await reportOf(load);
      const count = Object.values(requests).reduce((sum, one) => sum + one, 0);
      const renewals = nodes.flatMap(({ agent }) => renewedOf(linesOf(agent))).length;
      console.log(
        `${count} requests over ${connections} connections, ${failures.length} failed, the slowest took ${
          slowestSeconds.toFixed(2)
        } s; ${renewals} certificates; ${seconds.toFixed(0)} s`,
      );
      assert.equal(failures, [], "no request fails");
      assert.ok(Math.min(...Object.values(requests)) > seconds, "each worker asks more than once a second");
      assert.equal(Object.keys(shown).length, 6, "each port");
      assert.equal(Object.keys(taken).length, 6, "each client's and peer's pair");
      for (const [where, serials] of [...Object.entries(shown), ...Object.entries(taken)]) {
        assert.ok(serials.length >= RENEWALS, `${where} had ${serials.length} certificates`);
      }
      assert.equal(complaints(), [], "no member complains of a certificate");
      assert.equal(await Promise.all(nodes.map(lifeOf)), lives, "no member was restarted, and none elected a leader");
      const follower = nodes.find((_, at) => lives[at]?.member !== lives[at]?.leader);
      if (follower !== undefined) await comesBack(follower, nodes, running);
    } catch (error) {
      for (const one of running) console.log(one.output().slice(-MOST_OUTPUT));
      throw error;
    } finally {
      for (const process of running) await process.stop("SIGKILL").catch(() => {});
      remove();
    }
  },
);

test.run();
