import { test } from "uvu";
import * as assert from "uvu/assert";
import { Staging } from "../../../src/agent/staging.ts";
import type { IssueRequest } from "../../../src/ca/issuer.ts";
import { CertgenError, type ErrorCode } from "../../../src/errors.ts";
import type { Handler } from "../../../src/ports.ts";
import { generateKey } from "../../../src/x509/key.ts";
import { failure, jsonAnswer } from "../../agent_world.ts";
import { answering, ca, issue, otherCa, withStatus } from "../../bad_answers.ts";
import { MOMENT } from "../../fakes.ts";
import { type KeeperWorld, keeperWorld, NODE } from "../../keeper_world.ts";
import { MemoryFiles } from "../../memory_files.ts";

/** The certificates of {@link issue} live an hour: now they are due. */
const DUE = "2026-03-01T12:50:00Z";
const now = new Date(DUE);

const good = await (async () => {
  const world = keeperWorld(answering(issue));
  assert.is((await world.keeper().tend()).did, "changed", JSON.stringify(world.lines));
  return world.files;
})();

/** The good pair, and a signer that answers it badly until it is told to answer well. */
function dueWorld(bad: Handler): KeeperWorld & { recover: (at: Date) => void } {
  const files = new MemoryFiles();
  for (const [path, file] of good.tree) files.tree.set(path, file);
  let handler = bad;
  const world = keeperWorld((request) => handler(request), files);
  world.setTime(DUE);
  const recover = (at: Date): void => {
    handler = answering((csr) => issue(csr, { now: at }));
    world.setTime(at.toISOString());
  };
  return Object.assign(world, { recover });
}

/** Everything but what stands beside the pair for the next try. */
function pairOf(files: MemoryFiles): Record<string, string> {
  const entries = Object.entries(files.snapshot()).filter(([path]) => !/\/(?:staged\..*|failure\.json)$/.test(path));
  return Object.fromEntries(entries);
}

const issued = (change: Partial<IssueRequest>): Handler => answering((csr) => issue(csr, { now, ...change }));
const answered = (make: (pem: string) => string): Handler => answering(async (csr) => make(await issue(csr, { now })));
/** A good answer, but for what the signer says of its CA. */
const withCa = (make: () => Response): Handler => (request) => request.method === "GET" ? make() : issued({})(request);
const decided = (status: unknown): Handler => async (request) =>
  withStatus(status)(request.method === "POST" ? (await request.json()).spec : {});
const refusal = (type: string): Handler =>
  decided({ conditions: [{ type, status: "True", reason: "NameNotAllowed", message: "x is not issued" }] });
const somebodysElse: Handler = (request) =>
  request.method === "POST"
    ? failure(409, "AlreadyExists")
    : jsonAnswer(200, { spec: { request: "eA==" }, status: { certificate: "eA==" } });
const cut = (text: string): string => text.slice(0, text.length / 2);
const otherKey = (await generateKey()).publicKey;
const early = new Date(MOMENT);
const late = new Date("2026-03-01T15:00:00Z");

const UNTRUSTED = /^Cannot use the certificate that the signer sent: /;

