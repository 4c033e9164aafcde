import { CertgenError } from "./errors.ts";

/** Bytes that WebCrypto takes: never over a SharedArrayBuffer. */
export type Bytes = Uint8Array<ArrayBuffer>;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** One array with all parts in order. */
export function concat(parts: readonly Uint8Array[]): Bytes {
  let length = 0;
  for (const part of parts) length += part.length;
  const out = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** Whether two arrays hold the same bytes. Takes time that tells where they differ: not for secrets. */
export function equal(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Whether two arrays hold the same bytes, in time that depends on their lengths only. */
export function equalConstantTime(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= (a[i] ?? 0) ^ (b[i] ?? 0);
  return difference === 0;
}

/** Order of two arrays as X.690 §11.6 wants it: byte by byte, a shorter one first where one begins the other. */
export function compare(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

const HEX: readonly string[] = Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, "0"));

/** Lower-case hexadecimal digits. */
export function toHex(bytes: Uint8Array): string {
  let out = "";
  for (const byte of bytes) out += HEX[byte];
  return out;
}

/**
 * Bytes from hexadecimal digits.
 * @throws CertgenError `malformed-object` where the text is anything else
 */
export function fromHex(text: string): Bytes {
  if (!/^(?:[0-9A-Fa-f]{2})*$/.test(text)) throw new CertgenError("malformed-object", "Cannot read hexadecimal digits");
  const out = new Uint8Array(text.length / 2);
  for (let i = 0; i < out.length; i++) out[i] = Number.parseInt(text.slice(i * 2, i * 2 + 2), 16);
  return out;
}

/** Base64 (RFC 4648 §4), padded, on one line. */
export function toBase64(bytes: Uint8Array): string {
  let binary = "";
  // in pieces, since the number of arguments of a call is bounded
  for (let at = 0; at < bytes.length; at += 8192) binary += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return btoa(binary);
}

/** Standard base64 with padding, nothing else: `atob` alone would take white space and missing padding. */
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/**
 * Bytes from padded base64 (RFC 4648 §4) without white space.
 * @throws CertgenError `malformed-object` where the text is anything else, unused bits that are not zero included
 */
export function fromBase64(text: string): Bytes {
  if (text.length % 4 !== 0 || !BASE64.test(text)) throw new CertgenError("malformed-object", "Cannot read base64");
  const binary = atob(text);
  const out = new Uint8Array(binary.length);
  for (let i = 0; i < out.length; i++) out[i] = binary.charCodeAt(i);
  const tail = text.slice(-4);
  if (tail.endsWith("=") && toBase64(out.subarray(out.length - (out.length % 3))) !== tail) {
    throw new CertgenError("malformed-object", "Cannot read base64: unused bits are not zero");
  }
  return out;
}

/** URL-safe base64 (RFC 4648 §5) without padding. */
export function toBase64Url(bytes: Uint8Array): string {
  return toBase64(bytes).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/**
 * Bytes from URL-safe base64 without padding.
 * @throws CertgenError `malformed-object` where the text is anything else
 */
export function fromBase64Url(text: string): Bytes {
  if (/[+/=]/.test(text)) throw new CertgenError("malformed-object", "Cannot read base64url");
  const standard = text.replaceAll("-", "+").replaceAll("_", "/");
  return fromBase64(standard.padEnd(Math.ceil(text.length / 4) * 4, "="));
}

/** UTF-8 bytes of a text. */
export function toUtf8(text: string): Bytes {
  return encoder.encode(text);
}

/**
 * Text of UTF-8 bytes.
 * @throws CertgenError `malformed-object` where they are not UTF-8
 */
export function fromUtf8(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    throw new CertgenError("malformed-object", "Cannot read text: not UTF-8", { cause });
  }
}

/** A string with one code unit for each byte. */
export function toLatin1(bytes: Uint8Array): string {
  let out = "";
  for (const byte of bytes) out += String.fromCharCode(byte);
  return out;
}
