import { test } from "uvu";
import * as assert from "uvu/assert";
import { createCa } from "../../../src/ca/create_ca.ts";
import { etcdProfiles } from "../../../src/ca/etcd.ts";
import { issueCertificate, type IssueRequest, newSerialNumber, validityAt } from "../../../src/ca/issuer.ts";
import { defineProfile } from "../../../src/ca/profile.ts";
import { CertgenError, type ErrorCode } from "../../../src/errors.ts";
import { toBase64Pem } from "../../../src/k8s/certificate_signing_request.ts";
import type { Handler } from "../../../src/ports.ts";
import { buildCertificate } from "../../../src/x509/certificate_builder.ts";
import { type Csr, parseCsr } from "../../../src/x509/csr.ts";
import { encodeBasicConstraints, encodeExtKeyUsage, encodeSubjectAltName } from "../../../src/x509/extension.ts";
import { generateKey } from "../../../src/x509/key.ts";
import { encodeName } from "../../../src/x509/name.ts";
import { agentSigner, agentWorld, failure, jsonAnswer, NODE } from "../../agent_world.ts";
import { fakeClock, MemoryFiles, MOMENT, rejection } from "../../fakes.ts";

const KEY = `certs/${NODE}.key`;
const CERTIFICATE = `certs/${NODE}.crt`;
const { now } = fakeClock();
const ca = await createCa({ commonName: "test CA", now });
const otherCa = await createCa({ commonName: "test CA", now });
const [profile] = etcdProfiles();
if (profile === undefined) throw new Error("no profile");

/** Issues what an agent asked for, with some of it changed. */
async function issue(csr: Csr, change: Partial<IssueRequest> = {}): Promise<string> {
  if (profile === undefined) throw new Error("no profile");
  const certificate = await issueCertificate({
    issuer: ca,
    profile,
    publicKey: csr.publicKey,
    subject: csr.subject.der,
    names: csr.extensions.subjectAltName ?? [],
    lifetimeSeconds: 3600,
    now: now(),
    serialNumber: newSerialNumber(),
    ...change,
  });
  return certificate.pem;
}

/** An object with a status. */
const withStatus = (status: unknown) => (spec: unknown): Response =>
  jsonAnswer(201, { kind: "CertificateSigningRequest", metadata: {}, spec, status });

/** Answers a POST with a certificate that is made for its CSR. */
function answering(make: (csr: Csr) => string | Promise<string>, caPem: string = ca.certificate.pem): Handler {
  return async (request) => {
    if (request.method === "GET") return new Response(caPem);
    const { spec } = await request.json() as { spec: { request: string } };
    const certificate = toBase64Pem(await make(parseCsr(atob(spec.request))));
    return withStatus({ conditions: [{ type: "Approved", status: "True" }], certificate })(spec);
  };
}

/** Files with a good pair, from the real signer. */
async function withPair(): Promise<MemoryFiles> {
  const files = new MemoryFiles();
  const { signer } = await agentSigner();
  await agentWorld(signer.fetch, files).run();
  return files;
}

const before = await withPair();

/** Runs an agent over the good pair against a bad answer: the pair, and its CA, must stay byte for byte. */
async function refuses(
  code: ErrorCode,
  handler: Handler,
  options: { readonly keepsStaged?: boolean; readonly signal?: AbortSignal } = {},
): Promise<CertgenError> {
  const files = new MemoryFiles();
  for (const [path, file] of before.tree) files.tree.set(path, file);
  const old = files.snapshot();
  const { keepsStaged = false, signal } = options;
  const world = agentWorld(handler, files);
  const error = await rejection(code, world.run(signal === undefined ? {} : { signal }));
  const left = files.snapshot();
  const staged = Object.keys(left).filter((path) => path.endsWith(".new"));
  assert.equal(staged.sort(), keepsStaged ? [`${KEY}.new`, `certs/${NODE}.request.new`] : [], "staged files");
  for (const path of staged) delete left[path];
  assert.equal(left, old);
  return error;
}

test("the good answer that the bad ones are made from is taken", async () => {
  const files = await withPair();
  const old = files.text(CERTIFICATE);
  const { certificate } = await agentWorld(answering(issue), files).run();
  assert.is.not(files.text(CERTIFICATE), old);
  assert.is(files.text(CERTIFICATE), certificate.pem);
  assert.is(files.text("certs/ca.crt"), ca.certificate.pem);
});

const selfMade = defineProfile({
  name: "x",
  issuer: "etcd",
  keyUsage: ["digitalSignature"],
  extKeyUsage: ["serverAuth"],
  lifetimeSeconds: 3600,
});
const subject = (commonName: string, organization = "system:etcd-peers") => encodeName({ organization, commonName });
const HOUR = 3_600_000;
const at = (offset: number): Date => new Date(Date.parse(MOMENT) + offset);

