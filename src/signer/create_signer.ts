import { type Authenticator, firstOf } from "../auth/authenticator.ts";
import type { Profile } from "../ca/profile.ts";
import { systemNow } from "../clock.ts";
import type { Handler, Log, Now, Random } from "../ports.ts";
import { secureRandom } from "../random.ts";
import type { Store } from "../store/store.ts";
import { createHandler } from "./handler.ts";
import type { Issuers } from "./judge.ts";
import { SigningService } from "./signer.ts";

/** What a signer is made of. */
export interface SignerOptions {
  /** CAs by the name that profiles call them: `etcd` and `metric` for the built-in ones. */
  readonly issuers: Issuers;
  /** The kinds of certificates it issues, as from `etcdProfiles()`. */
  readonly profiles: readonly Profile[];
  /** Where requests are kept. */
  readonly store: Store;
  /**
   * Who may ask. Without any, everybody who can reach the signer gets a certificate: for tests, and for networks where
   * reaching it is proof enough.
   */
  readonly authenticators?: readonly Authenticator[];
  /** Domain of the signer names: `<domain>/<profile>`; `certgen.internal` unless said. */
  readonly domain?: string;
  /** Largest body of a request, in bytes; 256 KiB unless said. */
  readonly maxBodyBytes?: number;
  /** The clock; the machine's unless said. */
  readonly now?: Now;
  /** Where serial numbers come from; WebCrypto unless said. */
  readonly random?: Random;
  /** Takes one line for each decision and each refusal; dropped unless said. */
  readonly log?: Log;
}

/** A signer: a value with a `fetch`. */
export interface Signer {
  /** Answers one request; never throws. */
  readonly fetch: Handler;
  /** Goes on with other CAs; what is in flight ends with those it began with. */
  readonly useIssuers: (issuers: Issuers) => void;
}

/**
 * Makes a signer that speaks the Kubernetes CertificateSigningRequest API, v1 and v1beta1.
 *
 * @example
 * ```ts
 * import { createCa, etcdProfiles } from "@certgen/core";
 * import { createSigner, MemoryStore, tokenAuthenticator } from "@certgen/core/signer";
 *
 * const signer = createSigner({
 *   issuers: { etcd: await createCa({ commonName: "etcd CA" }) },
 *   profiles: etcdProfiles(),
 *   store: new MemoryStore(),
 *   authenticators: [
 *     tokenAuthenticator([{ token: "a secret", identity: { username: "node1", groups: [], proof: "token" } }]),
 *   ],
 * });
 * const answer = await signer.fetch(new Request("https://localhost/readyz"));
 * console.log(await answer.text()); // ok
 * ```
 */
export function createSigner(options: SignerOptions): Signer {
  const { authenticators = [], random = secureRandom, log = () => {} } = options;
  const service = new SigningService({
    issuers: options.issuers,
    profiles: options.profiles,
    store: options.store,
    open: authenticators.length === 0,
    domain: options.domain ?? "certgen.internal",
    now: options.now ?? systemNow,
    random,
    log,
  });
  const fetch = createHandler({
    service,
    authenticate: firstOf(authenticators),
    maxBodyBytes: options.maxBodyBytes ?? 256 << 10,
    random,
    log,
  });
  return { fetch, useIssuers: (issuers) => service.useIssuers(issuers) };
}
