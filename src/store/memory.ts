import { Changes } from "./changes.ts";
import {
  alreadyExists,
  checkName,
  checkRevision,
  type Entry,
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
    checkName(name);
    if (this.#entries.has(name)) throw alreadyExists(name);
    return await this.#change("created", name, undefined, text);
  }

  /** The entry, or `undefined` where there is none. */
  // deno-lint-ignore require-await -- a store is asynchronous
  async get(name: string): Promise<Entry | undefined> {
    checkName(name);
    return this.#entries.get(name);
  }

  /** Replaces an entry that is still at a revision. */
  async update(name: string, text: TextAt, revision: number): Promise<Entry> {
    checkName(name);
    return await this.#change("updated", name, checkRevision(this.#entries.get(name), name, revision), text);
  }

  /** Removes an entry that is still at a revision. */
  async delete(name: string, revision: number): Promise<Entry> {
    checkName(name);
    const before = checkRevision(this.#entries.get(name), name, revision);
    return await this.#change("deleted", name, before, () => before.text);
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

  /** Nothing is waited for between a check and its change, so that no two changes meet. */
  async #change(type: StoreEvent["type"], name: string, before: Entry | undefined, text: TextAt): Promise<Entry> {
    // deno-lint-ignore require-await -- the change is made at once
    const { entry } = await this.#changes.make(async (revision) => {
      const entry = { name, text: text(revision), revision };
      if (type === "deleted") this.#entries.delete(name);
      else this.#entries.set(name, entry);
      return { type, entry, previous: before?.text };
    });
    return entry;
  }
}
