/** Signers that answer an agent badly, and agents that must not take it. */
import * as assert from "uvu/assert";
import { createCa } from "../src/ca/create_ca.ts";
import { etcdProfiles } from "../src/ca/etcd.ts";
import { issueCertificate, type Issuer, type IssueRequest, newSerialNumber } from "../src/ca/issuer.ts";
import type { CertgenError, ErrorCode } from "../src/errors.ts";
import { toBase64Pem } from "../src/k8s/certificate_signing_request.ts";
import type { Handler } from "../src/ports.ts";
import { type Csr, parseCsr } from "../src/x509/csr.ts";
import { agentWorld, jsonAnswer, NODE } from "./agent_world.ts";
import { fakeClock, rejection } from "./fakes.ts";
import { MemoryFiles } from "./memory_files.ts";

const { now } = fakeClock();
/** The CA that {@link issue} issues with. */
export const ca: Issuer = await createCa({ commonName: "test CA", now });
/** Another one, of the same name. */
export const otherCa: Issuer = await createCa({ commonName: "test CA", now });
const [profile] = etcdProfiles();
if (profile === undefined) throw new Error("no profile");

/** Issues what an agent asked for, with some of it changed. */
export async function issue(csr: Csr, change: Partial<IssueRequest> = {}): Promise<string> {
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
export const withStatus = (status: unknown): (spec: unknown) => Response => (spec) =>
  jsonAnswer(201, { kind: "CertificateSigningRequest", metadata: {}, spec, status });

/** Answers a POST with a certificate that is made for its CSR. */
export function answering(make: (csr: Csr) => string | Promise<string>, caPem: string = ca.certificate.pem): Handler {
  return async (request) => {
    if (request.method === "GET") return new Response(caPem);
    const { spec } = await request.json() as { spec: { request: string } };
    const certificate = toBase64Pem(await make(parseCsr(atob(spec.request))));
    return withStatus({ conditions: [{ type: "Approved", status: "True" }], certificate })(spec);
  };
}

/** Files with a good pair of {@link ca}. */
export async function withPair(): Promise<MemoryFiles> {
  const files = new MemoryFiles();
  await agentWorld(answering(issue), files).run();
  return files;
}

const before = await withPair();

/** Runs an agent over the good pair against a bad answer: the pair, and its CA, must stay byte for byte. */
export async function refuses(
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
  const staged = Object.keys(left).filter((path) => path.includes("/staged."));
  assert.equal(
    staged.sort(),
    keepsStaged ? [`certs/.${NODE}/staged.json`, `certs/.${NODE}/staged.key`] : [],
    "staged files",
  );
  for (const path of staged) delete left[path];
  assert.equal(left, old);
  return error;
}
