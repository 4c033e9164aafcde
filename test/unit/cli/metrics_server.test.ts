import { test } from "uvu";
import * as assert from "uvu/assert";
import { createAgentMetrics } from "../../../cli/agent_metrics.ts";
import { serveMetrics } from "../../../cli/metrics_server.ts";
import { detectRuntime } from "../../../src/runtime/detect.ts";
import { fakeRuntime } from "../../command.ts";
import { fakeLog, type LogLine } from "../../fakes.ts";

interface Served {
  readonly ask: (path: string, method?: string) => Promise<Response>;
  readonly lines: LogLine[];
  readonly port: number;
}

/** Metrics on a free port of this machine. */
async function serving(
  use: (served: Served) => Promise<void>,
  text: () => Promise<string> = () => Promise.resolve("a 1\n"),
  healthy: () => boolean = () => true,
): Promise<void> {
  const { log, lines } = fakeLog();
  const address = { host: "127.0.0.1", port: 0 };
  const server = await serveMetrics(await detectRuntime(), address, { text }, healthy, log);
  const ask = (path: string, method = "GET"): Promise<Response> =>
    fetch(`http://127.0.0.1:${server.port}${path}`, { method, signal: AbortSignal.timeout(10_000) });
  try {
    await use({ ask, lines, port: server.port });
  } finally {
    await server.stop(0);
  }
}

test("/metrics is Prometheus' text format, as it is at the moment", async () => {
  const { events, text } = await createAgentMetrics({ version: "1.2.3", runtime: "node", certificates: ["a.crt"] });
  await serving(async ({ ask }) => {
    const first = await ask("/metrics");
    assert.is(first.status, 200);
    assert.is(first.headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    assert.match(await first.text(), /^certgen_agent_renewals_total\{certificate="a.crt"\} 0$/m);
    events.onRenewed("a.crt", new Date(0));
    const second = await ask("/metrics?x=1");
    assert.match(await second.text(), /^certgen_agent_renewals_total\{certificate="a.crt"\} 1$/m);
  }, text);
});

test("/healthz says how it is at the moment", async () => {
  let isWell = true;
  await serving(
    async ({ ask }) => {
      const well = await ask("/healthz");
      assert.equal([well.status, await well.text()], [200, "ok\n"]);
      isWell = false;
      const ill = await ask("/healthz");
      assert.equal([ill.status, await ill.text()], [503, "not healthy\n"]);
    },
    undefined,
    () => isWell,
  );
});

test("nothing else is there, and nothing is taken", async () => {
  await serving(async ({ ask }) => {
    for (const path of ["/", "/metrics/", "/metricsx", "/healthz/a", "/%6detrics"]) {
      const { status, body } = await ask(path);
      await body?.cancel();
      assert.is(status, 404, path);
    }
    for (const method of ["POST", "PUT", "DELETE", "HEAD", "OPTIONS"]) {
      const answer = await ask("/metrics", method);
      await answer.body?.cancel();
      assert.equal([answer.status, answer.headers.get("allow")], [405, "GET"], method);
    }
  });
});

test("metrics that fail are an answer that says nothing, and the next one is good", async () => {
  let isBroken = true;
  const text = (): Promise<string> => isBroken ? Promise.reject(new Error("secret")) : Promise.resolve("a 1\n");
  await serving(async ({ ask, lines }) => {
    const broken = await ask("/metrics");
    assert.is(broken.status, 500);
    assert.not.match(await broken.text(), /secret/);
    assert.ok(lines.some(({ level, facts }) => level === "debug" && facts["because"] === "secret"));
    isBroken = false;
    const good = await ask("/metrics");
    assert.equal([good.status, await good.text()], [200, "a 1\n"]);
  }, text);
});

test("where it listens is logged, with the port that was picked", async () => {
  await serving(({ lines, port }) => {
    assert.ok(port > 0);
    assert.equal(lines, [{ level: "info", message: "serving metrics", facts: { address: `127.0.0.1:${port}` } }]);
    return Promise.resolve();
  });
});

test("without a host it is every address; TLS is not used", async () => {
  const { runtime, served } = fakeRuntime();
  const text = (): Promise<string> => Promise.resolve("");
  for (const host of ["", "::1"]) await serveMetrics(runtime, { host, port: 9480 }, { text }, () => true, () => {});
  assert.equal(served.map(({ hostname, port, tls }) => [hostname, port, tls]), [
    ["0.0.0.0", 9480, undefined],
    ["::1", 9480, undefined],
  ]);
});

test.run();
