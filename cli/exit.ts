import { CertgenError } from "../src/errors.ts";

/** What the programs exit with. */
export const EXIT: Readonly<{ done: 0; failed: 1; usage: 2; denied: 3; timedOut: 4 }> = Object.freeze({
  done: 0,
  failed: 1,
  usage: 2,
  denied: 3,
  timedOut: 4,
});

/** A command line that asks for something certgen does not do; its message is one line that names the flag. */
export class UsageError extends Error {
  override readonly name: string = "UsageError";
}

/** The exit code for whatever a command threw. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof UsageError) return EXIT.usage;
  if (error instanceof CertgenError && error.code === "denied") return EXIT.denied;
  if (error instanceof CertgenError && error.code === "timed-out") return EXIT.timedOut;
  return EXIT.failed;
}
