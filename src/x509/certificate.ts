/**
 * X.509 certificates (RFC 5280 §4.1): parse, verify against a CA.
 * @module
 */
import { bitString, smallInteger, timeValue, unsignedInteger } from "../asn1/der_value.ts";
import { type DerCursor, type DerElement, readDer, structureError } from "../asn1/der.ts";
import { contextConstructed, contextPrimitive, Tag } from "../asn1/tag.ts";
import { type Bytes, equal, toHex } from "../bytes.ts";
import { systemNow } from "../clock.ts";
import { CertgenError } from "../errors.ts";
import { type ForeignAlgorithm, parseSignatureAlgorithm, type SignatureAlgorithm } from "./algorithm.ts";
import { type Extensions, NO_EXTENSIONS, parseExtensions } from "./extension.ts";
import { formatName, type Name, parseName } from "./name.ts";
import { derOf, parsePemBlocks, toPem } from "./pem.ts";
import { parsePublicKey, type PublicKey, verifySignature } from "./public_key.ts";

/** The signed part of a certificate. */
export interface TbsCertificate {
  /** 1, 2 or 3. */
  readonly version: number;
  /** Lower-case hexadecimal digits, two for each octet, without a sign octet. */
  readonly serialNumber: string;
  /** Who issued it. */
  readonly issuer: Name;
  /** The first second at which it is valid. */
  readonly notBefore: Date;
  /** The last second at which it is valid. */
  readonly notAfter: Date;
  /** Whom it was issued to. */
  readonly subject: Name;
  /** The key that is certified. */
  readonly publicKey: PublicKey;
  /** Its extensions. */
  readonly extensions: Extensions;
  /** What it is signed with. */
  readonly signatureAlgorithm: SignatureAlgorithm | ForeignAlgorithm;
}

/** A certificate that was parsed. Nothing in it is to be believed before {@link verifyCertificate}. */
export interface Certificate extends TbsCertificate {
  /** The whole certificate. */
  readonly der: Bytes;
  /** One block, `CERTIFICATE`. */
  readonly pem: string;
  /** The bytes that are signed, as they were received. */
  readonly tbsCertificate: Bytes;
  /** The signature, in X.509's form. */
  readonly signature: Bytes;
}

const WHAT = "certificate";
const LABELS: readonly string[] = ["CERTIFICATE"];

/**
 * Parses a certificate strictly.
 *
 * ```asn1
 * Certificate ::= SEQUENCE {
 *   tbsCertificate TBSCertificate, signatureAlgorithm AlgorithmIdentifier, signatureValue BIT STRING }
 * ```
 *
 * @param input PEM (exactly one block) or DER
 * @throws CertgenError `malformed-pem`, `malformed-der`, `malformed-asn1` or `malformed-key`
 * @example
 * ```ts
 * import { createCa, parseCertificate } from "@certgen/core";
 *
 * const ca = await createCa({ commonName: "our CA" });
 * const certificate = parseCertificate(ca.certificate.pem);
 * console.log(certificate.notAfter, certificate.extensions.basicConstraints); // …, { ca: true, … }
 * ```
 */
export function parseCertificate(input: string | Uint8Array): Certificate {
  const outer = readDer(derOf(input, LABELS, WHAT), WHAT);
  if (outer.tag !== Tag.sequence) throw structureError(WHAT, "no SEQUENCE", 0);
  const parts = outer.children(WHAT);
  const tbs = parts.next(Tag.sequence, "tbsCertificate");
  const outerAlgorithm = parts.next(Tag.sequence, "signatureAlgorithm");
  const signatureElement = parts.next(Tag.bitString, "signatureValue");
  const signature = bitString(signatureElement);
  parts.end();
  if (signature.unusedBits !== 0) throw structureError(WHAT, "signature has unused bits", signatureElement.offset);
  const der = new Uint8Array(outer.bytes);
  return {
    ...parseTbs(tbs, outerAlgorithm),
    der,
    get pem(): string {
      return toPem("CERTIFICATE", der);
    },
    tbsCertificate: new Uint8Array(tbs.bytes),
    signature: new Uint8Array(signature.bytes),
  };
}

/**
 * Parses a document of several certificates, as a CA bundle is.
 * @throws CertgenError `malformed-pem` where it has none, or a block that is no certificate
 */
export function parseCertificates(text: string): Certificate[] {
  const blocks = parsePemBlocks(text, WHAT);
  const foreign = blocks.find((block) => block.label !== "CERTIFICATE");
  if (blocks.length === 0 || foreign !== undefined) {
    const fault = foreign === undefined ? "no PEM block" : `PEM block is ${JSON.stringify(foreign.label)}`;
    throw new CertgenError("malformed-pem", `Cannot read ${WHAT}: ${fault}, not "CERTIFICATE"`);
  }
  return blocks.map((block) => parseCertificate(block.der));
}

