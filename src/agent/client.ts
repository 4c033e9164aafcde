/**
 * The signer's API as an agent needs it: create, get, the CA, and when to try again.
 * @module
 */
import { fromUtf8 } from "../bytes.ts";
import { CertgenError } from "../errors.ts";
import type { ApiVersion } from "../k8s/certificate_signing_request.ts";
import type { JsonObject } from "../k8s/json.ts";
import type { Fetch, Log, Random, Sleep } from "../ports.ts";
import { backoffSeconds, checkToken, failureOf, objectOf, pathOf, type Peer, requestTo, send } from "./transport.ts";

/** How to reach a signer. */
export interface ClientOptions extends Peer {
  /** Trusts the signer's CA and no other. */
  readonly fetch: Fetch;
  readonly sleep: Sleep;
  readonly random: Random;
  readonly log: Log;
}

/** A signer that says "in an hour" is asked again after this. */
const MAX_RETRY_AFTER_SECONDS = 300;

/** Talks to one signer. */
export class SignerClient {
  readonly #options: ClientOptions;

  /** @throws CertgenError `malformed-object` where the token is none, and does not repeat it */
  constructor(options: ClientOptions) {
    checkToken(options);
    this.#options = options;
  }

  /**
   * Creates an object and gives back what the signer made of it.
   * @throws CertgenError `not-found` where the signer does not serve this version, `already-exists`, or another by the answer
   */
  async create(version: ApiVersion, object: string): Promise<JsonObject> {
    return objectOf(await this.#persist("POST", pathOf(version), object));
  }

  /**
   * The object of a name.
   * @throws CertgenError `not-found`, or another by the answer
   */
  async get(version: ApiVersion, name: string): Promise<JsonObject> {
    return objectOf(await this.#persist("GET", pathOf(version, name)));
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
    await this.#options.sleep(backoffSeconds(this.#options.random, attempt), this.#options.signal);
  }

  /**
   * Sends a request until it is answered. A signer that cannot be reached, is overloaded or broken is asked again: at once,
   * then with growing pauses.
   */
  async #persist(method: string, path: string, body?: string): Promise<Uint8Array> {
    const { fetch, signal, sleep, random, log } = this.#options;
    for (let attempt = 0;; attempt++) {
      signal?.throwIfAborted();
      let pause = attempt === 0 ? 0 : backoffSeconds(random, attempt - 1);
      try {
        const answer = await send(fetch, requestTo(this.#options, method, path, body));
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
}
