import { test } from "uvu";
import * as assert from "uvu/assert";
import { alreadyExists, checkName, conflict, notFound } from "../../../src/store/store.ts";
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

test.run();
