/**
 * AlgorithmIdentifier of signatures <-> WebCrypto parameters, and ECDSA signatures between the two forms they have.
 * @module
 */
import { oidText, smallInteger, unsignedInteger } from "../asn1/der_value.ts";
import { type DerElement, readDer, structureError } from "../asn1/der.ts";
import { nullValue, oid, sequence, unsigned } from "../asn1/der_writer.ts";
import { Oid, oidName } from "../asn1/oid.ts";
import { contextConstructed, Tag } from "../asn1/tag.ts";
import type { Bytes } from "../bytes.ts";
import { CertgenError } from "../errors.ts";

/** The digests certgen signs and verifies with. SHA-1 and MD5 are read by name only. */
export type Hash = "SHA-256" | "SHA-384" | "SHA-512";

/** The kinds of signatures, by the key that makes them. */
export type SignatureFamily = "ecdsa" | "rsa" | "rsa-pss" | "ed25519";

/** A signature algorithm that certgen uses. */
export interface SignatureAlgorithm {
  /** The kind of signature. */
  readonly family: SignatureFamily;
  /** The standard's name, as `ecdsaWithSha256`. */
  readonly name: string;
  /** Ed25519 has its own. */
  readonly hash: Hash | undefined;
  /** Octets of RSA-PSS salt. */
  readonly saltLength?: number;
  /** The AlgorithmIdentifier. */
  readonly der: Bytes;
}

/** A signature algorithm that certgen only knows by name. */
export interface ForeignAlgorithm {
  /** Tells it from the algorithms that are used. */
  readonly family: "unsupported";
  /** The standard's name, or the dotted OID. */
  readonly name: string;
}

function algorithm(family: SignatureFamily, name: keyof typeof Oid, hash: Hash | undefined): SignatureAlgorithm {
  // RFC 4055 §5: NULL parameters for RSA; RFC 5758 §3.2 and RFC 8410 §3: none for ECDSA and Ed25519
  const der = family === "rsa" ? sequence(oid(Oid[name]), nullValue()) : sequence(oid(Oid[name]));
  return Object.freeze({ family, name, hash, der });
}

const ALGORITHMS: ReadonlyMap<string, SignatureAlgorithm> = new Map([
  [Oid.sha256WithRsa, algorithm("rsa", "sha256WithRsa", "SHA-256")],
  [Oid.sha384WithRsa, algorithm("rsa", "sha384WithRsa", "SHA-384")],
  [Oid.sha512WithRsa, algorithm("rsa", "sha512WithRsa", "SHA-512")],
  [Oid.ecdsaWithSha256, algorithm("ecdsa", "ecdsaWithSha256", "SHA-256")],
  [Oid.ecdsaWithSha384, algorithm("ecdsa", "ecdsaWithSha384", "SHA-384")],
  [Oid.ecdsaWithSha512, algorithm("ecdsa", "ecdsaWithSha512", "SHA-512")],
  [Oid.ed25519, algorithm("ed25519", "ed25519", undefined)],
]);

const HASHES: ReadonlyMap<string, Hash> = new Map([
  [Oid.sha256, "SHA-256"],
  [Oid.sha384, "SHA-384"],
  [Oid.sha512, "SHA-512"],
]);

/** The algorithm to sign with: a key's family and a digest. */
export function signatureAlgorithm(family: "ecdsa" | "rsa" | "ed25519", hash: Hash | undefined): SignatureAlgorithm {
  for (const known of ALGORITHMS.values()) {
    if (known.family === family && (family === "ed25519" || known.hash === hash)) return known;
  }
  throw new TypeError(`no signature algorithm for ${family} with ${hash}`);
}

/**
 * Reads the AlgorithmIdentifier of a signature.
 *
 * ```asn1
 * AlgorithmIdentifier ::= SEQUENCE { algorithm OBJECT IDENTIFIER, parameters ANY DEFINED BY algorithm OPTIONAL }
 * ```
 *
 * @throws CertgenError `malformed-asn1` where parameters are not what the algorithm demands. RSA's NULL may be absent
 * (RFC 4055 §5: implementations must accept both).
 */
export function parseSignatureAlgorithm(element: DerElement): SignatureAlgorithm | ForeignAlgorithm {
  const what = "signature algorithm";
  const fields = element.children(what);
  const id = oidText(fields.next(Tag.oid, "algorithm"));
  if (id === Oid.rsassaPss) {
    const parameters = fields.next(Tag.sequence, "parameters");
    fields.end();
    return parsePssParameters(parameters, element.bytes);
  }
  const known = ALGORITHMS.get(id);
  if (known === undefined) return { family: "unsupported", name: oidName(id) };
  if (known.family === "rsa") fields.optional(Tag.null);
  fields.end();
  return known;
}

