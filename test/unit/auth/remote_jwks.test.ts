import { test } from "uvu";
import * as assert from "uvu/assert";
import type { KeyHint } from "../../../src/auth/jwks.ts";
import { jwtAuthenticator } from "../../../src/auth/jwt.ts";
import { remoteKeys, type RemoteKeysOptions } from "../../../src/auth/remote_jwks.ts";
import type { Sleep } from "../../../src/ports.ts";
import { asking } from "../../contract/authenticator.ts";
import { fakeClock, fakeLog, rejection } from "../../fakes.ts";
import { AUDIENCE, CLAIMS, ISSUER, issuerKey, keySet } from "../../jwts.ts";

const first = await issuerKey("ES256", "k1");
const second = await issuerKey("ES256", "k2");
const K1: KeyHint = { alg: "ES256", kid: "k1" };
const K2: KeyHint = { alg: "ES256", kid: "k2" };
const START = Date.parse("2026-03-01T12:00:00Z");
const URL_ = "https://issuer.example.org/jwks?tenant=s3cr3t";

/** Waits until it is aborted. */
const never: Sleep = (_, signal) =>
  new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason)));
const tick = () => new Promise((resolve) => setTimeout(resolve, 0));

/** Keys of an issuer that gives what it is told to, and what was asked of it. */
function world(change: Partial<RemoteKeysOptions> = {}) {
  const { now, set } = fakeClock();
  const { log, lines } = fakeLog();
  const requests: Request[] = [];
  const issuer = { answer: (): Response | Promise<Response> => new Response(keySet(first.publicJwk)) };
  const find = remoteKeys({
    url: URL_,
    fetch: async (request) => {
      requests.push(request);
      await tick();
      return await issuer.answer();
    },
    now,
    sleep: never,
    log,
    ...change,
  });
  return {
    issuer,
    requests,
    lines,
    find,
    has: async (hint: KeyHint) => await find(hint) !== undefined,
    at: (seconds: number) => set(new Date(START + seconds * 1000).toISOString()),
    gives: (...keys: unknown[]) => void (issuer.answer = () => new Response(keySet(...keys))),
    fails: () => void (issuer.answer = () => Promise.reject(new Error("connection refused"))),
  };
}

test("keys are fetched when they are first needed, once for all who need them, as a plain GET without redirects", async () => {
  const { find, requests } = world();
  assert.is(requests.length, 0);
  const found = await Promise.all(Array.from({ length: 100 }, () => find(K1)));
  assert.ok(found.every((key) => key?.type === "public"));
  assert.is(requests.length, 1);
  const [request] = requests;
  assert.equal([request?.url, request?.method, request?.redirect, request?.body], [URL_, "GET", "error", null]);
  assert.not.ok(request?.headers.has("authorization"));
});

test("a key that is not there is looked for again, once in 100 requests at a time, and not before the cooldown", async () => {
  const { find, has, requests, at, gives } = world();
  assert.ok(await has(K1));
  gives(first.publicJwk, second.publicJwk);
  at(29.999);
  assert.not.ok(await has(K2));
  assert.is(requests.length, 1);
  at(30);
  const found = await Promise.all(Array.from({ length: 100 }, () => find(K2)));
  assert.ok(found.every((key) => key !== undefined));
  assert.is(requests.length, 2);
  at(61);
  const unknown = { alg: "ES256", kid: "thief" };
  assert.equal(new Set(await Promise.all(Array.from({ length: 100 }, () => find(unknown)))), new Set([undefined]));
  assert.is(requests.length, 3);
  assert.not.ok(await has(unknown));
  assert.is(requests.length, 3);
});

test("100 tokens with an unknown key make one refetch", async () => {
  const { find, requests, at, gives } = world();
  await find(K1);
  const authenticate = jwtAuthenticator({
    issuer: ISSUER,
    audiences: [AUDIENCE],
    keys: find,
    user: { claim: "sub", prefix: "oidc:" },
    now: fakeClock().now,
  });
  gives(first.publicJwk, second.publicJwk);
  at(60);
  const token = await second.sign(CLAIMS);
  const identities = await Promise.all(Array.from({ length: 100 }, () => authenticate(asking(`Bearer ${token}`))));
  assert.ok(identities.every((identity) => identity?.username === "oidc:etcd1"));
  assert.is(requests.length, 2);
});

test("old keys are fetched again, and those that are gone are good no more", async () => {
  const { has, requests, at, gives } = world();
  assert.ok(await has(K1));
  gives(second.publicJwk);
  at(599);
  assert.ok(await has(K1));
  assert.is(requests.length, 1);
  at(600);
  assert.not.ok(await has(K1));
  assert.ok(await has(K2));
  assert.is(requests.length, 2);
  gives();
  at(1200);
  assert.not.ok(await has(K2));
  assert.is(requests.length, 3);
});