/** Parses a TBSCertificate that stands alone, as one that is about to be signed does. */
export function parseTbsCertificate(der: Uint8Array): TbsCertificate {
  return parseTbs(readDer(der, WHAT), undefined);
}

/**
 * ```asn1
 * TBSCertificate ::= SEQUENCE {
 *   version [0] INTEGER DEFAULT v1, serialNumber INTEGER, signature AlgorithmIdentifier, issuer Name,
 *   validity Validity, subject Name, subjectPublicKeyInfo SubjectPublicKeyInfo,
 *   issuerUniqueID [1] OPTIONAL, subjectUniqueID [2] OPTIONAL, extensions [3] Extensions OPTIONAL }
 * Validity ::= SEQUENCE { notBefore Time, notAfter Time }
 * ```
 */
function parseTbs(tbs: DerElement, outerAlgorithm: DerElement | undefined): TbsCertificate {
  const fields = tbs.children(WHAT);
  const version = parseVersion(fields.optional(contextConstructed(0)));
  const serial = fields.next(Tag.integer, "serialNumber");
  const serialOctets = unsignedInteger(serial);
  if (serialOctets === undefined) throw structureError(WHAT, "serial number is negative", serial.offset);
  const algorithm = fields.next(Tag.sequence, "signature");
  if (outerAlgorithm !== undefined && !equal(algorithm.bytes, outerAlgorithm.bytes)) {
    throw structureError(WHAT, "the two signature algorithms differ", outerAlgorithm.offset);
  }
  const issuer = parseName(fields.next(Tag.sequence, "issuer"), WHAT);
  const validity = fields.next(Tag.sequence, "validity").children(WHAT);
  const notBefore = parseTime(validity, "notBefore");
  const notAfter = parseTime(validity, "notAfter");
  validity.end();
  const subject = parseName(fields.next(Tag.sequence, "subject"), WHAT);
  const publicKey = parsePublicKey(fields.next(Tag.sequence, "subjectPublicKeyInfo"));
  fields.optional(contextPrimitive(1));
  fields.optional(contextPrimitive(2));
  const extensionsField = fields.optional(contextConstructed(3));
  if (extensionsField !== undefined && version !== 3) {
    throw structureError(WHAT, `version ${version} has extensions`, extensionsField.offset);
  }
  const wrapper = extensionsField?.children(WHAT);
  const extensions = wrapper === undefined ? NO_EXTENSIONS : parseExtensions(wrapper.any("extensions"));
  wrapper?.end();
  fields.end();
  return {
    version,
    serialNumber: toHex(serialOctets),
    issuer,
    notBefore,
    notAfter,
    subject,
    publicKey,
    extensions,
    signatureAlgorithm: parseSignatureAlgorithm(algorithm),
  };
}

/** `Version ::= INTEGER { v1(0), v2(1), v3(2) }`, where v1 is the default and so has no encoding. */
function parseVersion(wrapper: DerElement | undefined): number {
  if (wrapper === undefined) return 1;
  const inner = wrapper.children(WHAT);
  const value = smallInteger(inner.next(Tag.integer, "version"));
  inner.end();
  if (value !== 1 && value !== 2) throw structureError(WHAT, "version is neither 2 nor 3", wrapper.offset);
  return value + 1;
}

function parseTime(validity: DerCursor, field: string): Date {
  const element = validity.any(field);
  if (element.tag !== Tag.utcTime && element.tag !== Tag.generalizedTime) {
    throw structureError(WHAT, `${field} is no time`, element.offset);
  }
  return timeValue(element);
}

/** When a certificate is looked at. */
export interface VerifyOptions {
  /** The moment at which it must be valid; now unless said. */
  readonly at?: Date;
}

/**
 * Verifies that a certificate was issued by a CA, and that both are valid: issuer name and key identifiers match, the CA
 * is one (RFC 5280 §6.1.4 k to n), no critical extension is unknown, and the signature holds over the bytes received.
 *
 * @param certificate the certificate to verify
 * @param ca the CA's certificate, or several of which one must be the issuer
 * @returns the CA's certificate that issued it
 * @throws CertgenError `invalid-certificate`, `invalid-signature` or `unsupported-algorithm`
 * @example
 * ```ts
 * import { createCa, createCsr, generateKey, signCsr, verifyCertificate } from "@certgen/core";
 *
 * const ca = await createCa({ commonName: "our CA" });
 * const csr = await createCsr({ key: await generateKey(), subject: { commonName: "db1" }, dnsNames: ["db1"] });
 * const certificate = await signCsr(csr.pem, ca, { usages: ["serverAuth"], lifetimeSeconds: 3600 });
 * await verifyCertificate(certificate, ca.certificate);
 * ```
 */
