import { test } from "uvu";
import * as assert from "uvu/assert";
import { firstOf } from "../../../src/auth/authenticator.ts";
import { reloadable } from "../../../src/auth/reloadable.ts";
import { tokenAuthenticator } from "../../../src/auth/token.ts";
import { unauthorized } from "../../../src/auth/authenticator.ts";
import type { Identity } from "../../../src/identity.ts";
import { asking, authenticatorContract } from "../../contract/authenticator.ts";
import { rejection } from "../../fakes.ts";

const identity = (username: string): Identity => ({ username, groups: [], proof: "token" });
const knowing = (token: string) => tokenAuthenticator([{ token, identity: identity(token) }]);

authenticatorContract("reloadable", () =>
  Promise.resolve({
    authenticate: reloadable([knowing("a"), knowing("b")]).authenticate,
    good: "Bearer b",
    identity: identity("b"),
    bad: ["Bearer c", "Bearer ", "Basic a", "b"],
  }));

test("use goes on with others, and the former are forgotten", async () => {
  const { authenticate, use } = reloadable([knowing("a")]);
  use([knowing("b"), knowing("c")]);
  assert.is(await authenticate(asking("Bearer a")), null);
  assert.equal(await authenticate(asking("Bearer c")), identity("c"));
});

test("with none it knows nobody, and what is done to a list later changes nothing", async () => {
  const list = [knowing("a")];
  const { authenticate, use } = reloadable(list);
  list.length = 0;
  assert.equal(await authenticate(asking("Bearer a")), identity("a"));
  use(list);
  list.push(knowing("a"));
  assert.is(await authenticate(asking("Bearer a")), null);
  await rejection("unauthorized", firstOf([authenticate])(asking("Bearer a")));
  assert.is(await reloadable().authenticate(asking("Bearer a")), null);
});

test("a request ends with those it began with", async () => {
  let go = (): void => {};
  const waiting = new Promise<void>((resolve) => go = resolve);
  const slow = async () => {
    await waiting;
    return null;
  };
  const { authenticate, use } = reloadable([slow, knowing("a")]);
  const asked = authenticate(asking("Bearer a"));
  use([]);
  go();
  assert.equal(await asked, identity("a"));
});

test("what one refuses outright is refused", async () => {
  const { authenticate } = reloadable([() => Promise.reject(unauthorized()), knowing("a")]);
  await rejection("unauthorized", authenticate(asking("Bearer a")));
});

test.run();
