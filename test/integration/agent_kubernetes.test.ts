// timeout: 240
// An API server as Kubernetes has one on the runtime that runs this file, agents on all three, over TLS.
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { newCa, newLeaf } from "../../cli/credentials.ts";
import { encodeKubeconfig } from "../../src/agent/kubeconfig_writer.ts";
import type { Issuer } from "../../src/ca/issuer.ts";
import { detectRuntime } from "../../src/runtime/detect.ts";
import { parseCertificate } from "../../src/x509/certificate.ts";
import { type Finished, start, type Started, temporary } from "../programs.ts";
import { currentRuntime, ROOT, runtimeCommand, type RuntimeName, RUNTIMES } from "../runtimes.ts";
import { KubernetesApi } from "../kubernetes_api.ts";
import { pathOf, peerRequest } from "../signing.ts";

const AGENT = {
  token: "eyJhbGciOiJSUzI1NiJ9.e30.c2VjcmV0",
  username: "system:serviceaccount:etcd:certgen-agent",
  verbs: ["create", "get", "watch"],
};
const NODE = "system:etcd-peer:etcd1";
const POST = `POST ${pathOf("v1")}`;

/** A cluster that runs, and a directory with what an agent needs of it. */
interface Cluster {
  readonly cwd: string;
  readonly api: KubernetesApi;
  /** The CA of the cluster's signer, which is not that of its API server. */
  readonly issuer: Issuer;
  readonly agent: (runtime: RuntimeName, ...more: readonly string[]) => Started;
  /** Waits for something that an agent asks; fails where the agent ends before. */
  readonly until: (agent: Started, isTrue: () => boolean) => Promise<void>;
  /** What was asked for, without object names and without queries. */
  readonly asked: () => string[];
}

async function withCluster(use: (cluster: Cluster) => Promise<void>, user: typeof AGENT = AGENT): Promise<void> {
  const { path: cwd, remove } = temporary();
  const runtime = await detectRuntime();
  const serving = await newCa("kubernetes");
  const { issuer, pem } = await newCa("etcd signer");
  const leaf = { commonName: "kube-apiserver", usages: ["serverAuth"], lifetimeSeconds: 3600 } as const;
  const tls = [await newLeaf(serving.issuer, { ...leaf, names: ["kubernetes.default.svc", "127.0.0.1"] })];
  const api = new KubernetesApi({ users: [user] });
  const server = await runtime.serve({ hostname: "127.0.0.1", port: 0, tls, handler: api.handler });
  const kubeconfig = {
    server: `https://127.0.0.1:${server.port}`,
    ca: serving.pem.certificate,
    user: "agent",
    token: AGENT.token,
  };
  writeFileSync(`${cwd}/kubeconfig`, encodeKubeconfig(kubeconfig));
  writeFileSync(`${cwd}/issuer-ca.crt`, pem.certificate);
  const agents: Started[] = [];
  try {
    await use({
      cwd,
      api,
      issuer,
      agent: (name, ...more) => {
        const { command, args } = runtimeCommand(name);
        const flags = ["--kubeconfig=kubeconfig", "--issuer-cacrt=issuer-ca.crt", `--commonname=${NODE}`];
        const fixed = ["request", ...flags, "--dnsnames=etcd1", "--ipaddrs=10.8.89.9", "--timeout=60s", "-o=json"];
        const agent = start(command, [...args, `${ROOT}cli/agent.ts`, ...fixed, ...more], { cwd });
        agents.push(agent);
        return agent;
      },
      until: async (agent, isTrue) => {
        const ended = agent.finished.then(({ stderr }) => {
          throw new Error(`the agent has ended:\n${stderr}`);
        });
        await Promise.race([api.until(isTrue), ended]);
      },
      asked: () =>
        api.seen.map((line) => {
          if (line.includes("?watch=true&")) return "WATCH";
          return line.startsWith(`GET ${pathOf("v1")}/`) ? "GET" : line;
        }),
    });
  } finally {
    await Promise.all(agents.map((agent) => agent.stop("SIGKILL")));
    await server.stop(0);
    remove();
  }
}

/** Approves and signs the one object that is pending; the agent then ends well. */
async function issue({ api, issuer, cwd }: Cluster, agent: Started, name = api.only().metadata.name): Promise<void> {
  api.approve(name);
  await api.sign(name, issuer);
  const { code, stdout, stderr } = await agent.finished;
  assert.is(code, 0, stderr);
  assert.is(JSON.parse(stdout).subject.commonName, NODE);
  const certificate = parseCertificate(readFileSync(`${cwd}/certs/${NODE}.crt`, "utf8"));
  assert.is(certificate.serialNumber, JSON.parse(stdout).serialNumber);
  assert.is(readFileSync(`${cwd}/certs/ca.crt`, "utf8"), issuer.certificate.pem);
}

for (const runtime of RUNTIMES) {
  test(`an agent on ${runtime} gets its certificate from a Kubernetes API server, told by watch`, async () => {
    await withCluster(async (cluster) => {
      const { api, agent, until, asked } = cluster;
      const running = agent(runtime);
      await until(running, () => api.watches.size === 1);
      const { metadata, spec } = api.only();
      assert.match(metadata.name, /^system:etcd-peer:etcd1-[0-9a-f]{8}$/);
      assert.is(spec["signerName"], "certgen.internal/etcd-peer");
      assert.equal(spec["usages"], ["digital signature", "server auth", "client auth"]);
      assert.is(spec["username"], AGENT.username);
      await issue(cluster, running);
      assert.equal(asked(), [POST, "WATCH"], "nobody has polled, and nobody was asked for a CA");
      const query = new URL(api.seen[1]?.slice(4) ?? "", "https://api").searchParams;
      assert.equal(Object.fromEntries(query), {
        watch: "true",
        allowWatchBookmarks: "true",
        fieldSelector: `metadata.name=${metadata.name}`,
        resourceVersion: metadata.resourceVersion,
        timeoutSeconds: "90",
      });
    });
  });
}

