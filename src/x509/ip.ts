/**
 * IP addresses as text and as octets, strictly: no leading zeros, no short forms, no zones.
 * @module
 */
import { type Bytes, toHex } from "../bytes.ts";

/**
 * The 4 or 16 octets of an address; `undefined` where the text is none. An IPv4-mapped IPv6 address is its IPv4
 * address: the two are one host, and one form must do for both.
 */
export function parseIp(text: string): Bytes | undefined {
  if (text.length > 45) return undefined;
  if (!text.includes(":")) return parseIpv4(text);
  const octets = parseIpv6(text);
  return octets !== undefined && isMapped(octets) ? octets.slice(12) : octets;
}

/** Whether 16 octets are an IPv4-mapped address (RFC 4291 §2.5.5.2). */
export function isMapped(octets: Uint8Array): boolean {
  return octets.length === 16 && toHex(octets.subarray(0, 12)) === "00000000000000000000ffff";
}

function parseIpv4(text: string): Bytes | undefined {
  const parts = text.split(".");
  if (parts.length !== 4 || !parts.every((part) => /^(?:0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256)) {
    return undefined;
  }
  return Uint8Array.from(parts, Number);
}

/** RFC 4291 §2.2. */
function parseIpv6(text: string): Bytes | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const [head, tail] = halves.map((half, index) => parseGroups(half, index === halves.length - 1));
  if (head === undefined) return undefined;
  if (halves.length === 1) return head.length === 16 ? Uint8Array.from(head) : undefined;
  // "::" stands for at least one group
  if (tail === undefined || head.length + tail.length > 14) return undefined;
  const octets = new Uint8Array(16);
  octets.set(head);
  octets.set(tail, 16 - tail.length);
  return octets;
}

/** The octets of groups between colons; the last of an address may be an IPv4 address. */
function parseGroups(text: string, ends: boolean): number[] | undefined {
  if (text === "") return [];
  const octets: number[] = [];
  const groups = text.split(":");
  for (const [index, group] of groups.entries()) {
    const dotted = ends && index === groups.length - 1 ? parseIpv4(group) : undefined;
    if (dotted !== undefined) octets.push(...dotted);
    else if (/^[0-9A-Fa-f]{1,4}$/.test(group)) {
      octets.push(Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 0xff);
    } else return undefined;
  }
  return octets;
}

/** The text of 4 or 16 octets; IPv6 as RFC 5952 wants it. */
export function formatIp(octets: Uint8Array): string {
  if (octets.length === 4) return octets.join(".");
  const groups = Array.from({ length: 8 }, (_, i) => ((octets[2 * i] ?? 0) << 8) | (octets[2 * i + 1] ?? 0));
  let [bestStart, bestLength] = [-1, 1];
  for (let start = 0; start < 8; start++) {
    let length = 0;
    while (start + length < 8 && groups[start + length] === 0) length++;
    if (length > bestLength) [bestStart, bestLength] = [start, length];
  }
  const text = (part: number[]): string => part.map((group) => group.toString(16)).join(":");
  if (bestStart < 0) return text(groups);
  return `${text(groups.slice(0, bestStart))}::${text(groups.slice(bestStart + bestLength))}`;
}
