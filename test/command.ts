/** A command run in this process, and a runtime that is none. */
import { parseCommand } from "../cli/options.ts";
import type { Options } from "../cli/options.ts";
import type { CommandDefinition } from "../cli/flag.ts";
import { type Command, runProgram } from "../cli/program.ts";
import type { Runtime, ServeOptions } from "../src/ports.ts";
import { fakeSleep } from "./fakes.ts";
import { MemoryFiles } from "./memory_files.ts";

/** How a command went. */
export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs `argv` of a program that has one command.
 *
 * @param onStdout is told each answer as it is written, and may close the output
 */
export async function runCommand(
  command: Command,
  argv: readonly string[],
  env: Readonly<Record<string, string>> = {},
  onStdout: (text: string, close: () => void) => void = () => {},
): Promise<Outcome> {
  let [stdout, stderr] = ["", ""];
  const closed = new AbortController();
  const { name, description, program } = command.definition;
  const context = {
    argv: [name, ...argv],
    env,
    stdout: (text: string) => {
      stdout += text;
      onStdout(text, () => closed.abort());
    },
    stderr: (text: string) => void (stderr += text),
    isTerminal: false,
    noColor: true,
    outputClosed: closed.signal,
  };
  const entry = { name, description, load: () => Promise.resolve(command) };
  const code = await runProgram(program, "0.0.0", [entry], context);
  return { code, stdout, stderr };
}

/** The options of a command line. */
export function optionsOf(
  definition: CommandDefinition,
  argv: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Options {
  return parseCommand(definition, argv, env);
}

/** A runtime in memory, and what was asked of it. */
export interface FakeRuntime {
  readonly runtime: Runtime & { readonly files: MemoryFiles };
  readonly files: MemoryFiles;
  /** What it was told to serve, in order. */
  readonly served: ServeOptions[];
  /** What its servers were told to do: `reload 2`, `stop`. */
  readonly events: string[];
}

/** Makes one; its user is the owner of all files in memory. */
export function fakeRuntime(change: Partial<Runtime> = {}): FakeRuntime {
  const files = new MemoryFiles();
  const served: ServeOptions[] = [];
  const events: string[] = [];
  const runtime: Runtime & { readonly files: MemoryFiles } = {
    name: "node",
    serve: (options) => {
      served.push(options);
      return Promise.resolve({
        port: options.port === 0 ? 40_000 + served.length : options.port,
        reload: (pairs) => Promise.resolve(void events.push(`reload ${pairs.length}`)),
        stop: () => Promise.resolve(void events.push("stop")),
      });
    },
    connect: () => {
      throw new Error("nothing is connected to here");
    },
    sleep: fakeSleep().sleep,
    execute: () => {
      throw new Error("nothing is run here");
    },
    peerCertificate: () => {
      throw new Error("nobody is asked here");
    },
    host: () => ({ name: "host1", addresses: ["10.8.89.9"] }),
    // files in memory have no parents to look at: safe_path has tests of its own
    userId: () => undefined,
    onStopSignal: () => () => {},
    ...change,
    files,
  };
  return { runtime, files, served, events };
}
