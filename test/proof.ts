/** Proofs of possession for tests: certificates with their records, and headers that are as wrong as a test wants them. */
import { sha256Hex } from "../src/digest.ts";
import type { Now } from "../src/ports.ts";
import { type Bytes, fromUtf8, toBase64Url, toUtf8 } from "../src/bytes.ts";
import type { Authenticator } from "../src/auth/authenticator.ts";
import { type CreateProofOptions, LABEL, type ProofFacts, proofMessage, SCHEME } from "../src/auth/proof.ts";
import {
  proofAuthenticator,
  type ProofAuthenticatorOptions,
  type ProvableCertificate,
} from "../src/auth/proof_authenticator.ts";
import { createCa } from "../src/ca/create_ca.ts";
import type { Issuer } from "../src/ca/issuer.ts";
import { signCsr } from "../src/ca/sign_csr.ts";
import type { Certificate } from "../src/x509/certificate.ts";
import { createCsr } from "../src/x509/csr.ts";
import { generateKey, type KeyPair, type KeyType, sign } from "../src/x509/key.ts";
import { countingRandom, fakeClock, MOMENT } from "./fakes.ts";

/** Seconds since 1970 of {@link MOMENT}. */
export const MOMENT_SECONDS: number = Date.parse(MOMENT) / 1000;

/** Where the requests of tests go. */
export const PROOF_URL = "https://signer.example:6443/apis/x?a=b";
/** Path and query of {@link PROOF_URL}. */
export const PROOF_PATH = "/apis/x?a=b";

/** A certificate, its key, and what a signer knows of it. */
export interface Holder {
  readonly ca: Issuer;
  readonly key: KeyPair;
  readonly certificate: Certificate;
  readonly record: ProvableCertificate;
}

let ourCa: Promise<Issuer> | undefined;

/** Makes one, issued at {@link MOMENT} for a year; the CA is one for all of a file's unless it is given. */
export async function holder(type: KeyType = "ec-p256", ca?: Issuer): Promise<Holder> {
  const { now } = fakeClock();
  const issuer = ca ?? await (ourCa ??= createCa({ commonName: "test CA", now }));
  const key = await generateKey(type);
  const commonName = "system:etcd-peer:etcd1";
  const csr = await createCsr({ key, subject: { organization: "system:etcd-peers", commonName }, dnsNames: ["etcd1"] });
  const certificate = await signCsr(csr.pem, issuer, { profile: "etcd-peer", now });
  const record: ProvableCertificate = {
    fingerprint: await sha256Hex(certificate.der),
    profile: "etcd-peer",
    signerName: "certgen.internal/etcd-peer",
    lineage: "0".repeat(64),
    issuerKey: await sha256Hex(issuer.publicKey.spki),
    commonName,
    notBefore: certificate.notBefore,
    notAfter: certificate.notAfter,
    isRevoked: false,
  };
  return { ca: issuer, key, certificate, record };
}

/** What `createProof` takes for a GET of {@link PROOF_URL} at {@link MOMENT}. */
export function proofOptions({ certificate, key, ca, record }: Holder): CreateProofOptions {
  return {
    certificate: certificate.der,
    key,
    issuerKey: ca.publicKey.spki,
    signerName: record.signerName,
    method: "GET",
    url: PROOF_URL,
    now: fakeClock().now,
    random: countingRandom(),
  };
}

/** What a test wants to say differently in a header; all of it is signed as it is sent, unless a signature is given. */
export interface ProofParts extends Partial<ProofFacts> {
  readonly label?: string;
  readonly key?: KeyPair;
  readonly certificate?: Bytes;
  readonly signature?: Bytes;
}

/** A key that passes for another's, as only who means ill has one. */
export function posing(key: KeyPair, as: KeyPair["publicKey"]): KeyPair {
  return { ...key, publicKey: as };
}

/** 16 octets. */
export const NONCE: string = toBase64Url(Uint8Array.from({ length: 16 }, (_, i) => i));

/** The header field of a GET of {@link PROOF_PATH} at {@link MOMENT}, with nothing checked. */
export async function rawProof({ key, certificate, record }: Holder, parts: ProofParts = {}): Promise<string> {
  const { label = LABEL, time = MOMENT_SECONDS, nonce = NONCE, body = new Uint8Array() } = parts;
  const { method = "GET", path = PROOF_PATH, audience = record.issuerKey, signerName = record.signerName } = parts;
  const message = fromUtf8(await proofMessage({ method, path, body, time, nonce, audience, signerName }));
  const signature = parts.signature ?? await sign(parts.key ?? key, toUtf8(message.replace(LABEL, label)));
  const der = toBase64Url(parts.certificate ?? certificate.der);
  return `${SCHEME} ${der}.${time}.${nonce}.${toBase64Url(signature)}`;
}

/** A request with a header, a GET of {@link PROOF_URL} unless said. */
export function asking(authorization: string, init: RequestInit = {}, url: string = PROOF_URL): Request {
  return new Request(url, { ...init, headers: { authorization } });
}

/** An authenticator, and everything that it asked and said. */
export interface Proving {
  readonly authenticate: Authenticator;
  /** As `find`, `admit`, `burn`, in order. */
  readonly calls: string[];
  /** Why proofs were refused. */
  readonly reasons: string[];
  /** When nonces may be forgotten. */
  readonly nonces: Map<string, Date>;
  /** The clock. */
  readonly now: Now;
  readonly set: (time: string) => void;
}

/** Makes one that knows some certificates; no grace unless said. */
export function proving(
  records: readonly ProvableCertificate[],
  options: Partial<ProofAuthenticatorOptions> = {},
): Proving {
  const { now, set } = fakeClock();
  const calls: string[] = [];
  const reasons: string[] = [];
  const nonces = new Map<string, Date>();
  const authenticate = proofAuthenticator({
    find: (fingerprint) => {
      calls.push("find");
      return Promise.resolve(records.find((record) => record.fingerprint === fingerprint));
    },
    burn: async (nonce, until) => {
      await Promise.resolve();
      calls.push("burn");
      if (nonces.has(nonce)) return false;
      nonces.set(nonce, until);
      return true;
    },
    admit: () => void calls.push("admit"),
    onRefusal: (because) => void reasons.push(because),
    graceSeconds: 0,
    maxBodyBytes: 1000,
    now,
    ...options,
  });
  return { authenticate, calls, reasons, nonces, now, set };
}