/** What the signer answers, what comes of it, and what is said. */
const ANSWERS: readonly (readonly [what: string, answer: Handler, code: ErrorCode, message: RegExp])[] = [
  ["another key", issued({ publicKey: otherKey }), "invalid-certificate", /it is for another key/],
  [
    "a missing name",
    issued({ names: [{ type: "dns", value: "etcd1" }] }),
    "invalid-certificate",
    /it lacks the name IP:10\.8\.89\.9/,
  ],
  [
    "a name too many",
    issued({
      names: [{ type: "dns", value: "etcd1" }, { type: "ip", value: "10.8.89.9" }, { type: "dns", value: "evil" }],
    }),
    "invalid-certificate",
    /it has a name that is not asked for, DNS:evil/,
  ],
  [
    "a certificate that has expired",
    issued({ now: early, lifetimeSeconds: 600 }),
    "invalid-certificate",
    /it expired at 2026-03-01T12:10:/,
  ],
  ["one that is not valid yet", issued({ now: late }), "invalid-certificate", /it is not valid before 2026-03-01T14:/],
  ["one of another CA", issued({ issuer: otherCa }), "invalid-certificate", UNTRUSTED],
  [
    "another CA, and its certificate",
    answering((csr) => issue(csr, { now, issuer: otherCa }), otherCa.certificate.pem),
    "invalid-certificate",
    /Cannot take the CA that the signer names, "CN=test CA": no CA that is trusted here has certified it/,
  ],
  ["two certificates", answered((pem) => pem + ca.certificate.pem), "invalid-certificate", UNTRUSTED],
  ["a CA's certificate", answered(() => ca.certificate.pem), "invalid-certificate", /it is for another key/],
  ["a truncated certificate", answered(cut), "invalid-certificate", UNTRUSTED],
  ["garbage for a certificate", answered(() => "hello"), "invalid-certificate", UNTRUSTED],
  ["garbage for base64", decided({ certificate: "!" }), "rejected", /^Cannot understand the signer: /],
  ["no certificate", decided({ certificate: "" }), "timed-out", /has not decided yet: the request is kept/],
  ["pending for ever", decided({}), "timed-out", /has not decided yet: the request is kept/],
  ["nothing", () => new Response(""), "rejected", /^Cannot understand the signer: /],
  [
    "a truncated object",
    async (request) => new Response(cut(await (await issued({})(request)).text())),
    "rejected",
    /^Cannot understand the signer: /,
  ],
  ["no JSON", () => new Response("<html>It works!</html>"), "rejected", /^Cannot understand the signer: /],
  ["no object", () => jsonAnswer(200, "[]"), "rejected", /^Cannot understand the signer: /],
  [
    "10 MB",
    () => Promise.reject(new CertgenError("too-large", "Cannot take the answer: it is larger than 4194304 octets")),
    "too-large",
    /larger than/,
  ],
  [
    "a redirect",
    () => new Response(null, { status: 307, headers: { location: "https://evil.example.org/" } }),
    "rejected",
    /redirects \(HTTP status 307\); give its real address$/,
  ],
  ["Denied", refusal("Denied"), "denied", /^Denied by the signer: NameNotAllowed: x is not issued$/],
  ["Failed", refusal("Failed"), "denied", /^Failed by the signer: NameNotAllowed: x is not issued$/],
  ["400", () => failure(400, "BadRequest"), "rejected", /no: BadRequest/],
  ["401", () => failure(401, "Unauthorized"), "unauthorized", /no: Unauthorized/],
  ["403", () => failure(403, "Forbidden"), "forbidden", /no: Forbidden/],
  ["404", () => failure(404, "NotFound"), "not-found", /no: NotFound/],
  ["409 of somebody else's", somebodysElse, "already-exists", /no: AlreadyExists/],
  ["429", () => failure(429, "TooManyRequests", { "retry-after": "7" }), "unavailable", /no: TooManyRequests/],
  ["500", () => failure(500, "InternalError"), "unavailable", /no: InternalError/],
  ["503", () => new Response("down for repair", { status: 503 }), "unavailable", /HTTP status 503: down for repair/],
  [
    "never",
    () => Promise.reject(new CertgenError("unavailable", "Cannot reach the signer: no answer within 30 s")),
    "unavailable",
    /no answer within 30 s/,
  ],
  ["its CA: garbage", withCa(() => new Response("hello")), "invalid-certificate", UNTRUSTED],
  ["its CA: nothing", withCa(() => new Response("")), "invalid-certificate", UNTRUSTED],
  [
    "its CA: no text",
    withCa(() => new Response(Uint8Array.of(0xff, 0xfe))),
    "invalid-certificate",
    /^Cannot use the CA that the signer names: /,
  ],
  [
    "its CA: unknown",
    withCa(() => failure(404, "NotFound")),
    "invalid-certificate",
    /the signer does not say which CA issued it, and none was given/,
  ],
  ["its CA: 500", withCa(() => failure(500, "InternalError")), "unavailable", /no: InternalError/],
];

