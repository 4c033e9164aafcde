/**
 * How much each identity has in the store. Counted anew at each sweep, and kept up with what changes between.
 * @module
 */
import { CertgenError } from "../errors.ts";
import type { CertificateSigningRequest } from "../k8s/certificate_signing_request.ts";
import { isPending } from "./object.ts";

/** What one identity may have in the store. */
export interface UsageLimits {
  /** Requests that wait for a decision. */
  readonly pending: number;
  /** Characters of all its requests. */
  readonly length: number;
}

/** What is counted of an object in the store. */
interface Counted {
  readonly object: CertificateSigningRequest;
  readonly length: number;
}

interface Count {
  pending: number;
  length: number;
}

/** Counts by identity. */
export class Usage {
  #counts = new Map<string, Count>();

  /** Takes over what a sweep has counted. */
  replace(objects: Usage): void {
    this.#counts = objects.#counts;
  }

  /** Counts a change: `undefined` where there was, or is, nothing. */
  change(before: Counted | undefined, after: Counted | undefined): void {
    if (before !== undefined) this.#add(before, -1);
    if (after !== undefined) this.#add(after, 1);
  }

  /**
   * Whether an identity may have one more. Those that wait keep nobody from one that is decided at once.
   * @param isWaiting whether the one more is to wait for a decision
   * @throws CertgenError `too-many-requests`
   */
  check(username: string, limits: UsageLimits, isWaiting: boolean): void {
    const { pending, length } = this.#counts.get(username) ?? { pending: 0, length: 0 };
    const what = isWaiting && pending >= limits.pending
      ? `${limits.pending} requests of it wait for a decision`
      : length >= limits.length
      ? `its requests take ${limits.length} characters`
      : undefined;
    if (what === undefined) return;
    throw new CertgenError(
      "too-many-requests",
      `User ${JSON.stringify(username)} has as much as it may: ${what}; an administrator can delete some`,
    );
  }

  #add({ object, length }: Counted, sign: 1 | -1): void {
    const { username } = object.spec;
    const count = this.#counts.get(username) ?? { pending: 0, length: 0 };
    count.length += sign * length;
    count.pending += isPending(object) ? sign : 0;
    if (count.length > 0) this.#counts.set(username, count);
    else this.#counts.delete(username);
  }
}
