import { test } from "uvu";
import * as assert from "uvu/assert";
import { EXTRA } from "../../../src/identity.ts";
import { RuleError, type Who, whoMatcher } from "../../../src/policy/who.ts";
import { Work } from "../../../src/policy/work.ts";
import { type Asked, identityOf } from "../../policy.ts";

const ALL: ReadonlySet<string> = new Set(["node", "ns", "x", "n"]);
const bindings = (who: Who, asked: Asked, wanted = ALL): Record<string, string>[] => {
  const matcher = whoMatcher(who, ["who"], wanted);
  const found = matcher.bindings(identityOf(asked), new Work()).map((captures) => Object.fromEntries(captures));
  if (found.length === 0) assert.ok(matcher.fault(identityOf(asked), new Work()));
  return found;
};
const claims = (values: Record<string, string[]>): Asked => ({
  proof: "jwt",
  extra: Object.fromEntries(Object.entries(values).map(([name, list]) => [EXTRA.claim + name, list])),
});

test("a user, a group or a claim matches its pattern whole", () => {
  assert.equal(bindings({ user: "etcd:{node}" }, {}), [{ node: "etcd1" }]);
  assert.equal(bindings({ user: "etcd" }, {}), []);
  assert.equal(bindings({ group: "db" }, { groups: ["x", "db"] }), [{}]);
  assert.equal(bindings({ group: "db" }, { groups: ["db2"] }), []);
  assert.equal(bindings({ group: "db" }, { user: "db" }), []);
  assert.equal(bindings({ claim: { ns: "{ns}" } }, claims({ ns: ["prod"] })), [{ ns: "prod" }]);
  assert.equal(bindings({ claim: { ns: "prod" } }, claims({ ns: ["test", "prod"] })), [{}]);
  assert.equal(bindings({ claim: { ns: "prod" } }, claims({ other: ["prod"] })), []);
  for (const name of ["constructor", "toString"]) assert.equal(bindings({ claim: { [name]: "*" } }, claims({})), []);
});

test("all that is given must match, and one part is one thing", () => {
  const who: Who = { user: "u:{node}", group: "g:{node}" };
  assert.equal(bindings(who, { user: "u:a", groups: ["g:b", "g:a"] }), [{ node: "a" }]);
  assert.equal(bindings(who, { user: "u:a", groups: ["g:b"] }), []);
  assert.equal(bindings({ user: "u:{node}", claim: { x: "y" } }, { user: "u:a" }), []);
});

test("several groups give several bindings, each once, and not without end", () => {
  assert.equal(bindings({ group: "g:{x}" }, { groups: ["g:a", "g:b", "g:a"] }), [{ x: "a" }, { x: "b" }]);
  const groups = Array.from({ length: 5000 }, (_, i) => `g:${i}`);
  assert.is(bindings({ group: "g:{x}" }, { groups }).length, 64);
});

test("M2 parts that nobody wants are not told apart, but must agree where two conditions have them", () => {
  const none: ReadonlySet<string> = new Set();
  const groups = ["g:a", "g:b", "g:c"];
  assert.equal(bindings({ group: "g:{x}" }, { groups }, none), [{}]);
  assert.equal(bindings({ group: "h:{x}" }, { groups }, none), []);
  assert.equal(bindings({ user: "u:{n}", group: "g:{n}" }, { user: "u:b", groups }, none), [{ n: "b" }]);
  assert.equal(bindings({ user: "u:{n}", group: "g:{n}" }, { user: "u:d", groups }, none), []);
  assert.equal(bindings({ user: "u:{n}", group: "g:{x}" }, { user: "u:d", groups }, new Set(["n"])), [{ n: "d" }]);
});

test("M2 nothing matches once the work is spent", () => {
  const matcher = whoMatcher({ group: "g:{x}" }, ["who"], ALL);
  const identity = identityOf({ groups: Array.from({ length: 30 }, (_, i) => `g:${i}`) });
  for (const steps of [0, 1, 5, 100, 400]) {
    const work = new Work(steps);
    assert.equal(matcher.bindings(identity, work), []);
    assert.ok(work.isSpent);
  }
  assert.is(matcher.bindings(identity, new Work()).length, 30);
});

test("a token is a bootstrap token's id, exactly", () => {
  const extra = { [EXTRA.tokenId]: ["abc123"] };
  assert.equal(bindings({ token: "abc123" }, { proof: "bootstrap-token", extra }), [{}]);
  assert.equal(bindings({ token: "abc12" }, { proof: "bootstrap-token", extra }), []);
  assert.equal(bindings({ token: "abc123" }, { proof: "jwt", extra }), []);
  assert.equal(bindings({ token: "abc123" }, { proof: "bootstrap-token" }), []);
  assert.equal(bindings({ token: "abc123", user: "x" }, { proof: "bootstrap-token", extra }), []);
});

test("a fault says who it was and who it should be", () => {
  const fault = (who: Who, asked: Asked): string => whoMatcher(who, [], ALL).fault(identityOf(asked), new Work());
  assert.is(fault({ user: "etcd:{node}" }, { user: "x\u202e" }), 'user "x\\u202e" is not "etcd:{node}"');
  assert.is(fault({ group: "db" }, {}), 'user "etcd:etcd1" is not in group "db"');
  assert.is(fault({ token: "abc123" }, {}), 'bootstrap token "abc123" was not given');
  assert.is(fault({ claim: { ns: "a" } }, {}), 'the identity has no claim "ns"');
  assert.is(fault({ claim: { ns: "a" } }, claims({ ns: ["b"] })), 'claim "ns" is "b", not "a"');
  assert.is(fault({ user: "u:{n}", group: "g:{n}" }, { user: "u:a", groups: ["g:b"] }), "no values of its parts agree");
});

test("M2 a fault that cannot be looked for is told in general", () => {
  const matcher = whoMatcher({ user: "etcd:*", group: "db" }, [], ALL);
  assert.is(matcher.fault(identityOf({ groups: ["x"] }), new Work(1)), "it does not match");
  assert.is(matcher.fault(identityOf({ groups: ["x"] }), new Work()), 'user "etcd:etcd1" is not in group "db"');
});

test("whoMatcher refuses what is nobody, and says where", () => {
  const FAULTS: readonly (readonly [Who, readonly string[], string])[] = [
    [{}, ["who"], "names nobody"],
    [{ claim: {} }, ["who"], "names nobody"],
    [{ user: "" }, ["who", "user"], "0 characters"],
    [{ group: "a*b" }, ["who", "group"], "not at its end"],
    [{ claim: { ns: "{x" } }, ["who", "claim", "ns"], "no part"],
    [{ token: "abc.secret" }, ["who", "token"], "without the secret"],
    [{ token: "" }, ["who", "token"], "no id"],
  ];
  for (const [who, path, words] of FAULTS) {
    assert.throws(() => whoMatcher(who, ["who"], ALL), (error: unknown) => {
      assert.instance(error, RuleError);
      const { message, path: found } = error as RuleError;
      assert.equal(found, path);
      return message.includes(words);
    });
  }
});

test.run();
