/**
 * Names that are asked for, sorted into what a rule gives apart, each in the one form in which it is compared.
 * @module
 */
import { dnsNameFault, formatGeneralName, type GeneralName } from "../x509/general_name.ts";
import { formatIp, parseIp } from "../x509/ip.ts";
import { quoted } from "../text.ts";

/** A DNS name that is asked for. */
export interface AskedDnsName {
  /** In lower case. */
  readonly text: string;
  /** What follows each of its labels, with the dot. */
  readonly suffixes: readonly string[];
}

/** An address that is asked for. */
export interface AskedAddress {
  /** In its shortest form. */
  readonly text: string;
  /** 4 or 16, big-endian. */
  readonly octets: Uint8Array;
}

/** Names by kind: DNS names and wildcards in lower case, addresses in their shortest form. */
export interface SortedNames {
  readonly dnsNames: readonly AskedDnsName[];
  readonly wildcards: readonly string[];
  readonly ipAddresses: readonly AskedAddress[];
  /** Why one of them is none that a policy can give, if one is not. */
  readonly fault?: string;
}

/** Why there are too many names to look at them, if there are. */
export function numberFault(names: readonly GeneralName[], most: number): string | undefined {
  return names.length > most ? `${names.length} names are asked for: ${most} are possible` : undefined;
}

/**
 * Sorts names; what is neither a DNS name nor an address is a fault.
 * @param most names that are looked at; more are a fault, and none of them is in the result
 */
export function sortNames(names: readonly GeneralName[], most: number): SortedNames {
  const sorted = { dnsNames: [] as AskedDnsName[], wildcards: [] as string[], ipAddresses: [] as AskedAddress[] };
  let fault = numberFault(names, most);
  if (fault !== undefined) return { ...sorted, fault };
  for (const name of names) {
    const { type, value } = name;
    const why = faultOf(name);
    if (why !== undefined) fault ??= `${quoted(formatGeneralName(name))} is given by no rule: ${why}`;
    else if (type === "ip") sorted.ipAddresses.push({ text: value, octets: parseIp(value) ?? new Uint8Array() });
    else if (value.startsWith("*")) sorted.wildcards.push(value.toLowerCase());
    else sorted.dnsNames.push(askedDnsName(value.toLowerCase()));
  }
  return fault === undefined ? sorted : { ...sorted, fault };
}

/** A DNS name in lower case as it is looked for. */
export function askedDnsName(text: string): AskedDnsName {
  const suffixes: string[] = [];
  for (let dot = text.indexOf(".", 1); dot >= 0; dot = text.indexOf(".", dot + 1)) suffixes.push(text.slice(dot));
  return { text, suffixes };
}

/** Judged before it is in lower case, which makes an ASCII k of the Kelvin sign. */
function faultOf({ type, value }: GeneralName): string | undefined {
  if (type === "dns") return dnsNameFault(value, true);
  if (type !== "ip") return "it is neither a DNS name nor an address";
  return canonicalIp(value) === value ? undefined : "it is not an address in its shortest form";
}

/** The one form of an address; `undefined` where the text is none. */
export function canonicalIp(text: string): string | undefined {
  const octets = parseIp(text);
  return octets && formatIp(octets);
}

/** A name as a text that tells it from all others. */
export function nameKey({ type, value }: GeneralName): string {
  if (type === "ip") return `ip:${canonicalIp(value) ?? value}`;
  return `${type}:${type === "dns" && dnsNameFault(value, true) === undefined ? value.toLowerCase() : value}`;
}
