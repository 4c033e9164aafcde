/**
 * Where the signer keeps its objects. A store knows nothing of what it keeps: an entry is text under a name, with a
 * version that changes at each write.
 * @module
 */
import { CertgenError } from "../errors.ts";
import { nameFault } from "../object_name.ts";

/** What is kept under one name. */
export interface Entry {
  /** The text, as it was written. */
  readonly text: string;
  /** Opaque; another one after each write of another text. */
  readonly version: string;
}

/**
 * A store. What it has answered it has kept: whole, and through a crash as far as its medium goes. Every implementation
 * passes the suite in `test/contract/store.ts`.
 */
export interface Store {
  /**
   * Keeps a new entry; of several at once under one name exactly one succeeds.
   * @throws CertgenError `already-exists`; `io` where it cannot be kept, and then it is not
   */
  create(name: string, text: string): Promise<Entry>;
  /**
   * The entry, or `undefined` where there is none.
   * @throws CertgenError `io` where it cannot be read
   */
  get(name: string): Promise<Entry | undefined>;
  /**
   * Replaces an entry that is still at a version.
   * @throws CertgenError `not-found`, or `conflict` where it is at another version; `io` where it cannot be kept
   */
  update(name: string, text: string, version: string): Promise<Entry>;
}

/** Refuses what is no name. The signer checks names before; this is the store's own last line. */
export function checkName(name: string): void {
  const fault = nameFault(name);
  if (fault !== undefined) {
    throw new CertgenError("unsafe-path", `Cannot store under ${JSON.stringify(name.slice(0, 300))}: name ${fault}`);
  }
}

/** The error for a name that is taken. */
export function alreadyExists(name: string): CertgenError {
  return new CertgenError("already-exists", `${JSON.stringify(name)} already exists`);
}

/** The error for an update that came too late. */
export function conflict(name: string): CertgenError {
  return new CertgenError(
    "conflict",
    `${JSON.stringify(name)} has been modified; read it again and apply the change to what is there now`,
  );
}

/** The error for an update of nothing. */
export function notFound(name: string): CertgenError {
  return new CertgenError("not-found", `${JSON.stringify(name)} not found`);
}
