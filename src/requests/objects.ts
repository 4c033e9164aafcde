/**
 * The store, with CertificateSigningRequests in it instead of text.
 * @module
 */
import { CertgenError, messageOf } from "../errors.ts";
import type { CertificateSigningRequest } from "../k8s/certificate_signing_request.ts";
import { type ListPosition, parseContinue, toContinue } from "../k8s/list.ts";
import type { ListOptions } from "../k8s/list_options.ts";
import { decodeStored, encodeStored } from "../k8s/stored_object.ts";
import type { ListMeta } from "../k8s/table.ts";
import { KeyedLock } from "../lock.ts";
import { nameFault } from "../object_name.ts";
import type { Log } from "../ports.ts";
import type { Change, Entry, Store, StoreEvent } from "../store/store.ts";
import { Usage } from "./usage.ts";

/** An object as it stands in the store. */
export interface Stored {
  readonly object: CertificateSigningRequest;
  readonly revision: number;
  /** How long it is in the store, in characters. */
  readonly length: number;
}

/** A change of an object, as a watch tells it. */
export interface ObjectEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  /** What is there now; of a deletion what was there, with the deletion's resourceVersion. */
  readonly object: CertificateSigningRequest;
  /** What was there before. */
  readonly previous: CertificateSigningRequest | undefined;
  readonly revision: number;
}

/** A part of all objects, sorted by name. */
export interface ObjectPage {
  readonly items: readonly Stored[];
  readonly metadata: ListMeta;
}

const TYPES = { created: "ADDED", updated: "MODIFIED", deleted: "DELETED" } as const;
/** So many objects are read at once. */
const BATCH = 100;
/** A page ends after so many characters, however many objects were asked for: clients take short pages. */
const MAX_PAGE = 1 << 20;
/** Longest object, in characters: what control characters in a protobuf body become in JSON is six times as long. */
const MAX_OBJECT = 512 << 10;

/** All objects of a signer. */
export class Objects {
  readonly usage: Usage = new Usage();
  readonly #store: Store;
  readonly #log: Log;
  readonly #lock = new KeyedLock();
  /** Each event is decoded once, however many watch. */
  readonly #decoded = new WeakMap<StoreEvent, ObjectEvent>();

  constructor(store: Store, log: Log) {
    this.#store = store;
    this.#log = log;
  }

  /** The number of the last change. */
  get revision(): number {
    return this.#store.revision;
  }

  /** Runs what reads an object and changes it, one task of a name after the other. */
  async exclusively<T>(name: string, task: () => Promise<T>): Promise<T> {
    return await this.#lock.run(name, task);
  }

  /** The object of a name, or `undefined`: what can be no name has none. */
  async get(name: string): Promise<Stored | undefined> {
    const entry = nameFault(name) === undefined ? await this.#store.get(name) : undefined;
    return entry && storedOf(entry);
  }

  /**
   * Keeps a new object.
   *
   * @param also is kept with it: all of it or nothing
   * @throws CertgenError `already-exists`; what the other changes throw
   */
  async create(object: CertificateSigningRequest, also: readonly Change[] = []): Promise<Stored> {
    const { name } = object.metadata;
    const stored = await this.#commit({ type: "create", name, text: textOf(object) }, also);
    this.usage.change(undefined, stored);
    return stored;
  }

  /**
   * Puts an object in the place of what was read before.
   *
   * @param also is changed with it: all of it or nothing
   * @throws CertgenError `not-found`, `conflict`; what the other changes throw
   */
  async update(before: Stored, object: CertificateSigningRequest, also: readonly Change[] = []): Promise<Stored> {
    const { name } = before.object.metadata;
    const { revision } = before;
    const stored = await this.#commit({ type: "update", name, text: textOf(object), revision }, also);
    this.usage.change(before, stored);
    return stored;
  }

