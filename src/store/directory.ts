import { fromUtf8, toHex, toUtf8 } from "../bytes.ts";
import { CertgenError } from "../errors.ts";
import { KeyedLock } from "../lock.ts";
import type { Files } from "../ports.ts";
import { alreadyExists, checkName, conflict, type Entry, notFound, type Store } from "./store.ts";

/** Largest entry read back, in bytes: well over what the signer writes. */
const MAX_ENTRY_BYTES = 4 << 20;

/**
 * Keeps each entry in a file of its own, 0600, in one directory: people can read it, and what the older system wrote there
 * is read as it is. A file is written whole or not at all. One process writes to a directory at a time; a second one is
 * kept from overwriting a new entry, but not from racing an update.
 */
export class DirectoryStore implements Store {
  readonly #files: Files;
  readonly #directory: string;
  readonly #lock = new KeyedLock();

  /**
   * Opens nothing yet: faults of the directory show when it is used.
   *
   * @param files how to reach the disk
   * @param directory must be there
   */
  constructor(files: Files, directory: string) {
    this.#files = files;
    this.#directory = directory;
  }

  async create(name: string, text: string): Promise<Entry> {
    const path = await this.#path(name);
    try {
      await this.#files.create(path, toUtf8(text), 0o600);
    } catch (error) {
      if (error instanceof CertgenError && error.code === "already-exists") throw alreadyExists(name);
      throw broken(name, error);
    }
    return await entryOf(text);
  }

  async get(name: string): Promise<Entry | undefined> {
    const path = await this.#path(name);
    try {
      return await entryOf(fromUtf8(await this.#files.read(path, MAX_ENTRY_BYTES)));
    } catch (error) {
      if (error instanceof CertgenError && error.code === "not-found") return undefined;
      throw broken(name, error);
    }
  }

  async update(name: string, text: string, version: string): Promise<Entry> {
    return await this.#lock.run(name, async () => {
      const present = await this.get(name);
      if (present === undefined) throw notFound(name);
      if (present.version !== version) throw conflict(name);
      const path = await this.#path(name);
      await this.#files.replace(path, toUtf8(text), 0o600).catch((error: unknown) => {
        throw broken(name, error);
      });
      return await entryOf(text);
    });
  }

  async #path(name: string): Promise<string> {
    return `${this.#directory}/${await fileName(name)}`;
  }
}

/** A directory that is gone, a file that is no text or too large: none of it is the fault, or the answer, of who asked. */
function broken(name: string, cause: unknown): unknown {
  if (!(cause instanceof CertgenError) || cause.code === "io") return cause;
  return new CertgenError("io", `Cannot use the file of ${JSON.stringify(name)}: ${cause.message}`, { cause });
}

/** The version is the text's digest: it needs no state, and survives a restart. */
async function entryOf(text: string): Promise<Entry> {
  return { text, version: await digest(text) };
}

async function digest(text: string): Promise<string> {
  return toHex(new Uint8Array(await crypto.subtle.digest("SHA-256", toUtf8(text))));
}

/** Longest file name that is the entry's own, in bytes; file systems end at 255. */
const MAX_FILE_NAME = 200;

/**
 * The file of an entry: its name, percent-encoded but for characters that no file system minds (and `:`, since the older
 * system's names have it); no leading dot, no trailing dot. Names that are too long are their SHA-256, marked so that no
 * other name can be encoded to it.
 */
export async function fileName(name: string): Promise<string> {
  checkName(name);
  const encoded = encodeURIComponent(name)
    .replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll("%3A", ":").replaceAll("%40", "@")
    .replace(/^\.|\.$/g, "%2E");
  return encoded.length <= MAX_FILE_NAME ? encoded : `%sha256-${await digest(name)}`;
}
