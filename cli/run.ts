import type { AgentEvents, CertificateState } from "../src/agent/events.ts";
import { keepFresh } from "../src/agent/keep_fresh.ts";
import { formatAddress, parseAddress } from "../src/address.ts";
import { systemNow } from "../src/clock.ts";
import type { Server } from "../src/ports.ts";
import { detectRuntime } from "../src/runtime/detect.ts";
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
import { EXIT, UsageError } from "./exit.ts";
import { type CommandDefinition, COMMON_FLAGS } from "./flag.ts";
import { commandLog } from "./log.ts";
import { serveMetrics } from "./metrics_server.ts";
import type { Options } from "./options.ts";
import { type Context, VERSION } from "./program.ts";
import { checkSetup, keepersOf } from "./reach.ts";
import { makeSafeAssets } from "./safe_assets.ts";
import { createServiceNotifier, type ServiceNotifier } from "./service_notify.ts";
import { textfileWriter } from "./textfile.ts";

/** `certgen-agent run`. */
export const definition: CommandDefinition = {
  program: "certgen-agent",
  name: "run",
  description: "keep certificates fresh until told to stop",
  example: "certgen-agent run --config /etc/certgen/agent.yaml --metrics-address 127.0.0.1:9480",
  flags: [
    CONFIG_FLAG,
    {
      name: "metrics-address",
      value: "string",
      defaultWords: "none",
      placeholder: "HOST:PORT",
      description: "where to answer /metrics and /healthz over plain HTTP; port 0 picks a free one",
    },
    TEXTFILE_FLAG,
    ...CERTIFICATE_FLAGS,
    ...PLACE_FLAGS,
    ...SIGNER_FLAGS,
    ...CHANGE_FLAGS,
    ...COMMON_FLAGS,
  ],
};

/** One try to renew takes no longer; then the files are looked at again. */
const PATIENCE_SECONDS = 60;
/** A signer that makes wait takes so long at most, and then hook and check of each certificate: who was not seen for longer hangs. */
const WAIT_SECONDS = 500;
const HOOK_SECONDS = 400;

/** Keeps them fresh. */
export async function run(options: Options, context: Context): Promise<number> {
  const log = commandLog(options, context);
  const metricsAddress = addressOf(options);
  const runtime = await detectRuntime();
  const { env } = context;
  const setup = await agentSetupOf(options, runtime, { env, log });
  await checkSetup(setup);
  for (const { directory } of setup.certificates) await makeSafeAssets(runtime, directory);
  const certificates = setup.certificates.map(({ directory, commonName }) => `${directory}/${commonName}.crt`);
  const metrics = await createAgentMetrics({ version: VERSION, runtime: runtime.name, certificates });
  const textfile = options.text("textfile");
  const write = textfile === undefined
    ? () => Promise.resolve()
    : textfileWriter(runtime.files, textfile, metrics, log);
  const notifier = createServiceNotifier(runtime, env, log);
  const watch = new Watch(certificates, metrics.events);
  const keepers = keepersOf(runtime, { ...setup, env, log, events: watch, patienceSeconds: PATIENCE_SECONDS });
  const stop = new AbortController();
  const forget = runtime.onStopSignal((signal) => {
    log("info", "stopping", { signal });
    stop.abort(new Error(signal));
  });
  let server: Server | undefined;
  try {
    if (metricsAddress !== undefined) {
      server = await serveMetrics(runtime, metricsAddress, metrics, () => watch.isHealthy(), log);
    }
    log("info", "keeping certificates fresh", { certificates, runtime: runtime.name });
    const beat = heartbeat(notifier, watch, runtime.sleep, stop.signal);
    await keepFresh(keepers, {
      sleep: runtime.sleep,
      now: systemNow,
      signal: stop.signal,
      onLook: () => {
        void write();
        if (watch.isFirstTimeComplete()) void notifier.ready();
        void notifier.status(watch.inWords());
      },
    });
    await beat;
    return EXIT.done;
  } finally {
    stop.abort();
    forget();
    await notifier.stopping();
    await write();
    await server?.stop(1);
  }
}

/** How the certificates were at the last look at each. */
class Watch implements AgentEvents {
  readonly #seen = new Map<string, { state: CertificateState; at: number }>();
  readonly #names: readonly string[];
  readonly #next: AgentEvents;
  #isComplete = false;

  constructor(names: readonly string[], next: AgentEvents) {
    this.#names = names;
    this.#next = next;
  }

  onLook: AgentEvents["onLook"] = (name, look) => {
    this.#seen.set(name, { state: look.state, at: performance.now() });
    this.#next.onLook(name, look);
  };
  onRenewed: AgentEvents["onRenewed"] = (name, at) => this.#next.onRenewed(name, at);
  onFailure: AgentEvents["onFailure"] = (name, code, at) => this.#next.onFailure(name, code, at);
  onRolledBack: AgentEvents["onRolledBack"] = (name, at) => this.#next.onRolledBack(name, at);

  /** Whether there is a certificate that can be used under each name. */
  isHealthy(): boolean {
    return this.#names.every((name) => ["fresh", "due"].includes(this.#seen.get(name)?.state ?? ""));
  }

  /** Whether each of them was looked at not long ago. */
  isAlive(): boolean {
    const since = performance.now() - (WAIT_SECONDS + HOOK_SECONDS * this.#names.length) * 1000;
    return this.#names.every((name) => (this.#seen.get(name)?.at ?? performance.now()) > since);
  }

  /** True once, as soon as all are there. */
  isFirstTimeComplete(): boolean {
    const isFirst = !this.#isComplete && this.isHealthy();
    this.#isComplete ||= isFirst;
    return isFirst;
  }

  inWords(): string {
    const states = this.#names.map((name) => this.#seen.get(name)?.state ?? "not seen yet");
    return [...new Set(states)].map((state) => `${states.filter((one) => one === state).length} ${state}`).join(", ");
  }
}

async function heartbeat(
  notifier: ServiceNotifier,
  watch: Watch,
  sleep: (seconds: number, signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const { watchdogSeconds } = notifier;
  if (watchdogSeconds === undefined) return;
  try {
    while (!signal.aborted) {
      if (watch.isAlive()) await notifier.alive();
      await sleep(watchdogSeconds / 3, signal);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

function addressOf(options: Options): ReturnType<typeof parseAddress> {
  const text = options.text("metrics-address");
  if (text === undefined) return undefined;
  const address = parseAddress(text);
  if (address !== undefined) return address;
  throw new UsageError(
    `Cannot use ${options.origin("metrics-address")} ${JSON.stringify(text)}: it takes HOST:PORT, as ${
      formatAddress({ host: "127.0.0.1", port: 9480 })
    }`,
  );
}
