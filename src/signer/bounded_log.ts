import { FailureBudget } from "../auth/failure_budget.ts";
import type { Log, LogLevel, Now } from "../ports.ts";

/** What it stands on. */
export interface BoundedLogOptions {
  readonly log: Log;
  readonly level: LogLevel;
  /** What all its lines say. */
  readonly message: string;
  readonly now: Now;
}

/** Lines that anybody can cause: a few a minute, each with how many were not said since the one before it. */
export class BoundedLog {
  readonly #options: BoundedLogOptions;
  readonly #budget: FailureBudget;

  constructor(options: BoundedLogOptions) {
    this.#options = options;
    this.#budget = new FailureBudget(options);
  }

  /** Says a line, if there were few; whether it did. */
  say(facts: Readonly<Record<string, unknown>>): boolean {
    const line = this.#budget.count();
    if (line === undefined) return false;
    this.#say({ ...facts, ...line });
    return true;
  }

  /** Says how many were not said, if any: now and then and at the end, since after a flood no other line may come. */
  rest(): void {
    const line = this.#budget.rest();
    if (line !== undefined) this.#say({ ...line });
  }

  #say(facts: Readonly<Record<string, unknown>>): void {
    const { log, level, message } = this.#options;
    log(level, message, facts);
  }
}
