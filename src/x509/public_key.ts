/**
 * SubjectPublicKeyInfo: read strictly and judged here, so that every runtime gives the same verdict; imported into
 * WebCrypto in the form that is cheapest there.
 * @module
 */
import { bitString, oidText, unsignedInteger } from "../asn1/der_value.ts";
import { type DerElement, readDer, structureError } from "../asn1/der.ts";
import { bitStringOf, nullValue, oid, sequence, unsigned } from "../asn1/der_writer.ts";
import { Oid, oidName } from "../asn1/oid.ts";
import { Tag } from "../asn1/tag.ts";
import { type Bytes, concat, equal, fromBase64Url, toBase64Url } from "../bytes.ts";
import { CertgenError, messageOf } from "../errors.ts";
import {
  ecdsaFromDer,
  type ForeignAlgorithm,
  parsePssParameters,
  type SignatureAlgorithm,
  webCryptoParameters,
} from "./algorithm.ts";
import { type Curve, CURVES, isWeakEd25519Point, pointFault } from "./curve.ts";
import { rsaFault } from "./weak_rsa.ts";

/** The key algorithms certgen issues certificates for. RSA has 2048 to 4096 bits and the exponent 65537. */
export type KeyAlgorithm = "ec-p256" | "ec-p384" | "ec-p521" | "ed25519" | "rsa";

/** A public key as it stands in a CSR or a certificate. */
export interface PublicKey {
  /** `rsa-pss` keys verify signatures and nothing else; `unsupported` ones are only named. */
  readonly algorithm: KeyAlgorithm | "rsa-pss" | "unsupported";
  /** For people: `EC P-256`, `RSA 2048`, `DSA`. */
  readonly name: string;
  /** Why the key must not be used, where it must not: too short, another exponent, factors that anybody finds. */
  readonly fault: string | undefined;
  /** The SubjectPublicKeyInfo in DER. */
  readonly spki: Bytes;
  /** The subjectPublicKey alone: the point, the RSAPublicKey, or the 32 octets. */
  readonly keyBits: Bytes;
  /** RSA modulus and exponent, big-endian without leading zeros. */
  readonly rsa?: { readonly modulus: Bytes; readonly exponent: Bytes };
  /** Octets of an EC coordinate. */
  readonly coordinateSize?: number;
  /** What an id-RSASSA-PSS key restricts its signatures to. */
  readonly pss?: SignatureAlgorithm | ForeignAlgorithm;
}

const WHAT = "public key";

/**
 * Reads a SubjectPublicKeyInfo.
 *
 * ```asn1
 * SubjectPublicKeyInfo ::= SEQUENCE { algorithm AlgorithmIdentifier, subjectPublicKey BIT STRING }
 * ```
 *
 * @throws CertgenError `malformed-asn1` or `malformed-key` where it can be no key of its algorithm; a key that is one
 * but must not be used has a `fault`
 */
export function parsePublicKey(element: DerElement): PublicKey {
  const fields = element.children(WHAT);
  const algorithm = fields.next(Tag.sequence, "algorithm");
  const bitsElement = fields.next(Tag.bitString, "subjectPublicKey");
  const bits = bitString(bitsElement);
  fields.end();
  const spki = new Uint8Array(element.bytes);
  const keyBits = new Uint8Array(bits.bytes);
  const base = { spki, keyBits, fault: undefined };
  const keyOffset = bitsElement.contentOffset + 1;
  const inner = algorithm.children(WHAT);
  const id = oidText(inner.next(Tag.oid, "algorithm"));
  const parameters = inner.more ? inner.any("parameters") : undefined;
  inner.end();
  if (bits.unusedBits !== 0) throw malformed("its bits are no whole octets");
  switch (id) {
    case Oid.ecPublicKey:
      return ecKey(base, parameters);
    case Oid.ed25519:
      if (parameters !== undefined) throw malformed("Ed25519 has parameters");
      if (keyBits.length !== 32) throw malformed("Ed25519 key has not 32 octets");
      if (isWeakEd25519Point(keyBits)) throw malformed("Ed25519 key is of small order or not canonical");
      return { ...base, algorithm: "ed25519", name: "Ed25519" };
    case Oid.rsaEncryption:
      if (parameters?.tag !== Tag.null) throw malformed("RSA parameters are not NULL");
      return rsaKey(base, keyOffset, "rsa");
    case Oid.rsassaPss: {
      const key = rsaKey(base, keyOffset, "rsa-pss");
      if (parameters === undefined) return key;
      return { ...key, pss: parsePssParameters(parameters, sequence(oid(id), parameters.bytes)) };
    }
    default:
      return unsupported(base, oidName(id));
  }
}

