import { test } from "uvu";
import * as assert from "uvu/assert";
import { toBase64Url, toUtf8 } from "../../../src/bytes.ts";
import { CertgenError } from "../../../src/errors.ts";
import type { Identity } from "../../../src/identity.ts";
import { generateKey } from "../../../src/x509/key.ts";
import { rejection } from "../../fakes.ts";
import { asking, holder, MOMENT_SECONDS, NONCE, PROOF_URL, proving, rawProof } from "../../proof.ts";

const peer = await holder();

/** A POST whose body counts how often it is asked for; it has so many bytes. */
function posting(authorization: string, length: number): { request: Request; pulled: () => number } {
  let pulled = 0;
  const stream = new ReadableStream<Uint8Array>({
    pull: (controller) => {
      pulled++;
      if (pulled > length / 100) controller.close();
      else controller.enqueue(new Uint8Array(100));
    },
  }, { highWaterMark: 0 });
  const init: RequestInit & { duplex: "half" } = {
    method: "POST",
    body: stream,
    duplex: "half",
    headers: { authorization },
  };
  return { request: new Request(PROOF_URL, init), pulled: () => pulled };
}

/** Runs an action, and tells how many signatures were verified. */
async function verifications(action: () => Promise<unknown>): Promise<number> {
  let count = 0;
  const { subtle } = crypto;
  const verify = subtle.verify.bind(subtle);
  const counting: typeof verify = (...args) => {
    count++;
    return verify(...args);
  };
  Object.defineProperty(subtle, "verify", { value: counting, configurable: true });
  try {
    await action();
  } finally {
    Reflect.deleteProperty(subtle, "verify");
  }
  return count;
}

test("what costs nothing is looked at first: neither body nor signature of what is refused before", async () => {
  const body = new Uint8Array(500);
  const good = { method: "POST", body };
  const revoked = { ...peer.record, isRevoked: true };
  const unknown = await holder("ec-p256", peer.ca);
  const cases = [
    ["outside the window", await rawProof(peer, { ...good, time: MOMENT_SECONDS + 999 }), [peer.record], []],
    ["unknown", await rawProof(unknown, good), [peer.record], ["find"]],
    ["revoked", await rawProof(peer, good), [revoked], ["find"]],
    ["expired", await rawProof(peer, good), [{ ...peer.record, notAfter: new Date(0) }], ["find"]],
    ["malformed", `Certgen-Proof ${toBase64Url(peer.certificate.der)}.1.${NONCE}`, [peer.record], []],
  ] as const;
  for (const [what, authorization, records, calls] of cases) {
    const asked = proving(records);
    const { request, pulled } = posting(authorization, 500);
    assert.is(await verifications(() => rejection("unauthorized", asked.authenticate(request))), 0, what);
    assert.ok(pulled() <= 1, what); // a runtime may ask for a first chunk as soon as there is a request
    assert.not.ok(request.bodyUsed, what);
    assert.equal(asked.calls, calls, what);
  }
  const asked = proving([peer.record]);
  const { request, pulled } = posting(await rawProof(peer, good), 500);
  assert.is(await verifications(() => asked.authenticate(request)), 1);
  assert.equal(asked.calls, ["find", "admit", "burn"]);
  assert.is(pulled(), 6);
});

test("who asks too often is told so before its nonce is taken, and nobody without its key uses up what it may ask", async () => {
  const asked: Identity[] = [];
  const admit = (identity: Identity): void => {
    asked.push(identity);
    if (asked.length > 1) throw new CertgenError("too-many-requests", "too many requests");
  };
  const { authenticate, nonces, reasons } = proving([peer.record], { admit });
  await rejection("unauthorized", authenticate(asking(await rawProof(peer, { key: await generateKey() }))));
  await rejection("unauthorized", authenticate(asking(await rawProof(peer, { path: "/other" }))));
  assert.equal(asked, []);
  const identity = await authenticate(asking(await rawProof(peer)));
  assert.equal(asked, [identity]);
  const again = asking(await rawProof(peer, { nonce: `${NONCE}AA` }));
  await rejection("too-many-requests", authenticate(again));
  assert.is(nonces.size, 1);
  assert.is(reasons.length, 2, "too much is no refusal of the proof");
});

