/** Clients that watch a signer over the wire, what they should be told, and what the signer's process costs. */
import { readFileSync } from "node:fs";
import https from "node:https";
import type { IncomingMessage } from "node:http";
import { URLSearchParams } from "node:url";
import type { RunningSigner } from "./programs.ts";

const PATH = "/apis/certificates.k8s.io/v1/certificatesigningrequests";

/** What is read of an object. */
interface Read {
  readonly code?: number;
  readonly metadata: { readonly name: string; readonly resourceVersion: string };
}

/** An administrator's connections to a signer: one pool for requests, a connection of its own for each watch. */
export class AdminClient {
  readonly #options: https.RequestOptions;
  readonly #agent = new https.Agent({ keepAlive: true, maxSockets: 16 });

  /** Of the embedded default in a directory. */
  constructor({ port }: RunningSigner, cwd: string) {
    const token = readFileSync(`${cwd}/.certgen/admin-token`, "utf8").trim();
    const ca = readFileSync(`${cwd}/.certgen/serving-ca.crt`, "utf8");
    this.#options = { host: "127.0.0.1", port, ca, headers: { authorization: `Bearer ${token}` } };
  }

  /** A request for the collection, or for an object in it; what is no success is an error. */
  async send(method: string, name: string, body?: unknown, type = "application/json"): Promise<Read> {
    const response = await this.#request(method, name, this.#agent, body, type);
    let text = "";
    for await (const chunk of response.setEncoding("utf8")) text += chunk;
    if ((response.statusCode ?? 0) >= 300) throw new Error(`${method} ${name}: ${response.statusCode} ${text}`);
    return JSON.parse(text) as Read;
  }

  /** Begins a watch; there once its headers are. */
  async watch(query: Record<string, string>): Promise<IncomingMessage> {
    const response = await this.#request("GET", `?watch=true&${new URLSearchParams(query)}`, false);
    if (response.statusCode !== 200) throw new Error(`cannot watch: ${response.statusCode}`);
    return response.setEncoding("utf8");
  }

  /** Closes what is kept open for requests. */
  close(): void {
    this.#agent.destroy();
  }

