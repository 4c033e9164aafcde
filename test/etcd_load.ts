/**
 * Constant load on a cluster of etcd: `etcd_load.ts PLAN` (a JSON text, {@link LoadPlan}) works until SIGTERM and then prints
 * {@link LoadReport}. Nothing is tried twice: what fails is said at once, and counted. Runs on Node.
 */
import { readFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import https from "node:https";
import process from "node:process";
import { TLSSocket } from "node:tls";
import { watchPair } from "../src/agent/watch_pair.ts";
import { messageOf } from "../src/errors.ts";
import { node } from "../src/runtime/node.ts";
import { parseCertificate } from "../src/x509/certificate.ts";

/** A member, and base names of the pairs that speak for its clients and for itself. */
export interface LoadMember {
  readonly clientPort: number;
  readonly peerPort: number;
  readonly client: string;
  readonly peer: string;
}

/** What a cluster is asked with, and how often. */
export interface LoadPlan {
  readonly members: readonly LoadMember[];
  /** Path of the CA that all servers are under. */
  readonly ca: string;
  /** Seconds from one request of a worker to its next. */
  readonly periodSeconds: number;
}

/** What became of it. */
export interface LoadReport {
  /** Requests by worker. */
  readonly requests: Readonly<Record<string, number>>;
  readonly failures: readonly string[];
  /** Connections that were opened. */
  readonly connections: number;
  readonly slowestSeconds: number;
  /** Serial numbers of the certificates that were shown, by port. */
  readonly shown: Readonly<Record<string, readonly string[]>>;
  /** Serial numbers of the certificates that were taken, by file. */
  readonly taken: Readonly<Record<string, readonly string[]>>;
}

/** A pair to show. */
interface Shown {
  readonly cert: string;
  readonly key: string;
  readonly file: string;
}

/** A request to a member. */
interface Asked {
  readonly port: number;
  readonly path: string;
  /** Sent by POST; GET without. */
  readonly body?: unknown;
}

const TIMEOUT_SECONDS = 5;
const plan = JSON.parse(process.argv[2] ?? "") as LoadPlan;
const ca = readFileSync(plan.ca, "utf8");
const stop = new AbortController();

const requests: Record<string, number> = {};
const failures: string[] = [];
const shown = new Map<string, Set<string>>();
const taken = new Map<string, Set<string>>();
let connections = 0;
let slowestSeconds = 0;
/** What the cluster has confirmed, by key: nobody may read less later on. */
const confirmed = new Map<string, number>();

function note(into: Map<string, Set<string>>, key: string, serial: string): void {
  into.set(key, (into.get(key) ?? new Set()).add(serial));
}

/** Asks once. */
function ask({ port, path, body }: Asked, agent: https.Agent, { cert, file }: Shown): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = https.request({
      host: "127.0.0.1",
      port,
      path,
      agent,
      method: body === undefined ? "GET" : "POST",
      timeout: TIMEOUT_SECONDS * 1000,
    });
    request.on("timeout", () => request.destroy(new Error(`no answer within ${TIMEOUT_SECONDS} s`)));
    request.on("error", reject);
    request.on("response", (response: IncomingMessage) => {
      if (!request.reusedSocket && response.socket instanceof TLSSocket) {
        connections++;
        note(
          shown,
          String(port),
          parseCertificate(new Uint8Array(response.socket.getPeerCertificate().raw)).serialNumber,
        );
        note(taken, file, parseCertificate(cert).serialNumber);
      }
      let text = "";
      response.setEncoding("utf8").on("data", (data) => text += data).on("error", reject).on("end", () => {
        if (response.statusCode === 200) resolve(text);
        else reject(new Error(`${response.statusCode} ${text}`));
      });
    });
    request.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

/** Gives a connection for each request. */
interface Connector {
  readonly next: () => Promise<{ readonly agent: https.Agent; readonly pair: Shown }>;
  readonly done: () => void;
}

const filesOf = (base: string) => ({ certificateFile: `${base}.crt`, keyFile: `${base}.key` });

/** A new connection each time, by what the two files hold at that moment, read one after the other. */
function anew(base: string): Connector {
  let agent: https.Agent | undefined;
  return {
    next: () => {
      const { certificateFile: file, keyFile } = filesOf(base);
      const pair = { cert: readFileSync(file, "utf8"), key: readFileSync(keyFile, "utf8"), file };
      agent = new https.Agent({ ca, ...pair, maxCachedSessions: 0 });
      return Promise.resolve({ agent, pair });
    },
    done: () => agent?.destroy(),
  };
}

/** A connection that is kept for as long as the files hold the same pair. */
function kept(base: string): Connector {
  let current: { agent: https.Agent; pair: Shown } | undefined;
  let old: https.Agent | undefined;
  const follow = async (): Promise<void> => {
    const files = filesOf(base);
    for await (const pair of watchPair({ ...node, ...files, signal: stop.signal, periodSeconds: 0.5 })) {
      old = current?.agent;
      const found = { cert: pair.certificate, key: pair.privateKey, file: files.certificateFile };
      current = { agent: new https.Agent({ ca, ...found, keepAlive: true }), pair: found };
    }
  };
  void follow();
  return {
    next: async () => {
      while (current === undefined) await node.sleep(0.05);
      return current;
    },
    // between two requests of the one worker that there is
    done: () => {
      old?.destroy();
      old = undefined;
    },
  };
}

/** Asks one member after the other until the end. */
async function work(
  name: string,
  connectors: readonly Connector[],
  make: (round: number) => { readonly asked: Asked; readonly check?: (answer: string) => void },
): Promise<void> {
  for (let round = 0; !stop.signal.aborted; round++) {
    const connector = connectors[round % connectors.length];
    if (connector === undefined) return;
    const { asked, check } = make(round);
    const start = performance.now();
    requests[name] = (requests[name] ?? 0) + 1;
    try {
      const { agent, pair } = await connector.next();
      const answer = await ask(asked, agent, pair);
      check?.(answer);
    } catch (error) {
      const what = `${new Date().toISOString()} ${name} at port ${asked.port}: ${messageOf(error)}`;
      failures.push(what);
      console.log(`failed: ${what}`);
    }
    connector.done();
    slowestSeconds = Math.max(slowestSeconds, (performance.now() - start) / 1000);
    await node.sleep(plan.periodSeconds, stop.signal).catch(() => {});
  }
}

const toBase64 = (text: string): string => btoa(text);

function memberOf(round: number): LoadMember {
  const member = plan.members[round % plan.members.length];
  if (member === undefined) throw new TypeError("there are no members");
  return member;
}

function write(key: string) {
  return (round: number) => ({
    asked: {
      port: memberOf(round).clientPort,
      path: "/v3/kv/put",
      body: { key: toBase64(key), value: toBase64(String(round)) },
    },
    check: () => void confirmed.set(key, round),
  });
}

function read(key: string) {
  return (round: number) => {
    const least = confirmed.get(key) ?? -1;
    const check = (answer: string): void => {
      const [found] = (JSON.parse(answer) as { kvs?: { value: string }[] }).kvs ?? [];
      const value = found === undefined ? -1 : Number(atob(found.value));
      if (value < least) throw new Error(`${key} is ${value}, though ${least} was confirmed before`);
    };
    // not the member that the writer asks at this time
    return {
      asked: { port: memberOf(round + 1).clientPort, path: "/v3/kv/range", body: { key: toBase64(key) } },
      check,
    };
  };
}

/** As a peer: what another member's peer port says to whoever has a peer's certificate. */
const greet = (round: number) => ({ asked: { port: memberOf(round + 1).peerPort, path: "/version" } });

const connectors = (how: (base: string) => Connector, kind: "client" | "peer") =>
  plan.members.map((member) => how(member[kind]));
process.on("SIGTERM", () => stop.abort());
console.log("working");
await Promise.all([
  work("writer that keeps its connections", connectors(kept, "client"), write("kept")),
  work("writer that reconnects", connectors(anew, "client"), write("anew")),
  work("reader that keeps its connections", connectors(kept, "client"), read("anew")),
  work("reader that reconnects", connectors(anew, "client"), read("kept")),
  work("peer that reconnects", connectors(anew, "peer"), greet),
]);
const lists = (map: ReadonlyMap<string, ReadonlySet<string>>): Record<string, string[]> =>
  Object.fromEntries([...map].map(([key, serials]) => [key, [...serials]]));
const report: LoadReport = {
  requests,
  failures,
  connections,
  slowestSeconds,
  shown: lists(shown),
  taken: lists(taken),
};
console.log(`report: ${JSON.stringify(report)}`);
process.exit(0);
