/**
 * How much each identity has in the store. Counted anew at each sweep, and kept up with what changes between and meanwhile.
 * @module
 */
import { CertgenError } from "../errors.ts";
import type { CertificateSigningRequest } from "../k8s/certificate_signing_request.ts";
import { compareNames } from "../object_name.ts";
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

/** Counts by identity. */
export class Usage {
  #kept = new Counts();
  /** What is about to be kept. */
  readonly #reserved = new Counts();
  #recount: Recount | undefined;

  /** Counts a change: `undefined` where there was, or is, nothing. */
  change(before: Counted | undefined, after: Counted | undefined): void {
    const name = (after ?? before)?.object.metadata.name ?? "";
    this.#kept.change(before, after);
    if (this.#recount === undefined) return;
    if (compareNames(name, this.#recount.passed) <= 0) this.#recount.counts.change(before, after);
    else this.#recount.meanwhile.set(name, after);
  }

  /** Begins to count everything anew. */
  startRecount(): void {
    this.#recount = { counts: new Counts(), passed: "", meanwhile: new Map() };
  }

  /**
   * Counts a part of everything, in the order of names, as it was read just now.
   * @param last the last name of that part
   */
  recount(part: readonly Counted[], last: string): void {
    if (this.#recount === undefined) return;
    const { counts, meanwhile } = this.#recount;
    for (const one of part) if (!meanwhile.has(one.object.metadata.name)) counts.change(undefined, one);
    for (const [name, after] of meanwhile) {
      if (compareNames(name, last) > 0) continue;
      counts.change(undefined, after);
      meanwhile.delete(name);
    }
    this.#recount.passed = last;
  }

  /** Takes over what was counted. */
  endRecount(): void {
    if (this.#recount === undefined) return;
    const { counts, meanwhile } = this.#recount;
    for (const after of meanwhile.values()) counts.change(undefined, after);
    this.#kept = counts;
    this.#recount = undefined;
  }

  /**
   * Counts an object that is about to be kept, where its owner may have one more. Those that wait for a decision keep nobody
   * from one that is decided at once.
   *
   * @param present is to be replaced by it
   * @returns takes the reservation back: once the object is kept and counted, or is not to be
   * @throws CertgenError `too-many-requests`
   */
  reserve(object: CertificateSigningRequest, limits: UsageLimits, present?: Counted): () => void {
    const { username } = object.spec;
    const [kept, reserved] = [this.#kept.of(username), this.#reserved.of(username)];
    const freed = present?.length ?? 0;
    const what = present === undefined && isPending(object) && kept.pending + reserved.pending >= limits.pending
      ? `${limits.pending} requests of it wait for a decision`
      : kept.length + reserved.length - freed >= limits.length
      ? `its requests take ${limits.length} characters`
      : undefined;
    if (what !== undefined) {
      throw new CertgenError(
        "too-many-requests",
        `User ${JSON.stringify(username)} has as much as it may: ${what}; an administrator can delete some`,
      );
    }
    const one = { object, length: object.spec.request.length };
    this.#reserved.change(undefined, one);
    return () => this.#reserved.change(one, undefined);
  }
}

/** A count under way, in the order of names. */
interface Recount {
  readonly counts: Counts;
  /** Everything up to this name is counted. */
  passed: string;
  /** What has changed beyond it, as it is now: what is read there may be from before. */
  readonly meanwhile: Map<string, Counted | undefined>;
}

interface Count {
  readonly pending: number;
  readonly length: number;
}

const NONE: Count = { pending: 0, length: 0 };

/** Sums by user name; who has nothing takes no place. */
class Counts {
  readonly #counts = new Map<string, Count>();

  of(username: string): Count {
    return this.#counts.get(username) ?? NONE;
  }

  change(before: Counted | undefined, after: Counted | undefined): void {
    if (before !== undefined) this.#add(before, -1);
    if (after !== undefined) this.#add(after, 1);
  }

  #add({ object, length }: Counted, sign: 1 | -1): void {
    const { username } = object.spec;
    const count = this.of(username);
    const next = { pending: count.pending + (isPending(object) ? sign : 0), length: count.length + sign * length };
    if (next.length > 0) this.#counts.set(username, next);
    else this.#counts.delete(username);
  }
}
