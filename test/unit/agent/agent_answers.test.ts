import { test } from "uvu";
import * as assert from "uvu/assert";
import { CertgenError, type ErrorCode } from "../../../src/errors.ts";
import { toBase64Pem } from "../../../src/k8s/certificate_signing_request.ts";
import type { Handler } from "../../../src/ports.ts";
import { parseCsr } from "../../../src/x509/csr.ts";
import { agentWorld, failure, jsonAnswer } from "../../agent_world.ts";
import { answering, ca, issue, refuses, withPair, withStatus } from "../../bad_answers.ts";

test("R6 R7 Denied and Failed end it with the signer's reason", async () => {
  for (const type of ["Denied", "Failed"]) {
    const conditions = [{ type, status: "True", reason: "NameNotAllowed", message: "the name x is not issued" }];
    const handler: Handler = async (request) => withStatus({ conditions })((await request.json()).spec);
    const error = await refuses("denied", handler);
    assert.is(error.reason, "NameNotAllowed");
    assert.is(error.message, `${type} by the signer: NameNotAllowed: the name x is not issued`);
  }
});

test("answers of wrong types are refused as such, and nothing of them is kept", async () => {
  const statuses = [
    "x",
    [],
    { certificate: 7 },
    { certificate: "!" },
    { certificate: "/w==" },
    { conditions: [{ type: "Denied", reason: 7 }] },
    { conditions: [{ type: "Failed", message: {} }] },
  ];
  for (const status of statuses) {
    const error = await refuses("rejected", async (request) => withStatus(status)((await request.json()).spec));
    assert.match(error.message, /^Cannot understand the signer: /);
  }
  const noText = () => new Response(Uint8Array.of(0xff, 0xfe));
  await refuses("invalid-certificate", (request) => request.method === "GET" ? noText() : answering(issue)(request));
  const taken = (request: Request): Response =>
    request.method === "POST" ? failure(409, "AlreadyExists") : jsonAnswer(200, { spec: 7 });
  await refuses("rejected", taken);
});

test("odd conditions are passed over, and an empty certificate is one that is not there yet", async () => {
  const conditions = [null, 7, "Denied", [], { type: "Denied2" }, { type: 7 }, { type: "Approved", status: "True" }];
  const files = await withPair();
  let looks = 0;
  let spec: { request: string } = { request: "" };
  const handler: Handler = async (request) => {
    if (request.url.endsWith("/ca/etcd-peer")) return new Response(ca.certificate.pem);
    if (request.method === "POST") {
      spec = (await request.json()).spec;
      return withStatus({ conditions: null, certificate: null })(spec);
    }
    if (++looks < 4) return withStatus(looks === 1 ? undefined : { conditions, certificate: "" })(spec);
    return withStatus({ conditions, certificate: toBase64Pem(await issue(parseCsr(atob(spec.request)))) })(spec);
  };
  const world = agentWorld(handler, files);
  await world.run();
  assert.is(looks, 4);
  assert.is(world.pauses.length, 4);
});

test("R6 R7 Denied wins over a certificate beside it", async () => {
  const handler: Handler = async (request) => {
    const { spec } = await request.json();
    const certificate = toBase64Pem(await issue(parseCsr(atob(spec.request))));
    return withStatus({ conditions: [{ type: "Approved" }, { type: "Denied" }], certificate })(spec);
  };
  assert.is((await refuses("denied", handler)).reason, "no reason given");
});

test("each refusal has its code; where asking again may help, the staged request is kept", async () => {
  const cases: [Response, ErrorCode, boolean, RegExp][] = [
    [failure(400, "BadRequest"), "rejected", false, /no: BadRequest/],
    [failure(401, "Unauthorized"), "unauthorized", true, /no: Unauthorized/],
    [failure(403, "Forbidden"), "forbidden", false, /no: Forbidden/],
    [failure(413, "RequestEntityTooLarge"), "too-large", false, /no: /],
    [failure(415, "UnsupportedMediaType"), "rejected", false, /no: /],
    [failure(422, "Invalid"), "rejected", false, /no: Invalid/],
    [jsonAnswer(418, "<html>teapot</html>"), "rejected", false, /HTTP status 418: <html>teapot/],
    [jsonAnswer(200, "no JSON"), "rejected", false, /Cannot understand the signer/],
    [jsonAnswer(201, "[]"), "rejected", false, /Cannot understand the signer/],
    [jsonAnswer(200, ""), "rejected", false, /Cannot understand the signer/],
  ];
  for (const [answer, code, keepsStaged, message] of cases) {
    const error = await refuses(code, () => answer.clone(), { keepsStaged });
    assert.match(error.message, message);
  }
});

test("a redirect is not followed", async () => {
  for (const status of [301, 302, 303, 307, 308, 304]) {
    let asked = 0;
    const error = await refuses("rejected", () => {
      asked++;
      return new Response(null, { status, headers: { location: "https://evil.example.org/" } });
    });
    assert.is(asked, 1);
    assert.match(error.message, `redirects (HTTP status ${status})`);
    assert.not.match(error.message, "evil");
  }
});

test("R3 409 by somebody else's object ends it; by our own it does not", async () => {
  const taken = (request: string): Handler => (sent) =>
    sent.method === "POST"
      ? failure(409, "AlreadyExists")
      : jsonAnswer(200, { spec: { request }, status: { conditions: [], certificate: "eA==" } });
  const error = await refuses("already-exists", taken("eA=="));
  assert.is(error.message, "no: AlreadyExists");
});

test("a request that is gone from the signer ends it", async () => {
  let posts = 0;
  const handler: Handler = async (request) => {
    if (request.method === "GET") return failure(404, "NotFound");
    posts++;
    return withStatus({})((await request.json()).spec);
  };
  const error = await refuses("rejected", handler);
  assert.match(error.message, /is no longer at the signer$/);
  assert.is(posts, 1);
});

test("R16 a signal ends every wait with its reason, and keeps what was staged", async () => {
  const handlers: [string, Handler][] = [
    ["down", () => failure(503, "ServiceUnavailable")],
    ["pending", async (r) => withStatus({})(r.method === "POST" ? (await r.json()).spec : {})],
    ["unreachable", () => Promise.reject(new CertgenError("unavailable", "no route"))],
  ];
  for (const [what, handler] of handlers) {
    const controller = new AbortController();
    let asked = 0;
    const counting: Handler = (request) => {
      if (++asked === 5) controller.abort(new CertgenError("timed-out", "No certificate within 60 s"));
      return handler(request);
    };
    const error = await refuses("timed-out", counting, { keepsStaged: true, signal: controller.signal });
    assert.is(error.message, "No certificate within 60 s", what);
    assert.is(asked, 5);
  }
});

test("R16 a signer that never answers is left when the signal says so", async () => {
  const controller = new AbortController();
  const hanging: Handler = (request) =>
    new Promise((_, reject) => {
      request.signal.addEventListener("abort", () => reject(request.signal.reason));
      queueMicrotask(() => controller.abort(new CertgenError("timed-out", "late")));
    });
  await refuses("timed-out", hanging, { keepsStaged: true, signal: controller.signal });
});

test("a signal that was aborted before sends nothing", async () => {
  const signal = AbortSignal.abort(new CertgenError("timed-out", "late"));
  let asked = 0;
  await refuses("timed-out", () => failure(500, String(++asked)), { keepsStaged: true, signal });
  assert.is(asked, 0);
});

test.run();
