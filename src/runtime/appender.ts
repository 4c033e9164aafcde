import { type BigIntStats, constants } from "node:fs";
import { type FileHandle, lstat, open } from "node:fs/promises";
import { CertgenError } from "../errors.ts";
import type { Appender } from "../ports.ts";
import { errnoOf, fileError } from "./file_error.ts";

const { O_APPEND, O_CREAT, O_EXCL, O_WRONLY } = constants;
/** No link is followed, and a FIFO without a reader is refused at once; Windows has neither flag. */
const CAREFULLY = (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/** A regular file opened to add to its end, made with this mode where it was not there. */
export async function openToAppend(
  path: string,
  mode: number,
): Promise<{ readonly handle: FileHandle; readonly isNew: boolean; readonly size: number }> {
  const made = await make(path, mode);
  const handle = made ?? await open(path, O_WRONLY | O_APPEND | CAREFULLY);
  try {
    if (made !== undefined) await handle.chmod(mode); // what the umask took away
    const is = await handle.stat({ bigint: true });
    if (!is.isFile() || !await isAt(path, is)) {
      throw new CertgenError("io", `Cannot append to ${JSON.stringify(path)}: not a regular file`);
    }
    return { handle, isNew: made !== undefined, size: Number(is.size) };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function make(path: string, mode: number): Promise<FileHandle | undefined> {
  try {
    return await open(path, O_WRONLY | O_APPEND | O_CREAT | O_EXCL | CAREFULLY, mode);
  } catch (error) {
    if (errnoOf(error) === "EEXIST") return undefined;
    throw error;
  }
}

/** Whether the path itself is this file, and no link to it. */
async function isAt(path: string, { dev, ino }: BigIntStats): Promise<boolean> {
  const there = await lstat(path, { bigint: true });
  return there.dev === dev && there.ino === ino;
}

/** An {@link Appender} over a handle that was opened with O_APPEND. */
export class FileAppender implements Appender {
  readonly #path: string;
  #handle: FileHandle | undefined;
  #size: number;

  constructor(path: string, handle: FileHandle, size: number) {
    this.#path = path;
    this.#handle = handle;
    this.#size = size;
  }

  get size(): number {
    return this.#size;
  }

  async write(content: Uint8Array): Promise<void> {
    const handle = this.#handle;
    if (handle === undefined) throw new TypeError(`${this.#path} is closed`);
    try {
      for (let at = 0; at < content.length;) {
        at += (await handle.write(content, at, content.length - at, null)).bytesWritten;
      }
      await handle.datasync();
      this.#size = (await handle.stat()).size;
    } catch (error) {
      throw fileError("append to", this.#path, error);
    }
  }

  async close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close();
  }
}
