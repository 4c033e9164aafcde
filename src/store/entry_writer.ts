import { type Bytes, toUtf8 } from "../bytes.ts";
import { CertgenError, messageOf } from "../errors.ts";
import type { Files } from "../ports.ts";
import {
  decodeRecord,
  encodeRecord,
  type FinalState,
  isRecordName,
  MAX_RECORD_BYTES,
  recordName,
  unusable,
} from "./commit_record.ts";
import type { EntryFiles } from "./entry_files.ts";
import { alreadyExists, type StoreEvent } from "./store.ts";

const MODE = 0o600;

/** A change of one file. */
interface Write {
  readonly event: StoreEvent;
  readonly path: string;
  /** Nothing of a deletion. */
  readonly content: Bytes | undefined;
}

/**
 * Writes changes to the files of entries: one with one operation; several by way of a record of all of them, which is on disk
 * before the first is made and until the last is, so that whoever opens the directory after a crash can finish them.
 */
export class EntryWriter {
  readonly #files: Files;
  readonly #directory: string;
  readonly #entries: EntryFiles;
  /** Why a record may be on disk that does not say what is there, or will not once something else changes. */
  #fault: unknown;

  constructor(files: Files, directory: string, entries: EntryFiles) {
    this.#files = files;
    this.#directory = directory;
    this.#entries = entries;
  }

  /**
   * Makes what an earlier run had recorded and not finished. To be called before anything is read.
   * @throws CertgenError `io` where a record cannot be read, or not be finished
   */
  async finishRecords(): Promise<void> {
    for (const file of (await this.#entries.list()).filter(isRecordName)) {
      try {
        await this.#finish(file);
      } catch (error) {
        if (error instanceof CertgenError && error.code === "io") throw error;
        throw unusable(file, messageOf(error), error);
      }
    }
  }

  /** Throws `io` where nothing may be changed until the directory is opened again. */
  checkUsable(): void {
    if (this.#fault === undefined) return;
    const message = `Cannot store: an earlier change could not be finished (${
      messageOf(this.#fault)
    }); open the store again`;
    throw new CertgenError("io", message, { cause: this.#fault });
  }

  /**
   * Makes changes, all or none.
   *
   * @param events of different names whose locks are held, in the order of their revisions
   * @throws CertgenError `already-exists` where another process was first; `io`, `too-large`
   */
  async write(events: readonly StoreEvent[]): Promise<void> {
    const writes = await Promise.all(events.map((event) => this.#prepare(event)));
    for (const { type, entry } of events) {
      if (type === "created") await this.#entries.makeFolder(entry.name);
    }
    const [first, ...more] = writes;
    if (first === undefined) return;
    if (more.length === 0) return await this.#make(first);
    const record = `${this.#directory}/${recordName(first.event.entry.revision)}`;
    await this.#record(record, events);
    await this.#makeAll(writes, record);
    try {
      await this.#files.remove(record);
    } catch (error) {
      // all is made, and a restart makes it again: that only may not happen after anything else
      this.#fault = error;
    }
  }

  async #prepare(event: StoreEvent): Promise<Write> {
    const { type, entry } = event;
    const path = await this.#entries.path(entry.name);
    return { event, path, content: type === "deleted" ? undefined : this.#entries.encode(entry) };
  }

  async #record(record: string, events: readonly StoreEvent[]): Promise<void> {
    const states = events.map(({ type, entry }): FinalState => ({
      ...entry,
      text: type === "deleted" ? undefined : entry.text,
    }));
    const content = encodeRecord(states);
    try {
      await this.#files.create(record, content, MODE);
    } catch (error) {
      const failed = new CertgenError("io", `Cannot store: ${messageOf(error)}`, { cause: error });
      // another process's is left alone; ours may be there although the disk could not say so
      throw isTaken(error) ? failed : await this.#takeBack([], record, failed);
    }
  }

  async #makeAll(writes: readonly Write[], record: string): Promise<void> {
    const made: Write[] = [];
    for (const write of writes) {
      try {
        await this.#make(write);
      } catch (error) {
        // what may be there although the disk could not say so is taken back too, but not what is another process's
        if (!isTaken(error)) made.push(write);
        throw await this.#takeBack(made, record, error);
      }
      made.push(write);
    }
  }

  async #make({ event, path, content }: Write): Promise<void> {
    const { type, entry } = event;
    try {
      if (content === undefined) await this.#files.remove(path);
      else if (type === "created") await this.#files.create(path, content, MODE);
      else await this.#files.replace(path, content, MODE);
    } catch (error) {
      throw isTaken(error) ? alreadyExists(entry.name) : error;
    }
  }

  /**
   * Restores what was there before changes, and then removes their record: a crash in between finishes them.
   * @returns what to throw: that everything is as it was is for `error` alone to say
   */
  async #takeBack(writes: readonly Write[], record: string, error: unknown): Promise<unknown> {
    try {
      // what frees space first, and nothing where nothing happened: the disk may be full
      for (const write of writes) if (write.event.previous === undefined) await this.#files.remove(write.path);
      for (const { path, event: { entry, previous } } of writes) {
        if (previous === undefined || (await this.#entries.read(entry.name))?.text === previous) continue;
        await this.#files.replace(path, toUtf8(previous), MODE);
      }
      await this.#files.remove(record);
      return error;
    } catch {
      this.#fault = error;
      const message = `${
        messageOf(error)
      }; it could not be taken back, and is finished or not when the store is opened again`;
      return new CertgenError("io", message, { cause: error });
    }
  }

  async #finish(file: string): Promise<void> {
    const record = `${this.#directory}/${file}`;
    const states = decodeRecord(file, await this.#files.read(record, MAX_RECORD_BYTES));
    // all of them before the first is written, so that nothing comes of a record that is no good
    const writes = await Promise.all(states.map(async (state) => {
      const { name, revision, text } = state;
      const content = text === undefined ? undefined : this.#entries.encode({ name, revision, text });
      return { name, path: await this.#entries.path(name), content };
    }));
    for (const { name, path, content } of writes) {
      if (content === undefined) {
        await this.#files.remove(path);
        continue;
      }
      await this.#entries.makeFolder(name);
      await this.#files.replace(path, content, MODE);
    }
    await this.#files.remove(record);
  }
}

function isTaken(error: unknown): boolean {
  return error instanceof CertgenError && error.code === "already-exists";
}
