/** How to start a TypeScript file on each runtime, for the test runner and for tests that start programs. */
import { existsSync, readdirSync } from "node:fs";
import process from "node:process";
import { fileURLToPath, pathToFileURL } from "node:url";

/** A runtime that certgen supports. */
export type RuntimeName = "node" | "deno" | "bun";

/** All of them, in the order they are tested. */
export const RUNTIMES: readonly RuntimeName[] = ["node", "deno", "bun"];

/** The checkout, with a slash at its end. */
export const ROOT: string = fileURLToPath(new URL("../", import.meta.url));

const MODULES = `${ROOT}node_modules/`;

/** A command and the arguments that come before the file. */
export interface RuntimeCommand {
  readonly command: string;
  readonly args: readonly string[];
}

/** The runtime of this process. */
export function currentRuntime(): RuntimeName {
  if ("Deno" in globalThis) return "deno";
  return "Bun" in globalThis ? "bun" : "node";
}

/**
 * How to run a `.ts` file, from any working directory. Signals reach the program and its exit code comes back, since
 * nothing wraps it (npx, npm run and a runtime's own shim in node_modules/.bin would).
 */
export function runtimeCommand(name: RuntimeName): RuntimeCommand {
  const command = binary(name);
  // absolute, since Node looks the loader up from the working directory, and Deno its configuration from the file
  if (name === "node") return { command, args: ["--import", pathToFileURL(`${MODULES}tsx/dist/loader.mjs`).href] };
  if (name === "deno") {
    // the very packages that Node and Bun run with, and nothing to download; without them Deno fetches its own
    const modules = existsSync(MODULES) ? ["--node-modules-dir=manual"] : [];
    return { command, args: ["run", "-A", "--no-check", "--config", `${ROOT}deno.json`, ...modules] };
  }
  return { command, args: [] };
}

/** Override, this very runtime, the package with the executable for this platform, node_modules/.bin, PATH. */
function binary(name: RuntimeName): string {
  const override = process.env[`${name.toUpperCase()}_BIN`];
  if (override) return override;
  if (currentRuntime() === name) return process.execPath;
  const found = candidates(name).find((path) => existsSync(path));
  return found ?? name;
}

function candidates(name: RuntimeName): string[] {
  if (name === "node") return [];
  // npm unpacks these even where install scripts are off; bun's install script moves its executable to .bin's target
  const platforms = name === "deno"
    ? names(`${MODULES}@deno`).map((folder) => `${MODULES}@deno/${folder}/deno`)
    : names(`${MODULES}@oven`).map((folder) => `${MODULES}@oven/${folder}/bin/bun`);
  return [...platforms, `${MODULES}.bin/${name}`];
}

function names(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder).sort() : [];
}
