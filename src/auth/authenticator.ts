/**
 * Who asks. Authenticators are tried in order; the first that knows a request's credential names the identity.
 * @module
 */
import { CertgenError } from "../errors.ts";
import { ANONYMOUS, type Identity } from "../identity.ts";

/**
 * Finds out who asks.
 *
 * @returns the identity, or `null` where the request carries no credential of this kind, or one that this authenticator
 * does not know but another might
 * @throws CertgenError `unauthorized` where the credential is of this kind and bad
 */
export type Authenticator = (request: Request) => Promise<Identity | null>;

/**
 * Tries authenticators in order. A request without a credential is anonymous; one whose credential nobody knows is refused,
 * and so is one with two.
 *
 * @throws CertgenError `unauthorized`
 */
export function firstOf(authenticators: readonly Authenticator[]): (request: Request) => Promise<Identity> {
  return async (request) => {
    for (const authenticate of authenticators) {
      const identity = await authenticate(request);
      if (identity !== null) return identity;
    }
    if (request.headers.has("authorization")) throw unauthorized();
    return ANONYMOUS;
  };
}

/** The one answer to every bad credential: which of its parts was wrong is nobody's business. */
export function unauthorized(): CertgenError {
  return new CertgenError("unauthorized", "Unauthorized");
}

/**
 * The token of an `Authorization: Bearer` header (RFC 6750 §2.1); `null` where there is no such header. Two headers reach
 * a fetch handler as one with a comma, which no token has.
 */
export function bearerToken(request: Request): string | null {
  const [, token] = /^bearer +(\S+)$/i.exec(request.headers.get("authorization") ?? "") ?? [];
  return token !== undefined && isBearerToken(token) ? token : null;
}

/**
 * Whether a text is a bearer token: `b64token` of RFC 6750 §2.1. What is none must not reach a header: the runtime's error
 * would repeat it.
 */
export function isBearerToken(text: string): boolean {
  return /^[A-Za-z0-9._~+/-]+=*$/.test(text);
}
