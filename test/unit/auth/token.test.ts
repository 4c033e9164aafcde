import { test } from "uvu";
import * as assert from "uvu/assert";
import { tokenAuthenticator } from "../../../src/auth/token.ts";
import type { Identity } from "../../../src/identity.ts";
import { asking, authenticatorContract } from "../../contract/authenticator.ts";

const identity = (username: string): Identity => ({ username, groups: ["system:authenticated"], proof: "token" });
const ENTRIES = [
  { token: "0a1b2c.first-secret", identity: identity("first") },
  { token: "3d4e5f.second-secret", identity: identity("second") },
];

authenticatorContract("token", () =>
  Promise.resolve({
    authenticate: tokenAuthenticator(ENTRIES),
    good: "Bearer 3d4e5f.second-secret",
    identity: identity("second"),
    bad: [
      "Bearer 3d4e5f.second-secre",
      "Bearer 3d4e5f.second-secrets",
      "Bearer 3d4e5f.second-Secret",
      "Bearer 3d4e5f.second-secret=",
      "Bearer 3d4e5f.second-secret, Bearer 3d4e5f.second-secret",
      "Bearer 3d4e5f.second-secret 0a1b2c.first-secret",
      "Bearer ",
      "Bearer",
      "3d4e5f.second-secret",
      "Basic 3d4e5f.second-secret",
    ],
  }));

test("each token is its owner's", async () => {
  const authenticate = tokenAuthenticator(ENTRIES);
  for (const entry of ENTRIES) assert.equal(await authenticate(asking(`Bearer ${entry.token}`)), entry.identity);
});

test("a thousand other tokens are nobody's: the whole digest is compared", async () => {
  const authenticate = tokenAuthenticator(ENTRIES);
  for (let i = 0; i < 1000; i++) assert.is(await authenticate(asking(`Bearer 0a1b2c.guess-${i}`)), null);
});

test("a list of none knows nobody", async () => {
  assert.is(await tokenAuthenticator([])(asking("Bearer x")), null);
});

test("the list is constant: what is done to it later changes nothing", async () => {
  const entries = [...ENTRIES];
  const authenticate = tokenAuthenticator(entries);
  entries.push({ token: "late", identity: identity("late") });
  entries.shift();
  assert.is(await authenticate(asking("Bearer late")), null);
  assert.equal(await authenticate(asking("Bearer 0a1b2c.first-secret")), identity("first"));
});

test("a token that no header can carry is nobody's", async () => {
  const authenticate = tokenAuthenticator([{ token: "", identity: identity("x") }, {
    token: "a b",
    identity: identity("y"),
  }]);
  for (const value of ["Bearer ", "Bearer a b", "Bearer"]) assert.is(await authenticate(asking(value)), null);
});

test.run();
