/**
 * Proof of possession: a request signed by the key of a certificate, in the request itself, so that it works behind any proxy
 * and on every runtime.
 *
 * ```abnf
 * credentials = "Certgen-Proof" 1*SP certificate "." time "." nonce "." signature
 * certificate = base64url   ; DER; without padding, as all of these
 * time        = 1*12DIGIT   ; seconds since 1970, without leading zeros
 * nonce       = base64url   ; 16 to 32 octets
 * signature   = base64url   ; as in X.509, by the digest that fits the key's size
 * ```
 *
 * What is signed is text, each line ended by a line feed: {@link LABEL}, method, path with query, SHA-256 of the body, time,
 * nonce, audience (SHA-256 of the issuing CA's SubjectPublicKeyInfo), signer name; digests in lower-case hexadecimal.
 * docs/proof.md says it for other implementations, with an example.
 * @module
 */
import { type Bytes, equal, fromBase64Url, toBase64Url, toUtf8 } from "../bytes.ts";
import { sha256Hex } from "../digest.ts";
import { systemNow } from "../clock.ts";
import { CertgenError } from "../errors.ts";
import type { Now, Random } from "../ports.ts";
import { secureRandom } from "../random.ts";
import { parseCertificate } from "../x509/certificate.ts";
import { type KeyPair, sign } from "../x509/key.ts";
import { unauthorized } from "./authenticator.ts";

/** Begins what is signed, so that a signature is good for nothing else. */
export const LABEL = "certgen-proof-of-possession-v1";

/** Name of the authentication scheme (RFC 9110 §11.1). */
export const SCHEME = "Certgen-Proof";

/** Longest header field that is read: Node takes 16 KiB of all of them together. */
const MAX_LENGTH = 12 << 10;
const NONCE_OCTETS = 16;

/** What a signature binds. */
export interface ProofFacts {
  /** As it is sent, in capitals. */
  readonly method: string;
  /** Path and query, as they are sent. */
  readonly path: string;
  /** The body; empty where there is none. */
  readonly body: Uint8Array;
  /** Seconds since 1970. */
  readonly time: number;
  /** base64url of 16 to 32 octets. */
  readonly nonce: string;
  /** SHA-256 of the SubjectPublicKeyInfo of the CA that issued the certificate, in lower-case hexadecimal. */
  readonly audience: string;
  /** Which of the signer's signers is asked, as `certgen.internal/etcd-peer`. */
  readonly signerName: string;
}

/** What a header says. */
export interface Proof {
  /** DER of the certificate. */
  readonly certificate: Bytes;
  /** Seconds since 1970. */
  readonly time: number;
  /** base64url of 16 to 32 octets. */
  readonly nonce: string;
  /** In X.509's form. */
  readonly signature: Bytes;
}

/** What it takes to make a proof. */
export interface CreateProofOptions {
  /** The certificate: PEM (exactly one block) or DER. */
  readonly certificate: string | Uint8Array;
  /** Its key. */
  readonly key: KeyPair;
  /** DER of the SubjectPublicKeyInfo of the CA that issued it. */
  readonly issuerKey: Uint8Array;
  /** The signer that is asked, as `certgen.internal/etcd-peer`. */
  readonly signerName: string;
  /** As it will be sent: in capitals. */
  readonly method: string;
  /** As it will be sent; of it only path and query count. */
  readonly url: string | URL;
  /** As it will be sent; nothing where there is none. */
  readonly body?: Uint8Array;
  /** The clock; the machine's unless said. */
  readonly now?: Now;
  /** Where the nonce comes from; WebCrypto unless said. */
  readonly random?: Random;
}

