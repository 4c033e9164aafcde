/** Runs tasks of one key one after the other, and tasks of different keys at the same time. */
export class KeyedLock {
  readonly #tails = new Map<string, Promise<unknown>>();

  /** Runs a task once all earlier ones of this key have ended, however they ended. */
  async run<T>(key: string, task: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(key) ?? Promise.resolve();
    const result = before.then(task, task);
    const tail = result.catch(() => {});
    this.#tails.set(key, tail);
    try {
      return await result;
    } finally {
      if (this.#tails.get(key) === tail) this.#tails.delete(key);
    }
  }
}
