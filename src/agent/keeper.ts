/**
 * Looks after one certificate: renews it when it is due, tells its readers, and goes back where the new one does not work.
 * @module
 */
import { equal } from "../bytes.ts";
import { CertgenError } from "../errors.ts";
import { KeyedLock } from "../lock.ts";
import type { Execute, Log, PeerCertificate, Sleep } from "../ports.ts";
import type { Certificate } from "../x509/certificate.ts";
import { issuerOf } from "./ca_bundle.ts";
import { isOfType } from "./check.ts";
import type { AgentEvents } from "./events.ts";
import { casOf, type ChangedPart, install, type Installation, trustedIn } from "./install.ts";
import { type Look, lookAt } from "./look.ts";
import type { ManagedCertificate } from "./managed.ts";
import { askForCa, obtain, type ObtainPorts, type Reach } from "./obtain.ts";
import { type Pair, PairFiles, type PairPorts } from "./pair.ts";
import { Repeats } from "./repeats.ts";
import { lifetimeOf, minimumInterval, retryPause } from "./renewal_time.ts";
import { settle } from "./settle.ts";
import type { Prover } from "./stage.ts";
import { Staging } from "./staging.ts";

/** A signer as it is reached now, to be closed. */
export interface OpenReach extends Reach {
  /** Ends its connections. */
  readonly close: () => void;
}

/** What a keeper needs of the outside. */
export interface KeeperPorts extends PairPorts {
  /** How to wait. */
  readonly sleep: Sleep;
  /** Takes log lines. */
  readonly log: Log;
  /** Runs hooks and checks. */
  readonly execute: Execute;
  /** Asks a TLS server for its certificate. */
  readonly peerCertificate: PeerCertificate;
  /** The process's environment, for hooks. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Reads address, CA and token anew, since they change. */
  readonly reach: () => Promise<OpenReach>;
  /** Hears of what happens. */
  readonly events: AgentEvents;
}

/** How to look this time. */
export interface TendOptions {
  /** Another certificate, whether it is due or not, and whatever went wrong a moment ago. */
  readonly force?: boolean;
  /** Whether to ask the signer for its CA where nothing is due. */
  readonly asksCa?: boolean;
  /** Ends it; what is under way is finished by the next run. */
  readonly signal?: AbortSignal;
}

/** What came of it. */
export type Tended =
  & {
    /** What was seen first. */
    readonly look: Look;
    /** When to look again at the latest. */
    readonly nextAt: Date;
  }
  & (
    /** Nothing is due. */
    | { readonly did: "nothing" }
    /** It is due, but a try failed, or the last certificate came, a moment ago. */
    | { readonly did: "waited"; readonly because: string; readonly code: string | undefined }
    | { readonly did: "changed"; readonly changed: readonly ChangedPart[]; readonly certificate: Certificate }
    | { readonly did: "failed"; readonly error: CertgenError }
  );

const DAY_SECONDS = 86_400;
/** Hooks run one after the other: two that restart the same service would trip over each other. */
const hooks = new KeyedLock();

/** The keeper of one certificate. */
export class Keeper {
  /** What it keeps. */
  readonly managed: ManagedCertificate;
  /** Path of the certificate, by which it goes in events. */
  readonly name: string;
  readonly #ports: KeeperPorts;
  readonly #pair: PairFiles;
  readonly #staging: Staging;
  readonly #repeats = new Repeats();

  /**
   * Nothing is touched yet.
   * @throws CertgenError `unsafe-path` where its name would leave its directory
   */
  constructor(managed: ManagedCertificate, ports: KeeperPorts) {
    this.managed = managed;
    this.#ports = ports;
    this.#pair = new PairFiles(ports, managed, managed.commonName);
    this.#staging = new Staging(ports.files, this.#pair.layout.home);
    this.name = this.#pair.layout.paths.certificate;
  }

