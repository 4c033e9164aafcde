/**
 * PKCS #10 certification requests (RFC 2986): create, parse, verify.
 * @module
 */
import { bitString, oidText, smallInteger } from "../asn1/der_value.ts";
import { type DerElement, readDer, structureError } from "../asn1/der.ts";
import { bitStringOf, sequence } from "../asn1/der_writer.ts";
import { Oid, oidName } from "../asn1/oid.ts";
import { contextConstructed, Tag } from "../asn1/tag.ts";
import { type Bytes, compare } from "../bytes.ts";
import { type ForeignAlgorithm, parseSignatureAlgorithm, type SignatureAlgorithm } from "./algorithm.ts";
import { encodeSubjectAltName, type Extensions, NO_EXTENSIONS, parseExtensions } from "./extension.ts";
import { generalNames } from "./general_name.ts";
import { type KeyPair, sign } from "./key.ts";
import { encodeName, type Name, parseName, type Subject } from "./name.ts";
import { derOf, toPem } from "./pem.ts";
import { parsePublicKey, type PublicKey, verifySignature } from "./public_key.ts";

/** A CSR that was parsed. Nothing in it is to be believed before {@link verifyCsr}. */
export interface Csr {
  /** The whole CertificationRequest. */
  readonly der: Bytes;
  /** Whom it is for, as the requester says. */
  readonly subject: Name;
  /** The key to be certified. */
  readonly publicKey: PublicKey;
  /** What the request asks for in its extensionRequest attribute. */
  readonly extensions: Extensions;
  /** Types of all attributes, as `extensionRequest` or dotted OIDs; the others are ignored. */
  readonly attributes: readonly string[];
  /** What it is signed with. */
  readonly signatureAlgorithm: SignatureAlgorithm | ForeignAlgorithm;
  /** The signature, in X.509's form. */
  readonly signature: Bytes;
  /** The bytes that are signed, as they were received. */
  readonly certificationRequestInfo: Bytes;
}

/** PEM labels of a CSR: RFC 7468 §7 and the one that older tools write. */
export const CSR_LABELS: readonly string[] = ["CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"];

const WHAT = "CSR";

/**
 * Parses a CSR strictly.
 *
 * ```asn1
 * CertificationRequest ::= SEQUENCE {
 *   certificationRequestInfo CertificationRequestInfo, signatureAlgorithm AlgorithmIdentifier, signature BIT STRING }
 * CertificationRequestInfo ::= SEQUENCE {
 *   version INTEGER { v1(0) }, subject Name, subjectPKInfo SubjectPublicKeyInfo, attributes [0] Attributes }
 * ```
 *
 * @param input PEM (exactly one block) or DER
 * @throws CertgenError `malformed-pem`, `malformed-der`, `malformed-asn1` or `malformed-key`. Algorithms that certgen
 * does not use parse, and are refused by {@link verifyCsr}
 * @example
 * ```ts
 * import { createCsr, generateKey, parseCsr, verifyCsr } from "@certgen/core";
 *
 * const { pem } = await createCsr({ key: await generateKey(), subject: { commonName: "etcd1" }, dnsNames: ["etcd1"] });
 * const csr = parseCsr(pem);
 * await verifyCsr(csr);
 * console.log(csr.extensions.subjectAltName); // [{ type: "dns", value: "etcd1" }]
 * ```
 */
export function parseCsr(input: string | Uint8Array): Csr {
  const outer = readDer(derOf(input, CSR_LABELS, WHAT), WHAT);
  if (outer.tag !== Tag.sequence) throw structureError(WHAT, "no SEQUENCE", 0);
  const parts = outer.children(WHAT);
  const info = parts.next(Tag.sequence, "certificationRequestInfo");
  const signatureAlgorithm = parseSignatureAlgorithm(parts.next(Tag.sequence, "signatureAlgorithm"));
  const signatureElement = parts.next(Tag.bitString, "signature");
  const signature = bitString(signatureElement);
  parts.end();
  if (signature.unusedBits !== 0) throw structureError(WHAT, "signature has unused bits", signatureElement.offset);
  const fields = info.children(WHAT);
  const version = fields.next(Tag.integer, "version");
  if (smallInteger(version) !== 0) throw structureError(WHAT, "version is not 0", version.offset);
  const subject = parseName(fields.next(Tag.sequence, "subject"), WHAT);
  const publicKey = parsePublicKey(fields.next(Tag.sequence, "subjectPKInfo"));
  const attributes = parseAttributes(fields.optional(contextConstructed(0)));
  fields.end();
  return {
    der: new Uint8Array(outer.bytes),
    subject,
    publicKey,
    ...attributes,
    signatureAlgorithm,
    signature: new Uint8Array(signature.bytes),
    certificationRequestInfo: new Uint8Array(info.bytes),
  };
}

