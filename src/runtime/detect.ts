import type { Runtime } from "../ports.ts";

/** The runtime this program runs on; the adapters of the others are not loaded. */
export async function detectRuntime(): Promise<Runtime> {
  // both of them also have `process`, so Node is what is left
  if ("Bun" in globalThis) return (await import("./bun.ts")).bun;
  if ("Deno" in globalThis) return (await import("./deno.ts")).deno;
  return (await import("./node.ts")).node;
}
