import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  type Authenticator,
  bearerToken,
  firstOf,
  isBearerToken,
  unauthorized,
} from "../../../src/auth/authenticator.ts";
import { ANONYMOUS, type Identity } from "../../../src/identity.ts";
import { asking } from "../../contract/authenticator.ts";
import { rejection } from "../../fakes.ts";

const identity = (username: string): Identity => ({ username, groups: [], proof: "token" });

/** Knows one token, and counts how often it was asked. */
function knows(token: string, username: string): { authenticate: Authenticator; asked: () => number } {
  let asked = 0;
  return {
    asked: () => asked,
    authenticate: (request) => {
      asked++;
      return Promise.resolve(bearerToken(request) === token ? identity(username) : null);
    },
  };
}

test("firstOf: the first authenticator that knows a credential names the identity, the others are not asked", async () => {
  const [a, b, c] = [knows("t1", "a"), knows("t2", "b"), knows("t2", "c")];
  const authenticate = firstOf([a.authenticate, b.authenticate, c.authenticate]);
  assert.equal(await authenticate(asking("Bearer t2")), identity("b"));
  assert.equal([a.asked(), b.asked(), c.asked()], [1, 1, 0]);
});

test("firstOf: without a credential everybody is anonymous", async () => {
  assert.is(await firstOf([])(asking()), ANONYMOUS);
  assert.is(await firstOf([knows("t", "a").authenticate])(asking()), ANONYMOUS);
});

test("firstOf: a credential that nobody knows is refused, in an open signer too", async () => {
  for (const value of ["Bearer t", "Basic eA==", "Negotiate x", "x", ""]) {
    const error = await rejection("unauthorized", firstOf([])(asking(value)));
    assert.is(error.message, "Unauthorized");
    await rejection("unauthorized", firstOf([knows("other", "a").authenticate])(asking(value)));
  }
});

test("firstOf: what an authenticator throws ends it", async () => {
  const after = knows("t", "a");
  const authenticate = firstOf([() => Promise.reject(unauthorized()), after.authenticate]);
  await rejection("unauthorized", authenticate(asking("Bearer t")));
  assert.is(after.asked(), 0);
});

test("ANONYMOUS cannot be changed, and is in no group of ours", () => {
  assert.ok(Object.isFrozen(ANONYMOUS) && Object.isFrozen(ANONYMOUS.groups));
  assert.equal(ANONYMOUS, { username: "system:anonymous", groups: ["system:unauthenticated"], proof: "none" });
});

test("bearerToken reads the scheme in any case, and one or more spaces", () => {
  for (const value of ["Bearer abc", "bearer abc", "BEARER abc", "bEaReR abc", "Bearer   abc"]) {
    assert.is(bearerToken(asking(value)), "abc", value);
  }
  assert.is(bearerToken(asking("Bearer a-._~+/9==")), "a-._~+/9==");
});

test("bearerToken gives null for everything else", () => {
  const values = [
    undefined,
    "",
    "Bearer",
    "Bearer ",
    "Bearer\tabc",
    "Bearerabc",
    "Bearer abc def",
    "Bearer abc,def",
    "Bearer abc, Bearer abc",
    "Basic abc, Bearer abc",
    "Bearer =abc",
    "Bearer a=b",
    'Bearer "abc"',
    "Bearer abc;x",
    "Basic abc",
    "xBearer abc",
    "Bearer ab\u00e9",
    "token abc",
  ];
  for (const value of values) assert.is(bearerToken(asking(value)), null, value);
});

test("isBearerToken: RFC 6750's characters, padding at the end only", () => {
  for (const text of ["a", "0a1b2c.secret", "a-._~+/9==", "x".repeat(5000)]) assert.ok(isBearerToken(text));
  for (const text of ["", "=", "a b", "a\n", "a=b", "\u00e9", "a,b", '"a"']) assert.not.ok(isBearerToken(text));
});

test("bearerToken: two headers are one with a comma, and no token", () => {
  const headers = new Headers();
  headers.append("authorization", "Bearer abc");
  headers.append("authorization", "Bearer abc");
  assert.is(bearerToken(new Request("https://signer/", { headers })), null);
});

test("bearerToken takes no time for long nonsense", () => {
  const started = performance.now();
  assert.is(bearerToken(asking(`Bearer ${"a".repeat(100_000)}!`)), null);
  assert.is(bearerToken(asking(`Bearer ${" ".repeat(100_000)}!`)), null);
  assert.is(bearerToken(asking(`Bearer a${"=".repeat(100_000)}!`)), null);
  assert.ok(performance.now() - started < 200);
});

test.run();
