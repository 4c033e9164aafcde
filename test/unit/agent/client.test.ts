import { test } from "uvu";
import * as assert from "uvu/assert";
import { SignerClient } from "../../../src/agent/client.ts";
import { CertgenError, type ErrorCode } from "../../../src/errors.ts";
import type { Handler, Random } from "../../../src/ports.ts";
import { failure, jsonAnswer } from "../../agent_world.ts";
import { fakeFetch, fakeLog, fakeSleep, fixedRandom, type LogLine, rejection, type SentRequest } from "../../fakes.ts";

interface World {
  readonly client: SignerClient;
  readonly sent: SentRequest[];
  readonly pauses: number[];
  readonly lines: LogLine[];
}

function world(handler: Handler, random: Random = fixedRandom(255), token?: string): World {
  const { fetch, sent } = fakeFetch(handler);
  const { sleep, pauses } = fakeSleep();
  const { log, lines } = fakeLog();
  const options = { fetch, url: "https://signer:6443/base", sleep, random, log };
  return { client: new SignerClient(token === undefined ? options : { ...options, token }), sent, pauses, lines };
}

/** Fails so many times, then answers well. */
function after(failures: number, fail: () => Response | Promise<Response>): Handler {
  let asked = 0;
  return () => ++asked <= failures ? fail() : jsonAnswer(201, { ok: true });
}

test("create posts JSON to the collection of a version, with the token", async () => {
  const { client, sent } = world(() => jsonAnswer(201, { kind: "x" }), undefined, "t0ken");
  assert.equal(await client.create("v1", '{"a":1}'), { kind: "x" });
  await client.create("v1beta1", "{}");
  assert.equal(sent.map(({ method, path, body }) => [method, path, body]), [
    ["POST", "/base/apis/certificates.k8s.io/v1/certificatesigningrequests", '{"a":1}'],
    ["POST", "/base/apis/certificates.k8s.io/v1beta1/certificatesigningrequests", "{}"],
  ]);
  const headers = sent[0]?.headers;
  assert.is(headers?.get("authorization"), "Bearer t0ken");
  assert.is(headers?.get("content-type"), "application/json");
  assert.is(headers?.get("accept"), "application/json, */*");
});

test("without a token no Authorization header is sent", async () => {
  const { client, sent } = world(() => jsonAnswer(200, {}));
  await client.get("v1", "a");
  assert.not.ok(sent[0]?.headers.has("authorization"));
  assert.not.ok(sent[0]?.headers.has("content-type"));
});

test("get leaves colons and encodes the rest of a name", async () => {
  const { client, sent } = world(() => jsonAnswer(200, {}));
  await client.get("v1beta1", "system:etcd-peer:a b/../c?d#e%");
  assert.is(
    sent[0]?.path,
    "/base/apis/certificates.k8s.io/v1beta1/certificatesigningrequests/system:etcd-peer:a%20b%2F..%2Fc%3Fd%23e%25",
  );
});

test("ca gives the PEM, undefined for 404, and refuses what is no text", async () => {
  assert.is(await world(() => new Response("pem")).client.ca("etcd-peer"), "pem");
  const { client, sent } = world(() => new Response("404 page not found\n", { status: 404 }));
  assert.is(await client.ca("../x"), undefined);
  assert.is(sent[0]?.path, "/base/ca/..%2Fx");
  await rejection("invalid-certificate", world(() => new Response(Uint8Array.of(0xff))).client.ca("x"));
  // what a Kubernetes API server says of what it does not have
  for (const [status, reason] of [[403, "Forbidden"], [401, "Unauthorized"]] as const) {
    assert.is(await world(() => failure(status, reason)).client.ca("x"), undefined);
  }
});

test("R16 what may pass is tried again: at once, then 1, 2, 4, 8 and 10 seconds at most", async () => {
  const broken: (() => Response | Promise<Response>)[] = [
    () => failure(500, "InternalError"),
    () => failure(502, "x"),
    () => failure(503, "ServiceUnavailable"),
    () => failure(504, "Timeout"),
    () => new Response("Too many requests", { status: 429 }),
    () => new Response("Internal Server Error\n", { status: 500 }),
    () => Promise.reject(new CertgenError("unavailable", "connection refused")),
  ];
  for (const fail of broken) {
    const { client, pauses, sent, lines } = world(after(8, fail));
    assert.equal(await client.create("v1", "{}"), { ok: true });
    assert.equal(pauses, [0, 1, 2, 4, 8, 10, 10, 10]);
    assert.is(sent.length, 9);
    const told = lines.map(({ level, facts }) => `${level} ${facts["attempt"]}`);
    assert.equal(told, ["warn 1", "warn 2", "warn 3", "debug 4", "warn 5", "debug 6", "debug 7", "debug 8"]);
  }
});

