/** What the suites of stores keep: a first line with revision and name, which a store may read back, and then anything. */
import * as assert from "uvu/assert";
import type { Describe } from "../../src/store/entry_files.ts";
import type { Store, StoreEvent, TextAt } from "../../src/store/store.ts";

/** A text of an entry. */
export function textOf(name: string, body: string): TextAt {
  return (revision) => `${revision} ${JSON.stringify(name)}\n${body}`;
}

/** What the first line says. */
export const describe: Describe = (text) => {
  const [, revision, name] = /^(\d+) ("[^\n]*")\n/.exec(text) ?? [];
  if (revision === undefined || name === undefined) return { name: undefined, revision: undefined };
  return { name: JSON.parse(name) as string, revision: Number(revision) };
};

/** All but the first line. */
export function bodyOf(text: string | undefined): string | undefined {
  return text?.slice(text.indexOf("\n") + 1);
}

/** One line for an event: type, name, revision, and the bodies before and after. */
export function lineOf({ type, entry, previous }: StoreEvent): string {
  return `${type} ${entry.name} ${entry.revision}: ${bodyOf(previous)} -> ${bodyOf(entry.text)}`;
}

/** The next so many events after a revision. */
export async function eventsAfter(store: Store, after: number, count: number): Promise<StoreEvent[]> {
  const events: StoreEvent[] = [];
  if (count === 0) return events;
  for await (const event of store.watch(after, new AbortController().signal)) {
    events.push(event);
    if (events.length === count) break;
  }
  return events;
}

/** What is there, plain and of some kinds, each name with its body. */
export async function contentOf(
  store: Store,
  kinds: readonly string[] = [],
): Promise<Record<string, string | undefined>> {
  const entries = [];
  for (const kind of [undefined, ...kinds]) {
    entries.push(...(await store.list(kind === undefined ? {} : { kind })).entries);
  }
  return Object.fromEntries(entries.map(({ name, text }) => [name, bodyOf(text)]));
}

/** Fails where one of many did, and where not exactly one of them succeeded says so. */
export function theOneOf<T>(results: readonly PromiseSettledResult<T>[]): T {
  const kept = results.flatMap((result) => result.status === "fulfilled" ? [result.value] : []);
  const [one, ...more] = kept;
  assert.is(more.length, 0, "one succeeds");
  if (one === undefined) throw new Error("none succeeded");
  return one;
}

/** Numbers that only look random: the same each time. */
export function seeded(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return (state >> 8) % below;
  };
}
