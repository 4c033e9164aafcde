/**
 * The events of one watch, from one connection to its end.
 * @module
 */
import { CertgenError } from "../errors.ts";
import { type JsonObject, member, objectMember, stringMember } from "../k8s/json.ts";
import { errorOf } from "../k8s/status.ts";
import type { Fetch } from "../ports.ts";
import { jsonLines } from "./json_lines.ts";
import { failureOf, pathOf, type Peer, requestTo } from "./transport.ts";

/** What a watch tells; a bookmark is an object that has nothing but a revision. */
export interface WatchEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK";
  readonly object: JsonObject;
}

/** Whom to ask for a watch. */
export interface WatchPeer extends Peer {
  /** Takes an answer as it arrives. */
  readonly stream: Fetch;
}

const TYPES: readonly string[] = ["ADDED", "MODIFIED", "DELETED", "BOOKMARK"] satisfies WatchEvent["type"][];
const MAX_FAILURE_BYTES = 64 << 10;

/**
 * One watch. To leave the loop ends it.
 *
 * @param query what is watched, besides that it is a watch that wants bookmarks
 * @throws CertgenError `expired` where its beginning is no longer known, `rejected` where it is no watch, or by the answer
 */
export async function* watchEvents(
  peer: WatchPeer,
  query: Readonly<Record<string, string>>,
): AsyncGenerator<WatchEvent, void> {
  const parameters = new URLSearchParams({ watch: "true", allowWatchBookmarks: "true", ...query });
  const { status, body } = await peer.stream(await requestTo(peer, "GET", `${pathOf("v1")}?${parameters}`));
  if (status >= 300) throw failureOf({ status, body: await beginningOf(body) });
  if (body === null) return;
  for await (const event of jsonLines(body)) {
    const type = stringMember(event, "type", "type") ?? "";
    const object = objectMember(event, "object", "object");
    if (type === "ERROR") {
      const code = member(object, "code");
      throw errorOf(typeof code === "number" ? code : 500, object);
    }
    if (!isType(type)) {
      const quoted = JSON.stringify(type.slice(0, 100));
      throw new CertgenError("rejected", `Cannot understand the signer: its watch has an event ${quoted}`);
    }
    yield { type, object };
  }
}

/** Name and revision of an object; empty where it has none, as a bookmark has no name. */
export function metadataOf(object: JsonObject): { name: string; resourceVersion: string } {
  const metadata = objectMember(object, "metadata", "metadata");
  return {
    name: stringMember(metadata, "name", "metadata.name") ?? "",
    resourceVersion: stringMember(metadata, "resourceVersion", "metadata.resourceVersion") ?? "",
  };
}

function isType(type: string): type is WatchEvent["type"] {
  return TYPES.includes(type);
}

async function beginningOf(body: ReadableStream<Uint8Array> | null): Promise<Uint8Array> {
  const bytes: number[] = [];
  if (body === null) return new Uint8Array();
  for await (const chunk of body) {
    bytes.push(...chunk.subarray(0, MAX_FAILURE_BYTES - bytes.length));
    if (bytes.length >= MAX_FAILURE_BYTES) break;
  }
  return Uint8Array.from(bytes);
}
