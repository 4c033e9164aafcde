/**
 * The signer as a library: a fetch handler over a CA, profiles, a store and authenticators.
 * @module
 */
export { type Authenticator, firstOf } from "../auth/authenticator.ts";
export { tokenAuthenticator, type TokenEntry } from "../auth/token.ts";
export type { Identity } from "../identity.ts";
export type { Files, FileStat, Handler, Log, LogLevel, Now, Random, RequestInfo } from "../ports.ts";
export { DirectoryStore } from "../store/directory.ts";
export { MemoryStore } from "../store/memory.ts";
export type { Entry, Store } from "../store/store.ts";
export { createSigner, type Signer, type SignerOptions } from "./create_signer.ts";
export type { Issuers } from "./judge.ts";