type Base = Pick<PublicKey, "spki" | "keyBits" | "fault">;

function unsupported(base: Base, name: string): PublicKey {
  return { ...base, algorithm: "unsupported", name, fault: `${name} keys are not supported` };
}

/** RFC 5480 §2.1.1: named curves only. */
function ecKey(base: Base, parameters: DerElement | undefined): PublicKey {
  if (parameters?.tag === Tag.sequence) return unsupported(base, "EC with explicit parameters");
  if (parameters?.tag !== Tag.oid) throw malformed("EC parameters name no curve");
  const id = oidText(parameters);
  const curve = CURVES.find((known) => known.oid === id);
  if (curve === undefined) return unsupported(base, `EC ${oidName(id)}`);
  const fault = pointFault(curve, base.keyBits);
  if (fault !== undefined && fault !== "point is compressed") throw malformed(fault);
  return { ...base, algorithm: keyAlgorithmOf(curve), name: `EC ${curve.name}`, fault, coordinateSize: curve.size };
}

function keyAlgorithmOf(curve: Curve): KeyAlgorithm {
  return curve.name === "P-256" ? "ec-p256" : curve.name === "P-384" ? "ec-p384" : "ec-p521";
}

/** RFC 8017 §A.1.1: `RSAPublicKey ::= SEQUENCE { modulus INTEGER, publicExponent INTEGER }`. */
function rsaKey(base: Base, offset: number, algorithm: "rsa" | "rsa-pss"): PublicKey {
  const what = "RSA public key";
  const outer = readDer(base.keyBits, what, offset);
  if (outer.tag !== Tag.sequence) throw structureError(what, "no SEQUENCE", outer.offset);
  const fields = outer.children(what);
  const modulus = unsignedInteger(fields.next(Tag.integer, "modulus"));
  const exponent = unsignedInteger(fields.next(Tag.integer, "publicExponent"));
  fields.end();
  if (modulus === undefined || exponent === undefined) throw malformed("modulus or exponent is negative");
  const bits = modulus.length * 8 - Math.clz32(modulus[0] ?? 0) + 24;
  const rsa = { modulus: new Uint8Array(modulus), exponent: new Uint8Array(exponent) };
  const name = `${algorithm === "rsa" ? "RSA" : "RSA-PSS"} ${bits}`;
  return { ...base, algorithm, name, fault: rsaKeyFault(rsa, bits), rsa };
}

function rsaKeyFault(rsa: { modulus: Bytes; exponent: Bytes }, bits: number): string | undefined {
  if (bits < 2048) return `RSA modulus has ${bits} bits: at least 2048 are needed`;
  if (bits > 4096) return `RSA modulus has ${bits} bits: at most 4096 are taken`;
  return equal(rsa.exponent, Uint8Array.of(1, 0, 1)) ? rsaFault(rsa.modulus) : "RSA exponent is not 65537";
}

function malformed(fault: string): CertgenError {
  return new CertgenError("malformed-key", `Cannot read ${WHAT}: ${fault}`);
}

/** The SubjectPublicKeyInfo of a JWK of WebCrypto (RFC 7518 §6, RFC 8037 §2), which all runtimes export alike. */
export function spkiOfJwk(jwk: JsonWebKey): Bytes {
  const member = (name: "n" | "e" | "x" | "y"): Bytes => fromBase64Url(jwk[name] ?? "");
  if (jwk.kty === "RSA") {
    const rsa = sequence(unsigned(member("n")), unsigned(member("e")));
    return sequence(sequence(oid(Oid.rsaEncryption), nullValue()), bitStringOf(rsa));
  }
  if (jwk.crv === "Ed25519") return sequence(sequence(oid(Oid.ed25519)), bitStringOf(member("x")));
  const curve = CURVES.find((known) => known.name === jwk.crv);
  if (curve === undefined) throw new TypeError(`a JWK of a kind that certgen does not make: ${jwk.kty} ${jwk.crv}`);
  const point = concat([Uint8Array.of(4), member("x"), member("y")]);
  return sequence(sequence(oid(Oid.ecPublicKey), oid(curve.oid)), bitStringOf(point));
}

