import { CertgenError } from "../errors.ts";
import { KeyedLock } from "../lock.ts";
import type { Files } from "../ports.ts";
import { Changes } from "./changes.ts";
import { Counter } from "./counter.ts";
import { type Describe, EntryFiles } from "./entry_files.ts";
import { EntryWriter } from "./entry_writer.ts";
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
  type Store,
  type StoreEvent,
  type TextAt,
} from "./store.ts";

/** A leading dot is no entry's. */
const COUNTER = ".revision";
/** What a change may fail with once it is begun; `already-exists` where another process was first. */
const ANSWERS: ReadonlySet<string> = new Set(["already-exists", "io", "too-large"]);

/**
 * Keeps each entry in a file of its own, 0600, in one directory: people can read it, and what the older system wrote there
 * is read as it is, at revision 0. Entries of a kind are in a folder of their own, `.token` for `token/ab12cd`. A file is written whole or not at all, and is on disk once the change is answered. One
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
  readonly #writer: EntryWriter;
  readonly #counter: Counter;
  readonly #changes: Changes;
  readonly #lock = new KeyedLock();

  private constructor(files: Files, entries: EntryFiles, writer: EntryWriter, counter: Counter) {
    this.#files = files;
    this.#entries = entries;
    this.#writer = writer;
    this.#counter = counter;
    this.#changes = new Changes(counter.start);
  }

  /**
   * Opens a directory that is there, and makes what a commit had begun when it was left. Whoever watched it before is
   * `expired`.
   *
   * @param files how to reach the disk
   * @param directory must be there
   * @param describe reads name and revision from a text; every text that is stored must say both
   * @throws CertgenError `io` where it cannot be read or written, or its counter of revisions, or the record of a commit
   * that was begun, is broken
   */
  static async open(files: Files, directory: string, describe: Describe): Promise<DirectoryStore> {
    const entries = new EntryFiles(files, directory, describe);
    const writer = new EntryWriter(files, directory, entries);
    await writer.finishRecords();
    const counter = await Counter.open(files, `${directory}/${COUNTER}`, () => entries.highestRevision());
    return new DirectoryStore(files, entries, writer, counter);
  }

  /** The number of the last change that was told. */
  get revision(): number {
    return this.#changes.revision;
  }

  /** Keeps a new entry. */
  async create(name: string, text: TextAt): Promise<Entry> {
    return await commitOne(this, { type: "create", name, text });
  }

  /** The entry, or `undefined` where there is none. */
  async get(name: string): Promise<Entry | undefined> {
    return await this.#entries.read(name);
  }

  /** Replaces an entry that is still at a revision. */
  async update(name: string, text: TextAt, revision: number): Promise<Entry> {
    return await commitOne(this, { type: "update", name, text, revision });
  }

  /** Removes an entry that is still at a revision. */
  async delete(name: string, revision: number): Promise<Entry> {
    return await commitOne(this, { type: "delete", name, revision });
  }

  /** Makes several changes, all or none, by way of a record of them that is on disk before the first is made. */
  async commit(changes: readonly Change[]): Promise<Entry[]> {
    checkChanges(changes);
    if (changes.length === 0) return [];
    // in one order, so that no two commits wait for each other
    const names = changes.map(({ name }) => name).sort();
    return await this.#locked(names, () => this.#commit(changes));
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

  async #locked<T>(names: readonly string[], task: () => Promise<T>): Promise<T> {
    const [name, ...others] = names;
    if (name === undefined) return await task();
    return await this.#lock.run(name, () => this.#locked(others, task));
  }

  /** Under the locks of the names, so that the changes of each happen in the order of their numbers. */
  async #commit(changes: readonly Change[]): Promise<Entry[]> {
    this.#writer.checkUsable();
    const before: (Entry | undefined)[] = [];
    for (const change of changes) before.push(await this.#check(change));
    const make = async (first: number): Promise<StoreEvent[]> => {
      await this.#counter.reserve(first + changes.length - 1);
      const events = changes.map((change, i) => eventOf(change, before[i], first + i));
      await this.#writer.write(events);
      return events;
    };
    // a rename or unlink may have happened although the disk could not say so
    const isUndone = async (): Promise<boolean> => {
      const now = await Promise.all(changes.map(({ name }) => this.get(name)));
      return now.every((entry, i) => entry?.text === before[i]?.text);
    };
    try {
      return (await this.#changes.make(changes.length, make, isUndone)).map(({ entry }) => entry);
    } catch (error) {
      if (!(error instanceof CertgenError) || ANSWERS.has(error.code)) throw error;
      // the directory is gone
      throw new CertgenError("io", `Cannot store ${about(changes)}: ${error.message}`, { cause: error });
    }
  }

  /** What is there before a change. */
  async #check(change: Change): Promise<Entry | undefined> {
    const { name } = change;
    if (change.type !== "create") return checkRevision(await this.get(name), name, change.revision);
    // what else may be there, as a link or a directory, takes the name too
    if (await this.#files.stat(await this.#entries.path(name)) !== undefined) throw alreadyExists(name);
    return undefined;
  }
}

function about(changes: readonly Change[]): string {
  return changes.map(({ name }) => JSON.stringify(name)).join(", ");
}
