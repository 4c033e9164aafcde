/**
 * The signer's API as an agent needs it: create, get, the CA, and when to try again.
 * @module
 */
import { fromUtf8 } from "../bytes.ts";
import { CertgenError } from "../errors.ts";
import type { ApiVersion } from "../k8s/certificate_signing_request.ts";
import type { JsonObject } from "../k8s/json.ts";
import type { Fetch, Log, Now, Random, Sleep } from "../ports.ts";
import { backoffSeconds, checkToken, failureOf, objectOf, pathOf, type Peer, requestTo, send } from "./transport.ts";

/** How to reach a signer. */
export interface ClientOptions extends Peer {
  /** Trusts the signer's CA and no other. */
  readonly fetch: Fetch;
  /** The same, for an answer as it arrives; without it there are no watches. */
  readonly stream?: Fetch;
  readonly sleep: Sleep;
  readonly random: Random;
  readonly log: Log;
  /** Gives up after these seconds of trying or waiting; never unless said. */
  readonly patienceSeconds?: number;
  /** What patience is measured by; needed where there is an end to it. */
  readonly now?: Now;
}

/** A signer that says "in an hour" is asked again after this. */
const MAX_RETRY_AFTER_SECONDS = 300;

/** Talks to one signer. */
export class SignerClient {
  readonly #options: ClientOptions;
  readonly #until: number;

  /** @throws CertgenError `malformed-object` where the token is none, and does not repeat it */
  constructor(options: ClientOptions) {
    checkToken(options);
    this.#options = options;
    const { patienceSeconds = Infinity, now } = options;
    this.#until = now === undefined ? Infinity : now().getTime() + patienceSeconds * 1000;
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
      // a Kubernetes API server says 403 or 401 of what it does not have
      if (["not-found", "forbidden", "unauthorized"].includes(error.code)) return undefined;
      if (error.code !== "malformed-object") throw error;
      throw new CertgenError("invalid-certificate", `Cannot use the CA that the signer names: ${error.message}`, {
        cause: error,
      });
    }
  }

  /** Whether patience has ended. A clock that was set back does not prolong it without end: the next run has its own. */
  isOver(): boolean {
    return this.#until !== Infinity && (this.#options.now?.().getTime() ?? 0) >= this.#until;
  }

  /** Pauses before the next look at a request that is not decided yet: a second first, ten at most. */
  async pause(attempt: number): Promise<void> {
    if (this.isOver()) {
      throw new CertgenError(
        "timed-out",
        "The signer has not decided yet: the request is kept, and the next run asks again",
      );
    }
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
        const answer = await send(fetch, await requestTo(this.#options, method, path, body));
        if (answer.status < 300) return answer.body;
        // a signer may ask for a longer pause, and never for none
        pause = Math.max(pause, Math.min(answer.retryAfterSeconds ?? 0, MAX_RETRY_AFTER_SECONDS));
        throw failureOf(answer);
      } catch (error) {
        signal?.throwIfAborted();
        if (!(error instanceof CertgenError) || error.code !== "unavailable" || this.isOver()) throw error;
        // of a signer that is down for days a line is said now and then
        const isTold = (attempt & (attempt - 1)) === 0;
        log(isTold ? "warn" : "debug", "the signer does not answer; trying again", {
          attempt: attempt + 1,
          because: error.message,
          pauseSeconds: Math.round(pause * 10) / 10,
        });
      }
      await sleep(pause, signal);
    }
  }
}
