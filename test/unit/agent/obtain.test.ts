import { test } from "uvu";
import * as assert from "uvu/assert";
import { askForCa, type Reach } from "../../../src/agent/obtain.ts";
import { equal } from "../../../src/bytes.ts";
import { CertgenError } from "../../../src/errors.ts";
import type { Handler } from "../../../src/ports.ts";
import { failure, jsonAnswer } from "../../agent_world.ts";
import { answering, ca, issue, otherCa, withStatus } from "../../bad_answers.ts";
import { countingRandom, fakeClock, fakeFetch, fakeLog, fakeSleep, rejection } from "../../fakes.ts";
import { credential, down, goodAnswer, nameOf, obtainWorld, pair, prover } from "../../obtaining.ts";

test("after a crash the very same request is posted, with the same key", async () => {
  const world = obtainWorld(down);
  await rejection("unavailable", world.obtain());
  world.handler = goodAnswer;
  const { certificate } = await world.obtain();
  const [first, second] = world.posts();
  assert.is(world.posts().length, 2);
  assert.is(second, first);
  const staged = await world.staging.key();
  assert.ok(staged !== undefined && equal(staged.publicKey.spki, certificate.publicKey.spki));
});

test("a certificate for a staged request that was issued long ago is no news: another is asked for, once", async () => {
  const world = obtainWorld(down);
  await rejection("unavailable", world.obtain());
  // the signer had issued it: fifty minutes later the hour is in its last part
  world.setTime("2026-03-01T12:50:00Z");
  const later = answering((csr) => issue(csr, { now: new Date("2026-03-01T12:50:00Z") }));
  world.handler = (request) => (world.posts().length <= 2 ? goodAnswer : later)(request);
  const { certificate } = await world.obtain();
  assert.is(certificate.notAfter.toISOString(), "2026-03-01T13:50:00.000Z");
  const [first, second, third, ...more] = world.posts();
  assert.equal([second === first, third === first, more], [true, false, []]);
});

test("a bad answer to a staged request is followed by a new one; a bad answer to a new one ends it", async () => {
  const world = obtainWorld(down);
  await rejection("unavailable", world.obtain());
  const bad = answering((csr) => issue(csr, { issuer: otherCa }));
  world.handler = (request) => (world.posts().length <= 2 ? bad : goodAnswer)(request);
  await world.obtain();
  assert.is(world.posts().length, 3);

  world.handler = bad;
  await world.staging.discard();
  await rejection("invalid-certificate", world.obtain());
  assert.is(world.posts().length, 4);
  assert.equal(world.staged(), []);
});

test("what may come to a good end is kept, and what would only be answered the same is not", async () => {
  const refused = withStatus({ conditions: [{ type: "Denied", reason: "No", message: "no" }] });
  const cases: readonly (readonly [string, Handler, boolean])[] = [
    ["unavailable", down, true],
    ["unauthorized", () => failure(401, "Unauthorized"), true],
    ["timed-out", async (r) => withStatus({})(r.method === "POST" ? (await r.json()).spec : {}), true],
    ["denied", async (r) => refused((await r.json()).spec), false],
    ["forbidden", () => failure(403, "Forbidden"), false],
    ["rejected", () => failure(422, "Invalid"), false],
    ["too-large", () => failure(413, "RequestEntityTooLarge"), false],
    ["not-found", () => failure(404, "NotFound"), false],
  ];
  for (const [code, handler, isKept] of cases) {
    const world = obtainWorld(handler);
    await rejection(code as Parameters<typeof rejection>[0], world.obtain());
    assert.is(world.staged().length > 0, isKept, code);
  }
});

test("the certificate's own proof asks first, the token where that is not taken, and what for is said", async () => {
  const world = obtainWorld((request) =>
    request.headers.get("authorization")?.startsWith("Bearer ") || request.method === "GET"
      ? goodAnswer(request)
      : failure(401, "Unauthorized")
  );
  await world.obtain({ prover });
  const asked = world.sent.filter(({ method }) => method === "POST").map(credential);
  assert.equal(asked, ["Certgen-Proof", "Bearer"]);
  assert.is(world.posts()[0], world.posts()[1], "one request");
  assert.ok(world.lines.some(({ level, message }) => level === "warn" && message.endsWith("asking with the token")));
});

test("a proof that is taken needs no token, which is not sent", async () => {
  const world = obtainWorld(goodAnswer);
  const { keyPem } = await world.obtain({ prover, keep: pair });
  assert.is(keyPem, pair.keyPem);
  assert.not(world.sent.map(credential).includes("Bearer"));
});

