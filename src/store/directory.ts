import { CertgenError } from "../errors.ts";
import { KeyedLock } from "../lock.ts";
import type { Files } from "../ports.ts";
import { Changes } from "./changes.ts";
import { Counter } from "./counter.ts";
import { type Describe, EntryFiles } from "./entry_files.ts";
import {
  alreadyExists,
  checkRevision,
  type Entry,
  type Listing,
  type ListOptions,
  type Store,
  type StoreEvent,
  type TextAt,
} from "./store.ts";

/** A leading dot is no entry's. */
const COUNTER = ".revision";

/**
 * Keeps each entry in a file of its own, 0600, in one directory: people can read it, and what the older system wrote there
 * is read as it is, at revision 0. A file is written whole or not at all, and is on disk once the change is answered. One
 * process at a time writes to a directory; a second one is kept from overwriting a new entry, but not from racing a change.
 *
 * What cannot be read does not stand in the way of the rest: `list` leaves out files that are broken (no text, too large,
 * unreadable, of another entry), while `get` of their names throws `io`. Files whose names are no entry's are passed over:
 * those that begin with a dot, as the counter of revisions and temporary ones, and those that are not named as the store
 * would have named them.
 */
export class DirectoryStore implements Store {
  readonly #files: Files;
  readonly #entries: EntryFiles;
  readonly #counter: Counter;
  readonly #changes: Changes;
  readonly #lock = new KeyedLock();

  private constructor(files: Files, entries: EntryFiles, counter: Counter) {
    this.#files = files;
    this.#entries = entries;
    this.#counter = counter;
    this.#changes = new Changes(counter.start);
  }

  /**
   * Opens a directory that is there. Whoever watched it before is `expired`.
   *
   * @param files how to reach the disk
   * @param directory must be there
   * @param describe reads name and revision from a text; every text that is stored must say both
   * @throws CertgenError `io` where it cannot be read or written, or its counter of revisions is broken
   */
  static async open(files: Files, directory: string, describe: Describe): Promise<DirectoryStore> {
    const entries = new EntryFiles(files, directory, describe);
    const counter = await Counter.open(files, `${directory}/${COUNTER}`, () => entries.highestRevision());
    return new DirectoryStore(files, entries, counter);
  }

  /** The number of the last change that was told. */
  get revision(): number {
    return this.#changes.revision;
  }

  /** Keeps a new entry. */
  async create(name: string, text: TextAt): Promise<Entry> {
    const path = await this.#entries.path(name);
    return await this.#lock.run(name, async () => {
      // what else may be there, as a link or a directory, takes the name too
      if (await this.#files.stat(path) !== undefined) throw alreadyExists(name);
      return await this.#change("created", name, undefined, async (revision) => {
        const entry = { name, text: text(revision), revision };
        await this.#files.create(path, this.#entries.encode(entry), 0o600);
        return entry;
      });
    });
  }

  /** The entry, or `undefined` where there is none. */
  async get(name: string): Promise<Entry | undefined> {
    return await this.#entries.read(name);
  }

  /** Replaces an entry that is still at a revision. */
  async update(name: string, text: TextAt, revision: number): Promise<Entry> {
    const path = await this.#entries.path(name);
    return await this.#lock.run(name, async () => {
      const before = checkRevision(await this.get(name), name, revision);
      return await this.#change("updated", name, before, async (revision) => {
        const entry = { name, text: text(revision), revision };
        await this.#files.replace(path, this.#entries.encode(entry), 0o600);
        return entry;
      });
    });
  }

  /** Removes an entry that is still at a revision. */
  async delete(name: string, revision: number): Promise<Entry> {
    const path = await this.#entries.path(name);
    return await this.#lock.run(name, async () => {
      const before = checkRevision(await this.get(name), name, revision);
      return await this.#change("deleted", name, before, async (revision) => {
        await this.#files.remove(path);
        return { ...before, revision };
      });
    });
  }

  /** Entries in the order of their names; with a limit only the files of that page are read. */
  async list(options: ListOptions = {}): Promise<Listing> {
    // first, so that what changes while the files are read is told to whoever watches from here
    const { revision } = this;
    return { ...await this.#entries.page(options), revision };
  }

  /** Every change after a revision. Changes that another process makes are not among them. */
  watch(after: number, signal: AbortSignal): AsyncIterable<StoreEvent> {
    return this.#changes.watch(after, signal);
  }

  /** Under the lock of the name, so that its changes happen in the order of their numbers. */
  async #change(
    type: StoreEvent["type"],
    name: string,
    before: Entry | undefined,
    change: (revision: number) => Promise<Entry>,
  ): Promise<Entry> {
    const make = async (revision: number): Promise<StoreEvent> => {
      await this.#counter.reserve(revision);
      return { type, entry: await change(revision), previous: before?.text };
    };
    // a rename or unlink may have happened although the disk could not say so
    const isUndone = async (): Promise<boolean> => (await this.get(name))?.text === before?.text;
    try {
      return (await this.#changes.make(make, isUndone)).entry;
    } catch (error) {
      if (!(error instanceof CertgenError) || error.code === "io" || error.code === "too-large") throw error;
      // another process was first, or the directory is gone
      if (error.code === "already-exists") throw alreadyExists(name);
      throw new CertgenError("io", `Cannot store ${JSON.stringify(name)}: ${error.message}`, { cause: error });
    }
  }
}
