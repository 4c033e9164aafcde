/**
 * GeneralName (RFC 5280 §4.2.1.6): DNS names, IP addresses, e-mail addresses and URIs are read; DNS names and IP
 * addresses are issued. Any other type is read by name only.
 * @module
 */
import { type DerElement, structureError } from "../asn1/der.ts";
import { implicit } from "../asn1/der_writer.ts";
import { type Bytes, toLatin1, toUtf8 } from "../bytes.ts";
import { CertgenError } from "../errors.ts";
import { formatIp, parseIp } from "./ip.ts";

/** What a general name may be. */
export type GeneralNameType =
  | "dns"
  | "ip"
  | "email"
  | "uri"
  | "otherName"
  | "x400Address"
  | "directoryName"
  | "ediPartyName"
  | "registeredID";

/** One general name. */
export interface GeneralName {
  /** What kind of name it is. */
  readonly type: GeneralNameType;
  /** The text as it was received; an address in its shortest form; empty for types that are read by name only. */
  readonly value: string;
}

/**
 * ```asn1
 * GeneralName ::= CHOICE {
 *   otherName [0], rfc822Name [1] IA5String, dNSName [2] IA5String, x400Address [3], directoryName [4],
 *   ediPartyName [5], uniformResourceIdentifier [6] IA5String, iPAddress [7] OCTET STRING, registeredID [8] }
 * ```
 */
const TYPES: readonly GeneralNameType[] = [
  "otherName",
  "email",
  "dns",
  "x400Address",
  "directoryName",
  "ediPartyName",
  "uri",
  "ip",
  "registeredID",
];
/** Those whose encoding is primitive. */
const PRIMITIVE: readonly GeneralNameType[] = ["email", "dns", "uri", "ip", "registeredID"];

/**
 * Reads a general name.
 * @throws CertgenError `malformed-asn1` where it is none: a tag that is no general name's, a byte that is no IA5
 * character, or an address of neither 4 nor 16 octets
 */
export function parseGeneralName(element: DerElement): GeneralName {
  const what = "general name";
  const type = TYPES[element.tag & 0x1f];
  if ((element.tag & 0xc0) !== 0x80 || type === undefined) throw structureError(what, "unknown type", element.offset);
  const constructed = (element.tag & 0x20) !== 0;
  if (constructed === PRIMITIVE.includes(type)) {
    throw structureError(what, `${type} has a wrong encoding`, element.offset);
  }
  const content = element.content;
  if (type === "ip") {
    if (content.length !== 4 && content.length !== 16) {
      throw structureError(what, `IP address has ${content.length} octets`, element.offset);
    }
    return { type, value: formatIp(content) };
  }
  if (type !== "dns" && type !== "email" && type !== "uri") return { type, value: "" };
  if (content.some((c) => c >= 0x80)) {
    throw structureError(what, `${type} has a byte that is no IA5 character`, element.offset);
  }
  return { type, value: toLatin1(content) };
}

/**
 * Writes a general name.
 * @throws TypeError where it is neither a DNS name nor an IP address, or not one that may be issued
 */
export function encodeGeneralName(name: GeneralName): Bytes {
  if (name.type === "dns") return implicit(2, toUtf8(name.value));
  const address = name.type === "ip" ? parseIp(name.value) : undefined;
  if (address === undefined) throw new TypeError(`cannot write general name ${name.type}:${name.value}`);
  return implicit(7, address);
}

/** What the URL standard takes for an IPv4 address, whatever stands before: a last label that is a number. */
const ENDS_IN_NUMBER = /^[0-9.]+$|(?:^|\.)(?:[0-9]+|0[xX][0-9A-Fa-f]*)\.?$/;

/**
 * Why a text is not a DNS name that certgen issues, if it is not: labels of letters, digits and inner hyphens
 * (RFC 1123 §2.1), 63 octets each and 253 in all, no trailing dot, no address written as a name.
 *
 * @param wildcards takes a wildcard as well: `*` as the whole first label, and a name of two labels or more behind it
 */
export function dnsNameFault(name: string, wildcards = false): string | undefined {
  if (name === "") return "it is empty";
  if (name.length > 253) return "it has more than 253 characters";
  if (name.includes("*")) return wildcards ? wildcardFault(name) : "wildcards are not allowed";
  if (parseIp(name.replace(/^\[|\]$/g, "")) !== undefined || ENDS_IN_NUMBER.test(name)) {
    return "it is an IP address: ask for it as one";
  }
  if (name.endsWith(".")) return "it ends with a dot";
  for (const label of name.split(".")) {
    if (label === "") return "it has an empty label";
    if (label.length > 63) return "it has a label of more than 63 characters";
    if (!/^[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?$/.test(label)) {
      return "a label may have letters, digits and inner hyphens only";
    }
  }
  return undefined;
}

/** RFC 6125 §6.4.3, and no stricter reader takes more: `*.com` would be half the world. */
function wildcardFault(name: string): string | undefined {
  const rest = name.slice(2);
  if (!name.startsWith("*.") || rest.includes("*")) return "a wildcard is the whole first label, and stands alone";
  return rest.includes(".") ? dnsNameFault(rest) : "a wildcard needs two labels or more behind it";
}

/**
 * The general names of the DNS names and IP addresses that somebody typed: DNS names in lower case, addresses in their
 * shortest form (brackets around an IPv6 address are taken off), duplicates dropped.
 *
 * @throws CertgenError `invalid-object` where one is neither
 */
export function generalNames(dnsNames: readonly string[], ipAddresses: readonly string[]): GeneralName[] {
  const names = new Map<string, GeneralName>();
  for (const text of dnsNames) {
    // judged before it is in lower case, which makes an ASCII k of the Kelvin sign
    const fault = dnsNameFault(text);
    if (fault !== undefined) {
      throw new CertgenError("invalid-object", `Cannot use DNS name ${JSON.stringify(text)}: ${fault}`);
    }
    const value = text.toLowerCase();
    names.set(`dns:${value}`, { type: "dns", value });
  }
  for (const text of ipAddresses) {
    const address = parseIp(text.replace(/^\[(.*)\]$/, "$1"));
    if (address === undefined) {
      throw new CertgenError("invalid-object", `Cannot use IP address ${JSON.stringify(text)}: it is none`);
    }
    const value = formatIp(address);
    names.set(`ip:${value}`, { type: "ip", value });
  }
  return [...names.values()];
}

/** A general name for people, as `DNS:etcd1` or `IP:10.8.89.9`. */
export function formatGeneralName(name: GeneralName): string {
  switch (name.type) {
    case "dns":
      return `DNS:${name.value}`;
    case "ip":
      return `IP:${name.value}`;
    case "uri":
      return `URI:${name.value}`;
    case "email":
      return `email:${name.value}`;
    default:
      return name.type;
  }
}
