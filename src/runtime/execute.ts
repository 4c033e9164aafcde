import { type ChildProcess, spawn } from "node:child_process";
import process from "node:process";
import { CertgenError, messageOf } from "../errors.ts";
import type { Executed, ExecuteOptions, Program } from "../ports.ts";
import { fileError } from "./file_error.ts";
import { OutputTail } from "./output_tail.ts";

const KILL_AFTER_SECONDS = 5;
/** How long what is in the pipes may take to come once the program has ended. */
const DRAIN_SECONDS = 1;
/** Above it, a timer would fire at once (2^31 - 1 milliseconds). */
const LONGEST_TIMER_SECONDS = 2_147_483;
const OUTPUT_BYTES = 8 << 10;

/**
 * Runs programs over `node:child_process`, which does the same on Node, Deno and Bun; see `Execute`.
 *
 * The program leads a process group, and the group is ended, so that a script does not leave behind what it was waiting for.
 * What it starts and leaves running on purpose must not write to its output, which is closed a second after its own end.
 */
export async function execute(program: Program, options: ExecuteOptions): Promise<Executed> {
  const { env, timeoutSeconds, signal } = options;
  signal?.throwIfAborted();
  const child = start(program, env);
  const output = new OutputTail(OUTPUT_BYTES);
  for (const stream of [child.stdout, child.stderr]) {
    const keep = output.writer();
    stream?.on("data", keep);
    stream?.on("error", () => {}); // there is no more of it, then
  }
  const closed = new Promise<void>((resolve) => child.on("close", () => resolve()));
  let killer: ReturnType<typeof setTimeout> | undefined;
  const end = (): void => {
    if (killer !== undefined) return;
    kill(child, "SIGTERM");
    killer = setTimeout(() => kill(child, "SIGKILL"), KILL_AFTER_SECONDS * 1000);
  };
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    end();
  }, Math.min(timeoutSeconds, LONGEST_TIMER_SECONDS) * 1000);
  signal?.addEventListener("abort", end, { once: true });
  try {
    const { code, by } = await ended(child, program.program).finally(() => {
      signal?.removeEventListener("abort", end);
      clearTimeout(timer);
      clearTimeout(killer);
    });
    await atMost(DRAIN_SECONDS, closed);
    signal?.throwIfAborted();
    return { code, signal: by, timedOut, output: output.text() };
  } finally {
    child.stdout?.destroy();
    child.stderr?.destroy();
  }
}

function start({ program, args }: Program, env: Readonly<Record<string, string>>): ChildProcess {
  try {
    return spawn(program, args, { env, stdio: ["ignore", "pipe", "pipe"], detached: hasGroups() });
  } catch (error) {
    throw startError(program, error);
  }
}

/** Windows has no process groups; what is detached there gets a window. */
const hasGroups = (): boolean => process.platform !== "win32";

/** By number, since Deno reports the signal that `child.kill` sent instead of how the program ended. */
function kill({ pid }: ChildProcess, signal: "SIGTERM" | "SIGKILL"): void {
  if (pid === undefined) return;
  try {
    process.kill(hasGroups() ? -pid : pid, signal);
  } catch {
    // it has ended, or is another user's by now
  }
}

function ended(child: ChildProcess, program: string): Promise<{ code: number | undefined; by: string | undefined }> {
  return new Promise((resolve, reject) => {
    child.on("error", (error) => reject(startError(program, error)));
    child.on("exit", (code, by) => resolve({ code: code ?? undefined, by: by ?? undefined }));
  });
}

/** Whatever it is: that a program is missing is no `not-found` of the API. */
function startError(program: string, error: unknown): CertgenError {
  return new CertgenError("io", messageOf(fileError("run", program, error)), { cause: error });
}

async function atMost(seconds: number, promise: Promise<void>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<void>((resolve) => timer = setTimeout(resolve, seconds * 1000));
  await Promise.race([promise, late]);
  clearTimeout(timer);
}
