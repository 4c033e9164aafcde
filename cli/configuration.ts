import { dirname, resolve } from "node:path";
import type { Authenticator } from "../src/auth/authenticator.ts";
import { localKeys } from "../src/auth/jwks.ts";
import { jwtAuthenticator } from "../src/auth/jwt.ts";
import { remoteKeys } from "../src/auth/remote_jwks.ts";
import { type EtcdProfileName, etcdProfiles } from "../src/ca/etcd.ts";
import { defineProfile, type Profile } from "../src/ca/profile.ts";
import { parseSignerConfig, type SignerConfig } from "../src/policy/config.ts";
import type { JwtFile } from "../src/policy/jwt_config.ts";
import type { Connection, Log, Runtime } from "../src/ports.ts";
import { readText } from "./credentials.ts";
import type { PairPaths } from "./signer_process.ts";

/** What a configuration file makes of a signer. */
export interface Configuration {
  readonly file: SignerConfig;
  /** The built-in profiles and those of the file. */
  readonly profiles: readonly Profile[];
  /** CAs besides those of the command line. */
  readonly cas: Readonly<Record<string, PairPaths>>;
  /** Issuers of JWTs. */
  readonly authenticators: readonly Authenticator[];
  /** The file and those it names whose content is read with it. */
  readonly paths: readonly string[];
  /** Closes connections to where keys are fetched from. */
  readonly close: () => void;
}

/** Lifetimes of the built-in profiles, in seconds. */
export type Lifetimes = Readonly<Partial<Record<EtcdProfileName, number>>>;

/** A signer without a file. */
export function noConfiguration(lifetimes: Lifetimes): Configuration {
  const file = { issuers: new Map(), profiles: [], jwt: [], limits: {} };
  return { file, profiles: etcdProfiles(lifetimes), cas: {}, authenticators: [], paths: [], close: () => {} };
}

/**
 * Reads a configuration file and what it names. Paths in it begin where it is.
 * @throws CertgenError naming the file, the line and the fault
 */
export async function readConfiguration(
  runtime: Pick<Runtime, "files" | "connect">,
  path: string,
  lifetimes: Lifetimes,
  log: Log,
): Promise<Configuration> {
  const file = parseSignerConfig(await readText(runtime.files, path), path);
  const beside = (name: string): string => resolve(dirname(path), name);
  const connections: Connection[] = [];
  const jwksFiles: string[] = [];
  const authenticators: Authenticator[] = [];
  for (const jwt of file.jwt) {
    if (jwt.jwksFile !== undefined) jwksFiles.push(beside(jwt.jwksFile));
    const keys = jwt.jwksFile !== undefined
      ? localKeys(await readText(runtime.files, beside(jwt.jwksFile)))
      : remoteKeys({ url: jwt.jwksUrl ?? "", fetch: await fetchOf(jwt, beside, runtime, connections), log });
    authenticators.push(authenticatorOf(jwt, keys, log));
  }
  const cas = [...file.issuers].map(([name, { certificate, key }]) =>
    [name, { certificate: beside(certificate), key: beside(key) }] as const
  );
  return {
    file,
    profiles: [...etcdProfiles(lifetimes), ...file.profiles.map(defineProfile)],
    cas: Object.fromEntries(cas),
    authenticators,
    paths: [path, ...jwksFiles],
    close: () => connections.forEach((connection) => connection.close()),
  };
}

function authenticatorOf(jwt: JwtFile, keys: Parameters<typeof jwtAuthenticator>[0]["keys"], log: Log): Authenticator {
  const { issuer, audiences, algorithms, user, groups, claims } = jwt;
  return jwtAuthenticator({
    issuer,
    audiences,
    keys,
    user,
    ...algorithms === undefined ? {} : { algorithms },
    ...groups === undefined ? {} : { groups },
    ...claims === undefined ? {} : { claims },
    now: () => new Date(),
    onRefusal: (because) => log("debug", "JWT refused", { issuer, because }),
  });
}

/** Keys come from a server that the file's own CA vouches for, or one that the machine trusts. */
async function fetchOf(
  { caFile }: JwtFile,
  beside: (name: string) => string,
  { files, connect }: Pick<Runtime, "files" | "connect">,
  connections: Connection[],
): Promise<Connection["fetch"]> {
  if (caFile === undefined) return async (request) => await fetch(new Request(request, { redirect: "error" }));
  const connection = connect({ ca: await readText(files, beside(caFile)), timeoutSeconds: 5 });
  connections.push(connection);
  return connection.fetch;
}
