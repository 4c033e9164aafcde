import type { Now, Sleep } from "./ports.ts";

/** The clock of the machine: the default of every option that is a clock, and the only place that reads it. */
export const systemNow: Now = () => new Date();

/** Longest wait that a timer takes (2^31 - 1 milliseconds, 24.8 days): above it, it would fire at once. */
const LONGEST_TIMER_SECONDS = 2_147_483;

/** The timers of the machine: waits so many seconds, however many; rejects with the signal's reason once that is aborted. */
export const systemSleep: Sleep = async (seconds, signal) => {
  let left = seconds;
  do {
    await wait(Math.min(left, LONGEST_TIMER_SECONDS), signal);
    left -= LONGEST_TIMER_SECONDS;
  } while (left > 0);
};

function wait(seconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const abort = (): void => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", abort);
      resolve();
    }, Math.max(0, seconds * 1000));
    signal?.addEventListener("abort", abort, { once: true });
  });
}
