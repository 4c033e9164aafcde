/**
 * Watches: answers that go on, one line of JSON for each change.
 * @module
 */
import { type Bytes, toUtf8 } from "../bytes.ts";
import type { ApiVersion, CertificateSigningRequest } from "../k8s/certificate_signing_request.ts";
import type { ListOptions } from "../k8s/list_options.ts";
import { GROUP, statusOf } from "../k8s/status.ts";
import type { ObjectEvent, Objects, Stored } from "../requests/objects.ts";
import type { Services } from "./call.ts";
import { showObject, type View } from "./view.ts";

/** What a watch tells of an object. */
type EventType = "ADDED" | "MODIFIED" | "DELETED";

/** What a watch stands on. */
type WatchServices = Pick<Services, "objects" | "now" | "random" | "sleep">;

/** How often a client is told how far it is, in seconds. */
const BOOKMARK_SECONDS = 60;
/** How long a watch lasts where the client does not say: this, and up to as much again. */
const MIN_SECONDS = 1800;

/** All watches of a signer. */
export class Watches {
  readonly #open = new Set<AbortController>();
  #isClosed = false;

  /** How many there are. */
  get size(): number {
    return this.#open.size;
  }

  /** Ends all of them, as at a stop: clients then come again. New ones end at once. */
  close(): void {
    this.#isClosed = true;
    for (const controller of this.#open) controller.abort();
  }

  /** The answer to a watch. */
  start(options: ListOptions, view: View, services: WatchServices): Response {
    const ended = new AbortController();
    this.#open.add(ended);
    ended.signal.addEventListener("abort", () => this.#open.delete(ended));
    if (this.#isClosed) ended.abort();
    const watch = new Watch(options, view, services, ended.signal);
    const lines = watch.lines();
    const body = new ReadableStream<Bytes>({
      start: (controller) => {
        const bookmarks = async (): Promise<void> => {
          for (;;) {
            await services.sleep(BOOKMARK_SECONDS, ended.signal);
            for (const line of watch.bookmark()) controller.enqueue(line);
          }
        };
        if (options.allowWatchBookmarks) bookmarks().catch(() => {});
        services.sleep(options.timeoutSeconds ?? secondsOf(services), ended.signal).then(() => ended.abort(), () => {});
      },
      pull: async (controller) => {
        const { value, done } = await lines.next();
        if (value !== undefined) controller.enqueue(value);
        if (done !== true) return;
        // so that the client goes on from here, however little it was told
        if (options.allowWatchBookmarks && ended.signal.aborted) {
          for (const line of watch.bookmark()) controller.enqueue(line);
        }
        ended.abort();
        controller.close();
      },
      cancel: () => ended.abort(),
    });
    return new Response(body, {
      headers: { "content-type": "application/json", "cache-control": "no-cache, private" },
    });
  }
}

function secondsOf({ random }: WatchServices): number {
  const [octet = 0] = random(1);
  return MIN_SECONDS * (1 + octet / 256);
}

/** One client's watch. */
class Watch {
  readonly #options: ListOptions;
  readonly #view: View;
  readonly #services: WatchServices;
  readonly #signal: AbortSignal;
  /** Everything up to here has been told; nothing is known of that until what is there has been. */
  #told: number | undefined;
  #hasColumns = false;

  constructor(options: ListOptions, view: View, services: WatchServices, signal: AbortSignal) {
    this.#options = options;
    this.#view = view;
    this.#services = services;
    this.#signal = signal;
  }

  /** One line for each event, until the watch is ended; a client that is too late is told so, and has to list again. */
  async *lines(): AsyncGenerator<Bytes, undefined> {
    const { resourceVersion, selectors } = this.#options;
    const { objects } = this.#services;
    /** What was told with what is there, and is newer than where the changes begin. */
    const told = new Map<string, number>();
    const start = "revision" in resourceVersion ? resourceVersion.revision : objects.revision;
    const changes = objects.watch(start, this.#signal);
    try {
      if (!("revision" in resourceVersion)) {
        for await (const { object, revision } of present(objects, selectors.name)) {
          if (this.#signal.aborted) return;
          if (revision > start) told.set(object.metadata.name, revision);
          if (selectors.matches(object)) yield this.#line("ADDED", object);
        }
      }
      this.#told = start;
      for await (const change of changes) {
        const isTold = (told.get(change.object.metadata.name) ?? 0) >= change.revision;
        const type = isTold ? undefined : typeFor(change, selectors.matches);
        if (type !== undefined) yield this.#change(type, change);
        // not before the client has taken it
        this.#told = change.revision;
      }
    } catch (error) {
      yield toUtf8(`${JSON.stringify({ type: "ERROR", object: statusOf(error) })}\n`);
    }
  }

  /** How far the client has been told everything, in one line; none before it has been told what is there. */
  bookmark(): Bytes[] {
    if (this.#told === undefined) return [];
    const { representation, version } = this.#view;
    const metadata = { resourceVersion: String(this.#told), creationTimestamp: null };
    const whole = {
      kind: "CertificateSigningRequest",
      apiVersion: `${GROUP}/${version}`,
      metadata,
      spec: { request: null, signerName: "" },
      status: {},
    };
    const meta = { apiVersion: "meta.k8s.io/v1", metadata };
    const object = representation === "Object"
      ? whole
      : representation === "Table"
      ? { kind: "Table", ...meta, columnDefinitions: null, rows: [] }
      : { kind: "PartialObjectMetadata", ...meta };
    return [toUtf8(`${JSON.stringify({ type: "BOOKMARK", object })}\n`)];
  }

  #change(type: EventType, change: ObjectEvent): Bytes {
    const { representation, version } = this.#view;
    // what has left the selector is shown as it was when it was last in it
    const left = type === "DELETED" && change.type !== "DELETED" ? change.previous ?? change.object : change.object;
    const { resourceVersion } = change.object.metadata;
    const object = left === change.object ? left : { ...left, metadata: { ...left.metadata, resourceVersion } };
    return representation === "Object" ? lineOf(change, type, version, object) : this.#line(type, object);
  }

  #line(type: EventType, object: CertificateSigningRequest): Bytes {
    const shown = showObject(object, this.#view, this.#services.now, !this.#hasColumns);
    this.#hasColumns = true;
    return toUtf8(`${JSON.stringify({ type, object: shown })}\n`);
  }
}

async function* present(objects: Objects, name: string | undefined): AsyncGenerator<Stored> {
  if (name === undefined) return yield* objects.all();
  const stored = await objects.get(name);
  if (stored !== undefined) yield stored;
}

/** What a change is to somebody who sees only what a selector matches. */
function typeFor(
  { type, object, previous }: ObjectEvent,
  matches: (object: CertificateSigningRequest) => boolean,
): EventType | undefined {
  const before = previous !== undefined && matches(previous);
  const after = type !== "DELETED" && matches(object);
  if (after) return before ? "MODIFIED" : "ADDED";
  return before ? "DELETED" : undefined;
}

/** The lines of each change: the same for all who watch whole objects of one version, so made once. */
const LINES = new WeakMap<ObjectEvent, Map<string, Bytes>>();

function lineOf(change: ObjectEvent, type: EventType, version: ApiVersion, object: CertificateSigningRequest): Bytes {
  const lines = LINES.get(change) ?? new Map<string, Bytes>();
  LINES.set(change, lines);
  const key = `${type} ${version}`;
  const line = lines.get(key) ??
    toUtf8(`${JSON.stringify({ type, object: { ...object, apiVersion: `${GROUP}/${version}` } })}\n`);
  lines.set(key, line);
  return line;
}
