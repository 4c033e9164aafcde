import { type Authenticator, firstOf } from "../auth/authenticator.ts";
import type { Profile } from "../ca/profile.ts";
import { systemNow, systemSleep } from "../clock.ts";
import type { Handler, Log, Now, Random, Sleep } from "../ports.ts";
import { secureRandom } from "../random.ts";
import { Administration } from "../requests/administration.ts";
import { type Issuers, Judge } from "../requests/judge.ts";
import { Objects } from "../requests/objects.ts";
import { type Approval, Signing } from "../requests/signing.ts";
import { type Retention, sweep } from "../requests/sweep.ts";
import type { UsageLimits } from "../requests/usage.ts";
import type { Store } from "../store/store.ts";
import { createHandler } from "./handler.ts";
import { Watches } from "./watches.ts";

/** What a signer is made of. */
export interface SignerOptions {
  /** CAs by the name that profiles call them: `etcd` and `metric` for the built-in ones. */
  readonly issuers: Issuers;
  /** The kinds of certificates it issues, as from `etcdProfiles()`. */
  readonly profiles: readonly Profile[];
  /** Where requests are kept. */
  readonly store: Store;
  /**
   * Who may ask. Without any, everybody who can reach the signer gets a certificate, and nobody administers: for tests, and
   * for networks where reaching it is proof enough.
   */
  readonly authenticators?: readonly Authenticator[];
  /**
   * Who approves: `auto` (unless said) the policy at once; with `manual`, what the policy allows waits for an administrator,
   * who must be among those that the authenticators know.
   */
  readonly approval?: Approval;
  /** Domain of the signer names: `<domain>/<profile>`; `certgen.internal` unless said. */
  readonly domain?: string;
  /** Largest body of a request, in bytes; 256 KiB unless said. */
  readonly maxBodyBytes?: number;
  /** What one identity may have in the store; 1,000 undecided requests and 1 GiB unless said. */
  readonly limits?: Partial<UsageLimits>;
  /** How long requests stay; refused ones a day, undecided ones a week, issued ones 30 days after they expire unless said. */
  readonly retention?: Partial<Retention>;
  /** The clock; the machine's unless said. */
  readonly now?: Now;
  /** The timers, for watches; the machine's unless said. */
  readonly sleep?: Sleep;
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
  /**
   * Goes through everything that is stored: issues what was approved when a signer stopped, removes what is over. To be called
   * at the start, and then about once an hour.
   */
  readonly sweep: () => Promise<void>;
  /** Ends all watches, which would go on for up to an hour: before a server stops. */
  readonly close: () => void;
}

const DAY_SECONDS = 86_400;
const LIMITS: UsageLimits = { pending: 1000, length: 1 << 30 };
const RETENTION: Retention = {
  refusedSeconds: DAY_SECONDS,
  pendingSeconds: 7 * DAY_SECONDS,
  expiredSeconds: 30 * DAY_SECONDS,
};

/**
 * Makes a signer that speaks the Kubernetes CertificateSigningRequest API, v1 and v1beta1.
 *
 * @throws TypeError for manual approval where nobody can be an administrator
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
  const { authenticators = [], approval = "auto", random = secureRandom, log = () => {}, now = systemNow } = options;
  const open = authenticators.length === 0;
  if (open && approval === "manual") throw new TypeError("manual approval needs authenticators: nobody could approve");
  const judge = new Judge(options.profiles, options.domain ?? "certgen.internal", options.issuers);
  const objects = new Objects(options.store, log);
  const limits = { ...LIMITS, ...options.limits };
  const signing = new Signing({ judge, objects, approval, limits, now, random, log });
  const administration = new Administration({ objects, signing, judge, now, log });
  const watches = new Watches();
  const retention = { ...RETENTION, ...options.retention };
  return {
    fetch: createHandler({
      judge,
      objects,
      signing,
      administration,
      watches,
      mode: { open },
      authenticate: firstOf(authenticators),
      maxBodyBytes: options.maxBodyBytes ?? 256 << 10,
      now,
      random,
      sleep: options.sleep ?? systemSleep,
      log,
    }),
    useIssuers: (issuers) => judge.useIssuers(issuers),
    sweep: () => sweep({ objects, signing, administration, retention, now, log }),
    close: () => watches.close(),
  };
}