const CERTIFICATES: [what: string, make: (csr: Csr) => string | Promise<string>, message: RegExp][] = [
  ["another key", async (csr) => issue(csr, { publicKey: (await generateKey()).publicKey }), /for another key/],
  ["a missing DNS name", (csr) => issue(csr, { names: without(csr, "etcd1") }), /lacks the name DNS:etcd1/],
  ["a missing address", (csr) => issue(csr, { names: without(csr, "::1") }), /lacks the name IP:::1/],
  ["no names", (csr) => issue(csr, { names: [] }), /lacks the name/],
  [
    "another common name",
    (csr) => issue(csr, { subject: subject("system:etcd-peer:etcd2") }),
    /common name is another/,
  ],
  ["another organization", (csr) => issue(csr, { subject: subject(NODE, "x") }), /organization is another/],
  [
    "two organizations",
    (csr) => issue(csr, { subject: encodeName({ organization: ["system:etcd-peers", "x"], commonName: NODE }) }),
    /organization is another/,
  ],
  ["an empty subject", (csr) => issue(csr, { subject: encodeName({}) }), /common name is another/],
  ["a missing usage", (csr) => issue(csr, { profile: selfMade }), /lacks the usage clientAuth/],
  [
    "an expired one",
    (csr) => issue(csr, { now: at(HOUR), lifetimeSeconds: 1, issuer: ca }).then(() => expired(csr)),
    /expired|ended|not valid/i,
  ],
  ["one not yet valid", (csr) => issue(csr, { now: at(HOUR) }), /not valid before|not yet|begins/i],
  ["one of another CA of the same name", (csr) => issue(csr, { issuer: otherCa }), /signature|verif|issue/i],
  ["garbage", () => "garbage", /no "-----BEGIN CERTIFICATE-----" line/],
  ["an empty line", () => "\n", /no "-----BEGIN CERTIFICATE-----" line/],
  ["two certificates", async (csr) => await issue(csr) + ca.certificate.pem, /more than one/],
  ["the CA's certificate", () => ca.certificate.pem, /another key/],
  ["a CA's certificate for our key", (csr) => caFor(csr), /it is a CA's/],
  ["a cut-off one", async (csr) => (await issue(csr)).slice(0, 300), /no "-----END CERTIFICATE-----" line/],
  ["a key", () => "-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n", /PRIVATE KEY/],
];

function without(csr: Csr, value: string): NonNullable<Csr["extensions"]["subjectAltName"]> {
  return (csr.extensions.subjectAltName ?? []).filter((name) => name.value !== value);
}

/** A certificate of a CA that was valid then, and that has ended since. */
async function expired(csr: Csr): Promise<string> {
  const parts = partsFor(csr, { notBefore: at(-2 * HOUR), notAfter: at(-1000) });
  return (await buildCertificate(parts, ca, () => {})).pem;
}

async function caFor(csr: Csr): Promise<string> {
  const parts = partsFor(csr, validityAt(now(), 3600), true);
  return (await buildCertificate(parts, ca, () => {})).pem;
}

function partsFor(
  csr: Csr,
  validity: { notBefore: Date; notAfter: Date },
  isCa = false,
): Parameters<typeof buildCertificate>[0] {
  return {
    serialNumber: newSerialNumber(),
    issuer: ca.certificate.subject.der,
    ...validity,
    subject: csr.subject.der,
    subjectPublicKeyInfo: csr.publicKey.spki,
    extensions: [
      encodeBasicConstraints(isCa),
      encodeExtKeyUsage(["serverAuth", "clientAuth"]),
      encodeSubjectAltName(csr.extensions.subjectAltName ?? []),
    ],
  };
}

for (const [what, make, message] of CERTIFICATES) {
  test(`a certificate that is ${what} is refused, and the old pair stays`, async () => {
    const error = await refuses("invalid-certificate", answering(make));
    assert.match(error.message, /^Cannot use the certificate that the signer sent: /);
    assert.match(error.message, message);
  });
}

test("a CA answer that is none is refused", async () => {
  for (
    const pem of [
      "",
      "garbage",
      otherCa.certificate.pem,
      "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n",
    ]
  ) {
    await refuses("invalid-certificate", answering(issue, pem));
  }
});

test("Denied and Failed end it with the signer's reason", async () => {
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

test("Denied wins over a certificate beside it", async () => {
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
    [failure(403, "Forbidden"), "forbidden", true, /no: Forbidden/],
    [failure(413, "RequestEntityTooLarge"), "too-large", true, /no: /],
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

test("409 by somebody else's object ends it; by our own it does not", async () => {
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

test("a signal ends every wait with its reason, and keeps what was staged", async () => {
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

test("a signer that never answers is left when the signal says so", async () => {
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
