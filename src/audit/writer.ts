import { CertgenError } from "../errors.ts";
import type { Appender, Files } from "../ports.ts";
import { fileName } from "./directory.ts";
import type { Resume } from "./line.ts";
import type { Tail } from "./tail.ts";

const FILE_MODE = 0o600;

/**
 * The files of one log. After a write that failed, nobody knows how much of it is on disk, even if it can be read back
 * (a sync that has failed once may succeed without having written): that file is done with, and the next one says up to
 * where it counts.
 */
export class LogWriter {
  readonly #files: Files;
  readonly #directory: string;
  /** Where the last line that is surely on disk ends. */
  #end: Resume;
  /** The file that the next line goes to. */
  #next: number;
  #hasRest: boolean;
  #appender: Appender | undefined;

  /** Goes on after a tail. */
  constructor(files: Files, directory: string, { file, bytes, next, hasRest }: Tail) {
    this.#files = files;
    this.#directory = directory;
    this.#end = { file, bytes };
    this.#next = next;
    this.#hasRest = hasRest;
  }

  /** What the next line must say, where something stands between it and the last one. */
  get resume(): Resume | undefined {
    return this.#hasRest ? this.#end : undefined;
  }

  /** How many bytes the file has before what is written next. */
  get size(): number {
    return this.#next === this.#end.file ? this.#end.bytes : 0;
  }

  /**
   * Adds to the log; resolves once it is on disk.
   * @throws CertgenError `io` or `not-found` where it is not, or not surely
   */
  async write(content: Uint8Array): Promise<void> {
    const appender = this.#appender ??= await this.#open();
    const size = this.size + content.length;
    try {
      await appender.write(content);
      if (appender.size !== size) throw this.#foreign();
    } catch (error) {
      this.#hasRest = true;
      await this.#leave(appender);
      throw error;
    }
    this.#end = { file: this.#next, bytes: size };
    this.#hasRest = false;
  }

  /** Begins another file with the next line. */
  async rotate(): Promise<void> {
    const appender = this.#appender;
    if (appender !== undefined) await this.#leave(appender);
  }

  /** Closes the file. */
  async close(): Promise<void> {
    const appender = this.#appender;
    this.#appender = undefined;
    await appender?.close();
  }

  async #leave(appender: Appender): Promise<void> {
    this.#next++;
    this.#appender = undefined;
    // what counts is synced, and of the rest nobody asks
    await appender.close().catch(() => {});
  }

  async #open(): Promise<Appender> {
    if (this.#next !== this.#end.file) await this.#check();
    const appender = await this.#files.append(`${this.#directory}/${fileName(this.#next)}`, FILE_MODE);
    try {
      if (appender.size !== this.size) throw this.#foreign();
      // what a process that ended before its sync has left
      if (appender.size > 0) await appender.write(new Uint8Array());
      return appender;
    } catch (error) {
      await appender.close().catch(() => {});
      throw error;
    }
  }

  /** That what the log goes on from is still there, and not the empty directory under another disk. */
  async #check(): Promise<void> {
    const { file, bytes } = this.#end;
    const size = bytes === 0 ? 0 : (await this.#files.stat(`${this.#directory}/${fileName(file)}`))?.size ?? -1;
    if (size < bytes) throw this.#foreign();
  }

  #foreign(): CertgenError {
    return new CertgenError(
      "io",
      `Cannot append to audit log ${JSON.stringify(this.#directory)}: somebody else has changed the size of a file`,
    );
  }
}
