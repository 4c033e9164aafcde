/** One clock for some workers who wait: it stands while any of them works, and goes on to the next moment once all wait. */
import type { Now, Sleep } from "../src/ports.ts";

interface Sleeper {
  readonly until: number;
  readonly wake: () => void;
}

/** Days that pass in seconds. */
export class Timeline {
  readonly now: Now = () => new Date(this.#at);
  readonly #onChange: (at: Date) => void;
  readonly #workers: number;
  readonly #sleepers = new Set<Sleeper>();
  readonly #events: { readonly at: number; readonly action: () => void }[] = [];
  #at: number;

  /**
   * @param workers how many wait at most at one time; each has one wait at a time
   * @param onChange is told of each moment, before whoever waited for it
   */
  constructor(start: string, workers: number, onChange: (at: Date) => void = () => {}) {
    this.#at = Date.parse(start);
    this.#workers = workers;
    this.#onChange = onChange;
  }

  /** Does something at a moment, before whoever waits for that moment. */
  when(text: string, action: () => void): void {
    this.#events.push({ at: Date.parse(text), action });
    this.#events.sort((a, b) => a.at - b.at);
  }

  /** Sets the clock, as a machine that slept finds it, or somebody who corrects it. */
  jump(text: string): void {
    this.#at = Date.parse(text);
    this.#onChange(this.now());
  }

  readonly sleep: Sleep = (seconds, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const end = (): void => {
        this.#sleepers.delete(sleeper);
        signal?.removeEventListener("abort", abort);
      };
      const abort = (): void => {
        end();
        reject(signal?.reason);
      };
      const wake = (): void => {
        end();
        resolve();
      };
      const sleeper: Sleeper = { until: this.#at + seconds * 1000, wake };
      this.#sleepers.add(sleeper);
      signal?.addEventListener("abort", abort);
      if (this.#sleepers.size === this.#workers) this.#goOn();
    });

  #goOn(): void {
    const next = [...this.#sleepers].reduce((a, b) => b.until < a.until ? b : a);
    for (;;) {
      const [event] = this.#events;
      if (event === undefined || event.at > next.until) break;
      this.#events.shift();
      this.#at = Math.max(this.#at, event.at);
      this.#onChange(this.now());
      event.action();
      if (!this.#sleepers.has(next)) return;
    }
    // after a jump a wait is over when its time is, however late that is by the clock
    this.#at = Math.max(this.#at, next.until);
    this.#onChange(this.now());
    next.wake();
  }
}
