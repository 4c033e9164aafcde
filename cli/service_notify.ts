import process from "node:process";
import { messageOf } from "../src/errors.ts";
import type { Log, Runtime } from "../src/ports.ts";
import { printable, shortened } from "../src/text.ts";

/** Tells the service manager how this service is; without one, nothing. Nothing rejects: what fails is logged. */
export interface ServiceNotifier {
  /** What the service is for is there: units that come after it may start. */
  readonly ready: () => Promise<void>;
  /** It still does its work: to be said at least twice in every `watchdogSeconds`. */
  readonly alive: () => Promise<void>;
  /** What it does, in words for people. */
  readonly status: (text: string) => Promise<void>;
  /** It is about to end. */
  readonly stopping: () => Promise<void>;
  /** After so many seconds without `alive` it is killed; `undefined`: nobody waits for it. */
  readonly watchdogSeconds: number | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

const PROGRAM = "systemd-notify";
const PATH = "/usr/local/bin:/usr/bin:/bin";
/** It waits five seconds at most for the service manager to have read what it sent. */
const TIMEOUT_SECONDS = 10;
const STATUS_LENGTH = 200;

/**
 * The service manager that the environment names, as sd_notify(3) says. No runtime has datagram sockets of the file system,
 * so the program `systemd-notify` sends the messages, from a process of its own: the unit needs `NotifyAccess=all`. It waits
 * until a message was read (no `--no-block`), since one whose sender is gone belongs to no unit and is dropped.
 *
 * @param env NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID; PATH to find the program
 * @param pid of this process
 */
export function createServiceNotifier(
  runtime: Pick<Runtime, "execute">,
  env: Environment,
  log: Log,
  pid: number = process.pid,
): ServiceNotifier {
  const socket = env["NOTIFY_SOCKET"] ?? "";
  const nothing = (): Promise<void> => Promise.resolve();
  if (socket === "") {
    return { ready: nothing, alive: nothing, status: nothing, stopping: nothing, watchdogSeconds: undefined };
  }
  const send = sender(runtime, { NOTIFY_SOCKET: socket, PATH: env["PATH"] ?? PATH }, log);
  let beat: Promise<void> | undefined;
  return {
    ready: () => send("READY=1"),
    // those that come while one waits for the service manager would only pile up behind it
    alive: () => beat ??= send("WATCHDOG=1").finally(() => beat = undefined),
    status: (text) => send(`STATUS=${shortened(printable(text), STATUS_LENGTH)}`),
    stopping: () => send("STOPPING=1"),
    watchdogSeconds: watchdogSeconds(env, log, pid),
  };
}

/** Sends one message after the other, so that they arrive in order. A failure is logged once until one arrives. */
function sender(
  { execute }: Pick<Runtime, "execute">,
  env: Readonly<Record<string, string>>,
  log: Log,
): (message: string) => Promise<void> {
  let last: Promise<void> = Promise.resolve();
  let isFailing = false;
  const run = async (message: string): Promise<void> => {
    try {
      const { code, signal, timedOut, output } = await execute(
        { program: PROGRAM, args: [message] },
        { env, timeoutSeconds: TIMEOUT_SECONDS },
      );
      if (code !== 0) {
        const end = timedOut ? `no end in ${TIMEOUT_SECONDS} seconds` : `exit ${code ?? signal}`;
        throw new Error(`${PROGRAM}: ${end}: ${shortened(output.trim(), STATUS_LENGTH)}`);
      }
      isFailing = false;
    } catch (error) {
      if (!isFailing) log("warn", "the service manager was not told", { message, because: messageOf(error) });
      isFailing = true;
    }
  };
  return (message) => last = last.then(() => run(message));
}

function watchdogSeconds(env: Environment, log: Log, pid: number): number | undefined {
  const microseconds = env["WATCHDOG_USEC"] ?? "";
  const wanted = env["WATCHDOG_PID"] ?? "";
  if (!/^[1-9]\d{0,15}$/.test(microseconds)) return undefined;
  if (wanted === "" || wanted === String(pid)) return Number(microseconds) / 1e6;
  log("warn", "the watchdog is for another process: start the agent without a wrapper", { watchdogPid: wanted, pid });
  return undefined;
}
