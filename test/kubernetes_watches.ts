/** The revisions and watches of an API server, as its watch cache has them. */
import { systemSleep } from "../src/clock.ts";
import { CertgenError } from "../src/errors.ts";
import type { Sleep } from "../src/ports.ts";

/** What an object's revision is kept in. */
export interface Revised {
  readonly metadata: Readonly<Record<string, unknown>> & { readonly name: string; readonly resourceVersion: string };
}

/** A kind of change. */
export type ChangeType = "ADDED" | "MODIFIED" | "DELETED";

/** One connection. */
interface Watcher {
  readonly name: string | undefined;
  readonly send: (event: unknown) => void;
  /** Whether in order, or in the middle of the answer. */
  readonly end: (inOrder: boolean) => void;
}

/** All changes of objects, and who is told of them. */
export class KubernetesWatches<T extends Revised> {
  readonly #sleep: Sleep;
  readonly #history: { readonly type: ChangeType; readonly object: T; readonly revision: number }[] = [];
  readonly #open = new Set<Watcher>();
  #revision = 1000;
  /** Changes up to here are forgotten. */
  #forgotten = 0;

  /** Without a change. */
  constructor(sleep: Sleep = systemSleep) {
    this.#sleep = sleep;
  }

  /** How many are open. */
  get size(): number {
    return this.#open.size;
  }

  /** The object with its new revision, told to whoever watches it. */
  record(type: ChangeType, object: T): T {
    const revision = ++this.#revision;
    const changed = { ...object, metadata: { ...object.metadata, resourceVersion: String(revision) } };
    this.#history.push({ type, object: changed, revision });
    for (const { name, send } of this.#open) {
      if (name === undefined || name === changed.metadata.name) send({ type, object: changed });
    }
    return changed;
  }

  /** Tells every watch how far it is. */
  bookmark(): void {
    for (const { send } of this.#open) send(this.#bookmark());
  }

  /** Ends every watch, in order or in the middle. */
  end(inOrder: boolean): void {
    for (const { end } of [...this.#open]) end(inOrder);
  }

  /** Forgets what has changed so far, as etcd does at a compaction. */
  compact(): void {
    this.#forgotten = ++this.#revision;
  }

  /**
   * The answer to a watch.
   * @param name of the only object that is watched
   * @param present what there is
   */
  start(query: URLSearchParams, name: string | undefined, present: Iterable<T>): Response {
    let leave = (): void => {};
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => void (leave = this.#begin(controller, query, name, present)),
      cancel: () => leave(),
    });
    return new Response(body, {
      headers: { "content-type": "application/json", "cache-control": "no-cache, private" },
    });
  }

  #begin(
    controller: ReadableStreamDefaultController<Uint8Array>,
    query: URLSearchParams,
    name: string | undefined,
    present: Iterable<T>,
  ): () => void {
    const timer = new AbortController();
    const leave = (): boolean => {
      timer.abort();
      return this.#open.delete(watcher);
    };
    const watcher: Watcher = {
      name,
      send: (event) => controller.enqueue(new TextEncoder().encode(`${JSON.stringify(event)}\n`)),
      end: (inOrder) => {
        if (!leave()) return;
        if (inOrder) controller.close();
        else controller.error(new CertgenError("unavailable", "connection closed within the answer"));
      },
    };
    this.#open.add(watcher);
    const from = Number(query.get("resourceVersion") ?? "0");
    if (from !== 0 && from < this.#forgotten) {
      const message = `too old resource version: ${from} (${this.#forgotten})`;
      const status = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure" };
      watcher.send({ type: "ERROR", object: { ...status, message, reason: "Expired", code: 410 } });
      watcher.end(true);
      return leave;
    }
    const past = from === 0
      ? [...present].map((object) => ({ type: "ADDED", object }))
      : this.#history.filter(({ revision }) => revision > from);
    for (const { type, object } of past) {
      if (name === undefined || name === object.metadata.name) watcher.send({ type, object });
    }
    // the server's own limit is half an hour at least
    this.#sleep(Number(query.get("timeoutSeconds") ?? "1800"), timer.signal).then(() => {
      if (!this.#open.has(watcher)) return;
      if (query.get("allowWatchBookmarks") === "true") watcher.send(this.#bookmark());
      watcher.end(true);
    }, () => {});
    return leave;
  }

  #bookmark(): unknown {
    const metadata = { resourceVersion: String(this.#revision), creationTimestamp: null };
    const object = { kind: "CertificateSigningRequest", apiVersion: "certificates.k8s.io/v1", metadata };
    return { type: "BOOKMARK", object: { ...object, spec: { request: null, signerName: "" }, status: {} } };
  }
}
