import { CertgenError, messageOf } from "../src/errors.ts";
import type { Handler, Log, Runtime, Server, TlsPair } from "../src/ports.ts";
import { createSigner, type Signer } from "../src/signer/create_signer.ts";
import type { Issuers } from "../src/requests/judge.ts";
import { parseCertificates, verifyCertificate } from "../src/x509/certificate.ts";
import { formatGeneralName } from "../src/x509/general_name.ts";

import { openDirectory } from "../src/requests/directory.ts";
import type { Address } from "../src/address.ts";
import { openAuditDirectory } from "./audit_directory.ts";
import { type Configuration, noConfiguration } from "./configuration.ts";
import { type CredentialSources, isClosed, openCredentials } from "./credential_sources.ts";
import { readPair } from "./credentials.ts";
import { UsageError } from "./exit.ts";
import { type RulesConfig, SignerRules } from "./signer_rules.ts";
import { watchFiles } from "./watch_files.ts";

/** The two files of a certificate and its key. */
export interface PairPaths {
  readonly certificate: string;
  readonly key: string;
}

/** What a signer process stands on. */
export interface SignerParts extends CredentialSources {
  /** CAs by the name that profiles call them. */
  readonly cas: Configuration["cas"];
  readonly serving: readonly PairPaths[];
  /** Directory where requests are kept. */
  readonly requests: string;
  /** Directory of the audit log; one in that of the requests unless said. */
  readonly auditDirectory?: string | undefined;
}

/** What a signer process is made of. */
export interface SignerConfig extends SignerParts, RulesConfig {
  readonly address: Address;
  /** Where plain-HTTP health checks are answered, if anywhere. */
  readonly health: Address | undefined;
  /** Who decides requests: the policy, or an administrator. */
  readonly approval?: "auto" | "manual";
  /** How that was said, for messages. */
  readonly approvalOrigin?: string;
}

/** A signer that serves. */
export interface SignerProcess {
  readonly port: number;
  readonly healthPort: number | undefined;
  /** Whether it asks nobody who they are. */
  readonly isOpen: boolean;
  /** Stops accepting, finishes what is in flight, 10 s at most. */
  readonly stop: () => Promise<void>;
}

/**
 * Checks everything that was given and starts to serve.
 * @throws CertgenError naming the file and the fault
 */
export async function startSigner(runtime: Runtime, config: SignerConfig, log: Log): Promise<SignerProcess> {
  const { files } = runtime;
  const isOpenWithoutFile = config.configuration === undefined && !isClosed(config, noConfiguration({}));
  // what the command line alone says is refused before anything is read
  if (isOpenWithoutFile && config.approval === "manual") throw new UsageError(nobodyApproves(config));
  await checkDirectory(runtime, config.requests);
  const rules = await SignerRules.open(runtime, config, log);
  if (rules.isOpen && config.approval === "manual") throw new UsageError(nobodyApproves(config));
  const loadServing = async (): Promise<TlsPair[]> => {
    const pairs = config.serving.map(({ certificate, key }) => readPair(files, certificate, key));
    return (await Promise.all(pairs)).map(([certificate, privateKey]) => ({ certificate, privateKey }));
  };
  const serving = await loadServing();
  const credentials = await openCredentials(runtime, config, rules.configuration, log);
  // it writes there: a directory that does not keep what it is given is found out now, and not by the first node that asks
  const store = await openDirectory(files, config.requests);
  const audit = config.auditDirectory === undefined
    // whoever may write beside it may write requests, too: the older system's users gave the directory as it is
    ? await openAuditDirectory(runtime, `${config.requests}/.audit-log`, log, { parents: false })
    : await openAuditDirectory(runtime, config.auditDirectory, log);
  const signer = createSigner({
    ...rules.settled,
    issuers: rules.issuers,
    profiles: rules.profiles,
    policy: rules.policy,
    store,
    audit,
    authenticators: credentials.authenticators,
    approval: config.approval ?? "auto",
    log,
  });
  const onError = (error: unknown): void => log("debug", "connection failed", { because: messageOf(error) });
  const server = await runtime.serve({
    hostname: config.address.host,
    port: config.address.port,
    tls: serving,
    handler: signer.fetch,
    onError,
  });
  await warnOfSharedCa(rules.issuers, serving, log);
  const health = await startHealth(runtime, config.health, signer.fetch, onError, log);
  const reloadRules = async (): Promise<void> => await rules.reload(signer, credentials);
  const watcher = watchFiles(runtime, log, [
    { what: "CA", paths: () => rules.caPaths, reload: reloadRules },
    {
      what: "serving certificate",
      paths: () => config.serving.flatMap(({ certificate, key }) => [certificate, key]),
      reload: async () => await server.reload(await loadServing()),
    },
    ...config.configuration === undefined
      ? []
      : [{ what: "configuration", paths: () => rules.paths, reload: reloadRules }],
    ...credentials.watched,
  ]);
  const sweeper = sweepFromTimeToTime(runtime, signer, log);
  return {
    port: server.port,
    healthPort: health?.port,
    isOpen: rules.isOpen,
    stop: async () => {
      watcher.stop();
      sweeper.stop();
      // they would hold the server for as long as it waits for what is in flight
      signer.close();
      await Promise.all([server.stop(), health?.stop()]);
      rules.close();
      await audit.close();
    },
  };
}

