import { test } from "uvu";
import * as assert from "uvu/assert";
import { type ChangeFacts, hookEnvironment, runProgram } from "../../../src/agent/hook.ts";
import { createCa } from "../../../src/ca/create_ca.ts";
import { CertgenError } from "../../../src/errors.ts";
import type { Execute, Executed, ExecuteOptions, Program } from "../../../src/ports.ts";
import { countingRandom, fakeClock, fakeLog, type LogLine, rejection } from "../../fakes.ts";

const { now } = fakeClock();
const { certificate } = await createCa({ commonName: "test", lifetimeSeconds: 3600, now, random: countingRandom() });
const FACTS: ChangeFacts = {
  event: "changed",
  certificate,
  keyFile: "/certs/etcd1.key",
  certificateFile: "/certs/etcd1.crt",
  caFile: "/certs/ca.crt",
  changed: ["certificate"],
};

test("hookEnvironment tells the facts", async () => {
  const fingerprint = new Uint8Array(await crypto.subtle.digest("SHA-256", certificate.der));
  assert.equal(await hookEnvironment({}, FACTS, "system:etcd-peer:etcd1"), {
    HOOK_EVENT: "changed",
    HOOK_NAME: "system:etcd-peer:etcd1",
    HOOK_CERTIFICATE_FILE: "/certs/etcd1.crt",
    HOOK_KEY_FILE: "/certs/etcd1.key",
    HOOK_CA_FILE: "/certs/ca.crt",
    HOOK_SERIAL: certificate.serialNumber,
    HOOK_NOT_BEFORE: "2026-03-01T11:55:00Z",
    HOOK_NOT_AFTER: "2026-03-01T13:00:00Z",
    HOOK_FINGERPRINT: Array.from(fingerprint, (byte) => byte.toString(16).padStart(2, "0")).join(""),
    HOOK_CHANGED: "certificate",
    HOOK_RESTART: "no",
  });
});

test("hookEnvironment says what changed, and that a new CA bundle wants a restart", async () => {
  const told = async (changed: ChangeFacts["changed"]) => {
    const env = await hookEnvironment({}, { ...FACTS, event: "rolled-back", changed }, "etcd1");
    return [env["HOOK_EVENT"], env["HOOK_CHANGED"], env["HOOK_RESTART"]];
  };
  assert.equal(await told(["certificate", "key"]), ["rolled-back", "certificate key", "no"]);
  assert.equal(await told(["certificate", "key", "ca"]), ["rolled-back", "certificate key ca", "yes"]);
  assert.equal(await told([]), ["rolled-back", "", "no"]);
});

test("hookEnvironment passes the rest on, and none of certgen's, systemd's and another hook's variables", async () => {
  const kept = {
    PATH: "/bin",
    HOME: "/root",
    EMPTY: "",
    LISTENER: "kept",
    MY_CERTGEN_TOKEN: "kept",
    NOTIFY_SOCKETS: "kept",
    HOOK: "kept",
  };
  const env = await hookEnvironment(
    {
      ...kept,
      CERTGEN_TOKEN: "0a1b2c.secret",
      CERTGEN_: "x",
      NOTIFY_SOCKET: "/run/systemd/notify",
      WATCHDOG_USEC: "1",
      WATCHDOG_PID: "1",
      LISTEN_FDS: "1",
      LISTEN_PID: "1",
      LISTEN_FDNAMES: "a",
      HOOK_NAME: "another's",
      HOOK_OTHER: "another's",
      NOTHING: undefined,
    },
    FACTS,
    "etcd1",
  );
  assert.is(env["HOOK_NAME"], "etcd1");
  assert.equal(Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith("HOOK_"))), kept);
  assert.not.match(JSON.stringify(env), /secret|another/);
});

test("hookEnvironment has no surprise for names that every object has", async () => {
  const base: unknown = JSON.parse('{"__proto__": "x", "constructor": "y", "toString": "z"}');
  const env = await hookEnvironment(base as Record<string, string>, FACTS, "etcd1");
  assert.equal(Object.keys(env).slice(0, 3), ["__proto__", "constructor", "toString"]);
});

