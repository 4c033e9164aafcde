/**
 * How much work one question may cause. Rules come from the operator, and names, groups and claims from whoever asks: one
 * request after another that takes seconds would be the end of a signer.
 * @module
 */

/** Steps of a question, each of some 50 ns: what a thousand rules need for an identity of a hundred groups, with room. */
const MAX_STEPS = 300_000;
/** Steps for what decides nothing any more, and is for explanations alone. */
const MAX_ASIDE = 50_000;

/** A number of steps that may be made. */
export class Work {
  #left: number;

  /** Makes one. */
  constructor(steps: number = MAX_STEPS) {
    this.#left = steps;
  }

  /** Takes steps before they are made; whether they may be. Once it is too much, nothing more may. */
  spend(steps: number): boolean {
    if (this.#left < 0) return false;
    this.#left -= steps;
    return this.#left >= 0;
  }

  /** Whether it was too much: what came of it is not to be used. */
  get isSpent(): boolean {
    return this.#left < 0;
  }

  /** One for explanations. */
  static aside(): Work {
    return new Work(MAX_ASIDE);
  }
}