test("while the issuer cannot be reached its keys stay in use for a day, and that is said once", async () => {
  const { has, find, requests, lines, at, gives, fails } = world();
  assert.ok(await has(K1));
  fails();
  for (const seconds of [600, 610, 629, 630, 86_399]) {
    at(seconds);
    assert.ok(await has(K1));
  }
  assert.is(requests.length, 1 + 3);
  at(86_430);
  await rejection("unavailable", find(K1));
  gives(first.publicJwk);
  at(86_459);
  await rejection("unavailable", find(K1));
  at(86_460);
  assert.ok(await has(K1));
  assert.equal(lines.map(({ level, message }) => [level, message.replace(/;.*/, "")]), [
    ["warn", "the issuer's keys cannot be fetched"],
    ["info", "the issuer's keys can be fetched again"],
  ]);
  assert.equal(lines[0]?.facts, { url: "https://issuer.example.org/jwks", because: "connection refused" });
  assert.not.match(JSON.stringify(lines), /s3cr3t/);
});

test("an issuer that was never reached is asked again after the cooldown", async () => {
  const { has, find, requests, at, gives, fails } = world();
  fails();
  await Promise.all(Array.from({ length: 20 }, () => rejection("unavailable", find(K1))));
  gives(first.publicJwk);
  await rejection("unavailable", find(K1));
  assert.is(requests.length, 1);
  at(30);
  assert.ok(await has(K1));
  assert.is(requests.length, 2);
});

test("a clock that is put back makes keys that were fetched later be fetched again", async () => {
  const { has, requests, at } = world();
  assert.ok(await has(K1));
  at(-3600);
  assert.ok(await has(K1));
  assert.is(requests.length, 2);
});

test("answers that are none are refused, and the keys stay", async () => {
  const answers: (() => Response)[] = [
    () => new Response(keySet(second.publicJwk), { status: 404 }),
    () => new Response(keySet(second.publicJwk), { status: 203 }),
    () => Response.redirect("https://thief.example.org/jwks", 302),
    () => new Response(null, { status: 204 }),
    () => new Response("<html>"),
    () => new Response('{"keys":7}'),
    () => new Response(null),
    () => new Response(Uint8Array.of(0xff)),
    () => new Response(keySet(second.privateJwk)),
    () => new Response(`${keySet(second.publicJwk)}${" ".repeat(262_144)}`),
  ];
  for (const answer of answers) {
    const { issuer, has, at, lines } = world();
    assert.ok(await has(K1));
    issuer.answer = answer;
    at(600);
    assert.equal([await has(K1), await has(K2)], [true, false], String(answer));
    assert.is(lines.length, 1, String(answer));
  }
});

test("an answer that says it was redirected is refused", async () => {
  const { issuer, find } = world();
  issuer.answer = () => Object.defineProperty(new Response(keySet(first.publicJwk)), "redirected", { value: true });
  await rejection("unavailable", find(K1));
});

test("an answer without an end is cut at the limit", async () => {
  const { issuer, find, lines } = world({ maxBytes: 5000 });
  let [sent, isCancelled] = [0, false];
  issuer.answer = () =>
    new Response(
      new ReadableStream({
        pull: (controller) => {
          sent += 1000;
          controller.enqueue(new Uint8Array(1000).fill(0x20));
        },
        cancel: () => void (isCancelled = true),
      }),
    );
  await rejection("unavailable", find(K1));
  assert.ok(sent < 10_000 && isCancelled);
  assert.is(lines[0]?.facts["because"], "the answer is larger than 5000 bytes");
});

test("an issuer that does not answer, or not to the end, is waited for so long and no longer", async () => {
  for (const answer of [() => new Promise<Response>(() => {}), () => new Response(new ReadableStream())]) {
    let [pass, waited] = [(): void => {}, 0];
    const sleep: Sleep = (seconds) => {
      waited = seconds;
      return new Promise((resolve) => pass = resolve);
    };
    const { issuer, find, lines, requests } = world({ sleep, timeoutSeconds: 7 });
    issuer.answer = answer;
    const asked = rejection("unavailable", find(K1));
    await tick();
    await tick();
    pass();
    await asked;
    assert.is(waited, 7);
    assert.is(lines[0]?.facts["because"], "no answer within 7 s");
    assert.ok(requests[0]?.signal.aborted);
  }
});

test("a fetch that is done leaves no timer behind", async () => {
  let isAborted = false;
  const sleep: Sleep = (_, signal) =>
    new Promise((_, reject) =>
      signal?.addEventListener("abort", () => {
        isAborted = true;
        reject(signal.reason);
      })
    );
  assert.ok(await world({ sleep }).has(K1));
  assert.ok(isAborted);
});

test("a fetch that throws at once is one that failed", async () => {
  const find = remoteKeys({
    url: URL_,
    now: fakeClock().now,
    sleep: never,
    fetch: () => {
      throw new TypeError("bad");
    },
  });
  await rejection("unavailable", find(K1));
});

test("an address that is not https, or has a user in it, is refused at once", () => {
  const fetch = () => Promise.reject(new Error("no"));
  for (
    const url of [
      "http://issuer.example.org/",
      "file:///jwks",
      "data:,x",
      "jwks.json",
      "",
      "https://u:p@issuer.example.org/",
    ]
  ) {
    assert.throws(() => remoteKeys({ url, fetch }), (error: unknown) => error instanceof TypeError, url);
  }
});

test.run();
