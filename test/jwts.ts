/** An issuer of JWTs for tests: its keys, and whatever it is told to sign. */
import { exportJWK, generateKeyPair, type JWK, SignJWT } from "jose";
import * as assert from "uvu/assert";
import { jwtAuthenticator, type JwtOptions } from "../src/auth/jwt.ts";
import { toBase64Url, toUtf8 } from "../src/bytes.ts";
import { CertgenError } from "../src/errors.ts";
import type { Identity } from "../src/identity.ts";
import { asking } from "./contract/authenticator.ts";

/** The issuer's name. */
export const ISSUER = "https://issuer.example.org";
/** Whom its tokens are for, unless said. */
export const AUDIENCE = "certgen";
/** Seconds since 1970 of {@link MOMENT}. */
export const NOW_SECONDS: number = Date.parse("2026-03-01T12:00:00Z") / 1000;

/** Claims that are fine. */
export const CLAIMS: Readonly<Record<string, unknown>> = {
  iss: ISSUER,
  aud: AUDIENCE,
  sub: "etcd1",
  iat: NOW_SECONDS - 10,
  nbf: NOW_SECONDS - 10,
  exp: NOW_SECONDS + 600,
};

/** One of an issuer's keys. */
export interface IssuerKey {
  readonly alg: string;
  readonly publicJwk: JWK;
  readonly privateJwk: JWK;
  /** Signs claims; `header` stands beside `alg` and `kid`. */
  readonly sign: (
    claims: Readonly<Record<string, unknown>>,
    header?: Readonly<Record<string, unknown>>,
  ) => Promise<string>;
}

/** Makes a key. */
export async function issuerKey(alg = "ES256", kid = "k1"): Promise<IssuerKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return {
    alg,
    publicJwk: { ...await exportJWK(publicKey), kid, alg, use: "sig" },
    privateJwk: { ...await exportJWK(privateKey), kid, alg },
    sign: (claims, header = {}) =>
      new SignJWT({ ...claims }).setProtectedHeader({ alg, kid, typ: "JWT", ...header }).sign(privateKey),
  };
}

/** The text of a key set. */
export function keySet(...keys: readonly unknown[]): string {
  return JSON.stringify({ keys });
}

/** A part of a token. */
export function part(value: unknown): string {
  return toBase64Url(toUtf8(typeof value === "string" ? value : JSON.stringify(value)));
}

/** A token over two texts, signed as they stand with an elliptic P-256 key. */
export async function signedRaw({ privateJwk }: IssuerKey, header: string, payload: string): Promise<string> {
  const { kty = "", crv = "", x = "", y = "", d = "" } = privateJwk;
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("jwk", { kty, crv, x, y, d }, algorithm, false, ["sign"]);
  const input = `${part(header)}.${part(payload)}`;
  return `${input}.${toBase64Url(new Uint8Array(await crypto.subtle.sign(algorithm, key, toUtf8(input))))}`;
}

/** What becomes of a token: the identity, `null`, or why it was refused. */
export async function judgedBy(options: JwtOptions, token: string): Promise<Identity | null | string> {
  const reasons: string[] = [];
  const authenticate = jwtAuthenticator({ ...options, onRefusal: (because) => reasons.push(because) });
  try {
    return await authenticate(asking(`Bearer ${token}`));
  } catch (error) {
    if (!(error instanceof CertgenError)) throw error;
    assert.equal([error.code, error.message, error.cause], ["unauthorized", "Unauthorized", undefined]);
    assert.is(reasons.length, 1);
    return reasons[0] ?? "";
  }
}
