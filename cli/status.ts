import { type CertificateStatus, statusOf } from "../src/agent/status.ts";
import type { CertificateState } from "../src/agent/events.ts";
import { systemNow } from "../src/clock.ts";
import { secureRandom } from "../src/random.ts";
import { detectRuntime } from "../src/runtime/detect.ts";
import { printable } from "../src/text.ts";
import { agentSetupOf } from "./agent_config.ts";
import { CERTIFICATE_FLAGS, CONFIG_FLAG, PLACE_FLAGS } from "./agent_flags.ts";
import { columns } from "./columns.ts";
import { EXIT } from "./exit.ts";
import { type CommandDefinition, COMMON_FLAGS, OUTPUT_FLAG } from "./flag.ts";
import { commandLog } from "./log.ts";
import type { Options } from "./options.ts";
import type { Context } from "./program.ts";
import { distanceOf, NONE } from "./request_text.ts";

/** `certgen-agent status`. */
export const definition: CommandDefinition = {
  program: "certgen-agent",
  name: "status",
  description:
    "say which certificates there are and what is due; exit code 0 fresh, 10 due, 11 expired or missing, 1 broken",
  example: "certgen-agent status --config /etc/certgen/agent.yaml",
  flags: [CONFIG_FLAG, ...CERTIFICATE_FLAGS, ...PLACE_FLAGS, OUTPUT_FLAG, ...COMMON_FLAGS],
};

/** The worst of several is what the exit code says, in this order. */
const CODES: readonly (readonly [state: CertificateState, code: number])[] = [
  ["broken", EXIT.failed],
  ["missing", EXIT.missing],
  ["expired", EXIT.missing],
  ["due", EXIT.due],
];

/** Looks at the certificates on disk; nobody is asked, and nothing is changed. */
export async function run(options: Options, context: Context): Promise<number> {
  const log = commandLog(options, context);
  const runtime = await detectRuntime();
  const { certificates } = await agentSetupOf(options, runtime, { env: context.env, log });
  const ports = { files: runtime.files, now: systemNow, random: secureRandom, user: runtime.userId() };
  const found: CertificateStatus[] = [];
  for (const certificate of certificates) found.push(await statusOf(certificate, ports));
  context.stdout(options.text("output") === "json" ? jsonOf(found) : textOf(found, systemNow()));
  return CODES.find(([state]) => found.some((one) => one.state === state))?.[1] ?? EXIT.done;
}

function textOf(found: readonly CertificateStatus[], now: Date): string {
  const rows = found.map(({ certificateFile, state, certificate, renewAt, ...more }) => [
    certificateFile,
    state,
    certificate?.serialNumber ?? NONE,
    certificate === undefined ? NONE : distanceOf(certificate.notAfter, now),
    renewAt === undefined ? NONE : distanceOf(renewAt, now),
    noteOf(state, more),
  ]);
  return columns([["CERTIFICATE", "STATE", "SERIAL", "EXPIRES", "RENEWAL", "NOTE"], ...rows]);
}

function noteOf(
  state: CertificateState,
  { reason, failure, isPending }: Pick<CertificateStatus, "reason" | "failure" | "isPending">,
): string {
  const notes = [
    ...reason === "" ? [] : [reason],
    ...isPending ? ["its hook and check have still to run"] : [],
    ...failure === undefined || state === "fresh" && !isPending
      ? []
      : [`failed ${failure.count} times, last ${failure.at.toISOString()} (${failure.code}): ${failure.message}`],
  ];
  return notes.join("; ");
}

function jsonOf(found: readonly CertificateStatus[]): string {
  const certificates = found.map(({ certificate, renewAt, failure, ...status }) => ({
    ...status,
    ...certificate && {
      serialNumber: certificate.serialNumber,
      notBefore: certificate.notBefore,
      notAfter: certificate.notAfter,
      names: certificate.extensions.subjectAltName ?? [],
    },
    ...renewAt && { renewAt },
    ...failure && { failure },
  }));
  return `${printable(JSON.stringify({ certificates }))}\n`;
}
