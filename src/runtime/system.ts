import { hostname, networkInterfaces } from "node:os";
import process from "node:process";
import type { Runtime } from "../ports.ts";

/** 169.254.0.0/16 (RFC 3927) and fe80::/10 (RFC 4291 §2.5.6): good on one link only, so of no use in a certificate. */
const LINK_LOCAL = /^(?:169\.254\.|fe[89ab][0-9a-f]:)/i;

/** This host's name in lower case, and its addresses in the system's order, each once, none of them loopback. */
export function host(): ReturnType<Runtime["host"]> {
  const addresses = new Set<string>();
  for (const own of Object.values(networkInterfaces())) {
    for (const { address, internal } of own ?? []) {
      if (!internal && !LINK_LOCAL.test(address)) addresses.add(address);
    }
  }
  return { name: hostname().toLowerCase(), addresses: [...addresses] };
}

/** Numeric id of the user this process runs as; `undefined` on Windows. */
export function userId(): number | undefined {
  return process.getuid?.();
}

/** Calls the handler at the first SIGTERM or SIGINT; a second one then ends the process, as without a handler. */
export function onStopSignal(handler: (signal: "SIGTERM" | "SIGINT") => void): () => void {
  const stop = (): void => {
    process.off("SIGTERM", terminated);
    process.off("SIGINT", interrupted);
  };
  const terminated = (): void => {
    stop();
    handler("SIGTERM");
  };
  const interrupted = (): void => {
    stop();
    handler("SIGINT");
  };
  process.on("SIGTERM", terminated);
  process.on("SIGINT", interrupted);
  return stop;
}
