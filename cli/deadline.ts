import { CertgenError } from "../src/errors.ts";
import type { Runtime } from "../src/ports.ts";

/** Above it, a timer would fire at once (2^31 - 1 milliseconds). */
const LONGEST_TIMER_SECONDS = 2_147_483;

/**
 * A signal that is aborted when the time is up (0: never) or the program is told to stop.
 * @returns the signal, and what stops the waiting for either
 */
export function abortOn(timeoutSeconds: number, runtime: Runtime): { signal: AbortSignal; cancel: () => void } {
  const controller = new AbortController();
  const timedOut = (): void =>
    controller.abort(
      new CertgenError(
        "timed-out",
        `No certificate within ${timeoutSeconds} s: the request is kept, and the next run goes on with it`,
      ),
    );
  const timer = timeoutSeconds > 0
    ? setTimeout(timedOut, Math.min(timeoutSeconds, LONGEST_TIMER_SECONDS) * 1000)
    : undefined;
  const forget = runtime.onStopSignal((name) =>
    controller.abort(
      new CertgenError("unavailable", `Interrupted by ${name}: the request is kept, and the next run goes on with it`),
    )
  );
  return {
    signal: controller.signal,
    cancel: () => {
      clearTimeout(timer);
      forget();
    },
  };
}