test("a proof whose body comes slowly is one of its time no more, though its nonce may be forgotten", async () => {
  const { authenticate, nonces, reasons, set } = proving([peer.record]);
  const authorization = await rawProof(peer, { method: "POST", body: toUtf8("{}") });
  const arriving = (at: string): Request => {
    const chunks = ["{", "}"];
    const pull = (controller: ReadableStreamDefaultController<Uint8Array>): void => {
      const chunk = chunks.shift();
      if (chunk === "}") set(at);
      if (chunk === undefined) controller.close();
      else controller.enqueue(toUtf8(chunk));
    };
    const body = new ReadableStream<Uint8Array>({ pull }, { highWaterMark: 0 });
    const init: RequestInit & { duplex: "half" } = { method: "POST", body, duplex: "half", headers: { authorization } };
    return new Request(PROOF_URL, init);
  };
  assert.ok(await authenticate(arriving("2026-03-01T12:02:00Z")));
  for (const at of ["2026-03-01T12:02:01Z", "2026-03-01T12:04:01Z", "2026-03-01T13:00:00Z"]) {
    set("2026-03-01T12:02:00Z");
    nonces.clear();
    await rejection("unauthorized", authenticate(arriving(at)));
    assert.is(nonces.size, 0);
  }
  assert.equal(reasons, Array(3).fill("its time is not now"));
});

test("a certificate that ends while the body comes proves nothing", async () => {
  const { authenticate, reasons, set } = proving([{ ...peer.record, notAfter: new Date("2026-03-01T12:00:00Z") }]);
  const request = asking(await rawProof(peer));
  const clone = request.clone.bind(request);
  request.clone = () => {
    set("2026-03-01T12:00:01Z");
    return clone();
  };
  await rejection("unauthorized", authenticate(request));
  assert.equal(reasons, ["its certificate has expired too long ago"]);
});

test("a header that is malformed is said to be, to the signer alone", async () => {
  const said: unknown[] = [];
  const onRefusal = (...facts: unknown[]): void => void said.push(facts);
  const { authenticate, calls } = proving([peer.record], { onRefusal });
  for (const header of ["Certgen-Proof", "Certgen-Proof x", `Certgen-Proof a.1.${NONCE}.b`]) {
    const error = await rejection("unauthorized", authenticate(asking(header)));
    assert.is(error.message, "Unauthorized");
  }
  assert.equal(said, Array(3).fill(["its header is malformed"]));
  assert.equal(calls, []);
});

test("a bad signature uses up no nonce: nobody without the key can spoil a proof", async () => {
  const { authenticate, calls, nonces } = proving([peer.record]);
  const key = await generateKey();
  for (const parts of [{ key }, { path: "/other" }, { signature: new Uint8Array(70) }]) {
    await rejection("unauthorized", authenticate(asking(await rawProof(peer, parts))));
  }
  assert.not.ok(calls.includes("burn"));
  assert.is(nonces.size, 0);
  assert.ok(await authenticate(asking(await rawProof(peer))));
});

test("a body that is too large is said to be, before any signature, and nothing hangs", async () => {
  const { authenticate, calls } = proving([peer.record], { maxBodyBytes: 1000 });
  const authorization = await rawProof(peer, { method: "POST", body: new Uint8Array(1000) });
  const { request, pulled } = posting(authorization, 1e6);
  assert.is(await verifications(() => rejection("too-large", authenticate(request))), 0);
  assert.ok(pulled() <= 13, String(pulled()));
  await rejection("too-large", authenticate(asking(authorization, { method: "POST", body: new Uint8Array(1001) })));
  assert.equal(calls, ["find", "find"]);
  const { request: fits } = posting(authorization, 1000);
  assert.ok(await authenticate(fits));
  assert.is((await fits.arrayBuffer()).byteLength, 1000);
});

test("a failure of the store is no refusal, and lets nobody in", async () => {
  const broken = new CertgenError("io", "Cannot write x");
  const fail = () => Promise.reject(broken);
  for (const options of [{ find: fail }, { burn: fail }]) {
    const { authenticate, reasons } = proving([peer.record], options);
    const error: unknown = await authenticate(asking(await rawProof(peer))).catch((error: unknown) => error);
    assert.is(error, broken);
    assert.equal(reasons, []);
  }
});