export async function verifyCertificate(
  certificate: Certificate,
  ca: Certificate | readonly Certificate[],
  options: VerifyOptions = {},
): Promise<Certificate> {
  const at = options.at ?? systemNow();
  const candidates = Array.isArray(ca) ? ca as readonly Certificate[] : [ca as Certificate];
  const issuers = candidates.filter((candidate) => isIssuer(candidate, certificate));
  if (issuers.length === 0) {
    const known = candidates.map((candidate) => JSON.stringify(formatName(candidate.subject))).join(", ");
    throw invalid(`its issuer ${JSON.stringify(formatName(certificate.issuer))} is not the CA ${known}`);
  }
  const fault = validityFault(certificate, at) ?? criticalFault(certificate);
  if (fault !== undefined) throw invalid(fault);
  let failure: unknown;
  // a CA that was renewed stands in a bundle twice, with one name and often with one key
  for (const issuer of issuers) {
    try {
      await verifyIssuedBy(certificate, issuer, at);
      return issuer;
    } catch (error) {
      failure ??= error;
    }
  }
  throw failure;
}

/** Whether a CA's key signed a certificate, whatever the two are good for now: {@link verifyCertificate} says that. */
export async function isIssuedBy(certificate: Certificate, ca: Certificate): Promise<boolean> {
  if (!isIssuer(ca, certificate) || ca.publicKey.fault !== undefined) return false;
  const { signatureAlgorithm, tbsCertificate, signature } = certificate;
  try {
    await verifySignature(ca.publicKey, signatureAlgorithm, tbsCertificate, signature, WHAT);
    return true;
  } catch (error) {
    if (error instanceof CertgenError) return false;
    throw error;
  }
}

async function verifyIssuedBy(certificate: Certificate, issuer: Certificate, at: Date): Promise<void> {
  const fault = caFault(issuer, at);
  if (fault !== undefined) throw invalid(fault);
  const { signatureAlgorithm, tbsCertificate, signature } = certificate;
  await verifySignature(issuer.publicKey, signatureAlgorithm, tbsCertificate, signature, WHAT);
}

function isIssuer(ca: Certificate, certificate: Certificate): boolean {
  const wanted = certificate.extensions.authorityKeyIdentifier;
  const has = ca.extensions.subjectKeyIdentifier;
  return equal(ca.subject.der, certificate.issuer.der) &&
    (wanted === undefined || has === undefined || equal(wanted, has));
}

/** Why a certificate is not valid at a moment, if it is not. Both ends are inclusive (RFC 5280 §4.1.2.5). */
export function validityFault(certificate: TbsCertificate, at: Date): string | undefined {
  const second = Math.floor(at.getTime() / 1000) * 1000;
  // turned around, so that a moment that is none is not one of validity
  if (!(second >= certificate.notBefore.getTime())) {
    return `it is not valid before ${certificate.notBefore.toISOString()}`;
  }
  if (!(second <= certificate.notAfter.getTime())) return `it expired at ${certificate.notAfter.toISOString()}`;
  return undefined;
}

/** Why a certificate cannot be a CA's that issues at a moment, if it cannot. */
export function caFault(ca: TbsCertificate, at: Date): string | undefined {
  const { basicConstraints, keyUsage } = ca.extensions;
  if (ca.version !== 3 || basicConstraints?.ca !== true) return "the CA's certificate is not a CA's (basicConstraints)";
  if (keyUsage !== undefined && !keyUsage.includes("keyCertSign")) {
    return "the CA's certificate may not sign certificates (keyUsage)";
  }
  if (ca.publicKey.fault !== undefined) return `the CA's key must not be used: ${ca.publicKey.fault}`;
  const validity = validityFault(ca, at) ?? criticalFault(ca);
  return validity && `the CA's certificate must not be used: ${validity}`;
}

/** The extensions whose meaning certgen observes; RFC 5280 §4.2: a critical one that is not known must be refused. */
const OBSERVED = ["subjectAltName", "basicConstraints", "keyUsage", "extKeyUsage"];

function criticalFault(certificate: TbsCertificate): string | undefined {
  const unknown = certificate.extensions.all.find((extension) =>
    extension.critical && !OBSERVED.includes(extension.type)
  );
  return unknown && `it has a critical extension that is not known: ${unknown.type}`;
}

function invalid(fault: string): CertgenError {
  return new CertgenError("invalid-certificate", `Cannot trust ${WHAT}: ${fault}`);
}