  /**
   * Looks, and does what is due. What goes wrong is kept beside the pair, said, and tried again later.
   * @throws the signal's reason; what is no `CertgenError`, which is a fault of certgen's
   */
  async tend(options: TendOptions = {}): Promise<Tended> {
    let look: Look = { state: "broken", reason: "", isDue: true, isOther: false };
    try {
      look = await this.#firstLook();
      this.#ports.events.onLook(this.name, {
        notAfter: look.pair?.certificate.notAfter,
        renewAt: look.renewAt,
        state: look.state,
      });
      return await this.#tend(look, options);
    } catch (error) {
      const reason: unknown = options.signal?.aborted ? options.signal.reason : undefined;
      // to be stopped is no failure, to have no more time is one
      if (reason instanceof CertgenError && reason.code === "timed-out") await this.#failed(reason, look);
      options.signal?.throwIfAborted();
      if (!(error instanceof CertgenError)) throw error;
      return { did: "failed", look, error, nextAt: await this.#failed(error, look) };
    }
  }

  async #tend(look: Look, { force = false, asksCa = false, signal }: TendOptions): Promise<Tended> {
    const isPending = await this.#pair.isPending();
    const paused = force ? undefined : await this.#pausedUntil(look);
    if (paused !== undefined) {
      return { ...look.isDue ? { did: "waited", ...paused } : { did: "nothing" }, look, ...paused };
    }
    // a change that a crash left unchecked; where another one is due, that is checked instead
    if (isPending && !look.isDue && !force) return await this.#settled(look, signal);
    if (!look.isDue && !asksCa && !force) return this.#nothing(look);
    const reach = await this.#ports.reach();
    try {
      const over = await this.#pair.current();
      const wanted = force || look.isDue
        ? await this.#obtain(look, reach, signal)
        : await this.#withCa(look, reach, signal);
      if (wanted === undefined) return this.#nothing(look);
      const { files, now } = this.#ports;
      await install(files, this.#pair, this.managed, wanted, over, now());
      // what was in place already may be what a crash left unchecked
      return await this.#settled(look, signal);
    } finally {
      reach.close();
    }
  }

  /** What cannot be looked at is told as broken: what it was before is no news. */
  async #firstLook(): Promise<Look> {
    try {
      await this.#pair.prepare();
      await this.#pair.layout.checkFile(this.#pair.layout.ca);
      return await this.#look();
    } catch (error) {
      const nothing = { notAfter: undefined, renewAt: undefined, state: "broken" } as const;
      if (error instanceof CertgenError) this.#ports.events.onLook(this.name, nothing);
      throw error;
    }
  }

  async #look(issuing?: Certificate): Promise<Look> {
    const { files, now } = this.#ports;
    const trusted = await trustedIn(files, this.#pair.layout.ca);
    return await lookAt(await this.#pair.read(), this.managed, { trusted, issuing }, now());
  }

  /** Another certificate. */
  async #obtain(look: Look, reach: OpenReach, signal: AbortSignal | undefined): Promise<Installation> {
    const { rotateKey = "never", keyType } = this.managed;
    const { pair } = look;
    const ports = this.#obtainPorts(signal);
    ports.log("info", "asking for a certificate", {
      certificate: this.name,
      because: look.reason || "it was asked for",
    });
    const keeps = rotateKey === "never" && pair !== undefined && isOfType(pair.certificate.publicKey, keyType);
    const prover = pair && await this.#prover(pair, look, reach);
    const order = { wanted: this.managed, staging: this.#staging, ...keeps && { keep: pair }, ...prover && { prover } };
    let obtained = await obtain(order, reach, ports);
    if (pair !== undefined && equal(obtained.certificate.der, pair.certificate.der) && !await this.#pair.isPending()) {
      // a crash left the request of the very certificate that is in use
      await this.#staging.discard();
      obtained = await obtain(order, reach, ports);
    }
    return { ...obtained, certificatePem: obtained.certificate.pem, isPinned: reach.issuerCa !== undefined };
  }

  /** The pair in use speaks for itself, but where it is to become another and a token may say more. */
  async #prover(pair: Pair, look: Look, reach: Reach): Promise<Prover | undefined> {
    if (look.isOther && reach.token !== undefined) return undefined;
    // where the CA's file was removed, the pair has its own
    const cas = [...await trustedIn(this.#ports.files, this.#pair.layout.ca), ...casOf(pair.caPem)];
    const issuer = await issuerOf(pair.certificate, cas);
    return issuer && { pair, issuer };
  }

  /** What is in use with the CAs of now, or another certificate where the signer has another CA. */
  async #withCa(look: Look, reach: OpenReach, signal: AbortSignal | undefined): Promise<Installation | undefined> {
    const { pair } = look;
    if (pair === undefined) return undefined;
    const cas = await this.#askForCa(reach, signal);
    if (cas === undefined) return undefined;
    const isPinned = reach.issuerCa !== undefined;
    const [issuing] = cas;
    const [first] = casOf(pair.caPem);
    // one that came when this CA was the first already, and is another's all the same, would come again
    const isKnown = issuing !== undefined && first !== undefined && equal(issuing.der, first.der);
    const again = await this.#look(isPinned || isKnown ? undefined : issuing);
    if (again.isDue) return await this.#pausedUntil(again) ? undefined : await this.#obtain(again, reach, signal);
    const { certificate, certificatePem, keyPem } = pair;
    return { certificate, certificatePem, keyPem, cas, isPinned };
  }

  /** A signer that cannot be reached is no fault while nothing is due. */
  async #askForCa(reach: Reach, signal: AbortSignal | undefined): Promise<Certificate[] | undefined> {
    try {
      return await askForCa(this.managed.profile, { ...reach, patienceSeconds: 0 }, this.#obtainPorts(signal));
    } catch (error) {
      if (!(error instanceof CertgenError) || error.code !== "unavailable") throw error;
      this.#ports.log("info", "the signer cannot be asked for its CA now", { because: error.message });
      return undefined;
    }
  }

  async #settled(look: Look, signal: AbortSignal | undefined): Promise<Tended> {
    const ports = { ...this.#ports, ...signal && { signal } };
    const settled = await hooks.run("hook", () => settle(this.#pair, this.managed, ports));
    if (settled === undefined) return this.#nothing(look);
    await this.#staging.discard();
    await this.#staging.clearFailure();
    this.#repeats.clear();
    const { changed, pair: { certificate } } = settled;
    const after = await this.#look();
    const { events, now, log } = this.#ports;
    events.onLook(this.name, { notAfter: certificate.notAfter, renewAt: after.renewAt, state: after.state });
    if (changed.includes("certificate")) events.onRenewed(this.name, now());
    log("info", changed.includes("certificate") ? "the certificate is renewed" : "the CA's file is another", {
      certificate: this.name,
      changed,
      serialNumber: certificate.serialNumber,
      notAfter: certificate.notAfter,
      renewAt: after.renewAt,
      restart: changed.includes("ca") ? "etcd, which reads its CA's file at its start only" : "nothing",
    });
    return { did: "changed", look, changed, certificate, nextAt: after.renewAt ?? now() };
  }

  #nothing(look: Look): Tended {
    return { did: "nothing", look, nextAt: look.renewAt ?? this.#ports.now() };
  }

  /** The end of a pause, if there is one: after a failure, and between any two certificates. */
  async #pausedUntil(look: Look): Promise<{ nextAt: Date; because: string; code: string | undefined } | undefined> {
    const now = this.#ports.now();
    const failure = await this.#staging.failure();
    // what lies in the future was written before the clock was set back
    if (failure !== undefined && failure.at <= now && failure.retryAt > now) {
      return { nextAt: failure.retryAt, because: failure.message, code: failure.code };
    }
    const changedAt = await this.#pair.changedAt();
    if (look.pair === undefined || changedAt === undefined || changedAt > now) return undefined;
    const interval = minimumInterval(lifetimeOf(look.pair.certificate));
    const nextAt = new Date(changedAt.getTime() + interval * 1000);
    if (nextAt <= now || !look.isDue) return undefined;
    return { nextAt, because: `the last certificate came less than ${interval} s ago`, code: undefined };
  }

  /** Keeps and says a failure. */
  async #failed(error: CertgenError, look: Look): Promise<Date> {
    const { log, now, random, events } = this.#ports;
    const { code, message } = error;
    const at = now();
    let count = 1;
    const lifetime = look.pair === undefined ? DAY_SECONDS : lifetimeOf(look.pair.certificate);
    let retryAt = new Date(at.getTime() + retryPause(random, code, count, lifetime) * 1000);
    try {
      count += (await this.#staging.failure())?.count ?? 0;
      retryAt = new Date(at.getTime() + retryPause(random, code, count, lifetime) * 1000);
      // into what is not ours nothing is written
      if (code !== "unsafe-path") await this.#staging.putFailure({ code, message, at, count, retryAt });
    } catch (cause) {
      if (!(cause instanceof CertgenError)) throw cause;
      log("warn", "the failure cannot be written down", { because: cause.message });
    }
    events.onFailure(this.name, code, at);
    const facts = { certificate: this.name, because: message, failures: count, retryAt, state: look.state };
    const isTold = this.#repeats.failed(code, at);
    if (code === "forked") log("error", "ALARM: somebody else has this node's key", facts);
    else log(isTold ? "error" : "debug", "the certificate is not renewed", facts);
    return retryAt;
  }

  #obtainPorts(signal: AbortSignal | undefined): ObtainPorts {
    const { now, sleep, random, log } = this.#ports;
    return { now, sleep, random, log: this.#repeats.logOf(log), ...signal && { signal } };
  }
}
