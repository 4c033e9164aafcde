/**
 * The agent as a library: gets a certificate from a signer and keeps key and certificate on disk.
 * @module
 */
export type { Appender, Fetch, Files, FileStat, Log, LogLevel, Now, Random, Sleep, TlsPair } from "../ports.ts";
export { type IssuedPair, requestCertificate, type RequestOptions } from "./agent.ts";
export { type KubeconfigTarget, readKubeconfig } from "./kubeconfig.ts";
