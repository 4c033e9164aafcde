import type { Counter, Gauge } from "prom-client";
import type { AgentEvents, CertificateState } from "../src/agent/events.ts";
import type { ErrorCode } from "../src/errors.ts";
import type { Runtime } from "../src/ports.ts";

/** What is counted about an agent's certificates. */
export interface AgentMetrics {
  /** Takes what happens. */
  readonly events: AgentEvents;
  /** All of it in Prometheus' text format, 0.0.4. */
  readonly text: () => Promise<string>;
}

/** What metrics are about. */
export interface AgentMetricsOptions {
  /** Of this program. */
  readonly version: string;
  readonly runtime: Runtime["name"];
  /** Paths of the certificates: their series are there, with 0, before anything happened to them. */
  readonly certificates: readonly string[];
}

const STATES: readonly CertificateState[] = ["fresh", "due", "expired", "missing", "broken"];

/** Failures that are expected: to Prometheus, a counter that begins with 1 has not grown. Others begin when they happen. */
const CODES: readonly (ErrorCode | "forked")[] = [
  "denied",
  "forbidden",
  "forked",
  "invalid-certificate",
  "io",
  "rejected",
  "timed-out",
  "too-many-requests",
  "unauthorized",
  "unavailable",
];

/** Metrics of an agent; prom-client is loaded here, so that commands without metrics do not pay for it. */
export async function createAgentMetrics(options: AgentMetricsOptions): Promise<AgentMetrics> {
  const { Counter, Gauge, Registry } = await import("prom-client");
  const registry = new Registry();
  const registers = [registry];
  const gauge = (name: string, help: string, ...more: string[]): Gauge =>
    new Gauge({ name: `certgen_agent_${name}`, help, labelNames: ["certificate", ...more], registers });
  const counter = (name: string, help: string, ...more: string[]): Counter =>
    new Counter({ name: `certgen_agent_${name}`, help, labelNames: ["certificate", ...more], registers });

  const expiry = gauge(
    "certificate_expiry_timestamp_seconds",
    "When the certificate on disk expires; 0: there is none.",
  );
  const renewal = gauge("certificate_renewal_timestamp_seconds", "When it is to be renewed; 0: there is none.");
  const states = gauge("certificate_state", "Whether the certificate on disk is in this state.", "state");
  const renewals = counter("renewals_total", "Certificates that were put in place and found to work.");
  const failures = counter("renewal_failures_total", "Renewals that failed, by the code of the failure.", "code");
  const rollbacks = counter("rollbacks_total", "Times that the last good pair was put back.");
  const success = gauge("last_success_timestamp_seconds", "The last renewal since the agent started; 0: none.");
  const forked = gauge("forked", "Whether somebody else has renewed with the certificate's key.");
  new Gauge({
    name: "certgen_agent_build_info",
    help: "The agent's version and what it runs on; always 1.",
    labelNames: ["version", "runtime"],
    registers,
  }).set({ version: options.version, runtime: options.runtime }, 1);

  const setState = (certificate: string, present: CertificateState | undefined): void => {
    for (const state of STATES) states.set({ certificate, state }, state === present ? 1 : 0);
  };
  for (const certificate of options.certificates) {
    for (const gauge of [expiry, renewal, success, forked]) gauge.set({ certificate }, 0);
    for (const counter of [renewals, rollbacks]) counter.inc({ certificate }, 0);
    for (const code of CODES) failures.inc({ certificate, code }, 0);
    setState(certificate, undefined);
  }
  const events: AgentEvents = {
    onLook: (certificate, { notAfter, renewAt, state }) => {
      expiry.set({ certificate }, secondsOf(notAfter));
      renewal.set({ certificate }, secondsOf(renewAt));
      setState(certificate, state);
    },
    onRenewed: (certificate, at) => {
      renewals.inc({ certificate });
      success.set({ certificate }, secondsOf(at));
      forked.set({ certificate }, 0);
    },
    onFailure: (certificate, code) => {
      failures.inc({ certificate, code });
      if (code === "forked") forked.set({ certificate }, 1);
    },
    onRolledBack: (certificate) => rollbacks.inc({ certificate }),
  };
  return { events, text: () => registry.metrics() };
}

function secondsOf(moment: Date | undefined): number {
  return moment === undefined ? 0 : moment.getTime() / 1000;
}
