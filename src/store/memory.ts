import { alreadyExists, checkName, conflict, type Entry, notFound, type Store } from "./store.ts";

/** Keeps entries in memory: for tests, and for a signer whose answers are all that anybody needs. */
export class MemoryStore implements Store {
  readonly #entries = new Map<string, Entry>();
  #version = 0;

  // deno-lint-ignore require-await -- a store is asynchronous
  async create(name: string, text: string): Promise<Entry> {
    checkName(name);
    if (this.#entries.has(name)) throw alreadyExists(name);
    return this.#keep(name, text);
  }

  // deno-lint-ignore require-await -- a store is asynchronous
  async get(name: string): Promise<Entry | undefined> {
    checkName(name);
    return this.#entries.get(name);
  }

  // deno-lint-ignore require-await -- a store is asynchronous
  async update(name: string, text: string, version: string): Promise<Entry> {
    checkName(name);
    const present = this.#entries.get(name);
    if (present === undefined) throw notFound(name);
    if (present.version !== version) throw conflict(name);
    return this.#keep(name, text);
  }

  #keep(name: string, text: string): Entry {
    const entry = { text, version: String(++this.#version) };
    this.#entries.set(name, entry);
    return entry;
  }
}
