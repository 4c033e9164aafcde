/**
 * DNS names that a rule gives: one name, every name below one (`.example.org`), either with parts of the identity in it.
 * @module
 */
import { dnsNameFault } from "../x509/general_name.ts";
import type { AskedDnsName } from "./names.ts";
import { type Captures, partsOf, type Segment, segmentsOf, substitute } from "./pattern.ts";

/** One entry of `dnsNames`. */
export interface DnsPattern {
  /** Parts that it needs. */
  readonly parts: readonly string[];
  /** The name, or the suffix with its leading dot, for some values of the parts. */
  readonly fill: (captures: Captures) => string | undefined;
}

/**
 * Reads one.
 * @throws TypeError
 */
export function dnsPattern(text: string): DnsPattern {
  if (text.includes("*")) {
    throw new TypeError(
      'has a *: ".example.org" gives all names below example.org, and a wildcard name is given in wildcards',
    );
  }
  const segments = segmentsOf(text).map((segment): Segment =>
    "literal" in segment ? { literal: segment.literal.toLowerCase() } : segment
  );
  // a sample stands for the parts; what they make of a name is judged once more when it is asked for
  const fault = dnsNameFault(text.replace(/\{[^}]*\}/g, "a").replace(/^\./, ""));
  if (fault !== undefined) throw new TypeError(`is no DNS name: ${fault}`);
  return { parts: partsOf(segments), fill: (captures) => substitute(segments, captures) };
}

/** Whether a DNS name is one of those given: itself, or one of the suffixes it has a label before. */
export function isGivenDnsName({ text, suffixes }: AskedDnsName, given: ReadonlySet<string>): boolean {
  if (given.size === 0) return false;
  return given.has(text) ? !text.startsWith(".") : suffixes.some((suffix) => given.has(suffix));
}

/**
 * Reads a wildcard name, which is given as it stands.
 * @throws TypeError
 */
export function wildcardName(text: string): string {
  const fault = text.startsWith("*.") ? dnsNameFault(text, true) : 'it does not begin with "*."';
  if (fault !== undefined) throw new TypeError(`is no wildcard name: ${fault}`);
  return text.toLowerCase();
}
