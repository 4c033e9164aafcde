/** A signer in this process, and requests for it. */
import * as assert from "uvu/assert";
import { toBase64, toUtf8 } from "../src/bytes.ts";
import { bitStringOf, explicit, integer, oid, sequence, setOf, utf8String } from "../src/asn1/der_writer.ts";
import { Oid } from "../src/asn1/oid.ts";
import { createCa } from "../src/ca/create_ca.ts";
import { etcdProfiles } from "../src/ca/etcd.ts";
import type { Issuer } from "../src/ca/issuer.ts";
import type { Status, StatusDetails } from "../src/k8s/status.ts";
import type { CertificateSigningRequest } from "../src/k8s/certificate_signing_request.ts";
import type { RequestCondition } from "../src/k8s/request_status.ts";
import { createSigner, type Signer, type SignerOptions } from "../src/signer/create_signer.ts";

import { openDirectory } from "../src/requests/directory.ts";
import { MemoryStore } from "../src/store/memory.ts";
import type { Store } from "../src/store/store.ts";
import { createCsr } from "../src/x509/csr.ts";
import { generateKey, type KeyPair, sign } from "../src/x509/key.ts";
import { toPem } from "../src/x509/pem.ts";
import { countingRandom, fakeClock, fakeLog, type LogLine } from "./fakes.ts";
import { MemoryFiles } from "./memory_files.ts";

/** A signer with two CAs, and what stands around it. */
export interface TestSigner {
  readonly signer: Signer;
  readonly store: Store;
  readonly etcd: Issuer;
  readonly metric: Issuer;
  readonly lines: LogLine[];
  /** Sets the signer's clock. */
  readonly setTime: (text: string) => void;
}

/** Makes one; open unless authenticators are given. */
export async function testSigner(options: Partial<SignerOptions> = {}): Promise<TestSigner> {
  const { now, set } = fakeClock();
  const { log, lines } = fakeLog();
  const etcd = await createCa({ commonName: "test CA", now, random: countingRandom(1000) });
  const metric = await createCa({ commonName: "test metrics CA", now, random: countingRandom(2000) });
  const store = options.store ?? new MemoryStore();
  const signer = createSigner({
    issuers: { etcd, metric },
    profiles: etcdProfiles(),
    now,
    random: countingRandom(),
    log,
    ...options,
    store,
  });
  return { signer, store, etcd, metric, lines, setTime: set };
}

let ourKey: Promise<KeyPair> | undefined;

/** A key that all tests of a file share: making one takes longer than using it. */
export function sharedKey(): Promise<KeyPair> {
  return ourKey ??= generateKey("ec-p256", { extractable: true });
}

/** A CSR of a good node, base64 of PEM, with another key each time unless one is given. */
export async function peerRequest(node = "etcd1", key?: KeyPair): Promise<string> {
  const csr = await createCsr({
    key: key ?? await generateKey(),
    subject: { organization: "system:etcd-peers", commonName: `system:etcd-peer:${node}` },
    dnsNames: [node],
    ipAddresses: ["10.8.89.9"],
  });
  return toBase64(toUtf8(csr.pem));
}

/** One RDN with attributes. */
export function rdn(
  ...attributes: readonly (readonly [type: keyof typeof Oid, value: string | Uint8Array])[]
): Uint8Array {
  return setOf(
    ...attributes.map(([type, value]) =>
      sequence(oid(Oid[type]), typeof value === "string" ? utf8String(value) : value)
    ),
  );
}

/** The subject of a good peer, as RDNs. */
export const PEER_RDNS: readonly Uint8Array[] = [
  rdn(["organization", "system:etcd-peers"]),
  rdn(["commonName", "system:etcd-peer:etcd1"]),
];

/** What a raw CSR is made of; a good peer's subject and no extension unless said. */
export interface RawCsr {
  readonly rdns?: readonly Uint8Array[];
  /** Whole Extension structures. */
  readonly extensions?: readonly Uint8Array[];
  readonly key?: KeyPair;
}

/** A CSR that no honest tool would write, base64 of PEM; its signature is good. */
export async function rawRequest({ rdns = PEER_RDNS, extensions = [], key }: RawCsr): Promise<string> {
  const own = key ?? await sharedKey();
  const attributes = extensions.length === 0
    ? []
    : [sequence(oid(Oid.extensionRequest), setOf(sequence(...extensions)))];
  const info = sequence(integer(0), sequence(...rdns), own.publicKey.spki, explicit(0, ...attributes));
  const signature = bitStringOf(await sign(own, info));
  return toBase64(toUtf8(toPem("CERTIFICATE REQUEST", sequence(info, own.signatureAlgorithm.der, signature))));
}

/** Where objects of a version are. */
export function pathOf(version: "v1" | "v1beta1", name?: string): string {
  const collection = `/apis/certificates.k8s.io/${version}/certificatesigningrequests`;
  return name === undefined ? collection : `${collection}/${name}`;
}

/** What a test wants to say differently in an object; a member that is `undefined` is left out. */
export interface ObjectParts {
  readonly version?: "v1" | "v1beta1";
  readonly name?: unknown;
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly status?: unknown;
  readonly apiVersion?: unknown;
  readonly kind?: unknown;
  readonly [other: string]: unknown;
}

