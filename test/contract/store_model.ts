import { test } from "uvu";
import * as assert from "uvu/assert";
import { CertgenError } from "../../src/errors.ts";
import { compareNames } from "../../src/object_name.ts";
import type { Change, Entry, Store } from "../../src/store/store.ts";
import { bodyOf, eventsAfter, seeded, textOf } from "./store_texts.ts";

const NAMES = ["a", "ab", "b:c", "\uff61", "\u{1f600}", "z".repeat(240), "token/a", `token/${"z".repeat(240)}`];

/** What a store must answer, kept in a Map. */
class Model {
  readonly entries = new Map<string, Entry>();
  readonly events: string[] = [];
  revision = 0;

  change(type: "create" | "update" | "delete", name: string, body: string, expected: number): Entry | string {
    const before = this.entries.get(name);
    if (type === "create" && before !== undefined) return "already-exists";
    if (type !== "create" && before === undefined) return "not-found";
    if (type !== "create" && before?.revision !== expected) return "conflict";
    const revision = ++this.revision;
    const text = type === "delete" && before !== undefined ? before.text : textOf(name, body)(revision);
    const entry = { name, text, revision };
    if (type === "delete") this.entries.delete(name);
    else this.entries.set(name, entry);
    this.events.push(JSON.stringify([type, entry, before?.text ?? null]));
    return entry;
  }
}

/** Several changes of a model: what it answers, which is as it was where one of them cannot be made. */
function commit(model: Model, changes: readonly Change[]): (Entry | string)[] | string {
  const { entries, events, revision } = model;
  const before = [...entries];
  const answers: (Entry | string)[] = [];
  for (const { name, type, ...rest } of changes) {
    const body = "text" in rest ? bodyOf(rest.text(0)) ?? "" : "";
    const answer = model.change(type, name, body, "revision" in rest ? rest.revision : 0);
    answers.push(answer);
    if (typeof answer !== "string") continue;
    entries.clear();
    for (const [key, entry] of before) entries.set(key, entry);
    events.length = model.revision = revision;
    return answer;
  }
  return answers;
}

const TYPES = { created: "create", updated: "update", deleted: "delete" } as const;

/** The part of the suite that compares a store to a Map, over changes that only look random. */
export function storeModelContract(name: string, makeStore: () => Promise<Store>): void {
  test(`${name}: any row of changes and reads answers what a Map would`, async () => {
    for (let seed = 1; seed <= 5; seed++) {
      const [random, store, model] = [seeded(seed), await makeStore(), new Model()];
      for (let step = 0; step < 60; step++) {
        const key = NAMES[random(NAMES.length)] ?? "";
        const type = (["create", "update", "delete"] as const)[random(3)] ?? "create";
        const revision = random(4) === 0 ? random(20) : model.entries.get(key)?.revision ?? 0;
        const where = `seed ${seed}, step ${step}: ${type} ${key.slice(0, 9)} at ${revision}`;
        const expected = model.change(type, key, `body ${step}`, revision);
        const text = textOf(key, `body ${step}`);
        const got = await (type === "create"
          ? store.create(key, text)
          : type === "update"
          ? store.update(key, text, revision)
          : store.delete(key, revision)).catch((error: unknown) =>
            error instanceof CertgenError ? error.code : error
          );
        assert.equal(got, expected, where);
        assert.is(store.revision, model.revision, where);
        assert.equal(await store.get(key), model.entries.get(key), where);
        if (step % 7 !== 0) {
          continue;
        }
        const kind = random(2) === 0 ? undefined : "token";
        const sorted = [...model.entries.values()].filter(({ name }) =>
          name.startsWith("token/") === (kind === "token")
        )
          .sort((a, b) =>
            compareNames(a.name, b.name)
          );
        const limit = random(NAMES.length + 1);
        assert.equal(await store.list(kind === undefined ? { limit } : { kind, limit }), {
          entries: sorted.slice(0, limit),
          revision: model.revision,
          remaining: Math.max(0, sorted.length - limit),
        }, where);
      }
      const after = random(model.revision);
      const events = await eventsAfter(store, after, model.revision - after);
      const lines = events.map(({ type, entry, previous = null }) => JSON.stringify([TYPES[type], entry, previous]));
      assert.equal(lines, model.events.slice(after), `seed ${seed}`);
    }
  });

  test(`${name}: any row of commits answers what a Map would`, async () => {
    for (let seed = 1; seed <= 5; seed++) {
      const [random, store, model] = [seeded(seed), await makeStore(), new Model()];
      for (let step = 0; step < 40; step++) {
        const start = random(NAMES.length);
        const changes = Array.from({ length: 1 + random(4) }, (_, i): Change => {
          const key = NAMES[(start + i * 3) % NAMES.length] ?? "";
          const present = model.entries.get(key);
          const text = textOf(key, `body ${step}.${i}`);
          // mostly what can be made
          const isThere = present !== undefined !== (random(8) === 0);
          const revision = random(12) === 0 ? random(20) : present?.revision ?? 0;
          if (!isThere) return { type: "create", name: key, text };
          return random(3) === 0
            ? { type: "delete", name: key, revision }
            : { type: "update", name: key, text, revision };
        });
        const where = `seed ${seed}, step ${step}: ${changes.map((one) => `${one.type} ${one.name.slice(0, 9)}`)}`;
        const expected = commit(model, changes);
        const got = await store.commit(changes).catch((error: unknown) =>
          error instanceof CertgenError ? error.code : error
        );
        assert.equal(got, expected, where);
        assert.is(store.revision, model.revision, where);
        for (const key of NAMES) assert.equal(await store.get(key), model.entries.get(key), where);
      }
      assert.ok(model.revision > 20, `${model.revision} changes were made`);
      const events = await eventsAfter(store, 0, model.revision);
      const lines = events.map(({ type, entry, previous = null }) => JSON.stringify([TYPES[type], entry, previous]));
      assert.equal(lines, model.events, `seed ${seed}`);
    }
  });
}
