/**
 * Name (RFC 5280 §4.1.2.4) <-> plain objects, in order and lossless: names are compared and copied as bytes, and never
 * pass through a text form that would have to be parsed again.
 * @module
 */
import { oidText, stringValue } from "../asn1/der_value.ts";
import { isPrintable } from "../asn1/primitive.ts";
import { type DerElement, structureError } from "../asn1/der.ts";
import { oid, printableString, sequence, setOf, utf8String } from "../asn1/der_writer.ts";
import { Oid, oidName } from "../asn1/oid.ts";
import { Tag } from "../asn1/tag.ts";
import { type Bytes, toHex, toUtf8 } from "../bytes.ts";

/** One attribute of a name. */
export interface NameAttribute {
  /** Name of the type as `commonName`, or its dotted OID where certgen has no name for it. */
  readonly type: string;
  /** The text; `#` and the DER in hexadecimal digits where the value is no character string. */
  readonly value: string;
  /** The identifier octet of the value: which string type carries it. */
  readonly tag: number;
  /** Number of the relative distinguished name it is in, from 0. */
  readonly rdn: number;
}

/** A distinguished name. */
export interface Name {
  /** All attributes in order. */
  readonly attributes: readonly NameAttribute[];
  /** The encoding. */
  readonly der: Bytes;
}

/** The attributes that certgen writes. */
export type SubjectAttribute =
  | "commonName"
  | "serialNumber"
  | "country"
  | "locality"
  | "state"
  | "organization"
  | "organizationalUnit";

/** A name as a program writes it: each attribute in the order of the object's keys, an RDN each; several values in order. */
export type Subject = { readonly [attribute in SubjectAttribute]?: string | readonly string[] };

/** RFC 5280 §A.1: the most characters each may have. */
const UPPER_BOUND: Readonly<Record<SubjectAttribute, number>> = {
  commonName: 64,
  serialNumber: 64,
  country: 2,
  locality: 128,
  state: 128,
  organization: 64,
  organizationalUnit: 64,
};

/** Whether certgen writes attributes of this type. */
export function isSubjectAttribute(type: string): type is SubjectAttribute {
  return Object.hasOwn(UPPER_BOUND, type);
}

/**
 * Reads a Name.
 *
 * ```asn1
 * Name ::= CHOICE { rdnSequence RDNSequence }
 * RDNSequence ::= SEQUENCE OF RelativeDistinguishedName
 * RelativeDistinguishedName ::= SET SIZE (1..MAX) OF AttributeTypeAndValue
 * AttributeTypeAndValue ::= SEQUENCE { type OBJECT IDENTIFIER, value ANY }
 * ```
 */
export function parseName(element: DerElement, what: string): Name {
  const attributes: NameAttribute[] = [];
  if (element.tag !== Tag.sequence) throw structureError(what, "name is no SEQUENCE", element.offset);
  const rdns = element.children(what);
  for (let rdn = 0; rdns.more; rdn++) {
    const members = rdns.next(Tag.set, "relative distinguished name").children(what);
    do {
      const fields = members.next(Tag.sequence, "attribute").children(what);
      const type = oidName(oidText(fields.next(Tag.oid, "attribute type")));
      const value = fields.any("attribute value");
      fields.end();
      attributes.push({ type, value: stringValue(value) ?? `#${toHex(value.bytes)}`, tag: value.tag, rdn });
    } while (members.more);
  }
  return { attributes, der: new Uint8Array(element.bytes) };
}

/** The values of one attribute of a name, in order. */
export function attributeValues(name: Name, type: string): string[] {
  return name.attributes.filter((attribute) => attribute.type === type).map((attribute) => attribute.value);
}

/** Why certgen cannot write a value of an attribute, if it cannot. */
export function attributeFault(type: SubjectAttribute, value: string): string | undefined {
  const length = [...value].length;
  if (length === 0 || length > UPPER_BOUND[type]) {
    return `${type} has ${length} characters: 1 to ${UPPER_BOUND[type]} are possible`;
  }
  if (/\p{Surrogate}/u.test(value)) return `${type} has half a surrogate pair`;
  if (type === "country" && !/^[A-Za-z]{2}$/.test(value)) return "country is not two letters";
  if (type === "serialNumber" && !toUtf8(value).every(isPrintable)) return "serialNumber is no PrintableString";
  return undefined;
}

/**
 * Writes a Name: UTF8String, but PrintableString for the two attributes that must be (RFC 5280 §A.1).
 * @throws TypeError where a value is empty, too long or no Unicode text, or an attribute is none that certgen writes
 */
export function encodeName(subject: Subject): Bytes {
  const rdns: Bytes[] = [];
  for (const [type, values] of Object.entries(subject)) {
    if (!isSubjectAttribute(type)) throw new TypeError(`unknown attribute of a name: ${JSON.stringify(type)}`);
    for (const value of typeof values === "string" ? [values] : values) {
      const fault = attributeFault(type, value);
      if (fault !== undefined) throw new TypeError(fault);
      const encoded = type === "country" || type === "serialNumber" ? printableString(value) : utf8String(value);
      rdns.push(setOf(sequence(oid(Oid[type]), encoded)));
    }
  }
  return sequence(...rdns);
}

/** A name for people, as `O=system:etcd-peers, CN=system:etcd-peer:etcd1`: to show, not to compare or to parse. */
export function formatName(name: Name): string {
  const text = name.attributes.map(({ type, value }) => `${SHORT[type] ?? type}=${value.replace(/[,+\\]/g, "\\$&")}`);
  return text.join(", ");
}

const SHORT: Readonly<Record<string, string>> = {
  commonName: "CN",
  organization: "O",
  organizationalUnit: "OU",
  country: "C",
  locality: "L",
  state: "ST",
  domainComponent: "DC",
};