  #request(
    method: string,
    name: string,
    agent: https.Agent | false,
    body?: unknown,
    type?: string,
  ): Promise<IncomingMessage> {
    const path = name === "" || name.startsWith("?") ? `${PATH}${name}` : `${PATH}/${name}`;
    return new Promise((resolve, reject) => {
      const headers = { ...this.#options.headers, ...body === undefined ? {} : { "content-type": type } };
      const request = https.request({ ...this.#options, method, path, agent, headers }, resolve);
      request.on("error", reject);
      request.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }
}

/** How a client watches. */
export interface Habits {
  /** Sees only what has one of these as its label `shard`. */
  readonly shards?: readonly string[];
  /** Breaks off after so many events, and comes again from the last. */
  readonly leavesAfter?: number;
  /** Milliseconds it waits after each chunk that it reads. */
  readonly slowness?: number;
}

/** How a watch ended: by the server after a whole answer, by the connection in the middle of it. */
export type WatchEnd = "ended" | "cut";

/** Text that many watchers are told is kept once. */
const texts = new Map<string, string>();

/** A client that notes what it is told, as `ADDED name revision`. */
export class Watcher {
  readonly habits: Habits;
  readonly told: string[] = [];
  /** Code of the error that the watch ended with. */
  error: number | undefined;
  /** What came after the last line feed. */
  rest = "";
  /** Settles when the watch is over and not begun again: seen to the last, ended, or left. */
  readonly over: Promise<WatchEnd | "complete">;
  readonly #client: AdminClient;
  readonly #last: string;
  #settle: (end: WatchEnd | "complete") => void = () => {};
  #fail: (error: unknown) => void = () => {};
  #response: IncomingMessage | undefined;
  #revision: string;
  #isHurried = false;

  /** Watches from a revision until it is told of an object of the last name. */
  constructor(client: AdminClient, revision: string, last: string, habits: Habits = {}) {
    this.#client = client;
    this.#revision = revision;
    this.#last = last;
    this.habits = habits;
    this.over = new Promise((resolve, reject) => [this.#settle, this.#fail] = [resolve, reject]);
    this.over.catch(() => {});
  }

  /** Begins, or goes on from what was told last. */
  async start(): Promise<void> {
    const { shards, leavesAfter = Infinity, slowness } = this.habits;
    const response = await this.#client.watch({
      resourceVersion: this.#revision,
      ...shards === undefined ? {} : { labelSelector: `shard in (${shards.join(",")})` },
    });
    this.#response = response;
    this.rest = "";
    const until = this.told.length + leavesAfter;
    response.on("error", () => {}); // `close` follows
    response.on("close", () => {
      if (response === this.#response) this.#settle(response.complete ? "ended" : "cut");
    });
    response.on("data", (text: string) => {
      if (response !== this.#response) return;
      const lines = (this.rest + text).split("\n");
      this.rest = lines.pop() ?? "";
      for (const line of lines) {
        this.#take(line);
        if (this.told.length < until) continue;
        this.#response = undefined;
        response.destroy();
        this.start().catch(this.#fail);
        return;
      }
      if (slowness === undefined || this.#isHurried) return;
      response.pause();
      setTimeout(() => response.resume(), slowness);
    });
  }

  /** Reads as fast as it can from now on. */
  hurry(): void {
    this.#isHurried = true;
  }

  /** Goes away. */
  leave(): void {
    this.#response?.destroy();
  }

  #take(line: string): void {
    const { type, object } = JSON.parse(line) as { type: string; object: Read };
    if (type === "ERROR") return void (this.error = object.code);
    const { name, resourceVersion } = object.metadata;
    const text = `${type} ${name} ${resourceVersion}`;
    this.told.push(texts.get(text) ?? (texts.set(text, text), text));
    this.#revision = resourceVersion;
    if (type === "ADDED" && name === this.#last) this.#settle("complete");
  }
}

/** A change that the writers made. */
interface Change {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly name: string;
  readonly shard: string;
}

/** What the writers did, from which follows what every watcher must be told. */
export class History {
  readonly #changes = new Map<number, Change>();
  readonly #deleted = new Map<string, string>();
  readonly #before: number;

  /** Begins after a revision. */
  constructor(before: number) {
    this.#before = before;
  }

  /** Notes an object as it was answered. */
  add(type: "ADDED" | "MODIFIED", { metadata }: Read, shard: string): void {
    this.#changes.set(Number(metadata.resourceVersion), { type, name: metadata.name, shard });
  }

  /** Notes a deletion, whose answer does not say its revision. */
  delete(name: string, shard: string): void {
    this.#deleted.set(name, shard);
  }

  /** Takes the revisions of deletions from what one watcher was told, and gives the faults there are. */
  complete(told: readonly string[]): string[] {
    const faults: string[] = [];
    for (const text of told) {
      const [type, name = "", revision] = text.split(" ");
      if (type !== "DELETED") continue;
      const shard = this.#deleted.get(name);
      if (shard === undefined || this.#changes.has(Number(revision))) faults.push(`not so: ${text}`);
      else this.#changes.set(Number(revision), { type, name, shard });
      this.#deleted.delete(name);
    }
    for (const name of this.#deleted.keys()) faults.push(`not told: DELETED ${name}`);
    const revisions = [...this.#changes.keys()].sort((a, b) => a - b);
    revisions.forEach((revision, index) => {
      if (revision !== this.#before + index + 1) faults.push(`${revision} is not the next after ${revision - 1}`);
    });
    return faults.slice(0, 5);
  }

  /** What a watcher of some shards, or of all, is told. */
  expected(shards?: readonly string[]): string[] {
    const matches = (shard: string | undefined): boolean =>
      shard !== undefined && (shards === undefined || shards.includes(shard));
    const shardOf = new Map<string, string>();
    return [...this.#changes].sort(([a], [b]) => a - b).flatMap(([revision, { type, name, shard }]) => {
      const before = matches(shardOf.get(name));
      const after = type !== "DELETED" && matches(shard);
      if (type === "DELETED") shardOf.delete(name);
      else shardOf.set(name, shard);
      if (!before && !after) return [];
      return [`${after ? before ? "MODIFIED" : "ADDED" : "DELETED"} ${name} ${revision}`];
    });
  }
}

/** Where two sequences differ first; `undefined` where the one is the other, or as far as it goes where that is enough. */
export function difference(told: readonly string[], expected: readonly string[], isPart: boolean): string | undefined {
  const index = expected.findIndex((text, index) => text !== told[index]);
  const isEnd = index === -1 ? told.length === expected.length : isPart && index === told.length;
  if (isEnd) return undefined;
  const at = index === -1 ? expected.length : index;
  return `event ${at}: ${told[at]} instead of ${expected[at]} (${told.length} of ${expected.length})`;
}

/** Resident memory of a process in MiB, and the seconds of CPU that it has taken. */
export function costOf(pid: number): { readonly memory: number; readonly cpu: number } {
  const memory = Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1024;
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").replace(/^.*\) /s, "").split(" ");
  // user and system time, in hundredths; the fields before are process id and name
  return { memory, cpu: (Number(fields[11]) + Number(fields[12])) / 100 };
}