test("without a token nothing is shown after the proof; where that is refused, --token-file is asked for", async () => {
  for (const [code, reason] of [[401, "Unauthorized"], [403, "Forbidden"]] as const) {
    const world = obtainWorld((request) =>
      request.headers.has("authorization") ? failure(401, "Unauthorized") : failure(code, reason)
    );
    const error = await rejection(
      "unauthorized",
      world.obtain({ prover }, { token: undefined } as unknown as Partial<Reach>),
    );
    assert.match(error.message, /no token is given: give --token-file \(no: /);
    assert.equal(world.sent.map(credential), ["Certgen-Proof", undefined]);
  }
});

test("a Kubernetes API server takes a proof for nobody's: the token follows, where there is one", async () => {
  const anonymous =
    'certificatesigningrequests.certificates.k8s.io is forbidden: User "system:anonymous" cannot create';
  const world = obtainWorld((request) => {
    const isProof = request.headers.get("authorization")?.startsWith("Certgen-Proof");
    const status = { kind: "Status", reason: "Forbidden", message: anonymous, code: 403 };
    return isProof ? jsonAnswer(403, status) : goodAnswer(request);
  });
  await world.obtain({ prover });
  assert.equal(world.sent.slice(0, 2).map(credential), ["Certgen-Proof", "Bearer"]);
});

test("a request that is refused, proof or not, is not asked for with the token", async () => {
  const world = obtainWorld(() => failure(403, "Forbidden"));
  await rejection("forbidden", world.obtain({ prover }));
  assert.equal(world.sent.map(credential), ["Certgen-Proof"]);
});

test("any other refusal of a proof is an answer, and no token follows it", async () => {
  const world = obtainWorld(() => failure(422, "Invalid"));
  await rejection("rejected", world.obtain({ prover }));
  assert.equal(world.sent.map(credential), ["Certgen-Proof"]);
});

test("a name that is somebody else's is followed by others, staged before they are sent, three at most", async () => {
  let taken = 2;
  const handler: Handler = async (request) => {
    if (request.method === "GET" && request.url.includes("/apis/")) return failure(403, "Forbidden");
    if (request.method === "GET") return await goodAnswer(request);
    const body = await request.clone().text();
    assert.is(JSON.parse(await world.staging.request() ?? "").metadata.name, nameOf(body), "staged");
    return taken-- > 0 ? failure(409, "AlreadyExists") : await goodAnswer(request);
  };
  const world = obtainWorld(handler);
  await world.obtain();
  assert.is(new Set(world.posts().map(nameOf)).size, 3);
  assert.is(new Set(world.posts().map((body) => JSON.parse(body).spec.request)).size, 1, "one CSR");
  await world.staging.discard();

  taken = 99;
  const before = world.posts().length;
  await rejection("already-exists", world.obtain());
  assert.is(world.posts().length - before, 4);
  assert.equal(world.staged(), []);
});

test("a name whose object is this very request is no other's", async () => {
  const world = obtainWorld(async (request) => {
    if (request.method === "POST") return failure(409, "AlreadyExists");
    if (!request.url.includes("/apis/")) return new Response(ca.certificate.pem);
    const object = JSON.parse(world.posts()[0] ?? "");
    const answer = await goodAnswer(new Request(request.url, { method: "POST", body: JSON.stringify(object) }));
    return jsonAnswer(200, await answer.text());
  });
  await world.obtain();
  assert.is(world.posts().length, 1);
});

test("the CA is what was given, or what the signer says, or what was given for a signer that does not", async () => {
  const cases: readonly (readonly [Partial<Reach>, Response, string | undefined, boolean])[] = [
    [{ issuerCa: ca.certificate.pem }, failure(500, "InternalError"), ca.certificate.pem, false],
    [{}, new Response(ca.certificate.pem), ca.certificate.pem, true],
    [{ fallbackIssuerCa: otherCa.certificate.pem }, new Response(ca.certificate.pem), ca.certificate.pem, true],
    [{ fallbackIssuerCa: ca.certificate.pem }, failure(404, "NotFound"), ca.certificate.pem, true],
    [{ fallbackIssuerCa: ca.certificate.pem }, failure(403, "Forbidden"), ca.certificate.pem, true],
    [{}, failure(404, "NotFound"), undefined, true],
  ];
  for (const [reach, answer, expected, isAsked] of cases) {
    const { fetch, sent } = fakeFetch(() => answer.clone());
    const ports = { now: fakeClock().now, sleep: fakeSleep().sleep, random: countingRandom(), log: fakeLog().log };
    const all = { fetch, url: "https://signer:6443", patienceSeconds: 0, ...reach };
    assert.is((await askForCa("etcd-peer", all, ports))?.map(({ pem }) => pem).join(""), expected);
    assert.is(sent.length > 0, isAsked);
  }
});

test("a signer that cannot say its CA ends it, where nobody else knows", async () => {
  const world = obtainWorld((request) => request.method === "GET" ? failure(404, "NotFound") : goodAnswer(request));
  const error = await rejection("invalid-certificate", world.obtain());
  assert.match(error.message, "none was given (--issuer-cacrt)");
  assert.ok(await world.obtain({}, { fallbackIssuerCa: ca.certificate.pem }));
});

test("a signal ends it with its reason, and what was staged is kept", async () => {
  const stop = new AbortController();
  const reason = new CertgenError("timed-out", "late");
  const world = obtainWorld(() => {
    stop.abort(reason);
    return failure(503, "ServiceUnavailable");
  });
  const error = await world.obtain({}, {}, stop.signal).then(() => undefined, (error) => error);
  assert.is(error, reason);
  assert.is(world.staged().length, 2);
});

test("an approved request without a certificate yet is waited for, and its body is the staged one", async () => {
  let looks = 0;
  const world = obtainWorld(async (request) => {
    if (request.method === "GET" && !request.url.includes("/apis/")) return new Response(ca.certificate.pem);
    const { spec } = JSON.parse(world.posts()[0] ?? "");
    if (request.method === "POST" || ++looks < 3) return withStatus({ conditions: [{ type: "Approved" }] })(spec);
    const answer = await goodAnswer(new Request(request.url, { method: "POST", body: JSON.stringify({ spec }) }));
    return answer;
  });
  await world.obtain({}, { patienceSeconds: 60 });
  assert.is(looks, 3);
  assert.is(
    JSON.parse(await world.staging.request() ?? "").spec.request,
    JSON.parse(world.posts()[0] ?? "").spec.request,
  );
});

test.run();
