import { CertgenError } from "../src/errors.ts";

/** What the programs exit with. */
export const EXIT: Readonly<
  { done: 0; failed: 1; usage: 2; denied: 3; timedOut: 4; forked: 5; due: 10; missing: 11 }
> = Object.freeze({
  done: 0,
  failed: 1,
  usage: 2,
  denied: 3,
  timedOut: 4,
  forked: 5,
  due: 10,
  missing: 11,
});

const BY_CODE: ReadonlyMap<string, number> = new Map([
  ["denied", EXIT.denied],
  ["timed-out", EXIT.timedOut],
  ["forked", EXIT.forked],
]);

/** A command line that asks for something certgen does not do; its message is one line that names the flag. */
export class UsageError extends Error {
  override readonly name: string = "UsageError";
}

/** The exit code for whatever a command threw. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof UsageError) return EXIT.usage;
  return error instanceof CertgenError ? exitCodeFor(error.code) : EXIT.failed;
}

/** The exit code for a `CertgenError` of a code. */
export function exitCodeFor(code: string): number {
  return BY_CODE.get(code) ?? EXIT.failed;
}