/**
 * Signs a request with the key of a certificate.
 *
 * @returns the value of its `Authorization` header field, good once and for some minutes
 * @throws CertgenError `malformed-pem`, `malformed-der`, `malformed-asn1` or `malformed-key` where the certificate cannot be read
 * @throws TypeError where the key is not the certificate's, the method is not in capitals, the URL is none, the signer name has a
 * control character in it, or the whole is too long
 * @example
 * ```ts
 * import { createCa, createCsr, createProof, generateKey, signCsr } from "@certgen/core";
 *
 * const [ca, key] = [await createCa({ commonName: "our CA" }), await generateKey()];
 * const subject = { organization: "system:etcd-peers", commonName: "system:etcd-peer:etcd1" };
 * const csr = await createCsr({ key, subject, dnsNames: ["etcd1"] });
 * const certificate = await signCsr(csr.pem, ca, { profile: "etcd-peer" });
 * const authorization = await createProof({
 *   certificate: certificate.pem,
 *   key,
 *   issuerKey: ca.publicKey.spki,
 *   signerName: "certgen.internal/etcd-peer",
 *   method: "GET",
 *   url: "https://signer.example:6443/apis/certificates.k8s.io/v1/certificatesigningrequests/system:etcd-peer:etcd1",
 * });
 * console.log(authorization.split(" ")[0]); // Certgen-Proof
 * ```
 */
export async function createProof(options: CreateProofOptions): Promise<string> {
  const { certificate, key, issuerKey, signerName, method, url, body = new Uint8Array() } = options;
  const { now = systemNow, random = secureRandom } = options;
  const { der, publicKey } = parseCertificate(certificate);
  if (!equal(publicKey.spki, key.publicKey.spki)) throw new TypeError("the key is not that of the certificate");
  // fetch would send some of the others in capitals, and some not
  if (!/^[A-Z]+$/.test(method)) throw new TypeError("the method is not in capitals");
  const { pathname, search } = new URL(url);
  const time = Math.floor(now().getTime() / 1000);
  const nonce = toBase64Url(random(NONCE_OCTETS));
  const audience = await sha256Hex(issuerKey);
  const message = await proofMessage({ method, path: pathname + search, body, time, nonce, audience, signerName });
  const signature = await sign(key, message);
  const header = `${SCHEME} ${toBase64Url(der)}.${time}.${nonce}.${toBase64Url(signature)}`;
  if (header.length > MAX_LENGTH) throw new TypeError("the certificate is too long for a header field");
  return header;
}

/**
 * What is signed.
 * @throws TypeError where a part has a control character in it, which could be taken for the end of a line, or half a surrogate
 * pair, of which all have the same UTF-8
 */
export async function proofMessage(facts: ProofFacts): Promise<Bytes> {
  const { method, path, body, time, nonce, audience, signerName } = facts;
  const lines = [LABEL, method, path, await sha256Hex(body), String(time), nonce, audience, signerName];
  if (lines.some((line) => /[\p{Cc}\p{Cs}]/u.test(line))) {
    throw new TypeError("a part of the proof has a control character");
  }
  return toUtf8(lines.map((line) => `${line}\n`).join(""));
}

/** 16 to 32 octets are 22 to 43 characters. */
const FORM = /^([A-Za-z0-9_-]+)\.(0|[1-9]\d{0,11})\.([A-Za-z0-9_-]{22,43})\.([A-Za-z0-9_-]+)$/;

/**
 * Reads the `Authorization` header field of a request.
 *
 * @returns `null` where it is of another scheme, or there is none
 * @throws CertgenError `unauthorized` where it is of this one and not as it must be
 */
export function parseProof(header: string | null): Proof | null {
  const [, scheme = "", value = ""] = /^(\S+)(?: +(.*))?$/s.exec(header ?? "") ?? [];
  if (scheme.toLowerCase() !== SCHEME.toLowerCase()) return null;
  const [, certificate, time, nonce, signature] = value.length > MAX_LENGTH ? [] : FORM.exec(value) ?? [];
  if (certificate === undefined || time === undefined || nonce === undefined || signature === undefined) {
    throw unauthorized();
  }
  decode(nonce);
  return { certificate: decode(certificate), time: Number(time), nonce, signature: decode(signature) };
}

/** There is one way to write each octet string. */
function decode(text: string): Bytes {
  try {
    return fromBase64Url(text);
  } catch (error) {
    if (error instanceof CertgenError) throw unauthorized();
    throw error;
  }
}
