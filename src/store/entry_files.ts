import { type Bytes, fromUtf8, toUtf8 } from "../bytes.ts";
import { CertgenError, messageOf } from "../errors.ts";
import type { Files } from "../ports.ts";
import { checkKind, isKind, kindOf } from "./entry_name.ts";
import { fileName, folderOf, isDigestName, nameOfFile } from "./file_name.ts";
import { type Entry, type ListOptions, selectNames } from "./store.ts";

/**
 * Reads from an entry's text what the store must know of it: the name and the revision it carries, each `undefined` where it
 * has none, as in what another program wrote. It is asked about any text, and never throws.
 */
export type Describe = (text: string) => { readonly name: string | undefined; readonly revision: number | undefined };

/** Largest entry, in bytes: well over what the signer writes. */
const MAX_ENTRY_BYTES = 4 << 20;
/** So many files are read at once. */
const AT_ONCE = 16;
/** The revision of entries that the store did not write. */
const FOREIGN = 0;

/** The entries in the files of a directory, and of its folders, one for each kind. */
export class EntryFiles {
  readonly #files: Files;
  readonly #directory: string;
  readonly #describe: Describe;
  /** The kinds whose folders are surely there. */
  readonly #made = new Set<string>();

  constructor(files: Files, directory: string, describe: Describe) {
    this.#files = files;
    this.#directory = directory;
    this.#describe = describe;
  }

  /** Where an entry is, or would be. */
  async path(name: string): Promise<string> {
    return `${this.#directory}/${await fileName(name)}`;
  }

