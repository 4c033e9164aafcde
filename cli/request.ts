import { type IssuedPair, requestCertificate } from "../src/agent/agent.ts";
import { detectRuntime } from "../src/runtime/detect.ts";
import { printable } from "../src/text.ts";
import { formatGeneralName } from "../src/x509/general_name.ts";
import { agentSetupOf } from "./agent_config.ts";
import { CERTIFICATE_FLAGS, PLACE_FLAGS, SIGNER_FLAGS } from "./agent_flags.ts";
import { abortOn } from "./deadline.ts";
import { EXIT } from "./exit.ts";
import { type CommandDefinition, COMMON_FLAGS, OUTPUT_FLAG } from "./flag.ts";
import { commandLog } from "./log.ts";
import type { Options } from "./options.ts";
import type { Context } from "./program.ts";
import { reachBy } from "./reach.ts";
import { makeSafeAssets } from "./safe_assets.ts";

/** `certgen-agent request`. */
export const definition: CommandDefinition = {
  program: "certgen-agent",
  name: "request",
  description: "make a key, have its certificate signed and keep both on disk",
  example:
    "certgen-agent request --commonname system:etcd-peer:etcd1 --dnsnames etcd1 --ipaddrs 10.8.89.9 --address signer:6443 --cacrt ca.crt",
  flags: [
    ...CERTIFICATE_FLAGS,
    ...PLACE_FLAGS,
    ...SIGNER_FLAGS,
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
  const { certificates: [certificate], target: readTarget } = await agentSetupOf(options, runtime, {
    env: context.env,
    log,
  });
  if (certificate === undefined) throw new TypeError("flags name one certificate");
  const target = await readTarget();
  const connection = runtime.connect({ ca: target.ca, ...target.client && { client: target.client } });
  const deadline = abortOn(options.seconds("timeout") ?? 0, runtime);
  try {
    await makeSafeAssets(runtime, certificate.directory);
    const pair = await requestCertificate({
      ...certificate,
      ...reachBy(target, connection),
      user: runtime.userId(),
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
