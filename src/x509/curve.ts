/**
 * Elliptic curves: whether a point is one that may be a key. Runtimes differ in what they check at import (Deno takes
 * points off the curve), so it is checked here, once, alike for all.
 * @module
 */
import { toHex } from "../bytes.ts";
import { Oid } from "../asn1/oid.ts";

/** A named curve over a prime field with a = -3 (FIPS 186-4 §D.1.2). */
export interface Curve {
  /** WebCrypto's name. */
  readonly name: "P-256" | "P-384" | "P-521";
  readonly oid: string;
  /** Octets of a coordinate, and of each half of a signature. */
  readonly size: number;
  readonly p: bigint;
  readonly b: bigint;
}

/** The curves certgen uses. */
export const CURVES: readonly Curve[] = [
  {
    name: "P-256",
    oid: Oid.secp256r1,
    size: 32,
    p: 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n,
    b: 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn,
  },
  {
    name: "P-384",
    oid: Oid.secp384r1,
    size: 48,
    p: 2n ** 384n - 2n ** 128n - 2n ** 96n + 2n ** 32n - 1n,
    b: 0xb3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aefn,
  },
  {
    name: "P-521",
    oid: Oid.secp521r1,
    size: 66,
    p: 2n ** 521n - 1n,
    b: 0x0051953eb9618e1c9a1f929a21a0b68540eea2da725b99b315f3b8b489918ef109e156193951ec7e937b1652c0bd3bb1bf073573df883d2c34f1ef451fd46b503f00n,
  },
];

/**
 * What is wrong with a point in the form of SEC 1 §2.3.3, if anything is: it must be uncompressed (0x04 x y), not at
 * infinity, and satisfy y² = x³ - 3x + b.
 */
export function pointFault(curve: Curve, point: Uint8Array): string | undefined {
  const form = point[0];
  if (form === 0x02 || form === 0x03) return "point is compressed";
  if (form !== 0x04 || point.length !== 1 + 2 * curve.size) return "point is no uncompressed point of the curve";
  const x = BigInt(`0x${toHex(point.subarray(1, 1 + curve.size))}`);
  const y = BigInt(`0x${toHex(point.subarray(1 + curve.size))}`);
  if (x >= curve.p || y >= curve.p) return "coordinate of the point is out of range";
  return (x * (x * x - 3n) + curve.b - y * y) % curve.p === 0n ? undefined : "point is not on the curve";
}

/** The y coordinates of Ed25519's points of order 1, 2, 4 and 8, as they are encoded: little-endian, without the sign of x. */
const SMALL_ORDER: readonly string[] = [
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0100000000000000000000000000000000000000000000000000000000000000",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
];
/** y from p = 2^255 - 19 on: 19 encodings that RFC 8032 §5.1.3 refuses. */
const NOT_CANONICAL = /^(?:e[def]|f[0-9a-f])(?:ff){30}7f$/;

/**
 * Whether the 32 octets of an Ed25519 key are a point under which anybody can make signatures (small order), or one in an
 * encoding that is not its own. Runtimes differ in what they make of these: Deno says no where Node and Bun say yes.
 */
export function isWeakEd25519Point(point: Uint8Array): boolean {
  const y = toHex(point.subarray(0, 31)) + toHex(Uint8Array.of((point[31] ?? 0) & 0x7f));
  return SMALL_ORDER.includes(y) || NOT_CANONICAL.test(y);
}