  /** Makes the folder that an entry's file is to be in, where it is not there yet. */
  async makeFolder(name: string): Promise<void> {
    const kind = kindOf(name);
    if (kind === undefined || this.#made.has(kind)) return;
    try {
      await this.#files.makeDirectory(`${this.#directory}/.${kind}`, 0o700);
    } catch (error) {
      // not `already-exists`, where it is something else
      throw new CertgenError("io", messageOf(error), { cause: error });
    }
    this.#made.add(kind);
  }

  /**
   * What an entry's file is to hold.
   * @throws CertgenError `too-large` where it could not be read back
   */
  encode({ name, text, revision }: Entry): Bytes {
    const described = this.#describe(text);
    if (described.name !== name || described.revision !== revision) {
      throw new TypeError(`the text of ${JSON.stringify(name)} does not say its name and revision ${revision}`);
    }
    const bytes = toUtf8(text);
    if (bytes.length <= MAX_ENTRY_BYTES) return bytes;
    throw new CertgenError("too-large", `Cannot store ${JSON.stringify(name)}: larger than ${MAX_ENTRY_BYTES} bytes`);
  }

  /**
   * The entry, or `undefined` where there is no file.
   * @throws CertgenError `io` where the file cannot be read, is no text, too large, or of another entry
   */
  async read(name: string): Promise<Entry | undefined> {
    const text = await this.#text(await fileName(name), name);
    if (text === undefined) return undefined;
    const described = this.#describe(text);
    if (described.name === undefined || described.name === name) {
      return { name, text, revision: described.revision ?? FOREIGN };
    }
    // as a file that somebody copied, or whose name differs in case only on a system that does not mind
    throw unusable(name, `it is of ${JSON.stringify(described.name.slice(0, 300))}`);
  }

  /** A page, and how many files that may be entries come after it. */
  async page(options: ListOptions): Promise<{ readonly entries: readonly Entry[]; readonly remaining: number }> {
    const entries: Entry[] = [];
    const remaining = await this.#visit(options, (entry) => void entries.push(entry));
    return { entries, remaining };
  }

  /** The highest revision of all entries of all kinds. */
  async highestRevision(): Promise<number> {
    let highest = 0;
    for (const kind of [undefined, ...await this.#kinds()]) {
      const options = kind === undefined ? {} : { kind };
      await this.#visit(options, ({ revision }) => void (highest = Math.max(highest, revision)));
    }
    return highest;
  }

  /** The names of what is in the directory, or in the folder of a kind; a folder that is not there is empty. */
  async list(kind?: string): Promise<string[]> {
    try {
      return await this.#files.list(`${this.#directory}/${folderOf(kind)}`.slice(0, -1));
    } catch (error) {
      if (!(error instanceof CertgenError) || error.code === "io") throw error;
      if (kind !== undefined && await this.#files.stat(this.#directory) !== undefined) return [];
      throw new CertgenError("io", error.message, { cause: error }); // the directory is gone
    }
  }

  async #visit(options: ListOptions, visit: (entry: Entry) => void): Promise<number> {
    const { limit = Infinity } = options;
    const named = selectNames(await this.#names(options.kind), options);
    let [next, count] = [0, 0];
    while (next < named.length && count < limit) {
      const batch = named.slice(next, next + Math.min(AT_ONCE, limit - count));
      next += batch.length;
      for (const entry of await this.#whole(batch, ({ name }) => this.read(name))) {
        visit(entry);
        count++;
      }
    }
    return named.length - next;
  }

  async #names(kind: string | undefined): Promise<{ readonly name: string }[]> {
    if (kind !== undefined) checkKind(kind);
    const names: { name: string }[] = [];
    const digests: string[] = [];
    for (const file of await this.list(kind)) {
      const name = nameOfFile(file);
      if (name !== undefined) names.push({ name: kind === undefined ? name : `${kind}/${name}` });
      else if (isDigestName(file)) digests.push(folderOf(kind) + file);
    }
    for (let i = 0; i < digests.length; i += AT_ONCE) {
      names.push(...await this.#whole(digests.slice(i, i + AT_ONCE), (file) => this.#nameIn(file)));
    }
    return names;
  }

  /** The kinds that have a folder. */
  async #kinds(): Promise<string[]> {
    const kinds: string[] = [];
    for (const file of await this.list()) {
      if (!file.startsWith(".") || !isKind(file.slice(1))) continue;
      if ((await this.#files.stat(`${this.#directory}/${file}`))?.kind === "directory") kinds.push(file.slice(1));
    }
    return kinds;
  }

  async #nameIn(file: string): Promise<{ readonly name: string } | undefined> {
    const { name } = this.#describe(await this.#text(file, file) ?? "");
    if (name === undefined) return undefined;
    const isOwn = await fileName(name).then((own) => own === file, () => false);
    return isOwn ? { name } : undefined;
  }

  /**
   * What can be read of several files; those that are gone or broken are left out. But where it is not the file that is
   * broken, as with too many files open, nothing is: what is there must not look as if it were deleted.
   */
  async #whole<T, U>(batch: readonly T[], read: (one: T) => Promise<U | undefined>): Promise<U[]> {
    let checking: Promise<void> | undefined;
    const all = await Promise.all(batch.map(async (one) => {
      try {
        return await read(one);
      } catch (error) {
        if (!isBroken(error)) throw error;
      }
      await (checking ??= this.#checkFiles());
      return await read(one).catch((error: unknown) => {
        if (isBroken(error)) return undefined;
        throw error;
      });
    }));
    return all.filter((one) => one !== undefined);
  }

  /** Throws where a file that is not there cannot even be looked for. */
  async #checkFiles(): Promise<void> {
    try {
      await this.#files.read(`${this.#directory}/.not-there`);
    } catch (error) {
      if (!(error instanceof CertgenError && error.code === "not-found")) throw error;
    }
  }

  async #text(file: string, name: string): Promise<string | undefined> {
    try {
      return fromUtf8(await this.#files.read(`${this.#directory}/${file}`, MAX_ENTRY_BYTES));
    } catch (error) {
      if (error instanceof CertgenError && error.code === "not-found") return undefined;
      throw error instanceof CertgenError && error.code !== "io" ? unusable(name, error.message, error) : error;
    }
  }
}

function isBroken(error: unknown): boolean {
  return error instanceof CertgenError && error.code === "io";
}

function unusable(name: string, why: string, cause?: unknown): CertgenError {
  return new CertgenError("io", `Cannot use the file of ${JSON.stringify(name)}: ${why}`, { cause });
}
