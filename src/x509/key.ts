/**
 * Private keys: generate, import (PKCS #8, PKCS #1, SEC 1), export, sign.
 * @module
 */
import { oidText, smallInteger } from "../asn1/der_value.ts";
import { type DerElement, readDer, structureError } from "../asn1/der.ts";
import { integer, nullValue, octetString, oid, sequence } from "../asn1/der_writer.ts";
import { Oid } from "../asn1/oid.ts";
import { contextConstructed, Tag } from "../asn1/tag.ts";
import type { Bytes } from "../bytes.ts";
import { CertgenError } from "../errors.ts";
import {
  ecdsaToDer,
  type Hash,
  type SignatureAlgorithm,
  signatureAlgorithm,
  webCryptoParameters,
} from "./algorithm.ts";
import { CURVES } from "./curve.ts";
import { parsePemBlocks, toPem } from "./pem.ts";
import { parsePublicKey, type PublicKey, spkiOfJwk, verifySignature } from "./public_key.ts";

/** The kinds of keys certgen makes. */
export type KeyType = "ec-p256" | "ec-p384" | "ec-p521" | "ed25519" | "rsa-2048" | "rsa-3072" | "rsa-4096";

/** All of them, the default first. */
export const KEY_TYPES: readonly KeyType[] = [
  "ec-p256",
  "ec-p384",
  "ec-p521",
  "ed25519",
  "rsa-2048",
  "rsa-3072",
  "rsa-4096",
];

/** A private key and its public half. */
export interface KeyPair {
  /** The private half, in WebCrypto. */
  readonly privateKey: CryptoKey;
  /** The public half. */
  readonly publicKey: PublicKey;
  /** What this key signs with. */
  readonly signatureAlgorithm: SignatureAlgorithm;
}

/** Whether a key's bytes may leave WebCrypto; no, unless said. */
export interface KeyOptions {
  /** Whether WebCrypto gives the private key's bytes out again. */
  readonly extractable?: boolean;
}

/**
 * Makes a key.
 *
 * @param type the kind of key
 * @throws TypeError for a type that is none
 * @example
 * ```ts
 * import { exportPrivateKey, generateKey } from "@certgen/core";
 *
 * const key = await generateKey("ec-p256", { extractable: true });
 * console.log(await exportPrivateKey(key)); // -----BEGIN PRIVATE KEY-----…
 * ```
 */
export async function generateKey(type: KeyType = "ec-p256", options: KeyOptions = {}): Promise<KeyPair> {
  if (!KEY_TYPES.includes(type)) throw new TypeError(`unknown key type ${JSON.stringify(type)}`);
  const parameters = type.startsWith("rsa-")
    ? rsaParameters(Number(type.slice(4)))
    : type === "ed25519"
    ? { name: "Ed25519" }
    : { name: "ECDSA", namedCurve: type === "ec-p256" ? "P-256" : type === "ec-p384" ? "P-384" : "P-521" };
  const pair = await crypto.subtle.generateKey(parameters, options.extractable ?? false, [
    "sign",
    "verify",
  ]) as CryptoKeyPair;
  return keyPair(pair.privateKey, await crypto.subtle.exportKey("jwk", pair.publicKey));
}

function rsaParameters(modulusLength: number): RsaHashedKeyGenParams {
  return {
    name: "RSASSA-PKCS1-v1_5",
    hash: rsaHash(modulusLength),
    modulusLength,
    publicExponent: Uint8Array.of(1, 0, 1),
  };
}

/** As strong as the key: what cfssl, and so the older signer, does. */
function rsaHash(bits: number): Hash {
  return bits >= 4096 ? "SHA-512" : bits >= 3072 ? "SHA-384" : "SHA-256";
}

function keyPair(privateKey: CryptoKey, jwk: JsonWebKey): KeyPair {
  const publicKey = parsePublicKey(readDer(spkiOfJwk(jwk), "public key"));
  return { privateKey, publicKey, signatureAlgorithm: signatureAlgorithmOf(publicKey) };
}

