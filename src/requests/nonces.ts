/**
 * The nonces of proofs of possession: each is taken once, also after a restart.
 * @module
 */
import { CertgenError } from "../errors.ts";
import type { Entry, Store } from "../store/store.ts";
import { stateName, stateText, unreadable } from "./state.ts";

/** In seconds since 1970, with zeros before it, so that entries sort by it and those that are over come first. */
const END_DIGITS = 12;
const NAME = new RegExp(`^nonce/(\\d{${END_DIGITS}})-`);

/**
 * Takes a nonce.
 *
 * @param until when nobody can present it any more: the same whenever it is presented, since it is part of the entry's name
 * @returns whether it was there to be taken; once that is answered it is on disk
 * @throws CertgenError `io`
 */
export async function takeNonce(store: Store, nonce: string, until: Date): Promise<boolean> {
  const seconds = Math.ceil(until.getTime() / 1000);
  if (!(seconds >= 0 && seconds < 10 ** END_DIGITS)) throw new TypeError("a nonce ends at no moment");
  const name = `${String(seconds).padStart(END_DIGITS, "0")}-${nonce}`;
  try {
    await store.create(stateName("nonce", name), stateText("nonce", name, {}));
    return true;
  } catch (error) {
    if (error instanceof CertgenError && error.code === "already-exists") return false;
    throw error;
  }
}

/**
 * When an entry of a nonce may go, in whole seconds, never before the moment that was said.
 * @throws CertgenError `io` where its name does not say it
 */
export function nonceEnd({ name }: Entry): Date {
  const [, seconds] = NAME.exec(name) ?? [];
  if (seconds === undefined) throw unreadable(name);
  return new Date(Number(seconds) * 1000);
}
