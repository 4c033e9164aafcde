/**
 * The agent as a library: gets certificates from a signer, keeps key and certificate on disk fresh, and feeds servers with them.
 * @module
 */
export type {
  Appender,
  Execute,
  Executed,
  ExecuteOptions,
  Fetch,
  Files,
  FileStat,
  Log,
  LogLevel,
  Now,
  Owner,
  PeerCertificate,
  PeerCertificateOptions,
  Program,
  Random,
  Sleep,
  TlsPair,
} from "../ports.ts";
export { type IssuedPair, requestCertificate, type RequestOptions } from "./agent.ts";
export type { AgentEvents, CertificateLook, CertificateState } from "./events.ts";
export type { ChangedPart } from "./install.ts";
export { keepFresh, type KeepFreshOptions } from "./keep_fresh.ts";
export { Keeper, type KeeperPorts, type OpenReach, type Tended, type TendOptions } from "./keeper.ts";
export { type KubeconfigTarget, readKubeconfig } from "./kubeconfig.ts";
export type { Look } from "./look.ts";
export type { CertificatePlace, ManagedCertificate, WantedCertificate } from "./managed.ts";
export type { Reach } from "./obtain.ts";
export type { Pair, PairPorts } from "./pair.ts";
export type { Failure } from "./staging.ts";
export { type CertificateStatus, statusOf } from "./status.ts";
export { watchPair, type WatchPairOptions } from "./watch_pair.ts";
