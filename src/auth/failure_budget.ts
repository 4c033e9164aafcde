import type { Now } from "../ports.ts";

/** What is said of a failure. */
export interface FailureLine {
  /** How many were not said since the last one that was. */
  readonly unsaid: number;
}

/** So many lines a minute. */
const LINES = 10;
const MINUTE_MS = 60_000;

/** Says which failures are to be logged: a few a minute, and how many there were besides, so that they cannot fill a disk. */
export class FailureBudget {
  readonly #now: Now;
  #begun = -Infinity;
  #lines = 0;
  #unsaid = 0;

  constructor({ now }: { readonly now: Now }) {
    this.#now = now;
  }

  /** Counts a failure; what is to be said of it, if anything. */
  count(): FailureLine | undefined {
    const now = this.#now().getTime();
    if (now - this.#begun >= MINUTE_MS || now < this.#begun) [this.#begun, this.#lines] = [now, 0];
    if (this.#lines === LINES) {
      this.#unsaid++;
      return undefined;
    }
    this.#lines++;
    return this.#said();
  }

  /**
   * What was counted and not said yet, if anything: to be asked now and then and at the end, since after a flood there may be
   * no failure for long.
   */
  rest(): FailureLine | undefined {
    return this.#unsaid === 0 ? undefined : this.#said();
  }

  #said(): FailureLine {
    const unsaid = this.#unsaid;
    this.#unsaid = 0;
    return { unsaid };
  }
}
