/**
 * RSA moduli that somebody can factor, as far as that is seen from the modulus: what Boulder (letsencrypt/boulder,
 * goodkey) looks for. Bounded work: for 4096 bits well below a millisecond.
 * @module
 */
import { type Bytes, toHex } from "../bytes.ts";

/** CA/Browser Forum Baseline Requirements §6.1.6: no factor smaller than 752. */
const FACTOR_LIMIT = 752;
/** The generator of CVE-2017-15361: its primes are powers of this one, modulo many small primes. */
const ROCA_GENERATOR = 65537;
/** The last of the small primes that it does so with for all sizes of keys, 512 bits and more. */
const ROCA_LAST_PRIME = 167;
/** How many steps of Fermat's factorization are tried. */
const FERMAT_ROUNDS = 100;

/** Small odd primes and their product, which is below 2^53: one division of the modulus serves them all. */
interface Chunk {
  readonly product: bigint;
  readonly primes: readonly number[];
}

const CHUNKS: readonly Chunk[] = chunksOf(oddPrimesBelow(FACTOR_LIMIT));

/** By prime: the residues that a modulus of the faulty generator can have, each marked with 1. */
const ROCA_RESIDUES: ReadonlyMap<number, Uint8Array> = new Map(
  oddPrimesBelow(ROCA_LAST_PRIME + 1).map((prime) => [prime, powersOf(ROCA_GENERATOR % prime, prime)]),
);

/** By modulus: the residues of squares, each marked with 1. Few numbers have such a residue for each, and are no squares. */
const SQUARE_RESIDUES: readonly Uint8Array[] = [64, 63, 65, 11, 17, 19, 23, 29, 31].map(squaresModulo);

/**
 * Why the private key is known to who looks for it, where it is: a factor below 752, the fingerprint of ROCA
 * (CVE-2017-15361; Nemec et al., "The Return of Coppersmith's Attack", §2.2), or two factors so close to each other that
 * 100 rounds of Fermat's factorization find them. One in 2^27 good moduli has that fingerprint by chance.
 *
 * @param modulus big-endian, positive
 */
export function rsaFault(modulus: Bytes): string | undefined {
  if (((modulus[modulus.length - 1] ?? 0) & 1) === 0) return "RSA modulus is even";
  const number = BigInt(`0x${toHex(modulus)}`);
  let isRoca = true;
  for (const { product, primes } of CHUNKS) {
    const rest = Number(number % product);
    for (const prime of primes) {
      const residue = rest % prime;
      if (residue === 0) return `RSA modulus has the factor ${prime}`;
      if (ROCA_RESIDUES.get(prime)?.[residue] === 0) isRoca = false;
    }
  }
  if (isRoca) return "RSA modulus is of a generator whose keys can be factored (ROCA, CVE-2017-15361)";
  return hasCloseFactors(number) ? "RSA modulus has two factors that are close to each other" : undefined;
}

/** Fermat: an odd n is a² - b² where its factors are a + b and a - b; a is looked for upwards from the root of n. */
function hasCloseFactors(number: bigint): boolean {
  const root = squareRoot(number);
  if (root * root === number) return true;
  const first = root + 1n;
  const sieves = SQUARE_RESIDUES.map((squares) => {
    const size = squares.length;
    return { squares, size, first: Number(first % BigInt(size)), number: Number(number % BigInt(size)) };
  });
  for (let round = 0; round < FERMAT_ROUNDS; round++) {
    const mayBeSquare = sieves.every(({ squares, size, first, number }) =>
      squares[((first + round) ** 2 + size - number) % size] === 1
    );
    if (!mayBeSquare) continue;
    const square = (first + BigInt(round)) ** 2n - number;
    if (squareRoot(square) ** 2n === square) return true;
  }
  return false;
}

/** The whole part of a square root: Newton's steps down from just above it, which the root of the first half of the bits says. */
function squareRoot(number: bigint): bigint {
  if (number < 2n ** 50n) return BigInt(Math.floor(Math.sqrt(Number(number))));
  const quarter = BigInt(number.toString(16).length); // of the bits
  let root = (squareRoot(number >> (2n * quarter)) + 1n) << quarter;
  for (;;) {
    const next = (root + number / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}

function oddPrimesBelow(limit: number): number[] {
  const primes: number[] = [];
  for (let candidate = 3; candidate < limit; candidate += 2) {
    if (primes.every((prime) => candidate % prime !== 0)) primes.push(candidate);
  }
  return primes;
}

function chunksOf(primes: readonly number[]): Chunk[] {
  const chunks: { product: number; primes: number[] }[] = [];
  for (const prime of primes) {
    const last = chunks.at(-1);
    if (last !== undefined && last.product * prime <= Number.MAX_SAFE_INTEGER) {
      last.product *= prime;
      last.primes.push(prime);
    } else {
      chunks.push({ product: prime, primes: [prime] });
    }
  }
  return chunks.map(({ product, primes }) => ({ product: BigInt(product), primes }));
}

function powersOf(base: number, modulus: number): Uint8Array {
  const powers = new Uint8Array(modulus);
  for (let power = 1; powers[power] === 0; power = power * base % modulus) powers[power] = 1;
  return powers;
}

function squaresModulo(modulus: number): Uint8Array {
  const squares = new Uint8Array(modulus);
  for (let root = 0; root < modulus; root++) squares[root * root % modulus] = 1;
  return squares;
}