test("a body that breaks off is no refusal either, and takes no nonce", async () => {
  const body = new ReadableStream({ pull: (controller) => controller.error(new CertgenError("io", "client gone")) });
  const authorization = await rawProof(peer, { method: "POST" });
  const init: RequestInit & { duplex: "half" } = { method: "POST", body, duplex: "half", headers: { authorization } };
  const { authenticate, calls } = proving([peer.record]);
  const error: unknown = await authenticate(new Request(PROOF_URL, init)).catch((error: unknown) => error);
  assert.match(String(error), /client gone/);
  assert.equal(calls, ["find"]);
});

test("whatever is sent is nobody's or unauthorized, in no time, and reaches neither signature nor nonce for nothing", async () => {
  let seed = 4;
  const next = (limit: number): number => (seed = (seed * 48_271) % 2_147_483_647) % limit;
  const good = await rawProof(peer);
  const alphabet = "ABCxyz019-_.=+/, \t%\u00e9~\x7f";
  const pieces = [
    ...good.split("."),
    "Certgen-Proof ",
    "Bearer ",
    ".",
    "..",
    "AAAA",
    NONCE,
    "1e9",
    "00",
    "=",
    ",",
    "__proto__",
  ];
  const mutate = (text: string): string => {
    const [at, count] = [next(text.length + 1), next(4)];
    const piece = [alphabet[next(alphabet.length)] ?? "", pieces[next(pieces.length)] ?? "", ""][next(3)] ?? "";
    return text.slice(0, at) + piece + text.slice(at + count);
  };
  let slowest = 0;
  let known = 0;
  for (let i = 0; i < 3000; i++) {
    let header = next(5) === 0 ? "" : good;
    for (let changes = next(6); changes >= 0; changes--) header = mutate(header);
    let request: Request;
    try {
      request = asking(header);
    } catch {
      continue; // no runtime lets such a header in
    }
    const isWhole = (request.headers.get("authorization") ?? "").replace(/^\S+ +/, "") === good.replace(/^\S+ /, "");
    const { authenticate, nonces } = proving([peer.record]);
    const ask = async (): Promise<[answer: unknown, took: number]> => {
      const start = performance.now();
      const answer: unknown = await authenticate(request).catch((error: unknown) => error);
      return [answer, performance.now() - start];
    };
    const [answer, first] = await ask();
    let took = first;
    // what was slow once may have waited for something else
    for (let again = 0; took >= 50 && again < 5; again++) took = (await ask())[1];
    slowest = Math.max(slowest, took);
    if (isWhole) known += 1;
    else {
      assert.ok(answer === null || (answer instanceof CertgenError && answer.code === "unauthorized"), header);
      assert.is(nonces.size, 0, header);
    }
  }
  assert.ok(slowest < 50, `${slowest} ms`);
  assert.ok(known < 300, String(known));
});

test("each octet of a header counts", async () => {
  const good = await rawProof(peer, { method: "GET" });
  const { authenticate, nonces } = proving([peer.record]);
  const begin = "Certgen-Proof ".length;
  for (let at = begin; at < good.length; at++) {
    const other = good[at] === "A" ? "B" : "A";
    const header = good.slice(0, at) + other + good.slice(at + 1);
    const answer: unknown = await authenticate(asking(header)).catch((error: unknown) => error);
    assert.ok(answer instanceof CertgenError && answer.code === "unauthorized", `${at}`);
  }
  assert.is(nonces.size, 0);
});

test("reasons name no secret and nothing of the header", async () => {
  const { authenticate, reasons } = proving([peer.record]);
  const bad = [{ path: "/x" }, { signature: toUtf8("zzzz") }, { time: 1 }, { certificate: toUtf8("zzzz") }];
  for (const parts of bad) await rejection("unauthorized", authenticate(asking(await rawProof(peer, parts))));
  assert.is(reasons.length, bad.length);
  for (const because of reasons) assert.not.match(because, /zzzz|enp6|[A-Za-z0-9_-]{30}/);
});

test.run();
