import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  backoffSeconds,
  checkToken,
  failureOf,
  objectOf,
  pathOf,
  requestTo,
  send,
} from "../../../src/agent/transport.ts";
import { toUtf8 } from "../../../src/bytes.ts";
import { fixedRandom, thrown } from "../../fakes.ts";

test("requestTo makes a request of one peer, with its token and without following redirects", async () => {
  const peer = { url: "https://signer:1/base", token: "t0ken" };
  const post = await requestTo(peer, "POST", "/x?y=1", "{}");
  assert.equal([post.method, post.url, post.redirect, await post.text()], [
    "POST",
    "https://signer:1/base/x?y=1",
    "manual",
    "{}",
  ]);
  assert.equal([post.headers.get("authorization"), post.headers.get("content-type")], [
    "Bearer t0ken",
    "application/json",
  ]);
  const get = await requestTo({ url: "https://signer:1" }, "GET", "/x");
  assert.equal([get.headers.get("authorization"), get.headers.get("content-type")], [null, null]);
  assert.is(get.headers.get("accept"), "application/json, */*");
  const { signal } = await requestTo(
    { url: "https://signer:1", signal: AbortSignal.abort(new Error("x")) },
    "GET",
    "/x",
  );
  assert.ok(signal.aborted);
});

test("pathOf encodes all of a name but colons", () => {
  assert.is(pathOf("v1"), "/apis/certificates.k8s.io/v1/certificatesigningrequests");
  assert.is(
    pathOf("v1beta1", "a:b c/?#%\u00e9"),
    "/apis/certificates.k8s.io/v1beta1/certificatesigningrequests/a:b%20c%2F%3F%23%25%C3%A9",
  );
});

test("send takes any answer whole, and Retry-After where it is a number", async () => {
  const answer = (status: number, headers: Record<string, string> = {}) =>
    send(() => Promise.resolve(new Response("text", { status, headers })), new Request("https://a"));
  const { status, body, retryAfterSeconds } = await answer(503, { "retry-after": "7" });
  assert.equal([status, body, retryAfterSeconds], [503, toUtf8("text"), 7]);
  for (const value of ["", "-1", "soon", "1.5", "9999999999"]) {
    assert.is((await answer(200, { "retry-after": value })).retryAfterSeconds, undefined);
  }
});

test("failureOf says what the Status says, what plain text says, or the number", () => {
  const of = (status: number, body: string | Uint8Array) =>
    failureOf({ status, body: typeof body === "string" ? toUtf8(body) : body });
  const known = of(404, '{"message":"no such thing"}');
  assert.equal([known.code, known.message], ["not-found", "no such thing"]);
  assert.is(of(503, " not now \n").message, "HTTP status 503: not now");
  assert.is(of(503, Uint8Array.of(0xff)).message, "HTTP status 503: (no text)");
  assert.is(of(400, "x".repeat(10_000)).message.length, "HTTP status 400: ".length + 500);
  const redirect = of(302, "");
  assert.equal([redirect.code, redirect.message.includes("it redirects (HTTP status 302)")], ["rejected", true]);
});

test("objectOf refuses what is no object", () => {
  assert.equal(objectOf(toUtf8('{"a":1}')), { a: 1 });
  for (const text of ["", "[]", "1", "{", "null"]) {
    assert.match(thrown("rejected", () => objectOf(toUtf8(text))).message, /^Cannot understand the signer: /);
  }
});

test("checkToken refuses what no header can carry, and does not repeat it", () => {
  checkToken({ url: "" });
  checkToken({ url: "", token: "a.b=" });
  for (const token of ["", "s3cr3t\n", "s3cr3t x", "s3cr3t\u00e9"]) {
    assert.not.match(thrown("malformed-object", () => checkToken({ url: "", token })).message, "s3cr3t");
  }
});

test("R16 backoffSeconds grows to ten, and chance takes half at most", () => {
  const of = (octet: number) => [0, 1, 2, 3, 4, 5, 99].map((failures) => backoffSeconds(fixedRandom(octet), failures));
  assert.equal(of(255), [1, 2, 4, 8, 10, 10, 10]);
  assert.equal(of(0), [0.5, 1, 2, 4, 5, 5, 5]);
});

test.run();
