import { test } from "uvu";
import * as assert from "uvu/assert";
import { checkKind, checkName, isKind, kindOf, withoutKind } from "../../../src/store/entry_name.ts";
import { thrown } from "../../fakes.ts";

test("isKind takes 1 to 20 letters, but not the name of the counter's file", () => {
  for (const kind of ["a", "token", "z".repeat(20), "constructor"]) assert.ok(isKind(kind), kind);
  for (const kind of ["", "A", "a1", "a-b", "a.b", "a/", "a\n", "é", "z".repeat(21), "revision"]) {
    assert.not(isKind(kind), kind);
    assert.throws(() => checkKind(kind), (error: unknown) => error instanceof TypeError);
  }
});

test("kindOf and withoutKind take a name apart", () => {
  assert.equal([kindOf("token/ab"), withoutKind("token/ab")], ["token", "ab"]);
  assert.equal([kindOf("ab:c"), withoutKind("ab:c")], [undefined, "ab:c"]);
});

test("checkName lets names through and refuses the rest, with at most a piece of it", () => {
  for (const name of ["system:etcd-peer:etcd1", "token/system:etcd-peer:etcd1", `a/${"x".repeat(253)}`]) {
    checkName(name);
  }
  const cases = [
    ["../x", "may not contain '/'"],
    ["A/x", "may not contain '/'"],
    ["/x", "may not contain '/'"],
    ["revision/x", "may not contain '/'"],
    ["token/a/b", "may not contain '/'"],
    ["token/", "may not be empty"],
    ["token/..", "may not be '..'"],
    ["token/%2e", "may not contain '%'"],
  ] as const;
  for (const [name, fault] of cases) {
    const error = thrown("unsafe-path", () => checkName(name));
    assert.is(error.message, `Cannot store under ${JSON.stringify(name)}: name ${fault}`);
  }
  assert.ok(thrown("unsafe-path", () => checkName("x".repeat(100_000))).message.length < 400);
});

test.run();
