import type { Now } from "../ports.ts";

/** How often something may happen. */
export interface RateLimiterOptions {
  /** In the long run, each second: more than 0, and finite. */
  readonly perSecond: number;
  /** At once: 1 at least, and finite. */
  readonly burst: number;
  /** So many keys are told apart, 1 at least; 10,000 unless said. */
  readonly maxKeys?: number;
  /** The clock. */
  readonly now: Now;
}

/** What is left for a key, at a moment. */
interface Bucket {
  tokens: number;
  at: number;
}

const MAX_KEYS = 10_000;
/** So many keys are looked at for one that may be forgotten. */
const LOOKS = 8;
/** What is missing for a token because of rounding is no reason to wait a second. */
const ROUNDING = 1e-6;

/**
 * A token bucket for each key. Memory is bounded: when there are too many keys, those that have all their tokens again are
 * forgotten, and as long as there is none of them, new keys share one bucket. A key that is told apart later begins with what
 * is left in that one. So many keys never give anybody more, the key itself included.
 */
export class RateLimiter {
  readonly #options: RateLimiterOptions;
  /** Those that were not used, or looked at in vain, for longest come first. */
  readonly #buckets = new Map<string, Bucket>();
  readonly #shared: Bucket;

  /** @throws TypeError for a rate or a burst that would let nobody through or everybody, or no keys to tell apart */
  constructor(options: RateLimiterOptions) {
    const { perSecond, burst, maxKeys = MAX_KEYS } = options;
    if (!(perSecond > 0 && burst >= 1)) throw new TypeError("the rate or the burst lets nobody through");
    if (perSecond === Infinity || burst === Infinity) throw new TypeError("the rate or the burst is no limit");
    if (!(Number.isSafeInteger(maxKeys) && maxKeys >= 1)) throw new TypeError("maxKeys is no number of keys");
    this.#options = options;
    this.#shared = { tokens: options.burst, at: options.now().getTime() };
  }

  /** How many keys are told apart now. */
  get size(): number {
    return this.#buckets.size;
  }

  /** Takes one for a key: `undefined` where it may, else after how many whole seconds it may. */
  take(key: string): number | undefined {
    const now = this.#options.now().getTime();
    const bucket = this.#bucketOf(key, now);
    this.#fill(bucket, now);
    if (bucket.tokens >= 1 - ROUNDING) {
      bucket.tokens--;
      return undefined;
    }
    return Math.max(1, Math.ceil((1 - ROUNDING - bucket.tokens) / this.#options.perSecond));
  }

  #bucketOf(key: string, now: number): Bucket {
    let bucket = this.#buckets.get(key);
    if (bucket === undefined) {
      this.#fill(this.#shared, now);
      if (this.#buckets.size >= (this.#options.maxKeys ?? MAX_KEYS) && !this.#forget(now)) return this.#shared;
      bucket = { ...this.#shared };
    }
    this.#buckets.delete(key);
    this.#buckets.set(key, bucket);
    return bucket;
  }

  /** Forgets a key where that takes nothing back from it: one of the first, of which those that must stay come last then. */
  #forget(now: number): boolean {
    let looks = 0;
    for (const [key, bucket] of this.#buckets) {
      this.#fill(bucket, now);
      this.#buckets.delete(key);
      if (bucket.tokens >= this.#options.burst) return true;
      this.#buckets.set(key, bucket);
      if (++looks === LOOKS) return false;
    }
    return false;
  }

  #fill(bucket: Bucket, now: number): void {
    const { burst, perSecond } = this.#options;
    // a clock that was put back gives nothing
    const passed = Math.max(0, now - bucket.at) / 1000;
    bucket.tokens = Math.min(burst, bucket.tokens + passed * perSecond);
    bucket.at = now;
  }
}