test("R16 jitter takes at most half of a pause", async () => {
  for (const octet of [0, 1, 100, 254, 255]) {
    const { client, pauses } = world(after(7, () => failure(503, "x")), fixedRandom(octet));
    await client.get("v1", "a");
    for (const [index, whole] of [0, 1, 2, 4, 8, 10, 10].entries()) {
      const pause = pauses[index] ?? -1;
      assert.ok(pause >= whole / 2 && pause <= whole, `${pause} of ${whole}`);
      assert.is(pause, whole * (0.5 + octet / 510));
    }
  }
});

test("R16 Retry-After of nothing does not take the pauses away", async () => {
  const { client, pauses } = world(after(6, () => failure(503, "x", { "retry-after": "0" })));
  await client.get("v1", "a");
  assert.is(pauses.length, 6);
  for (const pause of pauses.slice(1)) assert.ok(pause >= 0.5, String(pauses));
});

test("R16 Retry-After is honoured, up to five minutes; one that is none is not", async () => {
  const cases: [string, number][] = [
    ["1", 1],
    ["0", 0],
    ["120", 120],
    ["3600", 300],
    ["999999999", 300],
    ["99999999999999999999", 0],
    ["-5", 0],
    ["1.5", 0],
    ["soon", 0],
    ["Wed, 21 Oct 2026 07:28:00 GMT", 0],
  ];
  for (const status of [429, 503]) {
    for (const [value, pause] of cases) {
      const { client, pauses } = world(after(1, () => failure(status, "x", { "retry-after": value })));
      await client.get("v1", "a");
      assert.equal(pauses, [pause], value);
    }
  }
});

test("R16 any other 4xx and every redirect end it at once", async () => {
  const cases: [number, string, ErrorCode][] = [
    [400, "BadRequest", "rejected"],
    [401, "Unauthorized", "unauthorized"],
    [403, "Forbidden", "forbidden"],
    [404, "NotFound", "not-found"],
    [405, "MethodNotAllowed", "rejected"],
    [409, "AlreadyExists", "already-exists"],
    [409, "Conflict", "conflict"],
    [413, "RequestEntityTooLarge", "too-large"],
    [422, "Invalid", "rejected"],
    [301, "x", "rejected"],
    [302, "x", "rejected"],
    [307, "x", "rejected"],
  ];
  for (const [status, reason, code] of cases) {
    const { client, pauses, sent } = world(() => failure(status, reason, { "retry-after": "1" }));
    await rejection(code, client.create("v1", "{}"));
    assert.equal([pauses, sent.length], [[], 1], String(status));
  }
});

test("R16 an error that says nothing of the network is not tried again", async () => {
  for (const code of ["invalid-certificate", "too-large", "io"] as const) {
    const { client, sent } = world(() => Promise.reject(new CertgenError(code, "x")));
    await rejection(code, client.get("v1", "a"));
    assert.is(sent.length, 1);
  }
  const { client } = world(() => Promise.reject(new TypeError("a mistake")));
  await client.get("v1", "a").then(() => assert.unreachable(), (error) => assert.instance(error, TypeError));
});

test("text of the older server is shown, short and in one piece", async () => {
  const { client } = world(() => new Response("Error signing csr\n", { status: 400 }));
  assert.is((await rejection("rejected", client.create("v1", "{}"))).message, "HTTP status 400: Error signing csr");
  const long = world(() => new Response("x".repeat(100_000), { status: 400 }));
  assert.ok((await rejection("rejected", long.client.create("v1", "{}"))).message.length < 600);
  const binary = world(() => new Response(Uint8Array.of(0xff), { status: 400 }));
  assert.is((await rejection("rejected", binary.client.create("v1", "{}"))).message, "HTTP status 400: (no text)");
});

test("a Status message is cut, and one that is no text is not shown", async () => {
  const long = world(() => jsonAnswer(400, { message: "x".repeat(10_000) }));
  assert.is((await rejection("rejected", long.client.create("v1", "{}"))).message.length, 2000);
  const odd = world(() => jsonAnswer(400, { message: { a: 1 } }));
  assert.is((await rejection("rejected", odd.client.create("v1", "{}"))).message, "HTTP status 400");
});

test("a 2xx that is no object is rejected", async () => {
  for (const body of ["", "x", "[]", "null", "7", "[".repeat(100)]) {
    const { client } = world(() => jsonAnswer(200, body));
    const error = await rejection("rejected", client.get("v1", "a"));
    assert.match(error.message, /^Cannot understand the signer: /);
  }
});

test("R16 pause waits a second first and ten at most", async () => {
  const { client, pauses } = world(() => jsonAnswer(200, {}));
  for (const attempt of [0, 1, 2, 3, 4, 5, 100]) await client.pause(attempt);
  assert.equal(pauses, [1, 2, 4, 8, 10, 10, 10]);
});

test.run();
