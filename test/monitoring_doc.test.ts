import { test } from "uvu";
import * as assert from "uvu/assert";
import { createAgentMetrics } from "../cli/agent_metrics.ts";
import { documentsOf, mapOf, mapsOf, textOf } from "./example_files.ts";

const text = textOf("docs/monitoring.md");

/** The metrics of an agent, with what each of their labels has been. */
async function metricsOf(): Promise<Map<string, { readonly type: string; readonly labels: readonly string[] }>> {
  const { text } = await createAgentMetrics({ version: "1.2.3", runtime: "node", certificates: ["a.crt"] });
  const exposition = await text();
  return new Map(
    [...exposition.matchAll(/^# TYPE (\S+) (\S+)\n\1\{(.*)\}/gm)].map(([, name = "", type = "", pairs = ""]) => {
      return [name, { type, labels: [...pairs.matchAll(/(\w+)="/g)].map(([, label = ""]) => label) }];
    }),
  );
}

const rules = [...text.matchAll(/^```yaml\n([\s\S]*?)^```$/gm)]
  .flatMap(([, block = ""]) => documentsOf(block))
  .flatMap(({ groups }) => mapsOf(groups))
  .flatMap((group) => mapsOf(group["rules"]));

test("the table has all metrics, with their type and their labels", async () => {
  const rows = [...text.matchAll(/^\| `(certgen_agent_\w+)` \| (\w+) \| (.*?) \|/gm)];
  const table = new Map(rows.map(([, name = "", type = "", labels = ""]) => {
    return [name, { type, labels: [...labels.matchAll(/`(\w+)`/g)].map(([, label = ""]) => label) }];
  }));
  const metrics = await metricsOf();
  assert.is(metrics.size, 9);
  assert.equal(table, metrics);
});

test("the alert rules are rules, and ask for metrics and states that there are", async () => {
  const metrics = await metricsOf();
  assert.is(rules.length, 8);
  assert.is(new Set(rules.map(({ alert }) => alert)).size, rules.length);
  for (const { alert, expr, labels, annotations, ...rest } of rules) {
    const name = String(alert);
    assert.match(name, /^Certgen[A-Za-z]+$/);
    assert.ok(Object.keys(rest).every((key) => key === "for"), name);
    assert.match(String(rest["for"] ?? "5m"), /^\d+[mh]$/);
    assert.match(String(mapOf(labels)["severity"]), /^(critical|warning)$/);
    assert.ok(String(mapOf(annotations)["summary"]).includes("$labels."), name);
    const asked = String(expr).match(/[a-z]+_[a-z_]+/g) ?? [];
    for (const metric of asked.filter((word) => word.startsWith("certgen"))) assert.ok(metrics.has(metric), metric);
    for (const [, states = ""] of String(expr).matchAll(/state=~?"([a-z|]+)"/g)) {
      for (const state of states.split("|")) assert.match(state, /^(fresh|due|expired|missing|broken)$/);
    }
  }
});

test("whatever somebody should be woken by is asked for", () => {
  const asked = rules.map(({ expr }) => String(expr)).join("\n");
  for (const part of ["forked", "certificate_state", "certificate_expiry", "certificate_renewal", "rollbacks"]) {
    assert.ok(asked.includes(`certgen_agent_${part}`), part);
  }
  assert.ok(asked.includes("certgen_agent_renewal_failures_total"));
});

test.run();
