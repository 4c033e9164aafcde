import { equalConstantTime, toUtf8 } from "../bytes.ts";
import { sha256 } from "../digest.ts";
import type { Identity } from "../identity.ts";
import { type Authenticator, bearerToken } from "./authenticator.ts";

/** A token and whose it is. */
export interface TokenEntry {
  /** What stands in the Authorization header after `Bearer`. */
  readonly token: string;
  /** Who presents it. */
  readonly identity: Identity;
}

/**
 * Knows a fixed list of bearer tokens. They are compared by their digests, all of them each time, so that the time of an
 * answer says nothing about any of them.
 */
export function tokenAuthenticator(entries: readonly TokenEntry[]): Authenticator {
  const known = Promise.all(
    entries.map(async ({ token, identity }) => ({ hash: await sha256(toUtf8(token)), identity })),
  );
  return async (request) => {
    const token = bearerToken(request);
    if (token === null) return null;
    const presented = await sha256(toUtf8(token));
    let found: Identity | null = null;
    for (const entry of await known) if (equalConstantTime(entry.hash, presented)) found = entry.identity;
    return found;
  };
}
