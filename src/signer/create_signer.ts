import type { Audit } from "../audit/entry.ts";
import { type Authenticator, firstOf } from "../auth/authenticator.ts";
import type { Profile } from "../ca/profile.ts";
import { systemNow, systemSleep } from "../clock.ts";
import type { Handler, Log, Now, Random, Sleep } from "../ports.ts";
import { defaultPolicy, openPolicy } from "../policy/default_policy.ts";
import type { Policy } from "../policy/question.ts";
import { secureRandom } from "../random.ts";
import { Administration } from "../requests/administration.ts";
import { Auditing } from "../requests/auditing.ts";
import { certificateAuthenticator } from "../requests/certificate_authenticator.ts";
import { CertificateRecords } from "../requests/certificate_records.ts";
import { type Approval, Creation } from "../requests/creation.ts";
import { type Issuers, Judge } from "../requests/judge.ts";
import { Objects } from "../requests/objects.ts";
import { Signing } from "../requests/signing.ts";
import { sweepState } from "../requests/state_sweep.ts";
import { type Retention, sweep } from "../requests/sweep.ts";
import type { UsageLimits } from "../requests/usage.ts";
import type { Store } from "../store/store.ts";
import { Admission, type RateLimits } from "./admission.ts";
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
  /**
   * What requesters may have. Unless said: everything that fits a profile in a signer without authenticators; otherwise
   * administrators anything, bootstrap tokens what they name, the holder of a certificate the same again, all others nothing.
   */
  readonly policy?: Policy;
  /** Takes every decision before anything of it is stored or shown; dropped unless said. */
  readonly audit?: Audit;
  /** What one identity may have in the store; 1,000 undecided requests and 1 GiB unless said. */
  readonly limits?: Partial<UsageLimits>;
  /**
   * How often one identity, or one address without any, may ask; 50 requests a second, 200 at once unless said. All of an
   * address together may ask twenty times that. With 0 requests a second there is no limit at all.
   */
  readonly rate?: Partial<RateLimits>;
  /** How long after its end the key of a certificate may prove a request, in seconds; 7 days unless said. */
  readonly graceSeconds?: number;
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
  /** Goes on with other profiles and another policy. */
  readonly usePolicy: (profiles: readonly Profile[], policy: Policy) => void;
  /**
   * Goes through everything that is stored: issues what was approved when a signer stopped, removes what is over; and says in
   * the log how many refusals were not said. To be called at the start, and then about once an hour.
   */
  readonly sweep: () => Promise<void>;
  /**
   * Ends all watches, which would go on for up to an hour, and says in the log how many refusals were not said: before a server
   * stops.
   */
  readonly close: () => void;
}

const DAY_SECONDS = 86_400;
const LIMITS: UsageLimits = { pending: 1000, length: 1 << 30 };
const RATE: RateLimits = { requestsPerSecond: 50, burst: 200 };
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
  const domain = options.domain ?? "certgen.internal";
  const policy = options.policy ?? (open ? openPolicy : defaultPolicy);
  const judge = new Judge({ profiles: options.profiles, domain, issuers: options.issuers, policy });
  const { store } = options;
  const objects = new Objects(store, log);
  const records = new CertificateRecords(store);
  const auditing = new Auditing(options.audit ?? { record: async () => {} });
  const limits = { ...LIMITS, ...options.limits };
  const graceSeconds = options.graceSeconds ?? 7 * DAY_SECONDS;
  const maxBodyBytes = options.maxBodyBytes ?? 256 << 10;
  const signing = new Signing({ judge, objects, records, now, random, log });
  const creation = new Creation({
    judge,
    objects,
    records,
    store,
    signing,
    auditing,
    approval,
    limits,
    now,
    random,
    log,
  });
  const administration = new Administration({ objects, records, auditing, signing, judge, now, log });
  const watches = new Watches();
  const retention = { ...RETENTION, ...options.retention };
  // a signer that asks nobody who they are has issued to nobody known
  const proof = open ? [] : [
    certificateAuthenticator({
      store,
      records,
      graceSeconds,
      maxBodyBytes,
      admit: (identity, request) => admission.charge(identity, request),
      now,
      log,
    }),
  ];
  const admission: Admission = new Admission({
    authenticate: firstOf([...proof, ...authenticators]),
    rate: { ...RATE, ...options.rate },
    now,
    log,
  });
  return {
    fetch: createHandler({
      judge,
      objects,
      creation,
      signing,
      administration,
      watches,
      mode: { open },
      admission,
      maxBodyBytes,
      now,
      random,
      sleep: options.sleep ?? systemSleep,
      log,
    }),
    useIssuers: (issuers) => judge.useIssuers(issuers),
    usePolicy: (profiles, policy) => judge.usePolicy(profiles, policy),
    sweep: async () => {
      admission.rest();
      await sweep({ objects, signing, administration, retention, now, log });
      await sweepState({ store, graceSeconds, now, log });
    },
    close: () => {
      watches.close();
      admission.rest();
    },
  };
}
