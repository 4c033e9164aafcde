import { test } from "uvu";
import * as assert from "uvu/assert";
import { checkClaimOptions, type ClaimOptions, identityOfClaims } from "../../../src/auth/jwt_identity.ts";

const USER = { claim: "sub", prefix: "oidc:" };
const OPTIONS: ClaimOptions = { user: USER, groups: { claim: "groups", prefix: "oidc:" } };
const of = (token: object, options: ClaimOptions = OPTIONS) => identityOfClaims({ ...token }, options);
/** Claims of a token that are kept. */
const factsOf = (token: object, ...claims: (string | readonly string[])[]) => {
  const identity = of({ sub: "a", ...token }, { user: USER, claims });
  return typeof identity === "string" ? identity : identity.extra;
};

test("names get the prefix, and everybody is authenticated", () => {
  assert.equal(of({ sub: "etcd1", groups: ["a", "b", "a"] }), {
    username: "oidc:etcd1",
    groups: ["oidc:a", "oidc:b", "system:authenticated"],
    proof: "jwt",
  });
  assert.equal(of({ sub: "etcd1", groups: "a" }), {
    username: "oidc:etcd1",
    groups: ["oidc:a", "system:authenticated"],
    proof: "jwt",
  });
  for (const token of [{ sub: "a" }, { sub: "a", groups: [] }]) {
    assert.equal(of(token), { username: "oidc:a", groups: ["system:authenticated"], proof: "jwt" });
  }
});

test("what a claim says stays behind the prefix, whatever it says", () => {
  for (const name of ["certgen:admins", "gen:admins", "system:masters", ":certgen:x", "../certgen:admins"]) {
    assert.equal(of({ sub: name, groups: [name] }), {
      username: `oidc:${name}`,
      groups: [`oidc:${name}`, "system:authenticated"],
      proof: "jwt",
    });
  }
});

test("a name of our own is refused even where a prefix lets it through", () => {
  for (const prefix of ["", "cert", "CERT", "sys"]) {
    const rest = prefix === "" ? "certgen:admins" : prefix === "sys" ? "tem:masters" : "gen:admins";
    assert.is(of({ sub: rest }, { user: { claim: "sub", prefix } }), "the user claim is no name");
    const groups = { claim: "groups", prefix };
    assert.is(of({ sub: "a", groups: [rest] }, { user: USER, groups }), "the groups claim is no list of names");
  }
});

test("claims of other types are no names", () => {
  const values = [undefined, null, 7, true, {}, [], ["a"], [["a"]], "", "a\n", "a\u202eb", "\ud800", "a".repeat(254)];
  for (const value of values) assert.is(of({ sub: value }), "the user claim is no name");
  for (const value of [7, true, {}, "", [7], [["a"]], [null], ["a", ""], ["a\0"], Array(101).fill("a"), [{}]]) {
    assert.is(of({ sub: "a", groups: value }), "the groups claim is no list of names", JSON.stringify(value));
  }
  assert.type(of({ sub: "a".repeat(253), groups: Array.from({ length: 100 }, (_, i) => `g${i}`) }), "object");
});

test("a claim is a member of the token's own: by one name as it stands, or by a path", () => {
  const token = { sub: "a", list: ["x"], "a.b": "dot", "a/b": "slash", a: { b: "deep", c: { d: "deeper" } } };
  const user = (claim: string | readonly string[]) => {
    const identity = of(token, { user: { claim, prefix: "x:" } });
    return typeof identity === "string" ? undefined : identity.username;
  };
  assert.equal([user("a.b"), user("a/b"), user(["a", "b"]), user(["a", "c", "d"])], [
    "x:dot",
    "x:slash",
    "x:deep",
    "x:deeper",
  ]);
  for (
    const claim of ["a", "b", "toString", "constructor", "__proto__", ["a"], ["a", "x"], ["a.b", "x"], ["sub", "0"], [
      "list",
      "0",
    ]]
  ) {
    assert.is(user(claim), undefined);
  }
  assert.is(of(JSON.parse('{"__proto__":{"sub":"a"}}')), "the user claim is no name");
});

test("claims that are kept: strings, whole numbers, booleans and lists of strings", () => {
  const token = { s: "a", n: 42, b: false, l: ["x", "y"], deep: { er: { name: "z" } } };
  assert.equal(factsOf(token, "s", "n", "b", "l", ["deep", "er", "name"], "absent"), {
    "claim.certgen.internal/s": ["a"],
    "claim.certgen.internal/n": ["42"],
    "claim.certgen.internal/b": ["false"],
    "claim.certgen.internal/l": ["x", "y"],
    "claim.certgen.internal/deep/er/name": ["z"],
  });
  assert.is(factsOf(token), undefined);
});

test("claims of other shapes are left out", () => {
  const values = [
    null,
    {},
    [],
    [1],
    [["a"]],
    ["a", {}],
    1.5,
    2 ** 53,
    Infinity,
    "a\n",
    "a".repeat(1001),
    Array(101).fill("a"),
  ];
  for (const value of values) assert.is(factsOf({ x: value }, "x"), undefined, JSON.stringify(value));
});

test("checkClaimOptions refuses prefixes that leave room for names of our own, and claims that are none", () => {
  const user = (prefix: string) => ({ user: { claim: "sub", prefix } });
  for (const prefix of ["oidc:", "k8s/", "https://issuer.example.org#", "a:certgen:"]) checkClaimOptions(user(prefix));
  const bad = [
    "",
    "cert",
    "oidc",
    "certgen:",
    "CertGen:x:",
    "system:",
    "SYSTEM:a/",
    "a b:",
    "é:",
    "a\n:",
    ":\n",
    `${"a".repeat(100)}:`,
  ];
  for (const prefix of bad) {
    assert.throws(() => checkClaimOptions(user(prefix)), (error: unknown) => error instanceof TypeError, prefix);
    const groups = { claim: "groups", prefix };
    assert.throws(
      () => checkClaimOptions({ user: USER, groups }),
      (error: unknown) => error instanceof TypeError,
      prefix,
    );
  }
  const paths: (string | readonly string[])[] = ["", [], [""], ["a", ""], "a\n", Array(11).fill("a"), "a".repeat(254)];
  for (const claim of paths) {
    assert.throws(
      () => checkClaimOptions({ user: { ...USER, claim } }),
      (error: unknown) => error instanceof TypeError,
    );
    assert.throws(() => checkClaimOptions({ user: USER, claims: [claim] }), /claims\[0\] is no claim/);
  }
  assert.throws(() => checkClaimOptions({ user: USER, claims: ["a/b", ["a", "b"]] }), /two of one name/);
  assert.throws(
    () => checkClaimOptions({ user: USER, claims: Array.from({ length: 101 }, (_, i) => `c${i}`) }),
    /more than 100/,
  );
});

test.run();
