/**
 * Changes of a signer's objects as they happen, for however long: a watch that ends is begun anew where it ended, and one
 * whose place is no longer known lists again.
 * @module
 */
import { CertgenError } from "../errors.ts";
import type { JsonObject } from "../k8s/json.ts";
import type { Log, Random, Sleep } from "../ports.ts";
import type { RequestList } from "./admin_client.ts";
import { backoffSeconds } from "./transport.ts";
import { metadataOf, watchEvents, type WatchPeer } from "./watch_events.ts";

/** How to watch. */
export interface WatchOptions extends WatchPeer {
  /** Lists again what is watched. */
  readonly list: () => Promise<RequestList>;
  /** Label selector of what is watched; everything unless said. */
  readonly selector?: string;
  readonly sleep: Sleep;
  readonly random: Random;
  readonly log: Log;
}

/** A change. */
export interface RequestChange {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  /** The object as it is now; a deleted one as it was. */
  readonly object: JsonObject;
}

/**
 * Every change since a list, each once, until the signal is aborted.
 * @throws CertgenError what cannot pass, as `forbidden`; the signal's reason
 */
export async function* watchRequests(options: WatchOptions, from: RequestList): AsyncGenerator<RequestChange, never> {
  const { signal, selector, sleep, random, log } = options;
  const known = new Map(from.items.map((object) => [metadataOf(object).name, object]));
  let revision = from.resourceVersion;
  let isLost = false;
  for (let failures = 0;; failures++) {
    try {
      if (isLost) {
        const { items, resourceVersion } = await options.list();
        yield* catchUp(known, items);
        [revision, isLost] = [resourceVersion, false];
      }
      const query = { resourceVersion: revision, ...selector && { labelSelector: selector } };
      for await (const { type, object } of watchEvents(options, query)) {
        const { name, resourceVersion } = metadataOf(object);
        [revision, failures] = [resourceVersion, 0];
        if (type !== "BOOKMARK") yield* changeOf(known, type, name, object);
      }
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof CertgenError)) throw error;
      if (error.code === "expired") isLost = true;
      else if (error.code !== "unavailable") throw error;
      log(isLost ? "debug" : "warn", "the watch has ended; beginning it anew", { because: error.message });
    }
    // an end is no failure, unless it comes again and again
    await sleep(failures === 0 ? 0 : backoffSeconds(random, failures - 1), signal);
  }
}

/** What has changed between what is known and another list. */
function* catchUp(known: Map<string, JsonObject>, items: readonly JsonObject[]): Generator<RequestChange> {
  const names = new Set(items.map((object) => metadataOf(object).name));
  for (const [name, object] of [...known]) if (!names.has(name)) yield* changeOf(known, "DELETED", name, object);
  for (const object of items) yield* changeOf(known, "MODIFIED", metadataOf(object).name, object);
}

function* changeOf(
  known: Map<string, JsonObject>,
  type: string,
  name: string,
  object: JsonObject,
): Generator<RequestChange> {
  const before = known.get(name);
  if (type === "DELETED") {
    known.delete(name);
    if (before !== undefined) yield { type, object };
    return;
  }
  known.set(name, object);
  if (before === undefined) yield { type: "ADDED", object };
  else if (metadataOf(before).resourceVersion !== metadataOf(object).resourceVersion) {
    yield { type: "MODIFIED", object };
  }
}