/** The JSON of a POST: v1 with a signer name and usages unless said; v1beta1 as the older agent sends it. */
export function objectJson(request: unknown, parts: ObjectParts = {}): string {
  const { version = "v1", name: _, metadata, spec, ...rest } = parts;
  const name = "name" in parts ? parts.name : "system:etcd-peer:etcd1";
  const defaults = version === "v1"
    ? { signerName: "certgen.internal/etcd-peer", usages: ["digital signature", "server auth", "client auth"] }
    : {};
  return JSON.stringify({
    kind: "CertificateSigningRequest",
    apiVersion: `certificates.k8s.io/${version}`,
    metadata: { name, ...metadata },
    spec: { request, ...defaults, ...spec },
    ...rest,
  });
}

/** Sends a body to a collection. */
export async function post(
  signer: Signer,
  body: string | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>,
  { version = "v1", headers = {}, query = "" }: {
    readonly version?: "v1" | "v1beta1";
    readonly headers?: Readonly<Record<string, string>>;
    readonly query?: string;
  } = {},
): Promise<Response> {
  const init: RequestInit & { duplex: "half" } = {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body,
    duplex: "half", // what Node wants for a stream
  };
  return await signer.fetch(new Request(`https://signer${pathOf(version)}${query}`, init));
}

/** Asks for something. */
export async function get(
  signer: Signer,
  path: string,
  headers: Readonly<Record<string, string>> = {},
  method = "GET",
): Promise<Response> {
  return await signer.fetch(new Request(`https://signer${path}`, { method, headers }));
}

/** The object that an answer holds; fails where the status is another. */
export async function objectIn(response: Response, status = 201): Promise<CertificateSigningRequest> {
  const text = await response.text();
  assert.is(response.status, status, text.slice(0, 1000));
  assert.is(response.headers.get("content-type"), "application/json");
  assert.ok(text.endsWith("}\n"));
  return JSON.parse(text) as CertificateSigningRequest;
}

/** The Status that an answer holds; fails where its code is another, or where it tells what is nobody's business. */
export async function statusIn(response: Response, code: number): Promise<Status> {
  const text = await response.text();
  assert.is(response.status, code, text.slice(0, 1000));
  assert.is(response.headers.get("content-type"), "application/json");
  assert.not.match(text, /\bat .*\.ts:|node_modules|"stack"/);
  const status = JSON.parse(text) as Status;
  assert.is(status.kind, "Status");
  assert.is(status.apiVersion, "v1");
  assert.is(status.status, "Failure");
  assert.is(status.code, code);
  return status;
}

/** A signer over a directory, so that what leaves the directory is seen. */
export async function withDirectory(): Promise<{ signer: Signer; files: MemoryFiles }> {
  const files = new MemoryFiles();
  files.put("/etc/passwd", "root");
  const store = await openDirectory(files, "/csrs");
  files.calls.length = 0;
  const { signer } = await testSigner({ store });
  return { signer, files };
}

/** A cause of a 422. */
export type Cause = NonNullable<StatusDetails["causes"]>[0];

/** The one cause of the 422 that an object gets. */
export async function causeIn(
  signer: Signer,
  parts: ObjectParts,
): Promise<Cause> {
  const { version = "v1" } = parts;
  const body = objectJson(await peerRequest("etcd1", await sharedKey()), parts);
  const status = await statusIn(await post(signer, body, { version }), 422);
  assert.is(status.reason, "Invalid");
  assert.match(
    status.message,
    /^CertificateSigningRequest\.certificates\.k8s\.io ".*" is invalid: [a-zA-Z.[\]0-9]+: /s,
  );
  assert.is(status.details?.group, "certificates.k8s.io");
  assert.is(status.details?.kind, "CertificateSigningRequest");
  const [cause, ...more] = status.details?.causes ?? [];
  assert.is(more.length, 0);
  assert.ok(cause);
  return cause;
}

let denials = 0;

/** The Denied condition that a request gets; the object is stored, with no certificate, in both versions. */
export async function denialOf(
  signer: Signer,
  request: string,
  spec: Readonly<Record<string, unknown>> = {},
): Promise<Required<RequestCondition>> {
  let first: Required<RequestCondition> | undefined;
  for (const version of ["v1", "v1beta1"] as const) {
    const name = `denied-${++denials}`;
    const object = await objectIn(await post(signer, objectJson(request, { version, name, spec }), { version }));
    const [condition, ...more] = object.status.conditions ?? [];
    assert.is(condition?.type, "Denied", JSON.stringify(object.status).slice(0, 200));
    assert.is(condition?.status, "True");
    assert.equal(more, []);
    assert.is(object.status.certificate, undefined);
    assert.is(object.metadata.annotations?.["certgen.internal/serial-number"], undefined);
    assert.equal(await objectIn(await get(signer, pathOf(version, name)), 200), object);
    first ??= condition as Required<RequestCondition>;
  }
  if (first === undefined) throw new Error("no condition");
  return first;
}
