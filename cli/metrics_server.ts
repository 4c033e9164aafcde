import { messageOf } from "../src/errors.ts";
import type { Handler, Log, Runtime, Server } from "../src/ports.ts";
import { type Address, formatAddress } from "../src/address.ts";
import type { AgentMetrics } from "./agent_metrics.ts";

const TEXT = "text/plain; charset=utf-8";
/** Prometheus' text format, as its documentation writes it. */
const EXPOSITION = "text/plain; version=0.0.4; charset=utf-8";

/**
 * Serves metrics and health over plain HTTP: nothing of it is a secret, and nothing is taken.
 *
 * @param address port 0 picks a free one; without a host, all addresses of this machine
 * @param healthy what `/healthz` answers: 200, or 503
 */
export async function serveMetrics(
  runtime: Pick<Runtime, "serve">,
  address: Address,
  metrics: Pick<AgentMetrics, "text">,
  healthy: () => boolean,
  log: Log,
): Promise<Server> {
  const hostname = address.host === "" ? "0.0.0.0" : address.host;
  const server = await runtime.serve({
    hostname,
    port: address.port,
    handler: handlerOf(metrics, healthy),
    onError: (error) => log("debug", "connection failed", { because: messageOf(error) }),
  });
  log("info", "serving metrics", { address: formatAddress({ host: hostname, port: server.port }) });
  return server;
}

function handlerOf(metrics: Pick<AgentMetrics, "text">, healthy: () => boolean): Handler {
  return async ({ method, url }) => {
    const { pathname } = new URL(url);
    if (pathname !== "/metrics" && pathname !== "/healthz") return answer("not found\n", 404);
    if (method !== "GET") return answer("method not allowed\n", 405, TEXT, { allow: "GET" });
    if (pathname === "/metrics") return answer(await metrics.text(), 200, EXPOSITION);
    return healthy() ? answer("ok\n", 200) : answer("not healthy\n", 503);
  };
}

function answer(body: string, status: number, type = TEXT, more: Readonly<Record<string, string>> = {}): Response {
  const headers = { "content-type": type, "cache-control": "no-store", "x-content-type-options": "nosniff", ...more };
  return new Response(body, { status, headers });
}