  async #commit(change: Change, also: readonly Change[]): Promise<Stored> {
    const [entry] = await this.#store.commit([change, ...also]);
    if (entry === undefined) throw new TypeError("a store answers each change");
    return storedOf(entry);
  }

  /**
   * Removes what was read before.
   *
   * @param also is changed with it: all of it or nothing
   * @throws CertgenError `not-found`, `conflict`; what the other changes throw
   */
  async delete(before: Stored, also: readonly Change[] = []): Promise<void> {
    const { name } = before.object.metadata;
    await this.#store.commit([{ type: "delete", name, revision: before.revision }, ...also]);
    this.usage.change(before, undefined);
  }

  /**
   * The page of so many objects that is asked for, or less of it where objects are long. A later page is made from what is there now, but says the revision of the first: whoever
   * watches from there sees every change since, so nothing is lost between pages and no old state need be kept.
   *
   * @param options a limit of 1 at least; without one there are `all` and `parts`
   * @throws CertgenError `malformed-object` where the `continue` token is not ours
   */
  async page(options: PageOptions): Promise<ObjectPage> {
    const { limit, continueToken, selectors } = options;
    const begun: ListPosition | undefined = continueToken === undefined ? undefined : parseContinue(continueToken);
    const items: Stored[] = [];
    let position = begun;
    let length = 0;
    for (;;) {
      const { entries, revision, remaining } = await this.#store.list({
        ...position && { from: position.start },
        limit: Math.min(BATCH, limit - items.length),
      });
      const first = position?.revision ?? revision;
      items.push(
        ...entries.flatMap((entry) => this.#readable(entry)).filter(({ object }) => selectors.matches(object)),
      );
      const last = entries.at(-1)?.name;
      const resourceVersion = String(Math.min(first, revision));
      if (last === undefined || remaining === 0) return { items, metadata: { resourceVersion } };
      // the first name after the last: as kube-apiserver writes it
      position = { revision: first, start: `${last}\0` };
      length += entries.reduce((sum, { text }) => sum + text.length, 0);
      if (items.length < limit && length < MAX_PAGE) continue;
      // with selectors the real server does not know how many remain, and clients must not rely on it
      const remainingItemCount = selectors.matchesAll ? { remainingItemCount: remaining } : {};
      return { items, metadata: { resourceVersion, continue: toContinue(position), ...remainingItemCount } };
    }
  }

  /** Every object from a name on, in the order of names. */
  async *all(start = ""): AsyncGenerator<Stored> {
    for await (const { items } of this.parts(start)) yield* items;
  }

  /** Every object from a name on, a part at a time, each with the last name that it is about. */
  async *parts(start = ""): AsyncGenerator<{ readonly items: readonly Stored[]; readonly last: string }> {
    for (let from = start;;) {
      const { entries, remaining } = await this.#store.list({ from, limit: BATCH });
      const last = entries.at(-1)?.name;
      if (last === undefined) return;
      yield { items: entries.flatMap((entry) => this.#readable(entry)), last };
      if (remaining === 0) return;
      from = `${last}\0`;
    }
  }

  /**
   * Every change after a revision, in order, until the signal is aborted.
   * @throws CertgenError `expired`
   */
  async *watch(after: number, signal: AbortSignal): AsyncGenerator<ObjectEvent> {
    for await (const event of this.#store.watch(after, signal)) {
      // what is kept besides the objects is nobody's to watch
      if (event.entry.name.includes("/")) continue;
      const decoded = this.#decoded.get(event) ?? eventOf(event);
      this.#decoded.set(event, decoded);
      yield decoded;
    }
  }

  /** One object that cannot be read must not hide all others. */
  #readable(entry: Entry): Stored[] {
    try {
      return [storedOf(entry)];
    } catch (error) {
      this.#log("warn", "a stored object is passed over", { name: entry.name, because: messageOf(error) });
      return [];
    }
  }
}

/** What a page is made from. */
export type PageOptions = Pick<ListOptions, "limit" | "continueToken" | "selectors">;

function storedOf({ name, text, revision }: Entry): Stored {
  return { object: decodeStored(text, name), revision, length: text.length };
}

/**
 * The object as it is kept: with the revision of its own change.
 * @throws CertgenError `too-large`
 */
function textOf(object: CertificateSigningRequest): (revision: number) => string {
  return (revision) => {
    const text = encodeStored(withRevision(object, revision));
    if (text.length <= MAX_OBJECT) return text;
    throw new CertgenError("too-large", `Request entity too large: limit is ${MAX_OBJECT} once it is stored`);
  };
}

function withRevision(object: CertificateSigningRequest, revision: number): CertificateSigningRequest {
  return { ...object, metadata: { ...object.metadata, resourceVersion: String(revision) } };
}

function eventOf({ type, entry, previous }: StoreEvent): ObjectEvent {
  const decode = (text: string): CertificateSigningRequest => decodeStored(text, entry.name);
  return {
    type: TYPES[type],
    object: withRevision(decode(entry.text), entry.revision),
    previous: previous === undefined ? undefined : decode(previous),
    revision: entry.revision,
  };
}
