/**
 * Keeps certificates fresh until it is told to stop. What is due is computed anew each time from the files and the wall clock, so
 * that neither a clock that jumps, nor a machine that slept, nor files that somebody changed by hand need to be noticed.
 * @module
 */
import type { Now, Sleep } from "../ports.ts";
import type { Keeper, Tended } from "./keeper.ts";
import { lifetimeOf } from "./renewal_time.ts";

/** How to keep them. */
export interface KeepFreshOptions {
  /** How to wait. */
  readonly sleep: Sleep;
  /** The clock. */
  readonly now: Now;
  /** Ends it; what is under way is left as a crash would leave it, for the next run to finish. */
  readonly signal: AbortSignal;
  /** Called after each look, for a watchdog. */
  readonly onLook?: (tended: Tended) => void;
}

/** Longest time between two looks, and between two questions for the CA; shorter for short lifetimes. */
const LOOK_SECONDS = 60;
const CA_SECONDS = 3600;
const LEAST_PAUSE_SECONDS = 0.2;
const DAY_SECONDS = 86_400;

/** Looks after each certificate by itself, so that one that cannot be renewed holds up no other. Ends once the signal is aborted. */
export async function keepFresh(keepers: readonly Keeper[], options: KeepFreshOptions): Promise<void> {
  await Promise.all(keepers.map((keeper) => keepOne(keeper, options)));
}

async function keepOne(keeper: Keeper, { sleep, now, signal, onLook }: KeepFreshOptions): Promise<void> {
  let lifetime = DAY_SECONDS;
  let askedAt: Date | undefined;
  try {
    while (!signal.aborted) {
      const asksCa = isTimeToAsk(askedAt, now(), lifetime);
      const tended = await underOwnSignal(signal, (signal) => keeper.tend({ asksCa, signal }));
      onLook?.(tended);
      const { look: { pair }, nextAt } = tended;
      if (pair !== undefined) lifetime = lifetimeOf(pair.certificate);
      if (asksCa) askedAt = now();
      const until = (nextAt.getTime() - now().getTime()) / 1000;
      await sleep(Math.max(Math.min(until, LOOK_SECONDS, lifetime / 20), LEAST_PAUSE_SECONDS), signal);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

/** Gives each look a signal of its own: requests listen to theirs until they are collected, and the whole process's lives for months. */
async function underOwnSignal<T>(signal: AbortSignal, action: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const abort = (): void => controller.abort(signal.reason);
  signal.addEventListener("abort", abort);
  try {
    return await action(controller.signal);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

/** A clock that was set back is no reason never to ask. */
function isTimeToAsk(askedAt: Date | undefined, now: Date, lifetimeSeconds: number): boolean {
  if (askedAt === undefined) return true;
  const passed = Math.abs(now.getTime() - askedAt.getTime()) / 1000;
  return passed >= Math.min(CA_SECONDS, lifetimeSeconds / 10);
}
