/** Longest text, in UTF-16 units; longer ones end with `…`. */
const MAX_TEXT = 1024;
/** Most items of a list; the last one says how many more there were. */
const MAX_ITEMS = 128;

/**
 * How much of what strangers send goes into one line: so many UTF-16 units in all. What comes first has first call on it, so
 * that a long list cannot push out what stands before it.
 */
export class Bounds {
  #left: number;

  constructor(units: number) {
    this.#left = units;
  }

  /** The text, or its beginning and `…`. */
  text(text: string, longest: number = MAX_TEXT): string {
    const length = Math.min(longest, this.#left);
    if (text.length <= length) {
      this.#left -= text.length;
      return text;
    }
    this.#left -= length;
    return `${text.slice(0, length)}…`;
  }

  /** The items that there is room for; the last one says how many are left out. */
  list(items: readonly string[]): string[] {
    const kept: string[] = [];
    for (const item of items) {
      if (kept.length === MAX_ITEMS || this.#left === 0) return [...kept, `… ${items.length - kept.length} more`];
      kept.push(this.text(item));
    }
    return kept;
  }

  /** The members that there is room for; the last one says how many are left out. */
  lists(members: Readonly<Record<string, readonly string[]>>): Record<string, string[]> {
    const entries = Object.entries(members);
    const kept: [string, string[]][] = [];
    for (const [key, items] of entries) {
      if (kept.length === MAX_ITEMS || this.#left === 0) {
        kept.push(["…", [`${entries.length - kept.length} more`]]);
        break;
      }
      kept.push([this.text(key), this.list(items)]);
    }
    // unlike assignments, this makes a member of "__proto__" as well
    return Object.fromEntries(kept);
  }
}
