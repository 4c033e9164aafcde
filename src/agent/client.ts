/**
 * The signer's API over fetch: create, get, the CA, and when to try again.
 * @module
 */
import { fromUtf8 } from "../bytes.ts";
import { isBearerToken } from "../auth/authenticator.ts";
import { CertgenError, messageOf } from "../errors.ts";
import type { ApiVersion } from "../k8s/certificate_signing_request.ts";
import { type JsonObject, parseJsonObject } from "../k8s/json.ts";
import { errorOf, GROUP, RESOURCE } from "../k8s/status.ts";
import type { Fetch, Log, Random, Sleep } from "../ports.ts";

/** How to reach a signer. */
export interface ClientOptions {
  /** Trusts the signer's CA and no other. */
  readonly fetch: Fetch;
  /** `https://host:port`, and the path before `/apis` where there is one. */
  readonly url: string;
  /** Bearer token. */
  readonly token?: string;
  readonly sleep: Sleep;
  readonly random: Random;
  readonly log: Log;
  /** Ends every wait and request; its reason is what is thrown. */
  readonly signal?: AbortSignal;
}

const MAX_PAUSE_SECONDS = 10;
/** A signer that says "in an hour" is asked again after this. */
const MAX_RETRY_AFTER_SECONDS = 300;

/** What a signer answered. */
interface Answer {
  readonly status: number;
  readonly retryAfterSeconds: number | undefined;
  readonly body: Uint8Array;
}

/** Talks to one signer. */
export class SignerClient {
  readonly #options: ClientOptions;

  /** @throws CertgenError `malformed-object` where the token is none, and does not repeat it */
  constructor(options: ClientOptions) {
    if (options.token !== undefined && !isBearerToken(options.token)) {
      throw new CertgenError("malformed-object", "Cannot use the token: it is no bearer token (RFC 6750)");
    }
    this.#options = options;
  }

  /**
   * Creates an object and gives back what the signer made of it.
   * @throws CertgenError `not-found` where the signer does not serve this version, `already-exists`, or another by the answer
   */
  async create(version: ApiVersion, object: string): Promise<JsonObject> {
    return objectOf(await this.#persist("POST", `/apis/${GROUP}/${version}/${RESOURCE}`, object));
  }

  /**
   * The object of a name.
   * @throws CertgenError `not-found`, or another by the answer
   */
  async get(version: ApiVersion, name: string): Promise<JsonObject> {
    // a colon may stand in a path segment as it is, and the older server knows it no other way
    const segment = encodeURIComponent(name).replaceAll("%3A", ":");
    return objectOf(await this.#persist("GET", `/apis/${GROUP}/${version}/${RESOURCE}/${segment}`));
  }

  /** The CA that issues a profile's certificates, as PEM; `undefined` where the signer cannot say. */
  async ca(profile: string): Promise<string | undefined> {
    try {
      return fromUtf8(await this.#persist("GET", `/ca/${encodeURIComponent(profile)}`));
    } catch (error) {
      if (!(error instanceof CertgenError)) throw error;
      if (error.code === "not-found") return undefined;
      if (error.code !== "malformed-object") throw error;
      throw new CertgenError("invalid-certificate", `Cannot use the CA that the signer names: ${error.message}`, {
        cause: error,
      });
    }
  }

  /** Pauses before the next look at a request that is not decided yet: a second first, ten at most. */
  async pause(attempt: number): Promise<void> {
    await this.#options.sleep(this.#jitter(2 ** Math.min(attempt, 4)), this.#options.signal);
  }

  /**
   * Sends a request until it is answered. A signer that cannot be reached, is overloaded or broken is asked again: at once,
   * then with growing pauses.
   */
  async #persist(method: string, path: string, body?: string): Promise<Uint8Array> {
    const { signal, sleep, log } = this.#options;
    for (let attempt = 0;; attempt++) {
      signal?.throwIfAborted();
      let pause = attempt === 0 ? 0 : this.#jitter(2 ** Math.min(attempt - 1, 4));
      try {
        const answer = await this.#send(method, path, body);
        if (answer.status < 300) return answer.body;
        // a signer may ask for a longer pause, and never for none
        pause = Math.max(pause, Math.min(answer.retryAfterSeconds ?? 0, MAX_RETRY_AFTER_SECONDS));
        throw failureOf(answer);
      } catch (error) {
        signal?.throwIfAborted();
        if (!(error instanceof CertgenError) || error.code !== "unavailable") throw error;
        log("warn", "the signer does not answer; trying again", {
          because: error.message,
          pauseSeconds: Math.round(pause * 10) / 10,
        });
      }
      await sleep(pause, signal);
    }
  }

  async #send(method: string, path: string, body: string | undefined): Promise<Answer> {
    const { url, token, fetch, signal } = this.#options;
    const headers: Record<string, string> = { accept: "application/json, */*" };
    if (token !== undefined) headers["authorization"] = `Bearer ${token}`;
    if (body !== undefined) headers["content-type"] = "application/json";
    const request = new Request(`${url}${path}`, {
      method,
      headers,
      redirect: "manual",
      ...body === undefined ? {} : { body },
      ...signal === undefined ? {} : { signal },
    });
    const response = await fetch(request);
    const retryAfter = response.headers.get("retry-after") ?? "";
    return {
      status: response.status,
      retryAfterSeconds: /^\d{1,9}$/.test(retryAfter) ? Number(retryAfter) : undefined,
      body: new Uint8Array(await response.arrayBuffer()),
    };
  }

  /** Half of it fixed, half by chance, so that nodes that lost their signer together do not come back together. */
  #jitter(seconds: number): number {
    const [octet = 0] = this.#options.random(1);
    return Math.min(seconds, MAX_PAUSE_SECONDS) * (0.5 + octet / 510);
  }
}

function failureOf({ status, body }: Answer): CertgenError {
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

function objectOf(body: Uint8Array): JsonObject {
  try {
    return parseJsonObject(body);
  } catch (cause) {
    throw new CertgenError("rejected", `Cannot understand the signer: ${messageOf(cause)}`, { cause });
  }
}
