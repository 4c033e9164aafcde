import { test } from "uvu";
import * as assert from "uvu/assert";
import { alreadyExists, checkName, checkRevision, conflict, notFound, selectNames } from "../../../src/store/store.ts";
import { thrown } from "../../fakes.ts";

test("checkName lets names through and refuses the rest, with at most a piece of it", () => {
  checkName("system:etcd-peer:etcd1");
  const error = thrown("unsafe-path", () => checkName("../x"));
  assert.is(error.message, `Cannot store under "../x": name may not contain '/'`);
  assert.ok(thrown("unsafe-path", () => checkName("x".repeat(100_000))).message.length < 400);
});

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

test("selectNames takes prefix and from, in the order of code points", () => {
  const all = ["b", "\u{1f600}", "a", "\uff61", "ab"].map((name) => ({ name }));
  const names = (options: Parameters<typeof selectNames>[1]): string[] =>
    selectNames(all, options).map(({ name }) => name);
  assert.equal(names({}), ["a", "ab", "b", "\uff61", "\u{1f600}"]);
  assert.equal(names({ prefix: "a", from: "a\0", limit: 0 }), ["ab"]);
  assert.equal(names({ from: "\uff61\0" }), ["\u{1f600}"]);
});

test.run();
