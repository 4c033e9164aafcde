/** Fakes of the ports: files in memory that can fail, a clock that stands, random octets that count, waits that pass at once. */
import * as assert from "uvu/assert";
import { CertgenError, type ErrorCode } from "../src/errors.ts";
import type { Fetch, Handler, Log, LogLevel, Now, Random, Sleep } from "../src/ports.ts";

/** The moment at which tests happen. */
export const MOMENT = "2026-03-01T12:00:00Z";

/** A clock that stands, and can be set. */
export function fakeClock(text: string = MOMENT): { now: Now; set: (text: string) => void } {
  let moment = text;
  return { now: () => new Date(moment), set: (other) => void (moment = other) };
}

/** Random octets that are not: each call gives other ones, and every run the same. */
export function countingRandom(start = 1): Random {
  let call = start;
  return (length) => {
    const value = call++;
    return Uint8Array.from({ length }, (_, i) => (value * 31 + i * 7 + (value >> 8)) & 0xff);
  };
}

/** The same octet, always. */
export function fixedRandom(octet: number): Random {
  return (length) => new Uint8Array(length).fill(octet);
}

/** Waits that pass at once, and how long they would have been. */
export function fakeSleep(before: (seconds: number) => void = () => {}): { sleep: Sleep; pauses: number[] } {
  const pauses: number[] = [];
  return {
    pauses,
    sleep: async (seconds, signal) => {
      await Promise.resolve();
      signal?.throwIfAborted();
      pauses.push(seconds);
      before(seconds);
      signal?.throwIfAborted();
    },
  };
}

/** One log line. */
export interface LogLine {
  readonly level: LogLevel;
  readonly message: string;
  readonly facts: Readonly<Record<string, unknown>>;
}

/** A log that keeps its lines. */
export function fakeLog(): { log: Log; lines: LogLine[] } {
  const lines: LogLine[] = [];
  return { lines, log: (level, message, facts = {}) => void lines.push({ level, message, facts }) };
}

/** A request that a fake fetch saw. */
export interface SentRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Headers;
  readonly body: string;
}

/** A `fetch` that hands every request to a handler in this process, and what it was sent. */
export function fakeFetch(handler: Handler): { fetch: Fetch; sent: SentRequest[] } {
  const sent: SentRequest[] = [];
  const fetch: Fetch = async (request) => {
    request.signal.throwIfAborted();
    const body = await request.clone().text();
    const { pathname, search } = new URL(request.url);
    sent.push({ method: request.method, path: pathname + search, headers: request.headers, body });
    return await handler(request);
  };
  return { fetch, sent };
}

/** The `CertgenError` that a promise rejects with; fails where it does not, or where the code is another. */
export async function rejection(code: ErrorCode, promise: Promise<unknown>): Promise<CertgenError> {
  const error: unknown = await promise.then(() => undefined, (error: unknown) => error);
  assert.ok(error !== undefined, `nothing was thrown, ${code} was expected`);
  if (!(error instanceof CertgenError)) throw error;
  assert.is(error.code, code, error.message);
  return error;
}

/** The same for what a function throws. */
export function thrown(code: ErrorCode, action: () => unknown): CertgenError {
  try {
    action();
  } catch (error) {
    if (!(error instanceof CertgenError)) throw error;
    assert.is(error.code, code, error.message);
    return error;
  }
  throw new Error(`nothing was thrown, ${code} was expected`);
}
