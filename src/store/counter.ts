import { fromUtf8, toUtf8 } from "../bytes.ts";
import { CertgenError, messageOf } from "../errors.ts";
import type { Files } from "../ports.ts";

/** So many revisions are set aside with one write of the file; a restart skips what is left of them. */
const BLOCK = 1000;
/**
 * Where the file is lost, the entries say which revisions were given out, but not those of deletions, nor of what was deleted
 * after it: so many more than the highest that is seen are skipped.
 */
const JUMP = 1_000_000_000;
const MAX_START = Number.MAX_SAFE_INTEGER - BLOCK;

/**
 * Gives out revisions, none twice, also across restarts: a file holds a number that no revision has gone beyond. It is written
 * before the first revision of a block is used, so whatever moment the process is killed at, the next one begins after it.
 */
export class Counter {
  /** What the first revision comes after: more than any that was given out before, or told to a watcher. */
  readonly start: number;
  readonly #files: Files;
  readonly #path: string;
  #setAside: number;
  #writing: Promise<void> = Promise.resolve();

  private constructor(files: Files, path: string, start: number) {
    this.#files = files;
    this.#path = path;
    this.start = start;
    this.#setAside = start;
  }

  /**
   * Opens a counter, and writes its file: so each opening is a new start.
   *
   * @param path of the file, which need not be there
   * @param highest finds the highest revision in use, where there is no file
   * @throws CertgenError `io` where the file holds no number, or cannot be read or written
   */
  static async open(files: Files, path: string, highest: () => Promise<number>): Promise<Counter> {
    try {
      const last = await read(files, path);
      const counter = new Counter(files, path, last === undefined ? startAfter(await highest()) : last + 1);
      // beyond it numbers are no longer told apart, and not even `reserve` would see that
      if (counter.start >= MAX_START) throw unusable(path, "no numbers are left");
      await counter.reserve(counter.start + 1);
      return counter;
    } catch (error) {
      if (!(error instanceof CertgenError) || error.code === "io") throw error;
      throw unusable(path, error);
    }
  }

  /** Waits until a revision may be used. */
  async reserve(revision: number): Promise<void> {
    while (revision > this.#setAside) {
      this.#writing = this.#writing.catch(() => {}).then(async () => {
        if (revision <= this.#setAside) return;
        const next = revision + BLOCK - 1;
        if (!Number.isSafeInteger(next)) throw unusable(this.#path, "no numbers are left");
        await this.#files.replace(this.#path, toUtf8(`${next}\n`), 0o600);
        this.#setAside = next;
      });
      await this.#writing;
    }
  }
}

/** A store that has given out no revision yet begins at 0. */
function startAfter(highest: number): number {
  return highest === 0 ? 0 : highest + JUMP;
}

async function read(files: Files, path: string): Promise<number | undefined> {
  let text;
  try {
    text = fromUtf8(await files.read(path));
  } catch (error) {
    if (error instanceof CertgenError && error.code === "not-found") return undefined;
    throw error;
  }
  // not `Number` alone, to which nothing at all is 0
  const number = /^\d{1,16}\n?$/.test(text) ? Number(text) : NaN;
  if (Number.isSafeInteger(number)) return number;
  throw unusable(path, "it holds no number; without it numbering begins anew, well beyond all that is there");
}

function unusable(path: string, cause: unknown): CertgenError {
  const why = typeof cause === "string" ? cause : messageOf(cause);
  return new CertgenError("io", `Cannot count changes with ${JSON.stringify(path)}: ${why}`, { cause });
}
