import { test } from "uvu";
import * as assert from "uvu/assert";
import { readDer } from "../../../src/asn1/der.ts";
import { type Bytes, fromBase64Url, toBase64Url, toHex } from "../../../src/bytes.ts";
import { generateKey, sign } from "../../../src/x509/key.ts";
import { parsePublicKey, spkiOfJwk, verifySignature } from "../../../src/x509/public_key.ts";
import { rsaFault } from "../../../src/x509/weak_rsa.ts";
import { hex, rejectionOf } from "../support.ts";

const octets = (number: bigint): Bytes => {
  const digits = number.toString(16);
  return hex(digits.length % 2 === 0 ? digits : `0${digits}`);
};
const faultOf = (number: bigint): string => rsaFault(octets(number)) ?? "none";

/** Primes of 1024 bits, two of each key of WebCrypto. */
const PRIMES: bigint[] = [];
for (let key = 0; key < 6; key++) {
  const algorithm = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256", modulusLength: 2048, publicExponent: hex("010001") };
  const { privateKey } = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const jwk = await crypto.subtle.exportKey("jwk", privateKey);
  for (const prime of [jwk.p, jwk.q]) {
    PRIMES.push(BigInt(`0x${toHex(fromBase64Url(prime ?? ""))}`));
  }
}
const [P = 0n, Q = 0n, P2 = 0n, Q2 = 0n] = PRIMES;

/** The first primes, by another way than the code's. */
function firstPrimes(count: number): bigint[] {
  const primes: bigint[] = [];
  for (let n = 2n; primes.length < count; n++) if (primes.every((prime) => n % prime !== 0n)) primes.push(n);
  return primes;
}

function root(number: bigint): bigint {
  let low = 0n;
  let high = number;
  while (low < high) {
    const middle = (low + high + 1n) >> 1n;
    if (middle * middle <= number) low = middle;
    else high = middle - 1n;
  }
  return low;
}

test("R38 the product of any two primes of WebCrypto's keys is a good modulus", () => {
  let moduli = 0;
  for (const [index, p] of PRIMES.entries()) {
    for (const q of PRIMES.slice(index + 1)) {
      assert.is(faultOf(p * q), "none");
      moduli++;
    }
  }
  assert.is(moduli, 66);
  assert.is(faultOf(P * Q * P2 * Q2), "none");
});

test("R38 a factor below 752 is found and told, and none above", () => {
  assert.is(faultOf(P * Q * 2n), "RSA modulus is even");
  const small = firstPrimes(133);
  assert.equal(small.slice(-1), [751n]);
  for (const prime of small.slice(1)) {
    assert.is(faultOf(prime * P * Q), `RSA modulus has the factor ${prime}`);
    assert.is(faultOf(prime * prime * P), `RSA modulus has the factor ${prime}`);
  }
  assert.is(faultOf(757n * P * Q), "none");
});

/** A number as the generator of CVE-2017-15361 makes its primes: k * M + (65537^a mod M), M the product of the first primes. */
function rocaFactor(primes: readonly bigint[], bits: number, a: number): { factor: bigint; product: bigint } {
  const product = primes.reduce((all, prime) => all * prime, 1n);
  let power = 1n;
  for (let i = 0; i < a; i++) power = power * 65537n % product;
  const k = (1n << BigInt(bits)) / product - BigInt(a);
  return { factor: k * product + power, product };
}

test("R38 the fingerprint of ROCA is found in keys of all sizes, and only whole", () => {
  for (const [bits, count] of [[2048, 126], [3072, 126], [4096, 225]] as const) {
    const primes = firstPrimes(count);
    const { factor, product } = rocaFactor(primes, bits / 2, 1001);
    const { factor: other } = rocaFactor(primes, bits / 2, 1_717);
    const modulus = factor * other;
    assert.is(modulus.toString(2).length, bits);
    const fault = "RSA modulus is of a generator whose keys can be factored (ROCA, CVE-2017-15361)";
    assert.is(faultOf(modulus), fault);
    // the same but for one small prime, modulo which it is not a power
    for (const prime of [11n, 13n, 17n, 19n, 37n, 151n, 157n]) {
      let changed = other;
      const powers = new Set<bigint>();
      for (let power = 1n; !powers.has(power); power = power * 65537n % prime) powers.add(power);
      while (powers.has(factor * changed % prime) || changed % prime === 0n) changed += product / prime;
      assert.is(faultOf(factor * changed), "none", `${prime}`);
    }
  }
});

test("R38 factors that 100 rounds of Fermat find are found, and the 101st is not tried", () => {
  /** A modulus whose factors are a + b and a - b, and a so many steps above its root. */
  const close = (rounds: number): bigint => {
    for (let a = P;; a++) {
      let b = root(a * BigInt(2 * rounds - 1)); // b² is 2a(rounds - 1/2)
      if ((a + b) % 2n === 0n) b--;
      const modulus = a * a - b * b;
      if (!/factor \d|even/.test(faultOf(modulus))) {
        assert.is(a - root(modulus), BigInt(rounds));
        return modulus;
      }
    }
  };
  const fault = "RSA modulus has two factors that are close to each other";
  for (const rounds of [1, 2, 50, 99, 100]) assert.is(faultOf(close(rounds)), fault, `${rounds}`);
  for (const rounds of [101, 102]) assert.is(faultOf(close(rounds)), "none", `${rounds}`);
  assert.is(faultOf(P * P), fault);
  assert.is(faultOf((P * Q) ** 2n), fault);
});

test("R38 a modulus of 4096 bits takes less than 2 ms", () => {
  const moduli = [octets(P * Q * P2 * Q2), octets((P * Q) ** 2n)];
  for (const modulus of moduli) {
    let best = Infinity;
    for (let round = 0; round < 30; round++) {
      const started = performance.now();
      rsaFault(modulus);
      best = Math.min(best, performance.now() - started);
    }
    assert.ok(best < 2, `${best} ms`);
  }
});

test("R38 a weak key has a fault, and nothing is verified with it", async () => {
  const jwk = { kty: "RSA", n: toBase64Url(octets(P * P)), e: "AQAB" };
  const weak = parsePublicKey(readDer(spkiOfJwk(jwk), "key"));
  assert.is(weak.name, "RSA 2048");
  assert.match(weak.fault ?? "", "close to each other");
  const key = await generateKey("rsa-2048");
  const data = hex("00");
  const signature = await sign(key, data);
  await verifySignature(key.publicKey, key.signatureAlgorithm, data, signature, "thing");
  const error = await rejectionOf(
    "unsupported-algorithm",
    verifySignature(weak, key.signatureAlgorithm, data, signature, "thing"),
  );
  assert.match(error.message, "Cannot verify thing: RSA modulus has two factors");
});

test.run();
