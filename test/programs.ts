/** Starts certgen's programs, and others, as child processes for integration tests. */
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { ROOT, runtimeCommand, type RuntimeName } from "./runtimes.ts";

/** What a child process left behind. */
export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A child process that goes on until it is stopped. */
export interface Started {
  readonly pid: number;
  /** All that it has printed so far. */
  readonly output: () => string;
  /** Ends it with a signal and waits until it is gone; SIGKILL after ten seconds. */
  readonly stop: (signal?: "SIGTERM" | "SIGKILL") => Promise<Finished>;
  readonly finished: Promise<Finished>;
}

/** A temporary directory without symbolic links in its path. */
export function temporary(): { path: string; remove: () => void } {
  const path = realpathSync(mkdtempSync(join(tmpdir(), "certgen-test-")));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** The files of requests in a directory: without the counter, and what a killed process leaves. */
export function requestsIn(directory: string): string[] {
  return readdirSync(directory).filter((file) => !file.startsWith("."));
}

/** Starts a program. */
export function start(
  command: string,
  args: readonly string[],
  options: { cwd: string; env?: Record<string, string> },
): Started {
  let stdout = "";
  let stderr = "";
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  child.stdout.on("data", (data) => stdout += data);
  child.stderr.on("data", (data) => stderr += data);
  const finished = new Promise<Finished>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, stdout, stderr }));
  });
  finished.catch(() => {});
  return {
    pid: child.pid ?? 0,
    output: () => stdout + stderr,
    finished,
    stop: async (signal = "SIGTERM") => {
      // by process id: after child.kill() Deno reports the signal, whatever the exit code was
      const kill = (signal: "SIGTERM" | "SIGKILL"): void => {
        if (child.exitCode === null && child.signalCode === null && child.pid !== undefined) {
          process.kill(child.pid, signal);
        }
      };
      kill(signal);
      const timer = setTimeout(() => kill("SIGKILL"), 10_000);
      try {
        return await finished;
      } finally {
        clearTimeout(timer);
      }
    },
  };
}

/** Runs a program to its end, a minute at most. */
export async function run(
  command: string,
  args: readonly string[],
  options: { cwd: string; env?: Record<string, string> },
): Promise<Finished> {
  const child = start(command, args, options);
  const timer = setTimeout(() => void child.stop("SIGKILL"), 60_000);
  try {
    return await child.finished;
  } finally {
    clearTimeout(timer);
  }
}

/** Runs one of certgen's programs on a runtime, in a directory. */
export async function certgen(
  runtime: RuntimeName,
  program: "signer" | "agent",
  args: readonly string[],
  cwd: string,
): Promise<Finished> {
  const { command, args: before } = runtimeCommand(runtime);
  return await run(command, [...before, `${ROOT}cli/${program}.ts`, ...args], { cwd });
}

/** A signer that serves, as a child process. */
export interface RunningSigner extends Started {
  readonly port: number;
}

/** Starts `certgen-signer serve` on 127.0.0.1, on a free port unless there is an `--address`, and waits until it listens. */
export async function startSigner(runtime: RuntimeName, args: readonly string[], cwd: string): Promise<RunningSigner> {
  const { command, args: before } = runtimeCommand(runtime);
  const fixed = ["--insecure-health-check-address=off", "--log-format=json"];
  if (!args.some((arg) => arg.startsWith("--address="))) fixed.push("--address=127.0.0.1:0");
  const child = start(command, [...before, `${ROOT}cli/signer.ts`, "serve", ...fixed, ...args], { cwd });
  const port = Number(await waitFor(child, /"message":"listening","address":"127\.0\.0\.1:(\d+)"/, 30));
  return { ...child, port };
}

/** Waits until a program has printed something, and gives its first group. */
export async function waitFor(child: Started, pattern: RegExp, seconds: number): Promise<string> {
  const ended = child.finished.then(() => true, () => true);
  for (const end = Date.now() + seconds * 1000; Date.now() < end;) {
    const match = pattern.exec(child.output());
    if (match !== null) return match[1] ?? match[0];
    if (await Promise.race([ended, pause(0.05)])) break;
  }
  const match = pattern.exec(child.output());
  if (match !== null) return match[1] ?? match[0];
  await child.stop("SIGKILL").catch(() => {});
  throw new Error(`no ${pattern} within ${seconds} s in:\n${child.output()}`);
}

/** For what only another process can bring about. */
export function pause(seconds: number): Promise<false> {
  return new Promise((resolve) => setTimeout(() => resolve(false), seconds * 1000));
}

/** Whether a program is on the PATH. */
export function has(program: string, ...args: readonly string[]): boolean {
  return spawnSync(program, args, { stdio: "ignore" }).error === undefined;
}

/** A directory in another one. */
export function folder(parent: string, name: string): string {
  const path = join(parent, name);
  mkdirSync(path, { recursive: true });
  return path;
}
