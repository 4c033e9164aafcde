import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import process from "node:process";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createServiceNotifier, type ServiceNotifier } from "../../../cli/service_notify.ts";
import { CertgenError } from "../../../src/errors.ts";
import type { Execute, Executed, ExecuteOptions, Program } from "../../../src/ports.ts";
import { detectRuntime } from "../../../src/runtime/detect.ts";
import { fakeLog, type LogLine } from "../../fakes.ts";
import { temporary } from "../../programs.ts";

const PID = 4711;
const ENV = { NOTIFY_SOCKET: "/run/systemd/notify", PATH: "/bin", SECRET: "x" };
const DONE: Executed = { code: 0, signal: undefined, timedOut: false, output: "" };

interface Notified {
  readonly notifier: ServiceNotifier;
  readonly runs: { readonly program: Program; readonly options: ExecuteOptions }[];
  readonly lines: LogLine[];
}

/** A notifier whose program is not run. */
function notifierOf(
  env: Readonly<Record<string, string | undefined>>,
  execute: Execute = () => Promise.resolve(DONE),
): Notified {
  const { log, lines } = fakeLog();
  const runs: Notified["runs"] = [];
  const recorded: Execute = (program, options) => {
    runs.push({ program, options });
    return execute(program, options);
  };
  return { notifier: createServiceNotifier({ execute: recorded }, env, log, PID), runs, lines };
}

const messages = ({ runs }: Notified): string[] => runs.map(({ program }) => program.args.join(" "));

test("without a socket nothing is run, whatever else is set", async () => {
  for (const socket of [{}, { NOTIFY_SOCKET: "" }, { NOTIFY_SOCKET: undefined }]) {
    const notified = notifierOf({ WATCHDOG_USEC: "1000000", ...socket });
    const { ready, alive, status, stopping, watchdogSeconds } = notified.notifier;
    await Promise.all([ready(), alive(), status("x"), stopping()]);
    assert.equal([notified.runs, notified.lines, watchdogSeconds], [[], [], undefined]);
  }
});

test("each message is one run of systemd-notify, with nothing of the environment but what it needs", async () => {
  const notified = notifierOf(ENV);
  const { ready, alive, status, stopping } = notified.notifier;
  await ready();
  await alive();
  await status("3 certificates are fresh");
  await stopping();
  assert.equal(messages(notified), ["READY=1", "WATCHDOG=1", "STATUS=3 certificates are fresh", "STOPPING=1"]);
  for (const { program, options } of notified.runs) {
    assert.is(program.program, "systemd-notify");
    assert.equal(options, { env: { NOTIFY_SOCKET: ENV.NOTIFY_SOCKET, PATH: "/bin" }, timeoutSeconds: 10 });
  }
  const { runs, notifier } = notifierOf({ NOTIFY_SOCKET: "@x" });
  await notifier.ready();
  assert.is(runs[0]?.options.env["PATH"], "/usr/local/bin:/usr/bin:/bin");
});

test("a status is one line: it cannot hold a second message", async () => {
  const notified = notifierOf(ENV);
  await notified.notifier.status("a\nSTOPPING=1\u202e");
  await notified.notifier.status("--help");
  await notified.notifier.status("y".repeat(10_000));
  const [first, second, third] = messages(notified);
  assert.equal([first, second], ["STATUS=a\\nSTOPPING=1\\u202e", "STATUS=--help"]);
  assert.is(third?.length, "STATUS=".length + 200);
});

test("messages arrive in the order in which they were said, and beats do not pile up", async () => {
  const waiting: (() => void)[] = [];
  const notified = notifierOf(ENV, () => new Promise((resolve) => waiting.push(() => resolve(DONE))));
  const { ready, alive, stopping } = notified.notifier;
  const all = [ready(), alive(), alive(), alive(), stopping()];
  const next = async (): Promise<void> => {
    await new Promise((resolve) => setTimeout(resolve, 0));
    waiting.shift()?.();
  };
  await next();
  assert.equal(messages(notified), ["READY=1"]);
  await next();
  await next();
  await Promise.all(all);
  assert.equal(messages(notified), ["READY=1", "WATCHDOG=1", "STOPPING=1"]);
  const again = alive();
  await next();
  await again;
  assert.is(messages(notified).length, 4);
});

