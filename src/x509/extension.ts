/**
 * The extensions of RFC 5280 §4.2 that certgen reads or writes.
 * @module
 */
import { bitString, booleanValue, oidText, smallInteger } from "../asn1/der_value.ts";
import { type DerCursor, type DerElement, readDer, structureError } from "../asn1/der.ts";
import { boolean, implicit, integer, namedBits, octetString, oid, sequence } from "../asn1/der_writer.ts";
import { Oid, oidName } from "../asn1/oid.ts";
import { contextConstructed, contextPrimitive, Tag } from "../asn1/tag.ts";
import type { Bytes } from "../bytes.ts";
import { encodeGeneralName, type GeneralName, parseGeneralName } from "./general_name.ts";

/** RFC 5280 §4.2.1.3, in the order of their bits. */
export const KEY_USAGES = [
  "digitalSignature",
  "contentCommitment",
  "keyEncipherment",
  "dataEncipherment",
  "keyAgreement",
  "keyCertSign",
  "cRLSign",
  "encipherOnly",
  "decipherOnly",
] as const;

/** A bit of the key usage extension. */
export type KeyUsage = typeof KEY_USAGES[number];

/** RFC 5280 §4.2.1.12: the extended usages certgen has names for. */
export const EXT_KEY_USAGES = [
  "serverAuth",
  "clientAuth",
  "codeSigning",
  "emailProtection",
  "timeStamping",
  "ocspSigning",
] as const;

/** An extended usage that a certificate may be issued with. */
export type ExtKeyUsage = typeof EXT_KEY_USAGES[number];

/** One extension as it was received. */
export interface Extension {
  /** Name as `subjectAltName`, or the dotted OID where certgen has no name for it. */
  readonly type: string;
  /** Whether software that does not know it must refuse the certificate. */
  readonly critical: boolean;
  /** DER inside of extnValue's OCTET STRING. */
  readonly value: Bytes;
}

/** All extensions of a certificate or of a request for one. */
export interface Extensions {
  /** In order, those below included. */
  readonly all: readonly Extension[];
  /** RFC 5280 §4.2.1.6. */
  readonly subjectAltName: readonly GeneralName[] | undefined;
  /** RFC 5280 §4.2.1.9. */
  readonly basicConstraints: { readonly ca: boolean; readonly pathLength: number | undefined } | undefined;
  /** RFC 5280 §4.2.1.3. */
  readonly keyUsage: readonly KeyUsage[] | undefined;
  /** Names where certgen has one, dotted OIDs otherwise. */
  readonly extKeyUsage: readonly string[] | undefined;
  /** RFC 5280 §4.2.1.2. */
  readonly subjectKeyIdentifier: Bytes | undefined;
  /** RFC 5280 §4.2.1.1: the key identifier in it. */
  readonly authorityKeyIdentifier: Bytes | undefined;
}

/** No extension at all. */
export const NO_EXTENSIONS: Extensions = Object.freeze({
  all: [],
  subjectAltName: undefined,
  basicConstraints: undefined,
  keyUsage: undefined,
  extKeyUsage: undefined,
  subjectKeyIdentifier: undefined,
  authorityKeyIdentifier: undefined,
});

/**
 * Reads extensions; those certgen knows are read to the end, whoever asks for them.
 *
 * ```asn1
 * Extensions ::= SEQUENCE SIZE (1..MAX) OF Extension
 * Extension ::= SEQUENCE { extnID OBJECT IDENTIFIER, critical BOOLEAN DEFAULT FALSE, extnValue OCTET STRING }
 * ```
 *
 * @throws CertgenError `malformed-der` or `malformed-asn1`, also where one type stands twice
 */
export function parseExtensions(element: DerElement): Extensions {
  const what = "extensions";
  if (element.tag !== Tag.sequence) throw structureError(what, "no SEQUENCE", element.offset);
  const found = new Map<string, { extension: Extension; value: DerElement }>();
  const list = element.children(what);
  do {
    const item = list.next(Tag.sequence, "extension");
    const fields = item.children(what);
    const type = oidName(oidText(fields.next(Tag.oid, "extnID")));
    const critical = trueOrAbsent(fields, what);
    const octets = fields.next(Tag.octetString, "extnValue");
    fields.end();
    if (found.has(type)) throw structureError(what, `${type} stands twice`, item.offset);
    const extension = { type, critical, value: new Uint8Array(octets.content) };
    found.set(type, { extension, value: octets });
  } while (list.more);
  const read = <T>(type: keyof typeof Oid, parse: (value: DerElement) => T): T | undefined => {
    const octets = found.get(type)?.value;
    return octets && parse(readDer(octets.content, type, octets.contentOffset));
  };
  return {
    all: [...found.values()].map(({ extension }) => extension),
    subjectAltName: read("subjectAltName", parseSubjectAltName),
    basicConstraints: read("basicConstraints", parseBasicConstraints),
    keyUsage: read("keyUsage", parseKeyUsage),
    extKeyUsage: read("extKeyUsage", parseExtKeyUsage),
    subjectKeyIdentifier: read("subjectKeyIdentifier", parseSubjectKeyIdentifier),
    authorityKeyIdentifier: read("authorityKeyIdentifier", parseAuthorityKeyIdentifier),
  };
}

/** `SubjectAltName ::= GeneralNames`, `GeneralNames ::= SEQUENCE SIZE (1..MAX) OF GeneralName` (RFC 5280 §4.2.1.6). */
function parseSubjectAltName(value: DerElement): GeneralName[] {
  const names: GeneralName[] = [];
  const list = expect(value, Tag.sequence, "subjectAltName").children("subjectAltName");
  do names.push(parseGeneralName(list.any("general name"))); while (list.more);
  return names;
}

