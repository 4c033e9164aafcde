import { test } from "uvu";
import * as assert from "uvu/assert";
import { abortOn } from "../../../cli/deadline.ts";
import { CertgenError } from "../../../src/errors.ts";
import { fakeRuntime } from "../../command.ts";

/** A runtime that is told to stop, and how many listen for that. */
function stoppable(): {
  runtime: ReturnType<typeof fakeRuntime>["runtime"];
  stop: () => void;
  listeners: Set<unknown>;
} {
  const listeners = new Set<(signal: string) => void>();
  const { runtime } = fakeRuntime({
    onStopSignal: (listener) => {
      listeners.add(listener as (signal: string) => void);
      return () => void listeners.delete(listener as (signal: string) => void);
    },
  });
  return { runtime, stop: () => listeners.forEach((listener) => listener("SIGTERM")), listeners };
}

const aborted = (signal: AbortSignal): Promise<unknown> =>
  new Promise((resolve) => signal.addEventListener("abort", () => resolve(signal.reason)));

test("abortOn: when the time is up the reason is timed-out, and says what becomes of the request", async () => {
  const { runtime } = stoppable();
  const { signal, cancel } = abortOn(0.001, runtime);
  const reason = await aborted(signal);
  cancel();
  assert.ok(reason instanceof CertgenError && reason.code === "timed-out");
  assert.match(String(reason), "No certificate within 0.001 s: the request is kept, and the next run goes on with it");
});

test("abortOn: a stop signal is named, and is no time that is up", () => {
  const { runtime, stop } = stoppable();
  const { signal, cancel } = abortOn(0, runtime);
  assert.not(signal.aborted);
  stop();
  assert.ok(signal.aborted && signal.reason instanceof CertgenError && signal.reason.code === "unavailable");
  assert.match(signal.reason.message, /^Interrupted by SIGTERM: /);
  cancel();
});

test("abortOn: once it is cancelled nothing is listened for, and no timer holds the process", async () => {
  const { runtime, listeners } = stoppable();
  const { signal, cancel } = abortOn(0.001, runtime);
  assert.is(listeners.size, 1);
  cancel();
  assert.is(listeners.size, 0);
  // another timer, set later for the same time, has fired by then
  const { signal: later } = abortOn(0.001, runtime);
  await aborted(later);
  assert.not(signal.aborted);
});

test.run();
