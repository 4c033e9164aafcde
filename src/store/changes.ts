/**
 * The changes of a store: numbered, told in the order of their numbers, and remembered for a while.
 * @module
 */
import { CertgenError } from "../errors.ts";
import type { StoreEvent } from "./store.ts";

/** So many changes are remembered: who is further behind must list again. */
const MAX_EVENTS = 4096;
/** And so much of their text, in UTF-16 units (of ASCII, which objects mostly are, engines keep one byte each). */
const MAX_TEXT = 32 << 20;

/** Changes that are made together, have their numbers, and are not told yet. */
interface Pending {
  /** The number of the last of them. */
  readonly revision: number;
  /** `nothing` where they failed, `unknown` where they failed and may have happened all the same, or some of them. */
  outcome: readonly StoreEvent[] | "nothing" | "unknown" | undefined;
  /** Called once they are told. */
  told: () => void;
}

/** How far a watcher is. */
interface Cursor {
  /** It needs nothing up to here. */
  revision: number;
  /** No event before this one, counted since the store began, is of use to it. */
  at: number;
}

/**
 * Numbers changes, remembers the last ones in one ring, and lets watchers read that. A watcher is a place in the ring: it has
 * no queue of its own, so that a slow one costs nothing, and is cut off when the ring has gone round.
 */
export class Changes {
  readonly #maxEvents: number;
  readonly #maxText: number;
  readonly #ring: (StoreEvent | undefined)[] = [];
  /** The ring holds the events from `#oldest` to before `#next`, each at its number modulo the ring's size. */
  #oldest = 0;
  #next = 0;
  #text = 0;
  readonly #pending: Pending[] = [];
  /** Those that wait for an event. */
  readonly #waiting = new Set<() => void>();
  /** Nothing up to here is remembered. */
  #forgotten: number;
  #last: number;
  #told: number;

  /**
   * Begins with no history: who watches from before `revision` has missed what nobody remembers.
   *
   * @param revision the number that the first change comes after
   * @param limits how much is remembered, for tests
   */
  constructor(revision: number, limits: { readonly events?: number; readonly text?: number } = {}) {
    this.#forgotten = revision;
    this.#last = revision;
    this.#told = revision;
    this.#maxEvents = limits.events ?? MAX_EVENTS;
    this.#maxText = limits.text ?? MAX_TEXT;
  }

  /** The number of the last change that was told. */
  get revision(): number {
    return this.#told;
  }

  /** How many `next` of watchers wait: none where nobody watches. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /**
   * Makes changes that belong together: gives them the next numbers, and tells them, one after the other and with nothing in
   * between, once they are made and all changes before them are made or have failed. Two changes that must happen in the
   * order of their numbers must not be made at once.
   *
   * @param count how many they are, at least one
   * @param change makes all of them or fails; it is given the number of the first, and returns their events in order
   * @param isUndone whether changes that failed have surely left everything as it was. Where they have not, nobody can be told
   * what happened, and all who watch must list again
   */
  async make(
    count: number,
    change: (first: number) => Promise<readonly StoreEvent[]>,
    isUndone: () => Promise<boolean> = () => Promise.resolve(true),
  ): Promise<readonly StoreEvent[]> {
    const first = this.#last + 1;
    this.#last += count;
    const pending: Pending = { revision: this.#last, outcome: undefined, told: () => {} };
    const told = new Promise<void>((resolve) => pending.told = resolve);
    this.#pending.push(pending);
    let events: readonly StoreEvent[];
    try {
      events = await change(first);
    } catch (error) {
      pending.outcome = await isUndone().catch(() => false) ? "nothing" : "unknown";
      this.#tell();
      throw error;
    }
    pending.outcome = events;
    this.#tell();
    await told;
    return events;
  }

  /** Every change after a revision, as {@link Store.watch} says. */
  watch(after: number, signal: AbortSignal): AsyncIterableIterator<StoreEvent> {
    const cursor: Cursor = { revision: after, at: 0 };
    const own = new Set<() => void>();
    let isEnded = false;
    const end = (): IteratorResult<StoreEvent> => {
      isEnded = true;
      for (const wake of own) wake();
      return { done: true, value: undefined };
    };
    const iterator: AsyncIterableIterator<StoreEvent> = {
      [Symbol.asyncIterator]: () => iterator,
      next: async () => {
        while (!isEnded && !signal.aborted) {
          if (cursor.revision < this.#forgotten) {
            end();
            throw expired(cursor.revision, this.#forgotten);
          }
          const event = this.#read(cursor);
          if (event !== undefined) return { done: false, value: event };
          await this.#wait(signal, own);
        }
        return end();
      },
      // not a generator's, which would wait until a pending `next` has its event
      return: () => Promise.resolve(end()),
    };
    return iterator;
  }

  /** Tells what can be told: all that is done before the first change that is not. */
  #tell(): void {
    for (let [first] = this.#pending; first?.outcome !== undefined; [first] = this.#pending) {
      this.#pending.shift();
      const { revision, outcome } = first;
      if (outcome !== "nothing") this.#told = revision;
      if (outcome === "unknown") this.#forgetAll(revision);
      else if (outcome !== "nothing") outcome.forEach((event) => this.#remember(event));
      first.told();
    }
    for (const wake of this.#waiting) wake();
  }

  #remember(event: StoreEvent): void {
    if (this.#next - this.#oldest === this.#maxEvents) this.#forget();
    this.#ring[this.#next++ % this.#maxEvents] = event;
    this.#text += lengthOf(event);
    while (this.#text > this.#maxText && this.#next - this.#oldest > 1) this.#forget();
  }

  #forget(): void {
    const at = this.#oldest++ % this.#maxEvents;
    const event = this.#ring[at];
    this.#ring[at] = undefined;
    if (event === undefined) return;
    this.#text -= lengthOf(event);
    this.#forgotten = event.entry.revision;
  }

  #forgetAll(revision: number): void {
    while (this.#oldest < this.#next) this.#forget();
    this.#forgotten = revision;
  }

  #read(cursor: Cursor): StoreEvent | undefined {
    for (cursor.at = Math.max(cursor.at, this.#oldest); cursor.at < this.#next;) {
      const event = this.#ring[cursor.at++ % this.#maxEvents];
      if (event === undefined || event.entry.revision <= cursor.revision) continue;
      cursor.revision = event.entry.revision;
      return event;
    }
    return undefined;
  }

  /** Until something is told, the signal is aborted, or the watcher ended; nothing is left of it then. */
  async #wait(signal: AbortSignal, own: Set<() => void>): Promise<void> {
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        signal.removeEventListener("abort", wake);
        own.delete(wake);
        this.#waiting.delete(wake);
        resolve();
      };
      signal.addEventListener("abort", wake);
      own.add(wake);
      this.#waiting.add(wake);
    });
  }
}

function lengthOf({ entry, previous = "" }: StoreEvent): number {
  return entry.text.length + previous.length;
}

function expired(after: number, oldest: number): CertgenError {
  return new CertgenError("expired", `too old resource version: ${after} (${oldest})`);
}
