/**
 * One request to the API as it goes from hand to hand, and what all of them stand on.
 * @module
 */
import { CertgenError } from "../errors.ts";
import type { Identity } from "../identity.ts";
import { type AuthorizationMode, checkMayDo } from "../k8s/authorization.ts";
import type { ApiVersion } from "../k8s/certificate_signing_request.ts";
import { notSupported, refuse } from "../k8s/field.ts";
import { GROUP, RESOURCE } from "../k8s/status.ts";
import type { Subresource } from "../k8s/validation.ts";
import type { Log, Now, Random, Sleep } from "../ports.ts";
import type { Administration } from "../requests/administration.ts";
import type { Creation } from "../requests/creation.ts";
import type { Judge } from "../requests/judge.ts";
import type { Objects } from "../requests/objects.ts";
import type { Signing } from "../requests/signing.ts";
import type { Trace } from "../requests/trace.ts";
import type { Watches } from "./watches.ts";

/** What the API stands on. */
export interface Services {
  readonly judge: Judge;
  readonly objects: Objects;
  readonly creation: Creation;
  readonly signing: Signing;
  readonly administration: Administration;
  readonly watches: Watches;
  readonly mode: AuthorizationMode;
  /** Largest body taken, in bytes. */
  readonly maxBodyBytes: number;
  readonly now: Now;
  readonly random: Random;
  readonly sleep: Sleep;
  readonly log: Log;
}

/** A request about CertificateSigningRequests. */
export interface Call {
  readonly request: Request;
  readonly query: URLSearchParams;
  readonly identity: Identity;
  readonly version: ApiVersion;
  readonly subresource: Subresource;
  /** Whether the answer is for people. */
  readonly isPretty: boolean;
  readonly trace: Trace;
  /** The object that it is about; of a new one as soon as its name is known. */
  readonly subject: Subject;
}

/** What a request is about, for the Status of what goes wrong with it. */
export interface Subject {
  name: string | undefined;
}

/**
 * Refuses what an identity may not do.
 * @param isOwn whether the object was created by this identity
 * @throws CertgenError `forbidden`
 */
export function checkMay(verb: string, call: Call, { mode }: Services, isOwn = false): void {
  const { identity, subresource, subject: { name = "" } } = call;
  checkMayDo(identity, { verb, group: GROUP, resource: RESOURCE, subresource, name }, mode, isOwn);
}

/**
 * Whether nothing is to be kept.
 * @param values each of the parameter's
 * @throws CertgenError `invalid-object` of the options
 */
export function dryRunOf(values: readonly string[], kind: string): boolean {
  const faults = values.filter((value) => value !== "All").map((value) => notSupported("dryRun", value, ["All"]));
  refuse(faults, { group: "meta.k8s.io", kind });
  return values.length > 0;
}

/** The error for paths and names behind which nothing is. */
export function noSuchResource(): CertgenError {
  return new CertgenError("not-found", "the server could not find the requested resource", { causes: [] });
}
