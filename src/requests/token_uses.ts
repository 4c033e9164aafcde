/**
 * What bootstrap tokens were used for. A use is committed together with the object that it makes.
 * @module
 */
import { isObject, type JsonObject, member } from "../k8s/json.ts";
import type { Change, Store } from "../store/store.ts";
import type { ObjectReference } from "./certificate_records.ts";
import { readState, stateName, stateText, unreadable } from "./state.ts";

/** One use. */
export interface TokenUse extends ObjectReference {
  /** What was asked for: SHA-256 over key, signer, subject and names, in hexadecimal. */
  readonly request: string;
}

/** The uses of a token so far, as they stand in the store. */
export interface TokenUses {
  readonly id: string;
  readonly uses: readonly TokenUse[];
  /** `undefined` before the first. */
  readonly revision: number | undefined;
}

/**
 * The uses of a token so far.
 * @throws CertgenError `io` where they cannot be read
 */
export async function tokenUses(store: Store, id: string): Promise<TokenUses> {
  const entry = await store.get(stateName("token", id));
  if (entry === undefined) return { id, uses: [], revision: undefined };
  const list = member(readState(entry, "token"), "uses");
  if (!Array.isArray(list)) throw unreadable(entry.name);
  return { id, uses: list.map((use: unknown) => decode(use, entry.name)), revision: entry.revision };
}

/** The change that adds a use. */
export function addUse({ id, uses, revision }: TokenUses, use: TokenUse): Change {
  const name = stateName("token", id);
  const text = stateText("token", id, { uses: [...uses, use] });
  return revision === undefined ? { type: "create", name, text } : { type: "update", name, text, revision };
}

function decode(use: unknown, where: string): TokenUse {
  const object: JsonObject = isObject(use) ? use : {};
  const text = (key: string): string => {
    const value = member(object, key);
    if (typeof value === "string") return value;
    throw unreadable(where);
  };
  return { request: text("request"), name: text("name"), uid: text("uid") };
}
