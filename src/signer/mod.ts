/**
 * The signer as a library: a fetch handler over a CA, profiles, a store and authenticators.
 * @module
 */
export { type Authenticator, firstOf } from "../auth/authenticator.ts";
export { tokenAuthenticator, type TokenEntry } from "../auth/token.ts";
export type { Identity } from "../identity.ts";
export type { Files, FileStat, Handler, Log, LogLevel, Now, Random, RequestInfo, Sleep } from "../ports.ts";
export { openDirectory } from "../requests/directory.ts";
export type { Issuers } from "../requests/judge.ts";
export type { Approval } from "../requests/signing.ts";
export type { Retention } from "../requests/sweep.ts";
export type { UsageLimits } from "../requests/usage.ts";
export { MemoryStore } from "../store/memory.ts";
export type { Entry, Listing, ListOptions, Store, StoreEvent, TextAt } from "../store/store.ts";
export { createSigner, type Signer, type SignerOptions } from "./create_signer.ts";
