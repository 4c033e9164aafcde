/**
 * One request to a signer and its answer: what every client of the API shares.
 * @module
 */
import { isBearerToken } from "../auth/authenticator.ts";
import { fromUtf8, toUtf8 } from "../bytes.ts";
import { CertgenError, messageOf } from "../errors.ts";
import type { ApiVersion } from "../k8s/certificate_signing_request.ts";
import { type JsonObject, parseJsonObject } from "../k8s/json.ts";
import { errorOf, GROUP, RESOURCE } from "../k8s/status.ts";
import type { Fetch, Random } from "../ports.ts";

/** A signer, and who asks. */
export interface Peer {
  /** `https://host:port`, and the path before `/apis` where there is one. */
  readonly url: string;
  /** Bearer token. */
  readonly token?: string;
  /** Makes a credential of its own for each request, in the token's place. */
  readonly prove?: Prove;
  /** Ends every request; its reason is what is thrown. */
  readonly signal?: AbortSignal;
}

/** What a credential is made for. */
export interface Provable {
  /** In capitals. */
  readonly method: string;
  readonly url: string;
  /** Nothing where there is none. */
  readonly body: Uint8Array;
}

/** The value of one request's `Authorization` header field. */
export type Prove = (request: Provable) => Promise<string>;

/** What a signer answered. */
export interface Answer {
  readonly status: number;
  readonly retryAfterSeconds: number | undefined;
  readonly body: Uint8Array;
}

const MAX_PAUSE_SECONDS = 10;

/**
 * Seconds to wait after so many failures: 1, 2, 4, 8, and 10 at most; half of it fixed, half by chance, so that nodes that
 * lost their signer together do not come back together.
 */
export function backoffSeconds(random: Random, failures: number): number {
  const [octet = 0] = random(1);
  return Math.min(2 ** Math.min(failures, 4), MAX_PAUSE_SECONDS) * (0.5 + octet / 510);
}

/** @throws CertgenError `malformed-object` where a token is none, and does not repeat it */
export function checkToken({ token }: Peer): void {
  if (token === undefined || isBearerToken(token)) return;
  throw new CertgenError("malformed-object", "Cannot use the token: it is no bearer token (RFC 6750)");
}

/** The path of all objects, or of the one of a name. */
export function pathOf(version: ApiVersion, name?: string): string {
  const all = `/apis/${GROUP}/${version}/${RESOURCE}`;
  // a colon may stand in a path segment as it is, and the older server knows it no other way
  return name === undefined ? all : `${all}/${encodeURIComponent(name).replaceAll("%3A", ":")}`;
}

/** A request for a signer. Each is sent once: what it proves itself with may be good for no second time. */
export async function requestTo(peer: Peer, method: string, path: string, body?: string): Promise<Request> {
  const { token, prove, signal } = peer;
  const url = `${peer.url}${path}`;
  const headers: Record<string, string> = { accept: "application/json, */*" };
  if (prove !== undefined) headers["authorization"] = await prove({ method, url, body: toUtf8(body ?? "") });
  else if (token !== undefined) headers["authorization"] = `Bearer ${token}`;
  if (body !== undefined) headers["content-type"] = "application/json";
  return new Request(url, {
    method,
    headers,
    redirect: "manual",
    ...body === undefined ? {} : { body },
    ...signal === undefined ? {} : { signal },
  });
}

/** Sends a request and takes the whole answer, whatever it is. */
export async function send(fetch: Fetch, request: Request): Promise<Answer> {
  const response = await fetch(request);
  const retryAfter = response.headers.get("retry-after") ?? "";
  return {
    status: response.status,
    retryAfterSeconds: /^\d{1,9}$/.test(retryAfter) ? Number(retryAfter) : undefined,
    body: new Uint8Array(await response.arrayBuffer()),
  };
}

/** What an answer that is no 2xx means. */
export function failureOf({ status, body }: Pick<Answer, "status" | "body">): CertgenError {
  if (status < 400) {
    return new CertgenError(
      "rejected",
      `Cannot use the signer: it redirects (HTTP status ${status}); give its real address`,
    );
  }
  let parsed: JsonObject | undefined;
  try {
    parsed = parseJsonObject(body);
  } catch {
    // the older server answers with plain text, which says what JSON would
    parsed = { message: `HTTP status ${status}: ${plainText(body)}` };
  }
  return errorOf(status, parsed);
}

function plainText(body: Uint8Array): string {
  try {
    return fromUtf8(body.subarray(0, 500)).trim();
  } catch {
    return "(no text)";
  }
}

/**
 * The object that an answer is.
 * @throws CertgenError `rejected`
 */
export function objectOf(body: Uint8Array): JsonObject {
  try {
    return parseJsonObject(body);
  } catch (cause) {
    throw new CertgenError("rejected", `Cannot understand the signer: ${messageOf(cause)}`, { cause });
  }
}
