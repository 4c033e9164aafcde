/** Somebody who waits for a request to be decided, in this process. */
import { SignerClient } from "../src/agent/client.ts";
import { isDecided } from "../src/agent/decision.ts";
import type { Peer } from "../src/agent/transport.ts";
import { waitForDecision, type WaitOptions } from "../src/agent/wait.ts";
import type { JsonObject } from "../src/k8s/json.ts";
import type { Handler } from "../src/ports.ts";
import { fakeClock, fakeFetch, fakeLog, fakeSleep, fixedRandom } from "./fakes.ts";
import { KubernetesApi, type KubernetesUser } from "./kubernetes_api.ts";
import { peerRequest, sharedKey } from "./signing.ts";

/** The name of the object. */
export const NAME = "system:etcd-peer:etcd1-0a0b";
/** Who waits. */
export const AGENT: KubernetesUser = {
  token: "agent.token",
  username: "system:serviceaccount:etcd:agent",
  verbs: ["create", "get", "watch"],
};
const { now } = fakeClock();

/** Somebody who waits, and what they asked and said. */
export interface Waiting {
  /** As `GET /apis/…`. */
  readonly asked: () => string[];
  /** In seconds. */
  readonly pauses: number[];
  /** As `info: message`. */
  readonly logged: () => string[];
  readonly decided: Promise<JsonObject>;
}

/** Waits for an object that a handler keeps. */
export function wait(
  handler: Handler,
  object: JsonObject,
  more: Partial<WaitOptions> & { name?: string } = {},
): Waiting {
  const { name = NAME, ...options } = more;
  const { fetch, sent } = fakeFetch(handler);
  const { sleep, pauses } = fakeSleep();
  const { log, lines } = fakeLog();
  const peer: Peer = { url: "https://api:6443", token: AGENT.token, ...options };
  const client = new SignerClient({ ...peer, fetch, sleep, random: fixedRandom(255), log });
  const waiting = { client, version: "v1", stream: fetch, isDecided, log, ...peer, ...options } as const;
  return {
    asked: () => sent.map(({ method, path }) => `${method} ${path}`),
    pauses,
    logged: () => lines.map(({ level, message }) => `${level}: ${message}`),
    decided: waitForDecision(waiting, name, object),
  };
}

/** An API server with one pending object. */
export async function pending(): Promise<{ api: KubernetesApi; object: JsonObject }> {
  const api = new KubernetesApi({ users: [AGENT], now, sleep: () => new Promise(() => {}) });
  const spec = { signerName: "certgen.internal/etcd-peer", usages: ["server auth", "client auth"] };
  api.put(NAME, { request: await peerRequest("etcd1", await sharedKey()), ...spec });
  return { api, object: { ...api.only() } };
}
