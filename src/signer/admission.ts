/**
 * Who asks, and whether they ask too often. What is cheap comes first: an address that floods the signer is turned away before
 * its credentials are looked at.
 * @module
 */
import { RateLimiter } from "../auth/rate_limiter.ts";
import { CertgenError } from "../errors.ts";
import type { Identity } from "../identity.ts";
import { ADMINISTRATORS } from "../k8s/authorization.ts";
import type { Log, Now } from "../ports.ts";
import { formatIp, parseIp } from "../x509/ip.ts";
import { BoundedLog } from "./bounded_log.ts";

/** How often somebody may ask. */
export interface RateLimits {
  /** Requests a second of one identity, in the long run; 0 for no limits at all, of addresses and of failures neither. */
  readonly requestsPerSecond: number;
  /** Requests at once. */
  readonly burst: number;
}

/** What admission stands on. */
export interface AdmissionOptions {
  /**
   * Who asks; throws `unauthorized`. What costs something for good, as a nonce that is kept, it takes after
   * {@link Admission.charge} only.
   */
  readonly authenticate: (request: Request) => Promise<Identity>;
  readonly rate: RateLimits;
  readonly now: Now;
  readonly log: Log;
}

/** Behind one address there may be many, of whom each may ask so often. */
const IDENTITIES_OF_ADDRESS = 20;
/** So many failures of an address are 401; those beyond are told to come later. */
const FAILURES: RateLimits = { requestsPerSecond: 1, burst: 30 };
/** A host may take any address of its IPv6 network, whose prefix has so many octets (RFC 4291 §2.5.1). */
const IPV6_OCTETS = 8;

/** Lets requests in. */
export class Admission {
  readonly #options: AdmissionOptions;
  readonly #ofAddress: RateLimiter | undefined;
  readonly #ofIdentity: RateLimiter | undefined;
  readonly #failures: RateLimiter | undefined;
  readonly #failed: BoundedLog;
  readonly #refused: BoundedLog;
  readonly #charged = new WeakSet<Request>();

  constructor(options: AdmissionOptions) {
    const { rate: { requestsPerSecond, burst }, now, log } = options;
    const limiter = (perSecond: number, burst: number): RateLimiter | undefined =>
      requestsPerSecond === 0 ? undefined : new RateLimiter({ perSecond, burst, now });
    this.#options = options;
    this.#ofAddress = limiter(requestsPerSecond * IDENTITIES_OF_ADDRESS, burst * IDENTITIES_OF_ADDRESS);
    this.#ofIdentity = limiter(requestsPerSecond, burst);
    this.#failures = limiter(FAILURES.requestsPerSecond, FAILURES.burst);
    this.#failed = new BoundedLog({ log, level: "warn", message: "authentication failed", now });
    this.#refused = new BoundedLog({ log, level: "info", message: "request refused", now });
  }

  /**
   * What an address may ask, whatever it asks: to be called first for every request. It bounds what anybody can make the signer
   * do without a credential, checking credentials included.
   *
   * @param address of the peer, for limits only
   * @throws CertgenError `too-many-requests`
   */
  enter(address?: string): void {
    check(this.#ofAddress, hostOf(address));
  }

  /**
   * Who sends a request, and whether they may as often as that.
   *
   * @param address of the peer, for limits and the log only
   * @throws CertgenError `unauthorized`, `too-many-requests`
   */
  async identify(request: Request, address?: string): Promise<Identity> {
    const identity = await this.#options.authenticate(request).catch((error: unknown) => {
      if (error instanceof CertgenError && error.code === "unauthorized") this.#fail(request, address);
      throw error;
    });
    this.charge(identity, request, address);
    return identity;
  }

  /**
   * Takes a request from what its sender may ask, once: an authenticator may call it before {@link Admission.identify} does, as
   * soon as it knows whose it is. Administrators may ask as often as their address.
   *
   * @throws CertgenError `too-many-requests`
   */
  charge({ username, groups, proof }: Identity, request: Request, address?: string): void {
    if (this.#charged.has(request)) return;
    this.#charged.add(request);
    if (groups.includes(ADMINISTRATORS)) return;
    check(this.#ofIdentity, proof === "none" ? `address ${hostOf(address)}` : `user ${username}`);
  }

  /** Says in the log, if there were few, that somebody unknown was refused; whether it did. */
  refused(facts: Readonly<Record<string, unknown>>): boolean {
    return this.#refused.say(facts);
  }

  /** Says in the log what was counted and not said: to be called now and then and at the end. */
  rest(): void {
    this.#failed.rest();
    this.#refused.rest();
  }

  /**
   * Says a failure in the log, if there were few, and answers many with 429. That keeps nobody from trying: behind one address
   * there may be many nodes, and a bad neighbour must not lock them out, so the credentials of each request are checked, and
   * good ones are good. What an address may try is bounded by what it may ask ({@link Admission.enter}); credentials are too
   * long to be found that way. It tells those who try the same bad credential again and again to wait.
   */
  #fail({ method }: Request, from = UNKNOWN): void {
    this.#failed.say({ method, from });
    check(this.#failures, hostOf(from));
  }
}

const UNKNOWN = "unknown";

/** What an address is limited by: a whole IPv4 address, the /64 of an IPv6 one; what is none by itself. */
function hostOf(address = UNKNOWN): string {
  const octets = parseIp(address.replace(/%.*/s, ""));
  if (octets === undefined) return address;
  return formatIp(octets.length === 4 ? octets : octets.fill(0, IPV6_OCTETS));
}

function check(limiter: RateLimiter | undefined, key: string): void {
  const retryAfterSeconds = limiter?.take(key);
  if (retryAfterSeconds === undefined) return;
  throw new CertgenError("too-many-requests", "too many requests: try again later", { retryAfterSeconds });
}
