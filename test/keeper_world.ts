/** A keeper in this process: files in memory, a real signer without a socket between, one clock for both, waits that pass at once. */
import type { AgentEvents } from "../src/agent/events.ts";
import { Keeper, type KeeperPorts, type OpenReach } from "../src/agent/keeper.ts";
import type { ManagedCertificate } from "../src/agent/managed.ts";
import { etcdProfiles } from "../src/ca/etcd.ts";
import type { Executed, ExecuteOptions, Handler, PeerCertificate, Program } from "../src/ports.ts";
import { secureRandom } from "../src/random.ts";
import { type Certificate, parseCertificate } from "../src/x509/certificate.ts";
import { type CredentialWorld, credentialWorld } from "./credentials.ts";
import { fakeClock, fakeFetch, fakeLog, fakeSleep, type LogLine, type SentRequest } from "./fakes.ts";
import { MemoryFiles } from "./memory_files.ts";

/** The common name of the node. */
export const NODE: string = "system:etcd-peer:etcd1";
/** The files of its pair. */
export const KEY: string = `certs/${NODE}.key`;
/** The files of its pair. */
export const CERTIFICATE: string = `certs/${NODE}.crt`;
/** Lifetime of its certificates. */
export const LIFETIME_SECONDS = 86_400;

/** What stands around a keeper. */
export interface KeeperWorld {
  readonly files: MemoryFiles;
  readonly sent: SentRequest[];
  readonly lines: LogLine[];
  readonly pauses: number[];
  /** What hook and check were run with. */
  readonly ran: { readonly program: Program; readonly env: Readonly<Record<string, string>> }[];
  /** What was told, in words. */
  readonly events: string[];
  /** A keeper as a new process would make it. */
  readonly keeper: (change?: Partial<ManagedCertificate>, ports?: Partial<KeeperPorts>) => Keeper;
  /** How the signer is reached: may be changed. */
  reach: Partial<OpenReach>;
  /** What a program's end is; an exit code of 0 unless set. */
  execute: (program: Program, options: ExecuteOptions) => Executed;
  /** What a TLS server shows. */
  peerCertificate: PeerCertificate;
  /** Sets the clock of the keeper, and the signer's where there is one. */
  readonly setTime: (text: string) => void;
  /** Sets the keeper's alone. */
  readonly setOwnTime: (text: string) => void;
  /** The certificate that a reader of the plain names finds. */
  readonly certificate: () => Certificate;
}

/** Nine tenths of a day after the first moment: every certificate is due. */
export const LATER: string = "2026-03-02T09:36:00Z";

/** A program that went well. */
export const WELL: Executed = { code: 0, signal: undefined, timedOut: false, output: "" };
/** One that did not. */
export const BADLY: Executed = { ...WELL, code: 3, output: "it does not work\n" };

/** A signer whose etcd certificates live a day. */
export async function daySigner(options: Parameters<typeof credentialWorld>[0] = {}): Promise<CredentialWorld> {
  return await credentialWorld({ profiles: etcdProfiles({ "etcd-peer": LIFETIME_SECONDS }), ...options });
}

/** A keeper of a peer's certificate, and whatever answers. */
export function keeperWorld(
  answers: Handler | CredentialWorld,
  files: MemoryFiles = new MemoryFiles(),
): KeeperWorld {
  const signer = typeof answers === "function" ? undefined : answers;
  const { fetch, sent } = fakeFetch(typeof answers === "function" ? answers : answers.signer.fetch);
  const { log, lines } = fakeLog();
  const { sleep, pauses } = fakeSleep();
  const { now, set } = fakeClock();
  const events: string[] = [];
  const recorder: AgentEvents = {
    onLook: () => {},
    onRenewed: () => void events.push("renewed"),
    onFailure: (_, code) => void events.push(`failed: ${code}`),
    onRolledBack: () => void events.push("rolled back"),
  };
  const world: KeeperWorld = {
    files,
    sent,
    lines,
    pauses,
    ran: [],
    events,
    reach: {},
    execute: () => WELL,
    peerCertificate: () => Promise.reject(new Error("nobody is asked")),
    setTime: (text) => {
      set(text);
      signer?.setTime(text);
    },
    setOwnTime: set,
    certificate: () => parseCertificate(files.text(CERTIFICATE) ?? ""),
    keeper: (change = {}, ports = {}) => {
      const managed: ManagedCertificate = {
        profile: "etcd-peer",
        commonName: NODE,
        organization: "system:etcd-peers",
        dnsNames: ["etcd1"],
        ipAddresses: ["10.8.89.9"],
        directory: "certs",
        ...change,
      };
      return new Keeper(managed, {
        files,
        now,
        random: secureRandom,
        sleep,
        log,
        env: { PATH: "/bin" },
        events: recorder,
        execute: (program, options) => {
          world.ran.push({ program, env: options.env });
          return Promise.resolve(world.execute(program, options));
        },
        peerCertificate: (options) => world.peerCertificate(options),
        reach: () =>
          Promise.resolve({
            fetch,
            url: "https://signer:6443",
            token: "etcd1-token",
            patienceSeconds: 0,
            close: () => {},
            ...world.reach,
          }),
        ...ports,
      });
    },
  };
  return world;
}

/** A keeper with its first certificate, and nothing written down of how it came. */
export async function freshKeeper(
  ...args: Parameters<typeof daySigner>
): Promise<KeeperWorld & { first: Certificate }> {
  const world = keeperWorld(await daySigner(...args));
  const { did } = await world.keeper().tend();
  if (did !== "changed") throw new Error(`${did}: ${JSON.stringify(world.lines)}`);
  world.sent.length =
    world.lines.length =
    world.events.length =
    world.ran.length =
      0;
  return Object.assign(world, { first: world.certificate() });
}