/**
 * ```asn1
 * RSASSA-PSS-params ::= SEQUENCE {
 *   hashAlgorithm    [0] HashAlgorithm    DEFAULT sha1,
 *   maskGenAlgorithm [1] MaskGenAlgorithm DEFAULT mgf1SHA1,
 *   saltLength       [2] INTEGER          DEFAULT 20,
 *   trailerField     [3] TrailerField     DEFAULT trailerFieldBC }
 * ```
 * RFC 4055 §3.1. WebCrypto has one digest for both the message and MGF1, so a request with two is unsupported.
 */
export function parsePssParameters(element: DerElement, der: Uint8Array): SignatureAlgorithm | ForeignAlgorithm {
  const what = "RSA-PSS parameters";
  if (element.tag !== Tag.sequence) throw structureError(what, "no SEQUENCE", element.offset);
  const fields = element.children(what);
  const field = (number: number, tag: number): DerElement | undefined => {
    const inner = fields.optional(contextConstructed(number))?.children(what);
    const value = inner?.next(tag, `field ${number}`);
    inner?.end();
    return value;
  };
  const digest = digestOid(field(0, Tag.sequence)) ?? Oid.sha1;
  const mgf = field(1, Tag.sequence)?.children(what);
  const mgfId = mgf === undefined ? Oid.mgf1 : oidText(mgf.next(Tag.oid, "mask generation algorithm"));
  const mgfDigest = mgf === undefined ? Oid.sha1 : digestOid(mgf.next(Tag.sequence, "digest of the mask generation"));
  mgf?.end();
  const salt = field(2, Tag.integer);
  const trailer = field(3, Tag.integer);
  fields.end();
  const saltLength = salt === undefined ? 20 : smallInteger(salt);
  if (saltLength === undefined) throw structureError(what, "salt length is no small INTEGER", element.offset);
  if (salt !== undefined && saltLength === 20) throw structureError(what, "a default value is encoded", salt.offset);
  const hash = HASHES.get(digest);
  const plain = mgfId === Oid.mgf1 && mgfDigest === digest && saltLength <= 512 && trailer === undefined;
  if (hash === undefined || !plain) return { family: "unsupported", name: `rsassaPss with ${oidName(digest)}` };
  return { family: "rsa-pss", name: `rsassaPss with ${oidName(digest)}`, hash, saltLength, der: new Uint8Array(der) };
}

function digestOid(element: DerElement | undefined): string | undefined {
  if (element === undefined) return undefined;
  const fields = element.children("digest algorithm");
  const id = oidText(fields.next(Tag.oid, "algorithm"));
  fields.optional(Tag.null);
  fields.end();
  return id;
}

/** WebCrypto's parameters to sign or verify with. */
export function webCryptoParameters(signature: SignatureAlgorithm): AlgorithmIdentifier | EcdsaParams | RsaPssParams {
  switch (signature.family) {
    case "ecdsa":
      return { name: "ECDSA", hash: signature.hash ?? "SHA-256" };
    case "rsa":
      return { name: "RSASSA-PKCS1-v1_5" };
    case "rsa-pss":
      return { name: "RSA-PSS", saltLength: signature.saltLength ?? 0 };
    case "ed25519":
      return { name: "Ed25519" };
  }
}

/**
 * ECDSA signature from WebCrypto's form (r and s side by side, IEEE P1363) to X.509's.
 *
 * ```asn1
 * Ecdsa-Sig-Value ::= SEQUENCE { r INTEGER, s INTEGER }
 * ```
 */
export function ecdsaToDer(signature: Uint8Array): Bytes {
  const half = signature.length / 2;
  return sequence(unsigned(signature.subarray(0, half)), unsigned(signature.subarray(half)));
}

/**
 * The other way: `size` octets for r and as many for s.
 * @throws CertgenError `malformed-der` or `malformed-asn1` where it is not strict DER, or r or s is negative or too long
 */
export function ecdsaFromDer(der: Uint8Array, size: number): Bytes {
  const what = "ECDSA signature";
  const outer = readDer(der, what);
  if (outer.tag !== Tag.sequence) throw structureError(what, "no SEQUENCE", outer.offset);
  const fields = outer.children(what);
  const out = new Uint8Array(2 * size);
  for (const [index, name] of ["r", "s"].entries()) {
    const value = unsignedInteger(fields.next(Tag.integer, name));
    if (value === undefined || value.length > size) {
      throw new CertgenError("malformed-asn1", `Cannot read ${what}: ${name} is out of range`);
    }
    out.set(value, (index + 1) * size - value.length);
  }
  fields.end();
  return out;
}