test("hookEnvironment leaves values as they are, and refuses a NUL", async () => {
  for (const name of ["$(touch x)", "; rm -rf x", "a\nHOOK_SERIAL=0", "\u001b[2J", "", "é", "\ud800"]) {
    const env = await hookEnvironment({}, FACTS, name);
    assert.is(env["HOOK_NAME"], name);
    assert.is(Object.keys(env).length, 11);
  }
  const error = await rejection("hook-failed", hookEnvironment({}, { ...FACTS, keyFile: "/a\0b" }, "etcd1"));
  assert.is(error.message, 'Cannot tell a hook HOOK_KEY_FILE: "/a\\u0000b" holds a NUL');
  await rejection("hook-failed", hookEnvironment({}, FACTS, "a\0"));
});

const PROGRAM: Program = { program: "/usr/local/bin/reload", args: ["--now"] };
const DONE: Executed = { code: 0, signal: undefined, timedOut: false, output: "" };

/** Runs a program that ends in some way. */
async function run(ended: Partial<Executed> | Error): Promise<{ error: unknown; lines: LogLine[]; asked: unknown }> {
  const { log, lines } = fakeLog();
  let asked: unknown;
  const execute: Execute = (program: Program, options: ExecuteOptions) => {
    asked = { program, options };
    return ended instanceof Error ? Promise.reject(ended) : Promise.resolve({ ...DONE, ...ended });
  };
  const options = { timeoutSeconds: 60, log };
  const error: unknown = await runProgram(execute, "hook", PROGRAM, { A: "1" }, options).catch((error) => error);
  return { error, lines, asked };
}

test("runProgram runs the program, with this environment and no more", async () => {
  const { error, asked } = await run({});
  assert.is(error, undefined);
  assert.equal(asked, { program: PROGRAM, options: { env: { A: "1" }, timeoutSeconds: 60 } });
});

test("runProgram hands the signal on, and its reason back", async () => {
  const reason = new Error("stop");
  const { signal } = new AbortController();
  const { log, lines } = fakeLog();
  const seen: unknown[] = [];
  const execute: Execute = (_, options) => {
    seen.push(options.signal);
    return Promise.reject(reason);
  };
  const running = runProgram(execute, "hook", PROGRAM, {}, { timeoutSeconds: 1, signal, log });
  assert.is(await running.catch((error) => error), reason);
  assert.equal([seen.length, seen[0] === signal, lines], [1, true, []]);
});

test("runProgram says why a program failed, and the last that it said", async () => {
  const cases: readonly (readonly [ended: Partial<Executed> | CertgenError, why: string])[] = [
    [{ code: 3, output: "first\nno such unit\n\n" }, "exit code 3: no such unit"],
    [{ code: 1 }, "exit code 1"],
    [{ code: 1, output: "\n \n" }, "exit code 1"],
    [{ code: undefined, signal: "SIGSEGV", output: "oh" }, "ended by SIGSEGV: oh"],
    [{ code: undefined }, "ended by a signal"],
    [{ code: undefined, signal: "SIGTERM", timedOut: true, output: "busy" }, "it took longer than 60 s: busy"],
    [{ timedOut: true }, "it took longer than 60 s"],
    [{ code: 2, output: "a\u001b[2J\u202eb\r\n" }, "exit code 2: a\\u001b[2J\\u202eb"],
    [{ code: 2, output: "x".repeat(8000) }, `exit code 2: ${"x".repeat(199)}…`],
    [new CertgenError("io", 'Cannot run "/x": no such file'), 'Cannot run "/x": no such file'],
  ];
  for (const [ended, why] of cases) {
    const { error } = await run(ended);
    assert.instance(error, CertgenError);
    assert.equal([Object(error).code, Object(error).message], [
      "hook-failed",
      `The hook "/usr/local/bin/reload" failed: ${why}`,
    ]);
  }
});

test("runProgram logs what it wrote, bounded and printable, at warn where it failed", async () => {
  const good = await run({ output: "one\n\n\u001b]0;title\u0007two\n" });
  assert.equal(good.lines.map(({ level, message, facts }) => [level, message, facts["line"]]), [
    ["debug", "hook wrote", "one"],
    ["debug", "hook wrote", "\\u001b]0;title\\u0007two"],
    ["debug", "hook ran", undefined],
  ]);
  const bad = await run({ code: 1, output: `${"line\n".repeat(1000)}${"x".repeat(1000)}` });
  assert.is(bad.lines.length, 50);
  assert.ok(bad.lines.every(({ level }) => level === "warn"));
  assert.is(bad.lines.at(-1)?.facts["line"], `${"x".repeat(499)}…`);
});

test.run();
