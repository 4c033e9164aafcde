/**
 * Where the signer keeps its objects. A store knows nothing of what it keeps: an entry is text under a name, with the number
 * of the change that wrote it. A name is plain (`system:etcd-peer:etcd1`) or of a kind (`token/ab12cd`), which keeps apart what
 * must not be listed together. One counter numbers every change of the whole store, so that a watcher can say where it
 * stopped.
 * @module
 */
import { CertgenError } from "../errors.ts";
import { compareNames } from "../object_name.ts";
import { checkKind, checkName, kindOf } from "./entry_name.ts";

/** What is kept under one name. */
export interface Entry {
  /** What it is kept under: `name`, or `kind/name` (a kind is 1 to 20 letters `a` to `z`). */
  readonly name: string;
  /** The text, as it was written. */
  readonly text: string;
  /** Number of the change that wrote it, from 1; 0 where another program did. */
  readonly revision: number;
}

/** Makes the text of an entry, which may carry its own revision. */
export type TextAt = (revision: number) => string;

/** A change that is to be made: of nothing, or of an entry that is still at a revision. */
export type Change =
  | { readonly type: "create"; readonly name: string; readonly text: TextAt }
  | { readonly type: "update"; readonly name: string; readonly text: TextAt; readonly revision: number }
  | { readonly type: "delete"; readonly name: string; readonly revision: number };

/** A change that was made. */
export interface StoreEvent {
  /** What happened. */
  readonly type: "created" | "updated" | "deleted";
  /** What is there now; of a deletion what was there, at the revision of the deletion (its text carries the older one). */
  readonly entry: Entry;
  /** The text that was there before; `undefined` of a creation. */
  readonly previous: string | undefined;
}

/** Which entries are listed. */
export interface ListOptions {
  /** Only those of this kind; only plain ones unless said. */
  readonly kind?: string;
  /** What their whole names begin with. */
  readonly prefix?: string;
  /** The first whole name that may be listed. */
  readonly from?: string;
  /** So many at most; all unless said. */
  readonly limit?: number;
}

/** Entries, each as it was at the listing's revision or later. */
export interface Listing {
  /** Sorted by the code points of their names. */
  readonly entries: readonly Entry[];
  /** Whoever watches from here misses nothing of what is not listed. */
  readonly revision: number;
  /**
   * How many entries with the prefix come after these; 0 only where none does. A store that has not read them yet counts those
   * that it will not be able to read.
   */
  readonly remaining: number;
}

/**
 * A store. What it has answered it has kept: whole, and through a crash as far as its medium goes. Revisions only grow, also
 * across a restart. Every implementation passes the suite in `test/contract/store.ts`.
 */
export interface Store {
  /**
   * The number of the last change that was told, or the one at which the store began. Every change up to it is visible to
   * `get` and `list`; a change is told before it is answered.
   */
  readonly revision: number;
  /**
   * Keeps a new entry; of several at once under one name exactly one succeeds.
   * @throws CertgenError `already-exists`; `io` where it cannot be kept, `too-large` where it is longer than the medium takes
   */
  create(name: string, text: TextAt): Promise<Entry>;
  /**
   * The entry, or `undefined` where there is none.
   * @throws CertgenError `io` where there is one that cannot be read
   */
  get(name: string): Promise<Entry | undefined>;
  /**
   * Replaces an entry that is still at a revision.
   * @throws CertgenError `not-found`, or `conflict` where it is at another revision; `io` or `too-large` as `create`
   */
  update(name: string, text: TextAt, revision: number): Promise<Entry>;
  /**
   * Removes an entry that is still at a revision.
   * @returns what was there, at the revision of the deletion, as the event has it; its text carries the older one
   * @throws CertgenError `not-found`, `conflict` or `io` as `update`
   */
  delete(name: string, revision: number): Promise<Entry>;
  /**
   * Makes several changes, all or none, also where the process dies in the middle; the other methods are short for a commit of
   * one. Their revisions follow each other in the order given, and each is told as an event of its own in that order, with
   * nothing in between. Whoever gets or lists meanwhile may see some made and others not yet; once one of them is told all
   * are visible.
   *
   * @param changes of different names; none make nothing
   * @returns for each what `create`, `update` or `delete` would have given
   * @throws CertgenError what those would have thrown, of the first that cannot be made; nothing is changed then. Where the
   * medium fails so that what is there is neither all nor nothing, `io`, as every change from then on, until the store
   * is opened again: that makes all of them or none
   */
  commit(changes: readonly Change[]): Promise<Entry[]>;
  /** Entries in the order of their names, a page of them where there is a limit. */
  list(options?: ListOptions): Promise<Listing>;
  /**
   * Every change after a revision, of every kind, in order, each once, until the signal is aborted or the iterator returned; both end a
   * `next` that waits. A revision that is still to come is waited for. It may be iterated once, and what it gives hangs on the
   * revision alone, not on when it is called or first read: a watcher that stops reading keeps nothing alive.
   * @throws CertgenError `expired`, from `next`, where changes after the last one that was given are no longer known: because
   * there were too many since, or the store was opened again
   */
  watch(after: number, signal: AbortSignal): AsyncIterable<StoreEvent>;
}

/** The error for a name that is taken. */
export function alreadyExists(name: string): CertgenError {
  return new CertgenError("already-exists", `${JSON.stringify(name)} already exists`);
}

/** The error for a change that came too late. */
export function conflict(name: string): CertgenError {
  const message = `${JSON.stringify(name)} has been modified; read it again and apply the change to what is there now`;
  return new CertgenError("conflict", message);
}

/** The error for a change of nothing. */
export function notFound(name: string): CertgenError {
  return new CertgenError("not-found", `${JSON.stringify(name)} not found`);
}

/**
 * The entry that is to be changed, if it is still at a revision.
 * @throws CertgenError `not-found` or `conflict`
 */
export function checkRevision(entry: Entry | undefined, name: string, revision: number): Entry {
  if (entry === undefined) throw notFound(name);
  if (entry.revision !== revision) throw conflict(name);
  return entry;
}

/**
 * Checks what can be checked of changes without looking at what is there.
 * @throws CertgenError `unsafe-path` where a name is none
 */
export function checkChanges(changes: readonly Change[]): void {
  const names = new Set<string>();
  for (const { name } of changes) {
    checkName(name);
    if (names.has(name)) throw new TypeError(`two changes of ${JSON.stringify(name)} in one commit`);
    names.add(name);
  }
}

const MADE = { create: "created", update: "updated", delete: "deleted" } as const;

/** A change as it is told, whose text is made now. */
export function eventOf(change: Change, before: Entry | undefined, revision: number): StoreEvent {
  const text = change.type === "delete" ? before?.text ?? "" : change.text(revision);
  return { type: MADE[change.type], entry: { name: change.name, text, revision }, previous: before?.text };
}

/** Makes one change. */
export async function commitOne(store: Pick<Store, "commit">, change: Change): Promise<Entry> {
  const [entry] = await store.commit([change]);
  if (entry === undefined) throw new TypeError("a commit of one change gave no entry");
  return entry;
}

/** Those that a listing is of, in its order, before it is cut to its limit. */
export function selectNames<T extends { readonly name: string }>(all: Iterable<T>, options: ListOptions): T[] {
  const { kind, prefix = "", from = "" } = options;
  if (kind !== undefined) checkKind(kind);
  return [...all].filter(({ name }) =>
    kindOf(name) === kind && name.startsWith(prefix) && compareNames(name, from) >= 0
  )
    .sort((a, b) => compareNames(a.name, b.name));
}