/** What a key signs with: the digest that fits its size. */
export function signatureAlgorithmOf(key: PublicKey): SignatureAlgorithm {
  switch (key.algorithm) {
    case "ec-p256":
      return signatureAlgorithm("ecdsa", "SHA-256");
    case "ec-p384":
      return signatureAlgorithm("ecdsa", "SHA-384");
    case "ec-p521":
      return signatureAlgorithm("ecdsa", "SHA-512");
    case "ed25519":
      return signatureAlgorithm("ed25519", undefined);
    default:
      return signatureAlgorithm("rsa", rsaHash((key.rsa?.modulus.length ?? 0) * 8));
  }
}

const LABELS = ["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"];

/**
 * Imports a private key: PEM of PKCS #8, PKCS #1 or SEC 1 (OpenSSL's `EC PARAMETERS` block before it is passed over),
 * or PKCS #8 in DER. Encrypted keys are refused, and keys whose signatures do not verify.
 *
 * @throws CertgenError `malformed-pem`, `malformed-der`, `malformed-asn1`, `malformed-key` or `unsupported-algorithm`
 */
export async function importPrivateKey(input: string | Uint8Array, options: KeyOptions = {}): Promise<KeyPair> {
  const pkcs8 = typeof input === "string" ? pkcs8OfPem(input) : input;
  const { der, parameters } = parsePrivateKeyInfo(readDer(pkcs8, WHAT));
  const refuse = (cause: unknown): never => {
    throw new CertgenError("malformed-key", `Cannot read ${WHAT}: it is no valid key`, { cause });
  };
  const load = (extractable: boolean): Promise<CryptoKey> =>
    crypto.subtle.importKey("pkcs8", der, parameters, extractable, ["sign"]).catch(refuse);
  // the public half comes out of an extractable copy, that nobody else sees; Deno looks at an EC key only then
  const copy = await load(true);
  const pair = keyPair(copy, await crypto.subtle.exportKey("jwk", copy).catch(refuse));
  if (pair.publicKey.fault !== undefined) {
    throw new CertgenError("unsupported-algorithm", `Cannot use ${WHAT}: ${pair.publicKey.fault}`);
  }
  if (pair.publicKey.rsa !== undefined) parameters.hash = pair.signatureAlgorithm.hash ?? "SHA-256";
  const key = { ...pair, privateKey: await load(options.extractable ?? false) };
  // Deno looks at an RSA key only when it signs; and what a key signs whose halves do not fit, nobody can verify
  await trySignature(key).catch(refuse);
  return key;
}

async function trySignature(key: KeyPair): Promise<void> {
  const data = new Uint8Array(32);
  await verifySignature(key.publicKey, key.signatureAlgorithm, data, await sign(key, data), WHAT);
}

const WHAT = "private key";

function pkcs8OfPem(text: string): Uint8Array {
  const blocks = parsePemBlocks(text, WHAT).filter((block) => block.label !== "EC PARAMETERS");
  const [block, second] = blocks;
  if (block === undefined || second !== undefined) {
    throw new CertgenError("malformed-pem", `Cannot read ${WHAT}: ${blocks.length} PEM blocks where one is expected`);
  }
  if (block.label === "ENCRYPTED PRIVATE KEY") {
    throw new CertgenError(
      "malformed-pem",
      `Cannot read ${WHAT}: it is encrypted; decrypt it first, as with "openssl pkey"`,
    );
  }
  if (!LABELS.includes(block.label)) {
    throw new CertgenError(
      "malformed-pem",
      `Cannot read ${WHAT}: PEM block is ${JSON.stringify(block.label)}, not "PRIVATE KEY"`,
    );
  }
  if (block.label === "PRIVATE KEY") return block.der;
  const inner = readDer(block.der, WHAT);
  const algorithm = block.label === "RSA PRIVATE KEY"
    ? sequence(oid(Oid.rsaEncryption), nullValue())
    : sequence(oid(Oid.ecPublicKey), oid(sec1Curve(inner)));
  return sequence(integer(0), algorithm, octetString(block.der));
}

