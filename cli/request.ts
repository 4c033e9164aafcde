import { type IssuedPair, requestCertificate } from "../src/agent/agent.ts";
import { etcdProfileOf } from "../src/ca/etcd.ts";
import { CertgenError } from "../src/errors.ts";
import type { Log, Runtime } from "../src/ports.ts";
import { detectRuntime } from "../src/runtime/detect.ts";
import { formatGeneralName, generalNames } from "../src/x509/general_name.ts";
import { parseIp } from "../src/x509/ip.ts";
import { KEY_TYPES, type KeyType } from "../src/x509/key.ts";
import { hostNames } from "./embedded.ts";
import { EXIT, UsageError } from "./exit.ts";
import { type CommandDefinition, COMMON_FLAGS, OUTPUT_FLAG } from "./flag.ts";
import { commandLog } from "./log.ts";
import type { Options } from "./options.ts";
import { printable } from "../src/text.ts";
import type { Context } from "./program.ts";
import { targetOf } from "./target.ts";

/** `certgen-agent request`. */
export const definition: CommandDefinition = {
  program: "certgen-agent",
  name: "request",
  description: "make a key, have its certificate signed and keep both on disk",
  example:
    "certgen-agent request --commonname system:etcd-peer:etcd1 --dnsnames etcd1 --ipaddrs 10.8.89.9 --address signer:6443 --cacrt ca.crt",
  flags: [
    {
      name: "commonname",
      value: "string",
      defaultWords: "system:etcd-peer:<hostname>",
      placeholder: "NAME",
      description: "subject common name, and base name of the files",
    },
    {
      name: "orgname",
      value: "string",
      defaultWords: "what the common name's kind has, as system:etcd-peers",
      placeholder: "NAME",
      description: "subject organization",
    },
    {
      name: "dnsnames",
      value: "list",
      defaultWords: "this host's name and localhost, where --ipaddrs is not given either",
      placeholder: "NAMES",
      description: "comma separated DNS names",
    },
    {
      name: "ipaddrs",
      value: "list",
      defaultWords: "this host's addresses, where --dnsnames is not given either",
      placeholder: "ADDRESSES",
      description: "comma separated IP addresses",
    },
    {
      name: "assetsdir",
      value: "path",
      default: "certs",
      placeholder: "DIR",
      description: "directory where key and certificate go; made where it is missing",
    },
    {
      name: "address",
      value: "string",
      default: "localhost:6443",
      placeholder: "HOST:PORT",
      description: "the signer, or its https:// address",
    },
    {
      name: "cacrt",
      value: "path",
      defaultWords: ".certgen/serving-ca.crt where it exists",
      placeholder: "FILE",
      description: "CA that the signer's own certificate must chain to; no other is trusted",
    },
    {
      name: "issuer-cacrt",
      value: "path",
      defaultWords: "what the signer says, else --cacrt",
      placeholder: "FILE",
      description: "CA that must have issued the answer, whatever the signer says",
    },
    {
      name: "kubeconfig",
      value: "path",
      placeholder: "FILE",
      description: "kubeconfig to reach the signer with, in place of --address and --cacrt",
    },
    {
      name: "token-file",
      value: "path",
      defaultWords: ".certgen/token where it exists and none of --address --cacrt --kubeconfig is given",
      placeholder: "FILE",
      description: "file with a bearer token",
    },
    {
      name: "key-type",
      value: "choice",
      choices: KEY_TYPES,
      default: "ec-p256",
      placeholder: "TYPE",
      description: "kind of key",
    },
    {
      name: "timeout",
      value: "duration",
      default: "0",
      placeholder: "DURATION",
      description: "give up after this long, with exit code 4; 0: never",
    },
    OUTPUT_FLAG,
    ...COMMON_FLAGS,
  ],
};

/** Gets one certificate. */
export async function run(options: Options, context: Context): Promise<number> {
  const log = commandLog(options, context);
  const runtime = await detectRuntime();
  const wanted = wantedOf(options, runtime, log);
  const target = await targetOf(options, runtime);
  const connection = runtime.connect({ ca: target.ca, ...target.client && { client: target.client } });
  const deadline = abortOn(options.seconds("timeout") ?? 0, runtime);
  try {
    const pair = await requestCertificate({
      ...wanted,
      directory: options.required("assetsdir"),
      keyType: options.required("key-type") as KeyType,
      url: target.url,
      ...target.token === undefined ? {} : { token: target.token },
      ...target.issuerCa === undefined ? {} : { issuerCa: target.issuerCa },
      ...target.fallbackIssuerCa === undefined ? {} : { fallbackIssuerCa: target.fallbackIssuerCa },
      fetch: connection.fetch,
      files: runtime.files,
      sleep: runtime.sleep,
      log,
      signal: deadline.signal,
    });
    context.stdout(options.text("output") === "json" ? jsonSummary(pair) : summary(pair));
    return EXIT.done;
  } finally {
    deadline.cancel();
    connection.close();
  }
}

