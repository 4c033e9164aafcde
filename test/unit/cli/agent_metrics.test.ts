import { test } from "uvu";
import * as assert from "uvu/assert";
import { type AgentMetrics, createAgentMetrics } from "../../../cli/agent_metrics.ts";
import { MOMENT } from "../../fakes.ts";

const NAME = "/etc/etcd/pki/system:etcd-peer:etcd1.crt";
const NOW = new Date(MOMENT);
const SECONDS = String(NOW.getTime() / 1000);
const EXPIRY = new Date("2026-03-02T12:00:00Z");

async function metricsOf(...certificates: string[]): Promise<AgentMetrics> {
  return await createAgentMetrics({ version: "1.2.3", runtime: "node", certificates });
}

/** The samples of a metric: what stands in its braces, and its value. */
function samples(text: string, metric: string): Record<string, string> {
  const lines = text.split("\n").filter((line) => line.startsWith(`certgen_agent_${metric}{`));
  return Object.fromEntries(lines.map((line) => {
    const end = line.lastIndexOf("} ");
    return [line.slice(line.indexOf("{") + 1, end), line.slice(end + 2)];
  }));
}

const only = (value: string): Record<string, string> => ({ [`certificate="${NAME}"`]: value });

/** The states that a certificate is in. */
function statesOf(text: string): string[] {
  const states = Object.entries(samples(text, "certificate_state"));
  assert.is(states.length, 5);
  return states.flatMap(([labels, value]) => value === "1" ? [/state="([a-z]+)"/.exec(labels)?.[1] ?? ""] : []);
}

test("every series of every certificate is there with 0 before anything happened", async () => {
  const text = await (await metricsOf(NAME, "b.crt")).text();
  const plain = [
    "certificate_expiry_timestamp_seconds",
    "certificate_renewal_timestamp_seconds",
    "renewals_total",
    "rollbacks_total",
    "last_success_timestamp_seconds",
    "forked",
  ];
  for (const metric of plain) assert.equal(samples(text, metric), { ...only("0"), 'certificate="b.crt"': "0" }, metric);
  const failures = samples(text, "renewal_failures_total");
  for (const code of ["denied", "forked", "invalid-certificate", "io", "timed-out", "unauthorized", "unavailable"]) {
    assert.is(failures[`certificate="${NAME}",code="${code}"`], "0", code);
    assert.is(failures[`certificate="b.crt",code="${code}"`], "0", code);
  }
  const states = samples(text, "certificate_state");
  assert.is(Object.keys(states).length, 10);
  assert.ok(Object.values(states).every((value) => value === "0"));
  assert.equal(samples(text, "build_info"), { 'version="1.2.3",runtime="node"': "1" });
});

test("each metric has its help and its type", async () => {
  const text = await (await metricsOf()).text();
  const types = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = "", type = ""]) => [name, type] as const);
  assert.is(types.length, 9);
  for (const [name, type] of types) {
    assert.match(name, /^certgen_agent_[a-z_]+$/);
    assert.is(type, name.endsWith("_total") ? "counter" : "gauge", name);
    assert.ok(text.includes(`# HELP ${name} `), name);
  }
});

test("onLook shows what is on disk, and one state at a time", async () => {
  const { events, text } = await metricsOf(NAME);
  events.onLook(NAME, { notAfter: EXPIRY, renewAt: NOW, state: "fresh" });
  const fresh = await text();
  assert.equal(samples(fresh, "certificate_expiry_timestamp_seconds"), only(String(EXPIRY.getTime() / 1000)));
  assert.equal(samples(fresh, "certificate_renewal_timestamp_seconds"), only(SECONDS));
  assert.equal(statesOf(fresh), ["fresh"]);
  for (const state of ["due", "expired", "broken"] as const) {
    events.onLook(NAME, { notAfter: EXPIRY, renewAt: NOW, state });
    assert.equal(statesOf(await text()), [state]);
  }
  events.onLook(NAME, { notAfter: undefined, renewAt: undefined, state: "missing" });
  const missing = await text();
  assert.equal(statesOf(missing), ["missing"]);
  assert.equal(samples(missing, "certificate_expiry_timestamp_seconds"), only("0"));
  assert.equal(samples(missing, "certificate_renewal_timestamp_seconds"), only("0"));
});

test("renewals, failures by code and roll-backs are counted", async () => {
  const { events, text } = await metricsOf(NAME);
  events.onRenewed(NAME, EXPIRY);
  events.onRenewed(NAME, NOW);
  events.onFailure(NAME, "unavailable", NOW);
  events.onFailure(NAME, "unavailable", NOW);
  events.onFailure(NAME, "malformed-pem", NOW);
  events.onRolledBack(NAME, NOW);
  const now = await text();
  assert.equal(samples(now, "renewals_total"), only("2"));
  assert.equal(samples(now, "rollbacks_total"), only("1"));
  assert.equal(samples(now, "last_success_timestamp_seconds"), only(SECONDS));
  const failures = samples(now, "renewal_failures_total");
  assert.is(failures[`certificate="${NAME}",code="unavailable"`], "2");
  assert.is(failures[`certificate="${NAME}",code="malformed-pem"`], "1");
  assert.is(failures[`certificate="${NAME}",code="denied"`], "0");
});

test("forked stays until a renewal succeeds", async () => {
  const { events, text } = await metricsOf(NAME);
  const forked = async (): Promise<unknown> => samples(await text(), "forked");
  events.onFailure(NAME, "forked", NOW);
  assert.equal(await forked(), only("1"));
  events.onFailure(NAME, "unavailable", NOW);
  events.onLook(NAME, { notAfter: EXPIRY, renewAt: NOW, state: "due" });
  assert.equal(await forked(), only("1"));
  events.onRenewed(NAME, NOW);
  assert.equal(await forked(), only("0"));
  assert.is(samples(await text(), "renewal_failures_total")[`certificate="${NAME}",code="forked"`], "1");
});

test("what a path holds cannot begin a line or end a label", async () => {
  const { events, text } = await metricsOf('a"\\\ncertgen_agent_forked 1\n{}.crt');
  events.onRenewed('a"\\\ncertgen_agent_forked 1\n{}.crt', NOW);
  const now = await text();
  assert.ok(now.includes('certgen_agent_renewals_total{certificate="a\\"\\\\\\ncertgen_agent_forked 1\\n{}.crt"} 1\n'));
  for (const line of now.split("\n")) assert.match(line, /^(#.*|certgen_agent_[a-z_]+\{.*\} [\d.e+]+|)$/);
});

test("two agents in one process count apart", async () => {
  const [first, second] = [await metricsOf(NAME), await metricsOf(NAME)];
  first.events.onRenewed(NAME, NOW);
  assert.equal(samples(await first.text(), "renewals_total"), only("1"));
  assert.equal(samples(await second.text(), "renewals_total"), only("0"));
});

test.run();