const own = currentRuntime();

test("a watch that ends or is cut is begun anew", async () => {
  await withCluster(async (cluster) => {
    const { api, agent, until, asked } = cluster;
    const running = agent(own);
    const watches = (count: number): Promise<void> =>
      until(running, () => api.watches.size === 1 && asked().filter((line) => line === "WATCH").length === count);
    await watches(1);
    api.watches.bookmark();
    api.watches.end(true);
    await watches(2);
    assert.equal(asked(), [POST, "WATCH", "WATCH"]);
    api.approve(api.only().metadata.name);
    api.watches.end(false);
    await watches(3);
    await issue(cluster, running);
    assert.equal(asked(), [POST, "WATCH", "WATCH", "GET", "WATCH"]);
  });
});

test("an agent that was killed while it waited goes on with its own request at a 409", async () => {
  await withCluster(async (cluster) => {
    const { api, agent, until, asked } = cluster;
    const first = agent(own);
    await until(first, () => api.watches.size === 1);
    await first.stop("SIGKILL");
    api.seen.length = 0;
    const second = agent(own);
    await until(second, () => asked().includes("WATCH"));
    await issue(cluster, second);
    assert.equal(asked(), [POST, "GET", "WATCH"]);
  });
});

test("a name of somebody else's is given up for another, without a second key", async () => {
  await withCluster(async (cluster) => {
    const { api, agent, until, asked } = cluster;
    let taken = "";
    let sent = "";
    api.intercepts.push(async (request) => {
      const { metadata, spec } = await request.clone().json();
      [taken, sent] = [metadata.name, spec.request];
      api.put(taken, { ...spec, request: await peerRequest("another") });
      return undefined;
    });
    const running = agent(own);
    await until(running, () => api.watches.size === 1);
    const mine = [...api.objects.values()].find(({ metadata }) => metadata.name !== taken);
    assert.is(mine?.spec.request, sent);
    await issue(cluster, running, mine?.metadata.name);
    assert.equal(asked(), [POST, "GET", POST, "WATCH"]);
  });
});

test("a server that asks for a pause gets it", async () => {
  await withCluster(async (cluster) => {
    const { api, agent, until, asked } = cluster;
    let refusedAt = 0;
    // as API priority and fairness does, in plain text
    const busy = (): Response => {
      refusedAt = performance.now();
      return new Response("Too many requests, please try again later.\n", {
        status: 429,
        headers: { "retry-after": "1" },
      });
    };
    api.intercepts.push(busy, () => {
      assert.ok(performance.now() - refusedAt > 990, "a second must have passed");
      return undefined;
    }, busy);
    const running = agent(own);
    await until(running, () => api.watches.size === 1);
    await issue(cluster, running);
    assert.equal(asked(), [POST, POST, "WATCH", "GET", "WATCH"]);
    assert.match(running.output(), /Too many requests, please try again later/);
  });
});

test("R6 a request that is denied ends it with exit code 3, and no file", async () => {
  await withCluster(async ({ cwd, api, agent, until }) => {
    const running = agent(own);
    await until(running, () => api.watches.size === 1);
    api.deny(api.only().metadata.name, "NotToday", "no node of ours");
    const { code, stderr }: Finished = await running.finished;
    assert.is(code, 3);
    assert.match(stderr, /Denied by the signer: NotToday: no node of ours/);
    assert.equal(readdirSync(`${cwd}/certs`), [".system:etcd-peer:etcd1"]);
    assert.equal(readdirSync(`${cwd}/certs/.system:etcd-peer:etcd1`), []);
  });
});

test("an agent that may not watch looks again and again", async () => {
  const user = { ...AGENT, verbs: ["create", "get"] };
  await withCluster(async (cluster) => {
    const { agent, until, asked } = cluster;
    const running = agent(own, "--log-level=debug");
    await until(running, () => asked().filter((line) => line === "GET").length === 2);
    await issue(cluster, running);
    assert.equal(asked().slice(0, 4), [POST, "WATCH", "GET", "GET"]);
    assert.is(asked().filter((line) => line === "WATCH").length, 1);
    assert.match(running.output(), /cannot be watched.*cannot watch resource \\?"certificatesigningrequests\\?"/);
  }, user);
});

test("a token that is no longer good, and an account that may nothing, are said as such", async () => {
  const users: [typeof AGENT, RegExp][] = [
    [{ ...AGENT, token: "another" }, /Unauthorized: the signer does not take this credential/],
    [{ ...AGENT, verbs: [] }, /User \\?"system:serviceaccount:etcd:certgen-agent\\?" cannot create resource/],
  ];
  for (const [user, message] of users) {
    await withCluster(async ({ cwd, agent, asked }) => {
      const { code, stderr } = await agent(own).finished;
      assert.is(code, 1);
      assert.match(stderr, message);
      assert.not.match(stderr, AGENT.token);
      assert.equal(asked(), [POST]);
      assert.not(existsSync(`${cwd}/certs/${NODE}.crt`));
    }, user);
  }
});

test.run();
