/**
 * The signer as a library: a fetch handler over a CA, profiles, a store and authenticators.
 * @module
 */
export { type Authenticator, firstOf } from "../auth/authenticator.ts";
export { tokenAuthenticator, type TokenEntry } from "../auth/token.ts";
export type { Audit, AuditAction, AuditDecision, AuditEvent, AuditObject } from "../audit/entry.ts";
export type { Extra, Identity, Proof } from "../identity.ts";
export { defaultPolicy, openPolicy } from "../policy/default_policy.ts";
export { definePolicy } from "../policy/define_policy.ts";
export type {
  Answer,
  AskedSubject,
  Check,
  CheckName,
  Policy,
  Question,
  Renewal,
  RuleResult,
} from "../policy/question.ts";
export type { Allowance, RuleConfig } from "../policy/rule.ts";
export type { Who } from "../policy/who.ts";
export type { Files, FileStat, Handler, Log, LogLevel, Now, Random, RequestInfo, Sleep } from "../ports.ts";
export { openDirectory } from "../requests/directory.ts";
export type { Issuers } from "../requests/judge.ts";
export type { Approval } from "../requests/creation.ts";
export type { Retention } from "../requests/sweep.ts";
export type { UsageLimits } from "../requests/usage.ts";
export { MemoryStore } from "../store/memory.ts";
export type { Change, Entry, Listing, ListOptions, Store, StoreEvent, TextAt } from "../store/store.ts";
export type { RateLimits } from "./admission.ts";
export { createSigner, type Signer, type SignerOptions } from "./create_signer.ts";