/** Who the certificate is for. */
interface WantedOptions {
  readonly profile: string;
  readonly commonName: string;
  readonly organization: string;
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  readonly caFile: string;
}

function wantedOf(options: Options, runtime: Runtime, log: Log): WantedOptions {
  const commonName = options.text("commonname") ?? `system:etcd-peer:${runtime.host().name}`;
  const profile = etcdProfileOf(commonName);
  if (profile?.subject === undefined || commonName === profile.subject.commonNamePrefix) {
    throw new UsageError(
      `Cannot use ${options.origin("commonname")} ${
        JSON.stringify(commonName)
      }: it takes system:etcd-peer:NAME, system:etcd-server:NAME or system:etcd-metric:NAME`,
    );
  }
  const named = options.given("dnsnames") || options.given("ipaddrs");
  const defaults = hostNames(runtime);
  const isAddress = (name: string): boolean => parseIp(name) !== undefined;
  const dnsNames = named ? options.list("dnsnames") : defaults.filter((name) => !isAddress(name));
  const ipAddresses = named ? options.list("ipaddrs") : defaults.filter(isAddress);
  if (dnsNames.length + ipAddresses.length === 0) {
    throw new UsageError(
      "Missing names: --dnsnames, --ipaddrs or both must have at least one, since nobody checks a common name",
    );
  }
  checkNames(options, "dnsnames", dnsNames, []);
  checkNames(options, "ipaddrs", [], ipAddresses);
  if (!named) log("debug", "names of this host", { dnsNames, ipAddresses });
  return {
    profile: profile.name,
    commonName,
    organization: options.text("orgname") ?? profile.subject.organization,
    dnsNames,
    ipAddresses,
    // never in one file with the others' CA: etcd takes any client certificate under its peer CA for a peer
    caFile: profile.issuer === "metric" ? "metric-ca.crt" : "ca.crt",
  };
}

function checkNames(options: Options, flag: string, dnsNames: readonly string[], ipAddresses: readonly string[]): void {
  try {
    generalNames(dnsNames, ipAddresses);
  } catch (error) {
    if (error instanceof CertgenError) throw new UsageError(`${options.origin(flag)}: ${error.message}`);
    throw error;
  }
}

/** A signal that is aborted when the time is up (0: never) or the program is told to stop. */
function abortOn(timeoutSeconds: number, runtime: Runtime): { signal: AbortSignal; cancel: () => void } {
  const controller = new AbortController();
  const timedOut = (): void =>
    controller.abort(
      new CertgenError(
        "timed-out",
        `No certificate within ${timeoutSeconds} s: the request is kept, and the next run goes on with it`,
      ),
    );
  const timer = timeoutSeconds > 0 ? setTimeout(timedOut, timeoutSeconds * 1000) : undefined;
  const forget = runtime.onStopSignal((name) =>
    controller.abort(
      new CertgenError("unavailable", `Interrupted by ${name}: the request is kept, and the next run goes on with it`),
    )
  );
  return {
    signal: controller.signal,
    cancel: () => {
      clearTimeout(timer);
      forget();
    },
  };
}

function summary({ certificate, keyFile, certificateFile, caFile }: IssuedPair): string {
  const names = certificate.extensions.subjectAltName?.map(formatGeneralName) ?? [];
  const lines: [string, string][] = [
    ["subject", certificate.subject.attributes.map(({ value }) => value).join(" / ")],
    ["names", names.join(", ")],
    ["serial", certificate.serialNumber],
    ["valid", `${certificate.notBefore.toISOString()} to ${certificate.notAfter.toISOString()}`],
    ["key", keyFile],
    ["certificate", certificateFile],
    ["CA", caFile],
  ];
  return lines.map(([label, value]) => `${label.padEnd(12)} ${printable(value)}\n`).join("");
}

function jsonSummary({ certificate, keyFile, certificateFile, caFile }: IssuedPair): string {
  // JSON.stringify leaves C1 controls and bidirectional characters as they are
  return printable(JSON.stringify({
    subject: Object.fromEntries(certificate.subject.attributes.map(({ type, value }) => [type, value])),
    names: certificate.extensions.subjectAltName ?? [],
    serialNumber: certificate.serialNumber,
    notBefore: certificate.notBefore,
    notAfter: certificate.notAfter,
    keyFile,
    certificateFile,
    caFile,
  })) + "\n";
}