test("a failure is logged once until a message arrives, and never rejects", async () => {
  const missing = new CertgenError("io", 'Cannot run "systemd-notify": no such file or directory (ENOENT)');
  const results: (Executed | Error)[] = [
    missing,
    missing,
    DONE,
    { code: 1, signal: undefined, timedOut: false, output: "Failed to notify\n" },
    DONE,
    { code: undefined, signal: "SIGTERM", timedOut: true, output: "" },
  ];
  const count = results.length;
  const { notifier, lines } = notifierOf(ENV, () => {
    const result = results.shift() ?? DONE;
    return result instanceof Error ? Promise.reject(result) : Promise.resolve(result);
  });
  for (let i = 0; i < count; i++) await notifier.alive();
  assert.equal(lines.map(({ level, message, facts }) => [level, message, facts["because"]]), [
    ["warn", "the service manager was not told", missing.message],
    ["warn", "the service manager was not told", "systemd-notify: exit 1: Failed to notify"],
    ["warn", "the service manager was not told", "systemd-notify: no end in 10 seconds: "],
  ]);
});

test("watchdogSeconds is what the unit says, where it waits for this process", () => {
  const watchdog = (env: Record<string, string>): number | undefined =>
    notifierOf({ ...ENV, ...env }).notifier.watchdogSeconds;
  assert.is(watchdog({ WATCHDOG_USEC: "90000000" }), 90);
  assert.is(watchdog({ WATCHDOG_USEC: "1500000", WATCHDOG_PID: String(PID) }), 1.5);
  assert.is(watchdog({ WATCHDOG_USEC: "1500000", WATCHDOG_PID: "" }), 1.5);
  for (const usec of ["", "0", "-1", "1e6", " 1", "1.5", "0x10", "infinity", "9".repeat(17)]) {
    assert.is(watchdog({ WATCHDOG_USEC: usec }), undefined, usec);
  }
  assert.is(watchdog({}), undefined);
});

test("a watchdog that waits for another process is none, and that is said", () => {
  const { notifier, lines } = notifierOf({ ...ENV, WATCHDOG_USEC: "90000000", WATCHDOG_PID: "1" });
  assert.is(notifier.watchdogSeconds, undefined);
  assert.equal(lines.map(({ level, facts }) => [level, facts]), [["warn", { watchdogPid: "1", pid: PID }]]);
});

const has = (program: string): boolean => spawnSync(program, ["--version"]).status === 0;
const needsPrograms = has("systemd-notify") && has("perl") ? test : test.skip;
if (needsPrograms === test.skip) console.log("skipped: needs systemd-notify and perl");

/** Binds the socket it is given, says so, and prints what arrives as hexadecimal digits; descriptors are closed. */
const RECEIVER = `
  use Socket; $| = 1;
  socket(my $socket, PF_UNIX, SOCK_DGRAM, 0) or die; bind($socket, sockaddr_un($ARGV[0])) or die;
  print "bound\\n";
  while (defined recv($socket, my $message, 4096, 0)) { print unpack("H*", $message), "\\n" }
`;

needsPrograms("the real systemd-notify sends each message to a real socket, and waits until it was read", async () => {
  const { path, remove } = temporary();
  const socket = join(path, "notify");
  const receiver = spawn("perl", ["-e", RECEIVER, socket], { stdio: ["ignore", "pipe", "inherit"] });
  const received: string[] = [];
  let rest = "";
  receiver.stdout.on("data", (data) => {
    const lines = (rest + String(data)).split("\n");
    rest = lines.pop() ?? "";
    received.push(...lines);
  });
  try {
    while (received.length === 0) await once(receiver.stdout, "data");
    const { log, lines } = fakeLog();
    const env = { ...process.env, NOTIFY_SOCKET: socket, WATCHDOG_USEC: "1000000", WATCHDOG_PID: String(process.pid) };
    const { ready, alive, status, stopping, watchdogSeconds } = createServiceNotifier(await detectRuntime(), env, log);
    await ready();
    await alive();
    await status("a\nb é");
    await stopping();
    // four messages, each with a barrier that says when it was read: without one, a message whose sender is gone is dropped
    while (received.length < 9) await once(receiver.stdout, "data");
    const texts = received.slice(1).map((hex) => Buffer.from(hex, "hex").toString());
    const expected = ["READY=1", "WATCHDOG=1", "STATUS=a\\nb é", "STOPPING=1"];
    assert.equal(texts, expected.flatMap((text) => [text, "BARRIER=1"]));
    assert.equal([lines, watchdogSeconds], [[], 1]);
  } finally {
    receiver.kill("SIGKILL");
    await once(receiver, "exit");
    remove();
  }
});

needsPrograms("a socket that nobody reads from any more is logged", async () => {
  const { path, remove } = temporary();
  try {
    const { log, lines } = fakeLog();
    const env = { ...process.env, NOTIFY_SOCKET: join(path, "nobody") };
    await createServiceNotifier(await detectRuntime(), env, log).ready();
    assert.is(lines.length, 1);
    assert.match(String(lines[0]?.facts["because"]), /^systemd-notify: exit 1: /);
  } finally {
    remove();
  }
});

test.run();
