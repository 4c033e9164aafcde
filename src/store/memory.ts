import { Changes } from "./changes.ts";
import { checkName } from "./entry_name.ts";
import {
  alreadyExists,
  type Change,
  checkChanges,
  checkRevision,
  commitOne,
  type Entry,
  eventOf,
  type Listing,
  type ListOptions,
  selectNames,
  type Store,
  type StoreEvent,
  type TextAt,
} from "./store.ts";

/** Keeps entries in memory: for tests, and for a signer whose answers are all that anybody needs. */
export class MemoryStore implements Store {
  readonly #entries = new Map<string, Entry>();
  readonly #changes = new Changes(0);

  /** The number of the last change that was told. */
  get revision(): number {
    return this.#changes.revision;
  }

  /** Keeps a new entry. */
  async create(name: string, text: TextAt): Promise<Entry> {
    return await commitOne(this, { type: "create", name, text });
  }

  /** The entry, or `undefined` where there is none. */
  // deno-lint-ignore require-await -- a store is asynchronous
  async get(name: string): Promise<Entry | undefined> {
    checkName(name);
    return this.#entries.get(name);
  }

  /** Replaces an entry that is still at a revision. */
  async update(name: string, text: TextAt, revision: number): Promise<Entry> {
    return await commitOne(this, { type: "update", name, text, revision });
  }

  /** Removes an entry that is still at a revision. */
  async delete(name: string, revision: number): Promise<Entry> {
    return await commitOne(this, { type: "delete", name, revision });
  }

  /** Makes several changes, all or none; nobody sees some of them. */
  async commit(changes: readonly Change[]): Promise<Entry[]> {
    checkChanges(changes);
    // nothing is waited for between these checks and the change, so that no two changes meet
    const before = changes.map((change) => this.#check(change));
    if (changes.length === 0) return [];
    // deno-lint-ignore require-await -- the changes are made at once
    const events = await this.#changes.make(changes.length, async (first) => {
      const events = changes.map((change, i) => eventOf(change, before[i], first + i));
      for (const event of events) this.#apply(event);
      return events;
    });
    return events.map(({ entry }) => entry);
  }

  /** Entries in the order of their names. */
  // deno-lint-ignore require-await -- a store is asynchronous
  async list(options: ListOptions = {}): Promise<Listing> {
    const all = selectNames(this.#entries.values(), options);
    const entries = all.slice(0, options.limit);
    return { entries, revision: this.revision, remaining: all.length - entries.length };
  }

  /** Every change after a revision. */
  watch(after: number, signal: AbortSignal): AsyncIterable<StoreEvent> {
    return this.#changes.watch(after, signal);
  }

  /** What is there before a change. */
  #check(change: Change): Entry | undefined {
    const before = this.#entries.get(change.name);
    if (change.type !== "create") return checkRevision(before, change.name, change.revision);
    if (before !== undefined) throw alreadyExists(change.name);
    return undefined;
  }

  #apply({ type, entry }: StoreEvent): void {
    if (type === "deleted") this.#entries.delete(entry.name);
    else this.#entries.set(entry.name, entry);
  }
}