/** RFC 5280 §4.2.1.2 method 1: the SHA-1 of the subjectPublicKey's octets. A name for the key, not a protection. */
export async function keyIdentifier(keyBits: Bytes): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.digest("SHA-1", keyBits));
}

/** The key in WebCrypto, in the cheapest form for Node (`raw` for EC and Ed25519, JWK for RSA); the others do not care. */
function importPublicKey(key: PublicKey, signature: SignatureAlgorithm): Promise<CryptoKey> {
  const usages: KeyUsage[] = ["verify"];
  if (key.rsa !== undefined) {
    const jwk = { kty: "RSA", n: toBase64Url(key.rsa.modulus), e: toBase64Url(key.rsa.exponent) };
    const name = signature.family === "rsa-pss" ? "RSA-PSS" : "RSASSA-PKCS1-v1_5";
    return crypto.subtle.importKey("jwk", jwk, { name, hash: signature.hash ?? "SHA-256" }, false, usages);
  }
  if (key.algorithm === "ed25519") {
    return crypto.subtle.importKey("raw", key.keyBits, { name: "Ed25519" }, false, usages);
  }
  const namedCurve = key.name.slice("EC ".length);
  return crypto.subtle.importKey("raw", key.keyBits, { name: "ECDSA", namedCurve }, false, usages);
}

/** The signature families a key can make. */
function makes(key: PublicKey, signature: SignatureAlgorithm): boolean {
  switch (signature.family) {
    case "ecdsa":
      return key.algorithm.startsWith("ec-");
    case "ed25519":
      return key.algorithm === "ed25519";
    case "rsa":
      return key.algorithm === "rsa";
    case "rsa-pss":
      if (key.pss !== undefined && (key.pss.family === "unsupported" || key.pss.hash !== signature.hash)) return false;
      return key.algorithm === "rsa" || key.algorithm === "rsa-pss";
  }
}

/**
 * Verifies a signature over the bytes that were received.
 *
 * @param what whose signature, for messages
 * @throws CertgenError `unsupported-algorithm` where key or algorithm cannot be used, `invalid-signature` otherwise
 */
export async function verifySignature(
  key: PublicKey,
  algorithm: SignatureAlgorithm | ForeignAlgorithm,
  data: Uint8Array,
  signature: Uint8Array,
  what: string,
): Promise<void> {
  if (algorithm.family === "unsupported") {
    throw new CertgenError(
      "unsupported-algorithm",
      `Cannot verify ${what}: signature algorithm ${algorithm.name} is not supported`,
    );
  }
  if (key.fault !== undefined) throw new CertgenError("unsupported-algorithm", `Cannot verify ${what}: ${key.fault}`);
  if (!makes(key, algorithm)) {
    throw new CertgenError(
      "invalid-signature",
      `Cannot verify ${what}: a key of type ${key.name} makes no ${algorithm.name} signatures`,
    );
  }
  let valid: boolean;
  try {
    const raw = algorithm.family === "ecdsa"
      ? ecdsaFromDer(signature, key.coordinateSize ?? 0)
      : new Uint8Array(signature);
    const imported = await importPublicKey(key, algorithm);
    valid = await crypto.subtle.verify(webCryptoParameters(algorithm), imported, raw, new Uint8Array(data));
  } catch (error) {
    // runtimes throw different errors where others say false: neither is a valid signature
    throw new CertgenError("invalid-signature", `Cannot verify ${what}: ${messageOf(error)}`, { cause: error });
  }
  if (!valid) throw new CertgenError("invalid-signature", `Cannot verify ${what}: the signature is not valid`);
}
