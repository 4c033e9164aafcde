/**
 * Which of many failures in a row are said: a signer that is down for days costs a few lines, and none of them is the only one.
 * @module
 */
import type { Log } from "../ports.ts";

/** So often a failure that goes on is said again. */
const AGAIN_SECONDS = 3600;

/** The failures in a row of one certificate, since this process began. */
export class Repeats {
  #count = 0;
  #code: string | undefined;
  #toldAt: Date | undefined;

  /** A log for the next try: it says what a try says the 1st, 2nd, 4th, 8th time, and at `debug` what is no error at any other. */
  logOf(log: Log): Log {
    const isTold = isPowerOfTwo(this.#count + 1);
    return (level, message, facts) => log(isTold || level === "error" ? level : "debug", message, facts);
  }

  /**
   * Counts a failure.
   * @returns whether it is said: the 1st, 2nd, 4th, 8th; one that is another than the last; and one an hour
   */
  failed(code: string, at: Date): boolean {
    this.#count++;
    const passed = this.#toldAt === undefined ? Infinity : (at.getTime() - this.#toldAt.getTime()) / 1000;
    // a clock that was set back keeps nothing secret
    const isTold = isPowerOfTwo(this.#count) || code !== this.#code || passed < 0 || passed >= AGAIN_SECONDS;
    this.#code = code;
    if (isTold) this.#toldAt = at;
    return isTold;
  }

  /** It went well. */
  clear(): void {
    this.#count = 0;
    this.#code = undefined;
    this.#toldAt = undefined;
  }
}

function isPowerOfTwo(count: number): boolean {
  return Number.isInteger(Math.log2(count));
}