function nobodyApproves({ approvalOrigin = "--approval" }: SignerConfig): string {
  return `Cannot use ${approvalOrigin} "manual": without credentials nobody is an administrator; ` +
    "give --token-auth-file FILE with a user in the group certgen:admins";
}

const SWEEP_SECONDS = 3600;

/** Sweeps now, and then every hour. */
function sweepFromTimeToTime(runtime: Runtime, signer: Signer, log: Log): { stop: () => void } {
  const stopped = new AbortController();
  const loop = async (): Promise<void> => {
    while (!stopped.signal.aborted) {
      await signer.sweep().catch((error: unknown) => log("warn", "sweeping failed", { because: messageOf(error) }));
      await runtime.sleep(SWEEP_SECONDS, stopped.signal).catch(() => {});
    }
  };
  void loop();
  return { stop: () => stopped.abort() };
}

/**
 * Where the CA of the nodes has issued the signer's own certificate, every node's certificate can pass for the signer: for a
 * network that is trusted anyway, and not for tokens.
 */
async function warnOfSharedCa(issuers: Issuers, serving: readonly TlsPair[], log: Log): Promise<void> {
  const cas = Object.values(issuers).map(({ certificate }) => certificate);
  for (const { certificate } of serving) {
    const [leaf] = parseCertificates(certificate);
    const shared = leaf !== undefined && await verifyCertificate(leaf, cas).then(() => true, () => false);
    if (!shared) continue;
    log(
      "warn",
      "the signer's own certificate is issued by a CA that it issues with: any node could pass for the signer; " +
        "better have it issued by another CA",
      { names: leaf.extensions.subjectAltName?.map(formatGeneralName) },
    );
  }
}

/** Plain HTTP, and nothing there but `/readyz`. A port that is taken is no reason not to sign. */
async function startHealth(
  runtime: Runtime,
  address: Address | undefined,
  fetch: Handler,
  onError: (error: unknown) => void,
  log: Log,
): Promise<Server | undefined> {
  if (address === undefined) return undefined;
  const handler: Handler = (request, info) =>
    new URL(request.url).pathname === "/readyz"
      ? fetch(request, info)
      : new Response("404 page not found\n", { status: 404 });
  try {
    return await runtime.serve({ hostname: address.host, port: address.port, handler, onError });
  } catch (error) {
    log("warn", 'health checks are not served: give another --insecure-health-check-address, or "off"', {
      because: messageOf(error),
    });
    return undefined;
  }
}

async function checkDirectory({ files }: Runtime, directory: string): Promise<void> {
  if (await files.stat(directory) !== undefined) return;
  throw new CertgenError(
    "not-found",
    `Cannot keep requests in ${JSON.stringify(directory)}: there is no such directory`,
  );
}