for (const [what, answer, code, message] of ANSWERS) {
  test(`R56 R58 the signer answers a pair that is due with ${what}: the pair stays, and the next answer is taken`, async () => {
    const world = dueWorld(answer);
    const staging = new Staging(world.files, `certs/.${NODE}`);
    const old = pairOf(world.files);
    const tended = await world.keeper().tend();
    assert.ok(tended.did === "failed", JSON.stringify(world.lines));
    assert.is(tended.error.code, code, tended.error.message);
    assert.match(tended.error.message, message);
    assert.not.match(tended.error.message, "evil.example.org");
    assert.equal(pairOf(world.files), old, "byte for byte");
    assert.equal(world.events, [`failed: ${code}`]);
    const said = world.lines.filter(({ level }) => level === "error");
    assert.equal(said.map(({ message, facts }) => [message, facts["because"]]), [
      ["the certificate is not renewed", tended.error.message],
    ]);
    const kept = await staging.failure();
    assert.equal([kept?.code, kept?.message, kept?.count, kept?.at], [code, tended.error.message, 1, now]);
    assert.equal(kept?.retryAt, tended.nextAt);
    assert.ok(tended.nextAt > now, "not at once");

    world.recover(tended.nextAt);
    const after = await world.keeper().tend();
    assert.is(after.did, "changed", JSON.stringify(world.lines));
    assert.ok(world.certificate().notAfter > tended.nextAt);
    assert.is(await staging.failure(), undefined);
    assert.equal(world.events, [`failed: ${code}`, "renewed"]);
    assert.is((await world.keeper().tend()).did, "nothing");
  });
}

test("R56 a signer that never answers is left when the signal says so, and the pair stays", async () => {
  for (
    const [reason, isFailure] of [
      [new Error("SIGTERM"), false],
      [new CertgenError("unavailable", "Interrupted by SIGTERM"), false],
      [new CertgenError("timed-out", "late"), true],
    ] as const
  ) {
    const stop = new AbortController();
    const world = dueWorld((request) =>
      new Promise((_, reject) => {
        request.signal.addEventListener("abort", () => reject(request.signal.reason));
        queueMicrotask(() => stop.abort(reason));
      })
    );
    const old = pairOf(world.files);
    const error = await world.keeper().tend({ signal: stop.signal }).then(() => undefined, (error) => error);
    assert.is(error, reason);
    assert.equal(pairOf(world.files), old);
    const kept = await new Staging(world.files, `certs/.${NODE}`).failure();
    assert.is(kept?.code, isFailure ? "timed-out" : undefined, "to be stopped is none");
    assert.equal(world.events, isFailure ? ["failed: timed-out"] : []);
  }
});

test("R63 a failure that lies in the future was written before the clock was set back, and holds up nothing", async () => {
  const world = dueWorld(() => failure(503, "ServiceUnavailable"));
  const at = new Date("2027-01-01T00:00:00Z");
  const retryAt = new Date("2027-01-01T00:01:00Z");
  const staging = new Staging(world.files, `certs/.${NODE}`);
  await staging.putFailure({ code: "unavailable", message: "down", at, count: 3, retryAt });
  world.recover(now);
  assert.is((await world.keeper().tend()).did, "changed");
});

test("a failure that cannot be written down is said, and the pair stays", async () => {
  const world = dueWorld(() => failure(500, "InternalError"));
  const old = pairOf(world.files);
  world.files.put(`certs/.${NODE}/failure.json`, "{");
  const replace = world.files.replace.bind(world.files);
  world.files.replace = (path, ...rest) =>
    path.endsWith("failure.json")
      ? Promise.reject(new CertgenError("io", "no space left on the device (ENOSPC)"))
      : replace(path, ...rest);
  const tended = await world.keeper().tend();
  assert.ok(tended.did === "failed" && tended.error.code === "unavailable");
  assert.ok(
    world.lines.some(({ level, message }) => level === "warn" && message === "the failure cannot be written down"),
  );
  assert.equal(pairOf(world.files), old);
});

test.run();
