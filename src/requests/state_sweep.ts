/**
 * What is kept besides the objects goes, too: nonces that nobody can present any more, and certificates that prove nothing any
 * more. The uses of tokens stay: they are few, and what was used must never look unused.
 * @module
 */
import { CertgenError, messageOf } from "../errors.ts";
import type { Log, Now } from "../ports.ts";
import type { Entry, Store } from "../store/store.ts";
import { recordIn } from "./certificate_records.ts";
import { nonceEnd } from "./nonces.ts";
import type { StateKind } from "./state.ts";

/** What it stands on. */
export interface StateSweepOptions {
  readonly store: Store;
  /** How long after its end a certificate may prove a request, in seconds. */
  readonly graceSeconds: number;
  readonly now: Now;
  readonly log: Log;
}

/** So many entries are read at once: a store may look through all of a kind for each page. */
const PAGE = 5000;
/** Requests that a certificate has proven may wait for an administrator for a while, and are judged by its record then. */
const WAITING_MS = 30 * 86_400_000;

/** Goes once through everything that is kept besides the objects. What cannot be read stays, and is logged. */
export async function sweepState(options: StateSweepOptions): Promise<void> {
  // in the order of their names those that are over come first
  await sweepKind("nonce", nonceEnd, options, { isOrdered: true });
  await sweepKind("certificate", (entry) => {
    const { certificate, renewUntil } = recordIn(entry);
    const end = certificate.notAfter.getTime() + options.graceSeconds * 1000;
    return new Date(Math.min(end, renewUntil?.getTime() ?? Infinity) + WAITING_MS);
  }, options);
}

async function sweepKind(
  kind: StateKind,
  endOf: (entry: Entry) => Date,
  options: StateSweepOptions,
  { isOrdered = false } = {},
): Promise<void> {
  const { store, now, log } = options;
  for (let from = "";;) {
    const { entries, remaining } = await store.list({ kind, from, limit: PAGE });
    for (const entry of entries) {
      try {
        if (endOf(entry) <= now()) await store.delete(entry.name, entry.revision);
        else if (isOrdered) return;
      } catch (error) {
        const isChanged = error instanceof CertgenError && (error.code === "conflict" || error.code === "not-found");
        if (!isChanged) log("warn", "sweeping failed", { name: entry.name, because: messageOf(error) });
      }
    }
    const last = entries.at(-1)?.name;
    if (last === undefined || remaining === 0) return;
    from = `${last}\0`;
  }
}
