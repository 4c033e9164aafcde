/**
 * Addresses that a rule gives: single ones and CIDRs (RFC 4632), IPv4 and IPv6. An IPv4-mapped IPv6 address is its IPv4
 * address, as everywhere in certgen.
 * @module
 */
import ipaddr from "ipaddr.js";
import { formatIp, parseIp } from "../x509/ip.ts";
import { quoted } from "../text.ts";

/** A range of addresses. */
export interface IpRange {
  /** As it was written. */
  readonly text: string;
  /** Whether an address of 4 or 16 octets is in it. */
  readonly has: (address: Uint8Array) => boolean;
}

/**
 * Reads an address or a CIDR, strictly: what stands beyond the prefix must be zero, since somebody who writes
 * `10.8.89.9/24` may have meant the one address.
 *
 * @throws TypeError
 */
export function ipRange(text: string): IpRange {
  const [address = "", bits, ...rest] = text.split("/");
  const octets = parseIp(address);
  if (octets === undefined || rest.length > 0) throw new TypeError("is neither an IP address nor a CIDR");
  if (address.includes(":") && octets.length === 4) {
    throw new TypeError(`is an IPv4 address in IPv6 form: write ${quoted(formatIp(octets))}`);
  }
  const width = octets.length * 8;
  if (bits === undefined) return { text, has: (other) => isWithin(other, octets, width) };
  if (!/^(?:0|[1-9]\d{0,2})$/.test(bits) || Number(bits) > width) {
    throw new TypeError(`has a prefix length that is not 0 to ${width}`);
  }
  const prefix = Number(bits);
  const { IPv4, IPv6 } = ipaddr;
  const network = (width === 32 ? IPv4 : IPv6).networkAddressFromCIDR(text);
  const shortest = formatIp(Uint8Array.from(network.toByteArray()));
  if (shortest !== formatIp(octets)) {
    throw new TypeError(`has an address inside of the range: write ${quoted(`${shortest}/${bits}`)}`);
  }
  return { text, has: (other) => isWithin(other, octets, prefix) };
}

/** Whether two addresses of one kind have the same first bits. */
function isWithin(address: Uint8Array, network: Uint8Array, bits: number): boolean {
  if (address.length !== network.length) return false;
  const whole = bits >> 3;
  for (let i = 0; i < whole; i++) if (address[i] !== network[i]) return false;
  const rest = bits & 7;
  return rest === 0 || (((address[whole] ?? 0) ^ (network[whole] ?? 0)) >> (8 - rest)) === 0;
}