/**
 * ```asn1
 * Attributes ::= SET OF Attribute
 * Attribute ::= SEQUENCE { type OBJECT IDENTIFIER, values SET SIZE (1..MAX) OF ANY }
 * ```
 * RFC 2985 §5.4.2: extensionRequest has a single value. Tools that leave an empty set out altogether are common, and the
 * text of RFC 2986 §3 allows it where its module does not.
 */
function parseAttributes(element: DerElement | undefined): Pick<Csr, "attributes" | "extensions"> {
  const attributes: string[] = [];
  let extensions: Extensions | undefined;
  const list = element?.children(WHAT);
  let previous: Uint8Array | undefined;
  while (list?.more) {
    const item = list.next(Tag.sequence, "attribute");
    // the tag hides from the reader that this is a SET OF (X.690 §11.6)
    if (previous !== undefined && compare(previous, item.bytes) > 0) {
      throw structureError(WHAT, "attributes are out of order", item.offset);
    }
    previous = item.bytes;
    const fields = item.children(WHAT);
    const type = oidText(fields.next(Tag.oid, "attribute type"));
    const values = fields.next(Tag.set, "attribute values").children(WHAT);
    fields.end();
    attributes.push(oidName(type));
    const value = values.any("attribute value");
    if (type !== Oid.extensionRequest) continue;
    if (extensions !== undefined) throw structureError(WHAT, "extensionRequest stands twice", item.offset);
    extensions = parseExtensions(value);
    values.end();
  }
  return { attributes, extensions: extensions ?? NO_EXTENSIONS };
}

/**
 * Verifies that the CSR was signed by the key it carries, over the bytes that were received.
 *
 * @throws CertgenError `invalid-signature`, or `unsupported-algorithm` where key or algorithm are none that certgen uses
 * (SHA-1 and MD5, RSA under 2048 bits or with another exponent, compressed points and foreign curves among them)
 */
export async function verifyCsr(csr: Csr): Promise<void> {
  await verifySignature(csr.publicKey, csr.signatureAlgorithm, csr.certificationRequestInfo, csr.signature, WHAT);
}

/** What a CSR asks for. */
export interface CsrOptions {
  /** The key it is for, which signs it. */
  readonly key: KeyPair;
  /** What the certificate's subject is to be. */
  readonly subject: Subject;
  /** Subject alternative names: DNS names. */
  readonly dnsNames?: readonly string[];
  /** Subject alternative names: IPv4 and IPv6 addresses in their text form. */
  readonly ipAddresses?: readonly string[];
}

/** A CSR that was created. */
export interface CreatedCsr {
  /** `CERTIFICATE REQUEST` */
  readonly pem: string;
  /** The CertificationRequest. */
  readonly der: Bytes;
}

/**
 * Creates a CSR.
 *
 * @throws CertgenError `invalid-object` for a name that is none
 * @throws TypeError for a subject that cannot be written
 * @example
 * ```ts
 * import { createCsr, generateKey } from "@certgen/core";
 *
 * const csr = await createCsr({
 *   key: await generateKey("ec-p256"),
 *   subject: { organization: "system:etcd-peers", commonName: "system:etcd-peer:etcd1" },
 *   dnsNames: ["etcd1"],
 *   ipAddresses: ["10.8.89.9"],
 * });
 * console.log(csr.pem); // -----BEGIN CERTIFICATE REQUEST-----…
 * ```
 */
export async function createCsr(options: CsrOptions): Promise<CreatedCsr> {
  const names = generalNames(options.dnsNames ?? [], options.ipAddresses ?? []);
  const extensions = names.length === 0 ? [] : [encodeSubjectAltName(names)];
  // loaded here, since parsing and verifying do not need it
  const { encodeCertificationRequestInfo } = await import("../asn1/schema.ts");
  const info = encodeCertificationRequestInfo({
    subject: encodeName(options.subject),
    subjectPublicKeyInfo: options.key.publicKey.spki,
    attributes: extensions.length === 0 ? [] : [{ type: Oid.extensionRequest, values: [sequence(...extensions)] }],
  });
  const signature = await sign(options.key, info);
  const der = sequence(info, options.key.signatureAlgorithm.der, bitStringOf(signature));
  return { der, pem: toPem("CERTIFICATE REQUEST", der) };
}