/**
 * RFC 5915 §3: the curve stands inside of the key.
 *
 * ```asn1
 * ECPrivateKey ::= SEQUENCE {
 *   version INTEGER, privateKey OCTET STRING, parameters [0] ECParameters OPTIONAL, publicKey [1] BIT STRING OPTIONAL }
 * ```
 */
function sec1Curve(key: DerElement): string {
  const fields = key.children("EC private key");
  fields.next(Tag.integer, "version");
  fields.next(Tag.octetString, "privateKey");
  const parameters = fields.optional(contextConstructed(0))?.children("EC private key").any("curve");
  if (parameters?.tag !== Tag.oid) {
    throw new CertgenError("unsupported-algorithm", `Cannot use ${WHAT}: it names no curve`);
  }
  return oidText(parameters);
}

/**
 * RFC 5958 §2. Attributes and the public key are dropped and the version is 0: Node 20 and Bun refuse the rest.
 *
 * ```asn1
 * OneAsymmetricKey ::= SEQUENCE {
 *   version INTEGER, privateKeyAlgorithm AlgorithmIdentifier, privateKey OCTET STRING,
 *   attributes [0] OPTIONAL, publicKey [1] OPTIONAL }
 * ```
 */
function parsePrivateKeyInfo(
  info: DerElement,
): { der: Bytes; parameters: { name: string; hash?: Hash; namedCurve?: string } } {
  if (info.tag !== Tag.sequence) throw structureError(WHAT, "no SEQUENCE", info.offset);
  const fields = info.children(WHAT);
  const version = smallInteger(fields.next(Tag.integer, "version"));
  const algorithm = fields.next(Tag.sequence, "algorithm");
  const key = fields.next(Tag.octetString, "privateKey");
  if (version !== 0 && version !== 1) throw structureError(WHAT, "version is neither 0 nor 1", info.offset);
  const inner = algorithm.children(WHAT);
  const id = oidText(inner.next(Tag.oid, "algorithm"));
  const der = sequence(integer(0), algorithm.bytes, key.bytes);
  if (id === Oid.rsaEncryption) return { der, parameters: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" } };
  if (id === Oid.ed25519) return { der, parameters: { name: "Ed25519" } };
  const parameter = inner.optional(Tag.oid);
  const curve = CURVES.find((known) => parameter !== undefined && known.oid === oidText(parameter));
  if (id !== Oid.ecPublicKey || curve === undefined) {
    throw new CertgenError(
      "unsupported-algorithm",
      `Cannot use ${WHAT}: it is neither ECDSA over P-256, P-384 or P-521, nor Ed25519, nor RSA`,
    );
  }
  return { der, parameters: { name: "ECDSA", namedCurve: curve.name } };
}

/**
 * The private key as PEM of PKCS #8.
 * @throws TypeError where the key is not extractable
 */
export async function exportPrivateKey(key: KeyPair): Promise<string> {
  if (!key.privateKey.extractable) {
    throw new TypeError("the key is not extractable: make it with { extractable: true }");
  }
  return toPem("PRIVATE KEY", new Uint8Array(await crypto.subtle.exportKey("pkcs8", key.privateKey)));
}

/** Signs, and gives the signature in X.509's form. */
export async function sign(key: Pick<KeyPair, "privateKey" | "signatureAlgorithm">, data: Bytes): Promise<Bytes> {
  const signature = new Uint8Array(
    await crypto.subtle.sign(webCryptoParameters(key.signatureAlgorithm), key.privateKey, data),
  );
  return key.signatureAlgorithm.family === "ecdsa" ? ecdsaToDer(signature) : signature;
}
