/**
 * JSON Web Tokens (RFC 7519) of one issuer: an OpenID provider's, or a Kubernetes cluster's for its ServiceAccounts.
 * @module
 */
import { errors, type JWTPayload, jwtVerify } from "jose";
import { fromBase64Url } from "../bytes.ts";
import { CertgenError } from "../errors.ts";
import type { Identity } from "../identity.ts";
import { type JsonObject, parseJsonObject } from "../k8s/json.ts";
import { JWT_ALGORITHMS } from "../policy/jwt_config.ts";
import type { Now } from "../ports.ts";
import { type Authenticator, bearerToken, unauthorized } from "./authenticator.ts";
import type { JwkSource } from "./jwks.ts";
import { checkClaimOptions, type ClaimOptions, identityOfClaims } from "./jwt_identity.ts";

/** Whose tokens are taken, and what their claims say. */
export interface JwtOptions extends ClaimOptions {
  /** Exactly the `iss` of its tokens. */
  readonly issuer: string;
  /** A token must be for one of these: those that are for others say nothing here. */
  readonly audiences: readonly string[];
  readonly keys: JwkSource;
  /** All of {@link JWT_ALGORITHMS} unless said. */
  readonly algorithms?: readonly (typeof JWT_ALGORITHMS)[number][];
  readonly now: Now;
  /** Seconds that the issuer's clock may be wrong by (30 unless said, 300 at most). */
  readonly clockToleranceSeconds?: number;
  /** Is told why a token was refused, for a log: nothing of the token is in it. */
  readonly onRefusal?: (because: string) => void;
}

const MAX_TOKEN = 16_384;
const MAX_TOLERANCE_SECONDS = 300;
const JWT = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.[A-Za-z0-9_-]*$/;

/**
 * Knows the tokens of one issuer. A token that says it is another's, is none or is longer than 16 KiB is nobody's here. Of
 * members that a token has twice the last one counts, as it does to `JSON.parse`, in what is looked at before the signature
 * and after it.
 *
 * @throws TypeError where the options cannot be used. Its authenticator: CertgenError `unauthorized` whatever is wrong with a
 * token; `unavailable` where the issuer's keys are not known
 */
export function jwtAuthenticator(options: JwtOptions): Authenticator {
  const { issuer, onRefusal } = options;
  const algorithms = checkOptions(options);
  return async (request) => {
    const token = bearerToken(request) ?? "";
    const [, header, payload] = token.length <= MAX_TOKEN ? JWT.exec(token) ?? [] : [];
    if (header === undefined || payload === undefined || objectOf(payload)?.["iss"] !== issuer) return null;
    const identity = await judge(token, objectOf(header), options, algorithms);
    if (typeof identity !== "string") return identity;
    onRefusal?.(identity);
    throw unauthorized();
  };
}

function checkOptions(options: JwtOptions): string[] {
  const { issuer, audiences, algorithms = JWT_ALGORITHMS, clockToleranceSeconds = 30 } = options;
  const refuse = (why: string): never => {
    throw new TypeError(`Cannot take JWTs: ${why}`);
  };
  if (issuer === "") refuse("issuer is empty");
  if (audiences.length === 0 || audiences.includes("")) {
    refuse("audiences must have one at least, and none that is empty");
  }
  if (algorithms.length === 0) refuse("algorithms is empty");
  const unknown = algorithms.find((algorithm) => !JWT_ALGORITHMS.includes(algorithm));
  if (unknown !== undefined) refuse(`algorithm ${JSON.stringify(unknown)} is none of ${JWT_ALGORITHMS.join(", ")}`);
  if (!(clockToleranceSeconds >= 0 && clockToleranceSeconds <= MAX_TOLERANCE_SECONDS)) {
    refuse(`clockToleranceSeconds is not from 0 to ${MAX_TOLERANCE_SECONDS}`);
  }
  checkClaimOptions(options);
  return [...algorithms];
}

/** The JSON object in a part of a token; `undefined` where there is none. */
function objectOf(part: string): JsonObject | undefined {
  try {
    return parseJsonObject(fromBase64Url(part));
  } catch (error) {
    if (error instanceof CertgenError) return undefined;
    throw error;
  }
}

/** Whose token it is, or why it is nobody's. */
async function judge(
  token: string,
  header: JsonObject | undefined,
  options: JwtOptions,
  algorithms: string[],
): Promise<Identity | string> {
  if (header === undefined) return "its header is no JSON object";
  if (Object.hasOwn(header, "crit")) return "its header asks for an extension";
  const claims = await verify(token, options, algorithms);
  return typeof claims === "string" ? claims : identityOfClaims(claims, options);
}

async function verify(token: string, options: JwtOptions, algorithms: string[]): Promise<JWTPayload | string> {
  const { issuer, audiences, keys, now, clockToleranceSeconds = 30 } = options;
  const moment = now();
  try {
    const { payload } = await jwtVerify(token, async ({ alg, kid }) => {
      // jose has looked at the algorithm, and at nothing else
      if (kid !== undefined && typeof kid !== "string") throw new CertgenError("unauthorized", "its key id is no text");
      const key = await keys({ alg, ...kid === undefined ? {} : { kid } });
      if (key === undefined) throw new CertgenError("unauthorized", "the issuer has no such key");
      return key;
    }, {
      issuer,
      audience: [...audiences],
      algorithms,
      currentDate: moment,
      clockTolerance: clockToleranceSeconds,
      requiredClaims: ["exp"],
    });
    // to jose `iat` says no more than how old a token is
    const isOfLater = (payload.iat ?? 0) > Math.floor(moment.getTime() / 1000) + clockToleranceSeconds;
    if (isOfLater) return "it is issued at a moment to come";
    return Number.isFinite(payload.exp) ? payload : "it never expires";
  } catch (error) {
    if (error instanceof CertgenError && error.code === "unavailable") {
      throw new CertgenError("unavailable", "Cannot check the credential now", { cause: error });
    }
    // all other messages can repeat what they are about
    return error instanceof CertgenError || error instanceof errors.JOSEError ? error.message : "it cannot be checked";
  }
}
