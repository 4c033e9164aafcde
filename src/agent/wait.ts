/**
 * Waits until a request is decided: told so by a watch, or looking again and again where there is none.
 * @module
 */
import { systemSleep } from "../clock.ts";
import { CertgenError } from "../errors.ts";
import { type JsonObject, objectMember, stringMember } from "../k8s/json.ts";
import type { ApiVersion } from "../k8s/certificate_signing_request.ts";
import type { Fetch, Log } from "../ports.ts";
import { quoted } from "../text.ts";
import type { SignerClient } from "./client.ts";
import type { Peer } from "./transport.ts";
import { metadataOf, watchEvents, type WatchPeer } from "./watch_events.ts";

/** How to wait. */
export interface WaitOptions extends Peer {
  /** Looks, and pauses between two looks. */
  readonly client: Pick<SignerClient, "get" | "pause">;
  /** The version of the object. */
  readonly version: ApiVersion;
  /** Takes an answer as it arrives; without it there is no watch. */
  readonly stream?: Fetch;
  /** Whether there is nothing more to wait for. */
  readonly isDecided: (object: JsonObject) => boolean;
  readonly log: Log;
  /** Seconds after which a watch is ended that its server does not end; 120 unless said. */
  readonly endlessSeconds?: number;
}

/** Shorter than a stream may be silent for: a watch without news ends in order, and one that is dead is noticed. */
const WATCH_SECONDS = 90;
/** A server that goes on telling all the same keeps nobody from looking at the files, and at the time. */
const ENDLESS_SECONDS = 120;

/**
 * Waits until an object is decided, however long. A watch that ends is begun anew where it ended; after one that failed, or
 * told nothing, the object is looked at. Where watching is refused, or is no watch, it is looked at again and again.
 *
 * @param object as it was created, or is now
 * @returns the object that is decided
 * @throws CertgenError `rejected` where the object is gone; what looking at it ends with; the signal's reason
 */
export async function waitForDecision(options: WaitOptions, name: string, object: JsonObject): Promise<JsonObject> {
  const { client, isDecided, log } = options;
  if (isDecided(object)) return object;
  log("info", "waiting for the signer's decision", { name });
  let watch = watchOf(options);
  let revision = metadataOf(object).resourceVersion;
  for (let attempt = 0;; attempt++) {
    const end = watch === undefined ? undefined : await watchFrom(options, watch, { name, object, revision });
    if (end?.decided !== undefined) return end.decided;
    if (end?.isRefused === true) watch = undefined;
    if (end?.revision !== undefined) attempt = 0;
    await client.pause(attempt);
    if (end?.revision !== undefined && end.isWhole) {
      revision = end.revision;
      continue;
    }
    const latest = await lookAgain(options, name, object);
    if (isDecided(latest)) return latest;
    // not from the object's own: that may be older than what the server still knows
    revision = "";
  }
}

/** v1beta1 is spoken with a server that has no watch. */
function watchOf({ stream, version, ...peer }: WaitOptions): WatchPeer | undefined {
  return stream === undefined || version !== "v1" ? undefined : { ...peer, stream };
}

/** How one watch ended. */
interface WatchEnd {
  /** The object, where it was decided. */
  readonly decided?: JsonObject;
  /** How far it told; `undefined` where it told nothing. */
  readonly revision?: string;
  /** Whether the server ended it in order. */
  readonly isWhole: boolean;
  /** Whether it makes no sense to try again. */
  readonly isRefused?: boolean;
}

/** What may be otherwise next time, or is to be told to whoever waits. */
const PASSING: readonly string[] = ["unavailable", "expired"];
const FATAL: readonly string[] = ["unauthorized", "invalid-certificate"];

/** What is watched. */
interface Watched {
  readonly name: string;
  /** As it was at first. */
  readonly object: JsonObject;
  /** Where to begin; empty for now, with what is there. */
  readonly revision: string;
}

/** One watch of an object. */
async function watchFrom(options: WaitOptions, watch: WatchPeer, watched: Watched): Promise<WatchEnd> {
  const { isDecided, log, endlessSeconds = ENDLESS_SECONDS } = options;
  const { name, object: first, revision } = watched;
  const query = {
    fieldSelector: `metadata.name=${name.replace(/[\\,=]/g, "\\$&")}`,
    ...revision && { resourceVersion: revision },
    timeoutSeconds: String(WATCH_SECONDS),
  };
  let told: { revision?: string } = {};
  let isGone = false;
  const limit = new AbortController();
  const endless = new CertgenError("unavailable", "Cannot wait any longer: the signer does not end its watch");
  const over = new AbortController();
  void systemSleep(endlessSeconds, over.signal).then(() => limit.abort(endless), () => {});
  const signal = AbortSignal.any([limit.signal, ...watch.signal === undefined ? [] : [watch.signal]]);
  try {
    for await (const { type, object } of watchEvents({ ...watch, signal }, query)) {
      const { name: other, resourceVersion } = metadataOf(object);
      told = { revision: resourceVersion };
      // a proxy may know nothing of field selectors
      if (type === "BOOKMARK" || other !== name) continue;
      isGone = type === "DELETED" || isAnother(first, object);
      if (isGone) break;
      if (isDecided(object)) return { decided: object, isWhole: true };
    }
  } catch (error) {
    watch.signal?.throwIfAborted();
    if (!(error instanceof CertgenError) || FATAL.includes(error.code)) throw error;
    const isRefused = !PASSING.includes(error.code);
    const [level, message] = isRefused
      ? ["debug", "the request cannot be watched: it is looked at again and again instead"] as const
      : [error.code === "expired" ? "debug" : "warn", "the watch has ended; looking at the request"] as const;
    log(level, message, { because: error.message });
    return { ...told, isWhole: false, isRefused };
  } finally {
    over.abort();
  }
  if (isGone) throw gone(name);
  return { ...told, isWhole: true };
}

/** An object that was there and is gone will not come back. */
async function lookAgain({ client, version }: WaitOptions, name: string, first: JsonObject): Promise<JsonObject> {
  let object: JsonObject;
  try {
    object = await client.get(version, name);
  } catch (error) {
    if (!(error instanceof CertgenError) || error.code !== "not-found") throw error;
    throw gone(name, error);
  }
  if (isAnother(first, object)) throw gone(name);
  return object;
}

/** Whether an object is not the one of before, but one that was created under its name since. */
function isAnother(first: JsonObject, object: JsonObject): boolean {
  const [before, now] = [uidOf(first), uidOf(object)];
  return before !== undefined && now !== undefined && before !== now;
}

function uidOf(object: JsonObject): string | undefined {
  return stringMember(objectMember(object, "metadata", "metadata"), "uid", "metadata.uid");
}

function gone(name: string, cause?: CertgenError): CertgenError {
  return new CertgenError("rejected", `the request ${quoted(name)} is no longer at the signer`, { cause });
}
