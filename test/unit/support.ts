/** Helpers of the core's unit tests. */
import * as assert from "uvu/assert";
import { type Bytes, fromHex } from "../../src/bytes.ts";
import { CertgenError, type ErrorCode } from "../../src/errors.ts";
import type { Random } from "../../src/ports.ts";

/** Bytes of hexadecimal digits; white space between them is for the eye. */
export function hex(text: string): Bytes {
  return fromHex(text.replaceAll(/\s/g, ""));
}

/** A copy of bytes with some replaced at an offset; a negative offset counts from the end. */
export function patched(bytes: Uint8Array, offset: number, ...values: readonly number[]): Bytes {
  const copy = new Uint8Array(bytes);
  copy.set(values, offset < 0 ? bytes.length + offset : offset);
  return copy;
}

/** Where bytes stand in others; fails where they do not. */
export function indexOf(bytes: Uint8Array, part: Uint8Array): number {
  for (let at = 0; at + part.length <= bytes.length; at++) {
    if (part.every((octet, i) => bytes[at + i] === octet)) return at;
  }
  throw new Error("the bytes are not in there");
}

/** Bytes with the one place that holds `from` holding `to` of the same length. */
export function replaced(bytes: Uint8Array, from: Uint8Array, to: Uint8Array): Bytes {
  assert.is(from.length, to.length, "lengths differ");
  return patched(bytes, indexOf(bytes, from), ...to);
}

/** The `CertgenError` that an action throws; fails where it throws none, or one with another code. */
export function faultOf(code: ErrorCode, action: () => unknown): CertgenError {
  try {
    action();
  } catch (error) {
    return checked(code, error);
  }
  throw new assert.Assertion({
    message: `nothing was thrown, ${code} was expected`,
    operator: "faultOf",
    expects: code,
    actual: "",
    details: "",
    generated: false,
  });
}

/** The same for a promise. */
export async function rejectionOf(code: ErrorCode, promise: Promise<unknown>): Promise<CertgenError> {
  const error: unknown = await promise.then(() => undefined, (error: unknown) => error);
  assert.ok(error !== undefined, `nothing was thrown, ${code} was expected`);
  return checked(code, error);
}

/** What a promise rejects with where that must be the caller's mistake. */
export async function typeErrorOf(promise: Promise<unknown>): Promise<TypeError> {
  const error: unknown = await promise.then(() => undefined, (error: unknown) => error);
  assert.instance(error, TypeError);
  return error as TypeError;
}

function checked(code: ErrorCode, error: unknown): CertgenError {
  if (!(error instanceof CertgenError)) throw error;
  assert.is(error.code, code, error.message);
  return error;
}

/** A clock that stands. */
export function clockAt(text: string): () => Date {
  return () => new Date(text);
}

/** Random octets that are not: 1, 2, 3, …; another start gives other ones. */
export function fakeRandom(start = 1): Random {
  return (length) => Uint8Array.from({ length }, (_, i) => (start + i) & 0xff);
}