/** `SEQUENCE { cA BOOLEAN DEFAULT FALSE, pathLenConstraint INTEGER (0..MAX) OPTIONAL }` (RFC 5280 §4.2.1.9). */
function parseBasicConstraints(value: DerElement): { ca: boolean; pathLength: number | undefined } {
  const what = "basicConstraints";
  const fields = expect(value, Tag.sequence, what).children(what);
  const ca = trueOrAbsent(fields, what);
  const length = fields.optional(Tag.integer);
  fields.end();
  const pathLength = length && smallInteger(length);
  if (length !== undefined && pathLength === undefined) {
    throw structureError(what, "path length is out of range", length.offset);
  }
  if (!ca && length !== undefined) throw structureError(what, "path length without a CA", length.offset);
  return { ca, pathLength };
}

/** `KeyUsage ::= BIT STRING` (RFC 5280 §4.2.1.3). */
function parseKeyUsage(value: DerElement): KeyUsage[] {
  const { bytes, unusedBits } = bitString(expect(value, Tag.bitString, "keyUsage"));
  // X.690 §11.2.2: named bits end with one that is set
  const last = bytes[bytes.length - 1];
  if (last !== undefined && (last & (1 << unusedBits)) === 0) {
    throw structureError("keyUsage", "trailing bits that are not set are encoded", value.offset);
  }
  return KEY_USAGES.filter((_, bit) => ((bytes[bit >> 3] ?? 0) & (0x80 >> (bit & 7))) !== 0);
}

/** `ExtKeyUsageSyntax ::= SEQUENCE SIZE (1..MAX) OF KeyPurposeId` (RFC 5280 §4.2.1.12). */
function parseExtKeyUsage(value: DerElement): string[] {
  const usages: string[] = [];
  const list = expect(value, Tag.sequence, "extKeyUsage").children("extKeyUsage");
  do usages.push(oidName(oidText(list.next(Tag.oid, "key purpose")))); while (list.more);
  return usages;
}

/** `SubjectKeyIdentifier ::= OCTET STRING` (RFC 5280 §4.2.1.2). */
function parseSubjectKeyIdentifier(value: DerElement): Bytes {
  return new Uint8Array(expect(value, Tag.octetString, "subjectKeyIdentifier").content);
}

/** `SEQUENCE { keyIdentifier [0] OPTIONAL, authorityCertIssuer [1] OPTIONAL, … [2] OPTIONAL }` (RFC 5280 §4.2.1.1). */
function parseAuthorityKeyIdentifier(value: DerElement): Bytes | undefined {
  const what = "authorityKeyIdentifier";
  const fields = expect(value, Tag.sequence, what).children(what);
  const identifier = fields.optional(contextPrimitive(0));
  fields.optional(contextConstructed(1));
  fields.optional(contextPrimitive(2));
  fields.end();
  return identifier && new Uint8Array(identifier.content);
}

/** A BOOLEAN DEFAULT FALSE: X.690 §11.5 leaves no encoding to FALSE but none. */
function trueOrAbsent(fields: DerCursor, what: string): boolean {
  const flag = fields.optional(Tag.boolean);
  if (flag !== undefined && !booleanValue(flag)) throw structureError(what, "a default value is encoded", flag.offset);
  return flag !== undefined;
}

function expect(element: DerElement, tag: number, what: string): DerElement {
  if (element.tag !== tag) throw structureError(what, "it has a wrong type", element.offset);
  return element;
}

/** Writes one Extension around the DER of its value. */
export function encodeExtension(type: keyof typeof Oid, critical: boolean, value: Uint8Array): Bytes {
  return sequence(oid(Oid[type]), ...(critical ? [boolean(true)] : []), octetString(value));
}

/** Critical in a CA's certificate and in a node's (RFC 5280 §4.2.1.9 asks it of CAs). */
export function encodeBasicConstraints(ca: boolean, pathLength?: number): Bytes {
  const fields = ca ? [boolean(true), ...(pathLength === undefined ? [] : [integer(pathLength)])] : [];
  return encodeExtension("basicConstraints", true, sequence(...fields));
}

/** Critical, as RFC 5280 §4.2.1.3 asks. */
export function encodeKeyUsage(usages: readonly KeyUsage[]): Bytes {
  return encodeExtension("keyUsage", true, namedBits(usages.map((usage) => KEY_USAGES.indexOf(usage))));
}

/** Not critical: software that does not know an extended usage may still know others. */
export function encodeExtKeyUsage(usages: readonly ExtKeyUsage[]): Bytes {
  return encodeExtension("extKeyUsage", false, sequence(...usages.map((usage) => oid(Oid[usage]))));
}

/** Not critical, as RFC 5280 §4.2.1.2 asks. */
export function encodeSubjectKeyIdentifier(identifier: Uint8Array): Bytes {
  return encodeExtension("subjectKeyIdentifier", false, octetString(identifier));
}

/** Not critical, as RFC 5280 §4.2.1.1 asks. */
export function encodeAuthorityKeyIdentifier(identifier: Uint8Array): Bytes {
  return encodeExtension("authorityKeyIdentifier", false, sequence(implicit(0, identifier)));
}

/** Critical where the subject is empty (RFC 5280 §4.2.1.6). */
export function encodeSubjectAltName(names: readonly GeneralName[], critical = false): Bytes {
  return encodeExtension("subjectAltName", critical, sequence(...names.map(encodeGeneralName)));
}
