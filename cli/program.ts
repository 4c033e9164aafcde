import process from "node:process";
import { messageOf } from "../src/errors.ts";
import { EXIT, exitCodeOf, UsageError } from "./exit.ts";
import type { CommandDefinition, ProgramName } from "./flag.ts";
import { helpText } from "./help.ts";
import { nearest } from "../src/nearest.ts";
import { type Options, parseCommand } from "./options.ts";
import { printable, quoted } from "../src/text.ts";

/** The version both programs print; package.json says the same, and a test compares them. */
export const VERSION = "0.1.0";

/** The process as a command sees it. */
export interface Context {
  /** Arguments after the program's name. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Writes an answer. */
  readonly stdout: (text: string) => void;
  /** Writes everything else. */
  readonly stderr: (text: string) => void;
  /** Whether stderr, where logs go, is a terminal. */
  readonly isTerminal: boolean;
  /** Whether `NO_COLOR` asks for no colour. */
  readonly noColor: boolean;
  /** Aborted once nobody reads the answers any more. */
  readonly outputClosed?: AbortSignal;
}

/** One command; a module that exports these two is one. */
export interface Command {
  readonly definition: CommandDefinition;
  /** Does it and says the exit code; whatever it throws is printed and gives its own code. */
  readonly run: (options: Options, context: Context) => Promise<number>;
}

/** A command by name, loaded once it is asked for. */
export interface CommandEntry {
  /** One word or two, as `token create`. */
  readonly name: string;
  /** What it does, in one line. */
  readonly description: string;
  readonly load: () => Promise<Command>;
}

/** Runs what the arguments ask for. Resolves to the exit code and never rejects. */
export async function runProgram(
  name: ProgramName,
  version: string,
  commands: readonly CommandEntry[],
  context: Context,
): Promise<number> {
  const [first = ""] = context.argv;
  let isDebug = false;
  try {
    if (first === "--version" || first === "-v") return answer(context, `${name} ${version}\n`);
    if (first === "--help" || first === "-h") return answer(context, helpText(name, version, commands));
    const { entry, rest } = commandOf(name, version, commands, context.argv);
    if (typeof entry === "string") return answer(context, entry);
    if (rest.includes("--version")) return answer(context, `${name} ${version}\n`);
    const command = await entry.load();
    if (rest.includes("--help") || rest.includes("-h")) {
      return answer(context, helpText(name, version, commands, command.definition));
    }
    const options = parseCommand(command.definition, rest, context.env);
    isDebug = command.definition.flags.some((flag) => flag.name === "log-level") &&
      options.text("log-level") === "debug";
    return await command.run(options, context);
  } catch (error) {
    report(error, context, isDebug);
    return exitCodeOf(error);
  }
}

/** The command that is asked for and the arguments after it, or the answer to a question about commands. */
function commandOf(
  name: ProgramName,
  version: string,
  commands: readonly CommandEntry[],
  [first = "", ...rest]: readonly string[],
): { readonly entry: CommandEntry | string; readonly rest: readonly string[] } {
  const group = commands.filter((command) => command.name.startsWith(`${first} `));
  if (group.length > 0) {
    const [second = "", ...others] = rest;
    if (second === "--help" || second === "-h") return { entry: helpText(name, version, group), rest: [] };
    const words = group.map((command) => ({ ...command, name: command.name.slice(first.length + 1) }));
    const entry = group.find((command) => command.name === `${first} ${second}`);
    if (entry === undefined) throw new UsageError(noSuchCommand(`${name} ${first}`, words, second));
    return { entry, rest: others };
  }
  const entry = commands.find((command) => command.name === first);
  if (entry === undefined) throw new UsageError(noSuchCommand(name, commands, first));
  return { entry, rest };
}

function answer(context: Context, text: string): number {
  context.stdout(text);
  return EXIT.done;
}

/** One line that says what went wrong; the stack, too, where somebody is looking for a fault in certgen. */
export function report(error: unknown, context: Pick<Context, "stderr">, isDebug = false): void {
  const message = messageOf(error) || (error instanceof Error ? error.name : "unknown error");
  context.stderr(`error: ${printable(message)}\n`);
  if (!isDebug || error instanceof UsageError) return;
  const stack = error instanceof Error ? error.stack ?? "" : "";
  for (const line of stack.split("\n").slice(1)) context.stderr(`${printable(line)}\n`);
}

function noSuchCommand(program: string, commands: readonly CommandEntry[], typed: string): string {
  const names = [...new Set(commands.map((command) => command.name.split(" ", 1)[0] ?? ""))];
  const near = nearest(typed, names);
  const hint = near === undefined ? `${program} has ${names.join(", ")}` : `did you mean ${near}?`;
  if (typed === "") return `Missing command: ${program} has ${names.join(", ")}`;
  if (!typed.startsWith("-")) return `Unknown command ${quoted(typed)}: ${hint}`;
  return `Missing command before ${quoted(typed.replace(/=.*$/s, ""))}: ${program} has ${names.join(", ")}`;
}

/**
 * The whole of an entry point: runs the program in this process and sets its exit code. The process ends by itself once
 * nothing is open, so that what was written arrives.
 */
export async function main(name: ProgramName, commands: readonly CommandEntry[]): Promise<void> {
  const context = processContext();
  const die = (error: unknown): void => {
    report(error, context);
    process.exit(EXIT.failed);
  };
  process.on("uncaughtException", die);
  process.on("unhandledRejection", die);
  process.exitCode = await runProgram(name, VERSION, commands, context);
}

/** This process as a context. */
export function processContext(): Context {
  const closed = new AbortController();
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: Error & { readonly code?: string }) => {
      if (error.code !== "EPIPE") throw error; // a reader that has read enough, as `head` does, is no fault
      if (stream === process.stdout) closed.abort();
    });
  }
  return {
    argv: process.argv.slice(2),
    env: process.env,
    stdout: (text) => void process.stdout.write(text),
    stderr: (text) => void process.stderr.write(text),
    isTerminal: process.stderr.isTTY === true,
    noColor: (process.env["NO_COLOR"] ?? "") !== "", // https://no-color.org
    outputClosed: closed.signal,
  };
}
