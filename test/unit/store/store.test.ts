import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  alreadyExists,
  type Change,
  checkChanges,
  checkRevision,
  commitOne,
  conflict,
  eventOf,
  notFound,
  selectNames,
} from "../../../src/store/store.ts";
import { thrown } from "../../fakes.ts";

test("the errors of a store say which entry, quoted", () => {
  const cases = [
    [alreadyExists("a\nb"), "already-exists", '"a\\nb" already exists'],
    [conflict("a"), "conflict", '"a" has been modified; read it again and apply the change to what is there now'],
    [notFound("a"), "not-found", '"a" not found'],
  ] as const;
  for (const [error, code, message] of cases) assert.equal([error.code, error.message], [code, message]);
});

test("checkRevision lets an entry through that is still at the revision", () => {
  const entry = { name: "a", text: "x", revision: 7 };
  assert.is(checkRevision(entry, "a", 7), entry);
  thrown("conflict", () => checkRevision(entry, "a", 6));
  thrown("conflict", () => checkRevision(entry, "a", NaN));
  thrown("not-found", () => checkRevision(undefined, "a", 0));
});

test("checkChanges refuses bad names, and one name twice", () => {
  const remove = (name: string): Change => ({ type: "delete", name, revision: 1 });
  checkChanges([]);
  checkChanges(["a", "token/a", "A"].map(remove));
  assert.throws(() => checkChanges(["a", "b", "a"].map(remove)), (error: unknown) => error instanceof TypeError);
  thrown("unsafe-path", () => checkChanges(["a", "a/"].map(remove)));
});

test("eventOf says what a change is told as", () => {
  const before = { name: "a", text: "old", revision: 3 };
  const text = (revision: number): string => `at ${revision}`;
  const entry = { name: "a", text: "at 7", revision: 7 };
  assert.equal(eventOf({ type: "create", name: "a", text }, undefined, 7), {
    type: "created",
    entry,
    previous: undefined,
  });
  assert.equal(eventOf({ type: "update", name: "a", text, revision: 3 }, before, 7), {
    type: "updated",
    entry,
    previous: "old",
  });
  assert.equal(eventOf({ type: "delete", name: "a", revision: 3 }, before, 7), {
    type: "deleted",
    entry: { ...before, revision: 7 },
    previous: "old",
  });
});

test("commitOne gives the one entry", async () => {
  const entry = { name: "a", text: "x", revision: 1 };
  const change: Change = { type: "delete", name: "a", revision: 1 };
  assert.is(await commitOne({ commit: (changes) => Promise.resolve(changes.map(() => entry)) }, change), entry);
});

test("selectNames takes one kind, or the plain ones", () => {
  const all = ["token/b", "a", "nonce/a", "token/a"].map((name) => ({ name }));
  assert.equal(selectNames(all, { kind: "token" }).map(({ name }) => name), ["token/a", "token/b"]);
  assert.equal(selectNames(all, {}).map(({ name }) => name), ["a"]);
  assert.throws(() => selectNames(all, { kind: ".." }), (error: unknown) => error instanceof TypeError);
});

test("selectNames takes prefix and from, in the order of code points", () => {
  const all = ["b", "\u{1f600}", "a", "\uff61", "ab"].map((name) => ({ name }));
  const names = (options: Parameters<typeof selectNames>[1]): string[] =>
    selectNames(all, options).map(({ name }) => name);
  assert.equal(names({}), ["a", "ab", "b", "\uff61", "\u{1f600}"]);
  assert.equal(names({ prefix: "a", from: "a\0", limit: 0 }), ["ab"]);
  assert.equal(names({ from: "\uff61\0" }), ["\u{1f600}"]);
});

test.run();
