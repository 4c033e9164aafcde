/**
 * Runs test files, each in a process of its own, and believes no exit code alone: uvu exits with 0 where a file forgot
 * `.run()`, where `.only` was left behind, and where a test threw something that is no Error.
 */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { Buffer } from "node:buffer";
import process from "node:process";
import { runtimeCommand, type RuntimeName } from "./runtimes.ts";

/** What to run, and where to say how it went. */
export interface RunOptions {
  readonly runtimes: readonly RuntimeName[];
  /** Paths from `folder`. */
  readonly files: readonly string[];
  /** Working directory of the tests. */
  readonly folder: string;
  readonly print: (line: string) => void;
  /** Seconds a file may take that says nothing else. */
  readonly timeoutSeconds?: number;
  /** A skipped test is a failure. */
  readonly isSkipFailure?: boolean;
}

/** Tests, not files. */
export interface RunResult {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** How one file went on one runtime. */
export interface FileResult extends RunResult {
  /** Why the file counts as failed, where it does. */
  readonly fault: string | undefined;
  /** Why tests were skipped. */
  readonly reasons: readonly string[];
  readonly output: string;
  readonly seconds: number;
}

const CONCURRENCY = 2;
const TIMEOUT_SECONDS = 60;
/** uvu's last lines, as it writes them without colour. */
const SUMMARY = /^ {2}Total: {5}(\d+)\n {2}Passed: {4}(\d+)\n {2}Skipped: {3}(\d+)$/gm;
/** uvu writes a bullet for each test and no line feed, so a reason may stand behind bullets. */
const SKIPPED = /^[•✘\s]*skipped: (.+)$/gm;

/** Process groups that are alive, to be ended with the runner. */
const groups = new Set<number>();

/** Ends every test process there is. */
export function killAll(): void {
  for (const pid of groups) killGroup(pid);
}

/** Runs all files on all runtimes, two at a time: those under `integration/` after the others, since they take longest. */
export async function runTests(options: RunOptions): Promise<RunResult> {
  let [passed, failed, skipped] = [0, 0, 0];
  const reasons = new Set<string>();
  for (const runtime of options.runtimes) {
    const started = performance.now();
    const before = { passed, failed };
    const runOne = async (file: string): Promise<void> => {
      const result = await runFile(runtime, file, options);
      passed += result.passed;
      failed += result.failed;
      skipped += result.skipped;
      for (const reason of result.reasons) reasons.add(reason);
      const count = `${result.passed} passed, ${result.seconds.toFixed(1)} s`;
      if (result.fault === undefined) return options.print(`ok   ${runtime} ${file} (${count})`);
      options.print(`FAIL ${runtime} ${file}: ${result.fault}\n${result.output.replace(/^(?=.)/gm, "     ")}`);
    };
    const files = options.files.filter((file) => runsOn(runtime, headerOf(file, options)));
    await inParallel(files.filter((file) => !isIntegration(file)), CONCURRENCY, runOne);
    await inParallel(files.filter(isIntegration), CONCURRENCY, runOne);
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    options.print(`${runtime}: ${passed - before.passed} passed, ${failed - before.failed} failed, ${seconds} s`);
  }
  for (const reason of [...reasons].sort()) options.print(`skipped: ${reason}`);
  options.print(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
  return { passed, failed, skipped };
}

/** Runs one file on one runtime. */
export async function runFile(runtime: RuntimeName, file: string, options: RunOptions): Promise<FileResult> {
  const source = readFileSync(`${options.folder}/${file}`, "utf8");
  const timeout = Number(
    /^\/\/ timeout: (\d+)$/m.exec(headerOf(file, options))?.[1] ?? options.timeoutSeconds ?? TIMEOUT_SECONDS,
  );
  const started = performance.now();
  const end = await runProcess(runtime, file, options.folder, timeout);
  const summaries = [...end.stdout.matchAll(SUMMARY)].map((match) => match.slice(1).map(Number));
  const [total = 0, passed = 0, marked = 0] = summaries[0] ?? [];
  const reasons = [...end.output.matchAll(SKIPPED)].map((match) => (match[1] ?? "").trim());
  const skipped = Math.max(marked, reasons.length);
  const fault = end.fault ?? faultOf(source, summaries.length, total, passed, skipped, options);
  const failed = Math.max(total - passed, fault === undefined ? 0 : 1);
  const seconds = (performance.now() - started) / 1000;
  return { passed, failed, skipped, fault, reasons, output: end.output, seconds };
}

/** The first lines of a file, where it says `// timeout: 120` or `// runtimes: deno`. */
function headerOf(file: string, { folder }: RunOptions): string {
  return readFileSync(`${folder}/${file}`, "utf8").split("\n", 10).join("\n");
}

/** A file that tests one runtime's own behaviour names it; all others run on each. */
function runsOn(runtime: RuntimeName, header: string): boolean {
  const named = /^\/\/ runtimes: ([a-z, ]+)$/m.exec(header)?.[1];
  return named === undefined || named.split(/, */).includes(runtime);
}

function faultOf(
  source: string,
  summaries: number,
  total: number,
  passed: number,
  skipped: number,
  options: RunOptions,
): string | undefined {
  if (/^\s*\w+\.only\s*\(/m.test(source)) return "a test is marked .only, which hides the others";
  if (summaries === 0) return "no tests reported (is test.run() missing?)";
  if (summaries > 1) return "reported more than once (an await between two .run()?)";
  if (passed < total) return `${total - passed} of ${total} tests failed`;
  if (total === 0 && skipped === 0) return "no tests in it";
  if (skipped > 0 && options.isSkipFailure) return `${skipped} skipped, and TEST_NO_SKIP is set`;
  return undefined;
}

interface ProcessEnd {
  readonly fault: string | undefined;
  readonly stdout: string;
  /** stdout and stderr as they came. */
  readonly output: string;
}

function runProcess(runtime: RuntimeName, file: string, folder: string, timeout: number): Promise<ProcessEnd> {
  const { command, args } = runtimeCommand(runtime);
  let resolve: (end: ProcessEnd) => void = () => {};
  const promise = new Promise<ProcessEnd>((settle) => resolve = settle);
  const stdout: Uint8Array[] = [];
  const output: Uint8Array[] = [];
  let fault: string | undefined;
  // a process group of its own, so that whatever the test started can be ended with it
  const child = spawn(command, [...args, file], {
    cwd: folder,
    env: testEnvironment(),
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const pid = child.pid;
  if (pid !== undefined) groups.add(pid);
  const timer = setTimeout(() => {
    fault = `took longer than ${timeout} s`;
    killGroup(pid);
  }, timeout * 1000);
  let grace: typeof timer | undefined;
  const finish = (why: string | undefined): void => {
    clearTimeout(timer);
    clearTimeout(grace);
    killGroup(pid);
    if (pid !== undefined) groups.delete(pid);
    resolve({ fault: fault ?? why, stdout: text(stdout), output: text(output) });
  };
  child.stdout.on("data", (chunk: Uint8Array) => void (stdout.push(chunk), output.push(chunk)));
  child.stderr.on("data", (chunk: Uint8Array) => void output.push(chunk));
  child.on("error", (error: Error) => finish(`cannot start ${command}: ${error.message}`));
  // "close" waits for every process that holds the pipes: one left behind must not hold up the runner
  child.on("exit", () => grace = setTimeout(() => killGroup(pid), 1000));
  child.on("close", (code: number | null, signal: string | null) => {
    finish(code === 0 ? undefined : `ended with ${signal ?? `exit code ${code}`}`);
  });
  return promise;
}

/** What the tests see of the environment: nothing that changes output, trust or certgen's own flags. */
function testEnvironment(): Record<string, string | undefined> {
  const env: Record<string, string | undefined> = { ...process.env, NO_COLOR: "1", FORCE_COLOR: "0" };
  for (const name of Object.keys(env)) {
    if (name === "NODE_EXTRA_CA_CERTS" || name.startsWith("CERTGEN_")) delete env[name];
  }
  return env;
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // nobody is left in it
  }
}

async function inParallel(
  files: readonly string[],
  width: number,
  run: (file: string) => Promise<void>,
): Promise<void> {
  const queue = files.values();
  const work = async (): Promise<void> => {
    for (const file of queue) await run(file);
  };
  await Promise.all(Array.from({ length: width }, work));
}

function isIntegration(file: string): boolean {
  return file.includes("integration/");
}

function text(chunks: readonly Uint8Array[]): string {
  return Buffer.concat(chunks).toString("utf8");
}
