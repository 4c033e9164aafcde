import type { Keeper, Tended } from "../src/agent/keeper.ts";
import { detectRuntime } from "../src/runtime/detect.ts";
import { printable } from "../src/text.ts";
import { agentSetupOf } from "./agent_config.ts";
import {
  CERTIFICATE_FLAGS,
  CHANGE_FLAGS,
  CONFIG_FLAG,
  PLACE_FLAGS,
  SIGNER_FLAGS,
  TEXTFILE_FLAG,
} from "./agent_flags.ts";
import { createAgentMetrics } from "./agent_metrics.ts";
import { columns } from "./columns.ts";
import { abortOn } from "./deadline.ts";
import { EXIT, exitCodeFor } from "./exit.ts";
import { type CommandDefinition, COMMON_FLAGS, OUTPUT_FLAG } from "./flag.ts";
import { commandLog } from "./log.ts";
import type { Options } from "./options.ts";
import { type Context, VERSION } from "./program.ts";
import { checkSetup, keepersOf } from "./reach.ts";
import { makeSafeAssets } from "./safe_assets.ts";
import { textfileWriter } from "./textfile.ts";

/** `certgen-agent renew`. */
export const definition: CommandDefinition = {
  program: "certgen-agent",
  name: "renew",
  description: "renew what is due, once, as a timer does",
  example: "certgen-agent renew --config /etc/certgen/agent.yaml",
  flags: [
    CONFIG_FLAG,
    {
      name: "force",
      value: "boolean",
      default: "false",
      placeholder: "BOOL",
      description: "renew what is not due as well, and at once after a failure",
    },
    {
      name: "timeout",
      value: "duration",
      default: "5m",
      placeholder: "DURATION",
      description: "give up after this long, with exit code 4; 0: never",
    },
    TEXTFILE_FLAG,
    ...CERTIFICATE_FLAGS,
    ...PLACE_FLAGS,
    ...SIGNER_FLAGS,
    ...CHANGE_FLAGS,
    OUTPUT_FLAG,
    ...COMMON_FLAGS,
  ],
};

/** Renews what is due. Each certificate by itself, as `run` does: one that fails, or waits for its approval, holds up no other. */
export async function run(options: Options, context: Context): Promise<number> {
  const log = commandLog(options, context);
  const runtime = await detectRuntime();
  const { env } = context;
  const setup = await agentSetupOf(options, runtime, { env, log });
  await checkSetup(setup);
  for (const { directory } of setup.certificates) await makeSafeAssets(runtime, directory);
  const textfile = options.text("textfile");
  const metrics = textfile === undefined ? undefined : await createAgentMetrics({
    version: VERSION,
    runtime: runtime.name,
    certificates: setup.certificates.map(({ directory, commonName }) => `${directory}/${commonName}.crt`),
  });
  const write = metrics && textfile !== undefined && textfileWriter(runtime.files, textfile, metrics, log);
  const keepers = keepersOf(runtime, { ...setup, env, log, events: metrics?.events ?? NOBODY });
  const deadline = abortOn(options.seconds("timeout") ?? 0, runtime);
  const [force, { signal }] = [options.isOn("force"), deadline];
  const ended = await Promise.allSettled(keepers.map(async (keeper) => {
    return resultOf(keeper, await keeper.tend({ force, asksCa: true, signal }));
  }));
  deadline.cancel();
  if (write) await write();
  const results = ended.flatMap((one) => one.status === "fulfilled" ? [one.value] : []);
  if (results.length > 0) context.stdout(options.text("output") === "json" ? jsonOf(results) : textOf(results));
  const failed = ended.find((one) => one.status === "rejected");
  if (failed !== undefined) throw failed.reason;
  return Math.max(...results.map(({ code }) => code), EXIT.done);
}

const NOBODY = { onLook: () => {}, onRenewed: () => {}, onFailure: () => {}, onRolledBack: () => {} };

/** What became of one certificate. */
interface Result {
  readonly certificate: string;
  readonly did: Tended["did"];
  readonly message: string;
  readonly nextAt: Date;
  readonly code: number;
}

function resultOf({ name }: Keeper, tended: Tended): Result {
  const { did, nextAt } = tended;
  const result = (message: string, code: number): Result => ({ certificate: name, did, message, nextAt, code });
  switch (tended.did) {
    case "nothing":
      return result(`nothing is due before ${nextAt.toISOString()}`, EXIT.done);
    case "changed": {
      const { serialNumber, notAfter } = tended.certificate;
      const what = tended.changed.join(", ");
      return result(`another ${what}: serial ${serialNumber}, until ${notAfter.toISOString()}`, EXIT.done);
    }
    case "waited": {
      const code = tended.code === undefined ? EXIT.done : exitCodeFor(tended.code);
      return result(`not before ${nextAt.toISOString()} (--force does it now): ${tended.because}`, code);
    }
    case "failed":
      return result(tended.error.message, exitCodeFor(tended.error.code));
  }
}

function textOf(results: readonly Result[]): string {
  return columns([["CERTIFICATE", "RESULT"], ...results.map(({ certificate, message }) => [certificate, message])]);
}

function jsonOf(results: readonly Result[]): string {
  const items = results.map(({ code: _, ...result }) => result);
  return `${printable(JSON.stringify({ certificates: items }))}\n`;
}
