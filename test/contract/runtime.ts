import type { Runtime } from "../../src/ports.ts";
import { connectContract } from "./runtime_connect.ts";
import { filesContract } from "./runtime_files.ts";
import { hostileClientContract } from "./runtime_hostile.ts";
import { linksContract } from "./runtime_links.ts";
import { serveContract } from "./runtime_serve.ts";
import { streamContract } from "./runtime_stream.ts";
import { systemContract } from "./runtime_system.ts";

/**
 * What every {@link Runtime} must do: one suite for each of its parts. Those of `execute` and `peerCertificate` have a test
 * file of their own, since a program that is killed takes its time.
 */
export function runtimeContract(name: string, runtime: Runtime): void {
  filesContract(`${name} files`, runtime.files);
  linksContract(`${name} links and owners`, runtime.files);
  systemContract(`${name} system`, runtime);
  serveContract(`${name} serve`, runtime);
  hostileClientContract(`${name} serve, hostile clients`, runtime);
  connectContract(`${name} connect`, runtime);
  streamContract(`${name} connect, streams`, runtime);
}
