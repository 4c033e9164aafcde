/** Time that passes when a test says so. */
import type { Sleep } from "../src/ports.ts";

/** Waits that end when the test lets their time pass. */
export interface FakeTimers {
  readonly sleep: Sleep;
  /** Lets time pass, and ends what is due, one wait after the other. */
  readonly advance: (seconds: number) => Promise<void>;
  /** How long each wait that goes on was to be, in seconds. */
  readonly waits: () => number[];
}

/** A wait that goes on. */
interface Wait {
  readonly at: number;
  readonly seconds: number;
  readonly end: () => void;
}

/** Makes some. */
export function fakeTimers(): FakeTimers {
  const waits = new Set<Wait>();
  let now = 0;
  const sleep: Sleep = (seconds, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const abort = (): void => {
        waits.delete(wait);
        reject(signal?.reason);
      };
      const end = (): void => {
        signal?.removeEventListener("abort", abort);
        waits.delete(wait);
        resolve();
      };
      const wait: Wait = { at: now + seconds, seconds, end };
      waits.add(wait);
      signal?.addEventListener("abort", abort, { once: true });
    });
  const advance = async (seconds: number): Promise<void> => {
    const until = now + seconds;
    for (;;) {
      const [next] = [...waits].filter(({ at }) => at <= until).sort((a, b) => a.at - b.at);
      if (next === undefined) break;
      now = next.at;
      next.end();
      await settled();
    }
    now = until;
  };
  return { sleep, advance, waits: () => [...waits].map(({ seconds }) => seconds) };
}

/** Lets everything go on that waits for nothing but its turn. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await Promise.resolve();
}
