/**
 * The public keys that an issuer signs its tokens with: a JSON Web Key Set (RFC 7517 §5).
 * @module
 */
import { createLocalJWKSet, errors, type JWK } from "jose";
import { concat, fromBase64Url, toUtf8 } from "../bytes.ts";
import { CertgenError } from "../errors.ts";
import { isObject, type JsonObject, member, parseJsonObject, stringMember } from "../k8s/json.ts";
import { CURVES, isWeakEd25519Point, pointFault } from "../x509/curve.ts";

/** What a token's header says of its key. */
export interface KeyHint {
  /** JWS algorithm, as `ES256`. */
  readonly alg?: string;
  /** The key's id; without one there must be one key alone that fits the algorithm. */
  readonly kid?: string;
}

/**
 * Finds the key that a token should be signed with; `undefined` where the issuer has none that fits.
 *
 * @throws CertgenError `unavailable` where the issuer's keys are not known, `malformed-object` where several keys fit
 */
export type JwkSource = (hint: KeyHint) => Promise<CryptoKey | undefined>;

const MAX_KEYS = 100;
/** RFC 7518 §3.3 and §3.5 ask for the one; the other bounds what a signature costs. */
const RSA_BITS = { least: 2048, most: 8192 } as const;
/** 65537. */
const RSA_EXPONENT = "AQAB";
/** Members of private and symmetric keys (RFC 7518 §6). */
const SECRET = ["d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"];
/** All that is taken of a key: no certificates, and no addresses of some. */
const KEPT = ["kty", "kid", "alg", "use", "key_ops", "n", "e", "crv", "x", "y"];

/**
 * The keys of a key set in a file. Keys for something else than signatures are left out; a set must have one at least.
 *
 * @throws CertgenError `malformed-object` where it is no key set, or has a key that is private, symmetric, broken or RSA of
 * fewer than 2048 bits: the message names it by its place
 */
export function localKeys(text: string): JwkSource {
  const jwks = readKeySet(toUtf8(text), true);
  if (jwks.length === 0) throw fault("it has no key that signs");
  return keysOf(jwks);
}

/**
 * The keys of a key set that was fetched. Keys that cannot be used are left out, since an issuer may have some for others; a
 * set with none says that nothing which the issuer signed is good any more.
 *
 * @throws CertgenError `malformed-object` where it is no key set, or has a key that is private or symmetric
 */
export function fetchedKeys(bytes: Uint8Array): JwkSource {
  return keysOf(readKeySet(bytes, false));
}

function keysOf(keys: JWK[]): JwkSource {
  const find = createLocalJWKSet({ keys });
  return async ({ alg, kid }) => {
    try {
      return await find({ ...alg === undefined ? {} : { alg }, ...kid === undefined ? {} : { kid } });
    } catch (error) {
      if (error instanceof errors.JWKSNoMatchingKey) return undefined;
      const why = error instanceof errors.JWKSMultipleMatchingKeys ? "several of its keys fit" : "its key is no key";
      throw new CertgenError("malformed-object", `Cannot use key set: ${why}`, { cause: error });
    }
  };
}

function readKeySet(bytes: Uint8Array, isStrict: boolean): JWK[] {
  const keys = member(parseJsonObject(bytes), "keys");
  if (!Array.isArray(keys)) throw fault('it has no list "keys"');
  if (keys.length > MAX_KEYS) throw fault(`it has more than ${MAX_KEYS} keys`);
  return keys.flatMap((key: unknown, index): JWK[] => {
    const place = `keys[${index}]`;
    if (!isObject(key)) throw fault(`${place} is no object`);
    if (key["kty"] === "oct" || SECRET.some((name) => Object.hasOwn(key, name))) {
      throw fault(`${place} is a private or symmetric key: make it known to nobody, and another one in its place`);
    }
    if (!isSigning(key)) return [];
    const why = keyFault(key);
    if (why === undefined) return [Object.fromEntries(Object.entries(key).filter(([name]) => KEPT.includes(name)))];
    if (isStrict) throw fault(`${place} ${why}`);
    return [];
  });
}

/** Whether a key is for signatures of an algorithm that certgen knows; without `use` it is for anything. */
function isSigning({ kty, use, crv }: JsonObject): boolean {
  if (use !== undefined && use !== "sig") return false;
  return kty === "RSA" || (kty === "EC" && CURVES.some(({ name }) => name === crv)) ||
    (kty === "OKP" && crv === "Ed25519");
}

function keyFault(key: JsonObject): string | undefined {
  try {
    for (const name of ["kid", "alg", "use"]) stringMember(key, name, name);
    return key["kty"] === "RSA" ? rsaFault(key) : curveFault(key);
  } catch (error) {
    if (error instanceof CertgenError) return "cannot be read";
    throw error;
  }
}

function rsaFault(key: JsonObject): string | undefined {
  const modulus = octetsOf(key, "n");
  const first = modulus.findIndex((octet) => octet !== 0);
  const bits = first < 0 ? 0 : (modulus.length - first) * 8 - Math.clz32(modulus[first] ?? 0) + 24;
  if (bits < RSA_BITS.least) return `is RSA of ${bits} bits, fewer than ${RSA_BITS.least}`;
  if (bits > RSA_BITS.most) return `is RSA of ${bits} bits, more than ${RSA_BITS.most}`;
  return key["e"] === RSA_EXPONENT ? undefined : "is RSA with another exponent than 65537";
}

/** Runtimes differ in what they check of a point, so it is checked here. */
function curveFault(key: JsonObject): string | undefined {
  const curve = CURVES.find(({ name }) => name === key["crv"]);
  const coordinates = (curve === undefined ? ["x"] : ["x", "y"]).map((name) => octetsOf(key, name));
  const size = curve?.size ?? 32;
  if (coordinates.some(({ length }) => length !== size)) return "has coordinates of a wrong length";
  const point = concat(coordinates);
  if (curve === undefined) return isWeakEd25519Point(point) ? "is a point that no key has" : undefined;
  return pointFault(curve, concat([Uint8Array.of(0x04), point])) && "is a point that is not on its curve";
}

function octetsOf(key: JsonObject, name: string): Uint8Array {
  return fromBase64Url(stringMember(key, name, name) ?? "");
}

function fault(why: string): CertgenError {
  return new CertgenError("malformed-object", `Cannot use key set: ${why}`);
}
