import * as assert from "uvu/assert";
import { CertgenError } from "../../src/errors.ts";
import type { ErrorCode } from "../../src/errors.ts";

/** The `CertgenError` that a promise rejects with; fails where it does not, or where the code is another. */
export async function fault(code: ErrorCode, promise: Promise<unknown>): Promise<CertgenError> {
  const error: unknown = await promise.then(() => undefined, (error: unknown) => error);
  assert.ok(error !== undefined, `nothing was thrown, ${code} was expected`);
  if (!(error instanceof CertgenError)) throw error;
  assert.is(error.code, code, error.message);
  return error;
}

/** A promise of what a function gives or throws, for {@link fault}. */
export function trying(action: () => unknown): Promise<unknown> {
  return new Promise((resolve) => resolve(action()));
}
