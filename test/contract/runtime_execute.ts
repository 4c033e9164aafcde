import { spawn } from "node:child_process";
import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { checkChange } from "../../src/agent/check_change.ts";
import { type ChangeFacts, hookEnvironment, runProgram } from "../../src/agent/hook.ts";
import { createCa } from "../../src/ca/create_ca.ts";
import type { Executed, ExecuteOptions, Runtime } from "../../src/ports.ts";
import { runtimeCommand } from "../runtimes.ts";
import { fault } from "./faults.ts";

const PATH = process.env["PATH"] ?? "/usr/bin:/bin";

/** What every {@link Runtime}'s `execute` must do. */
export function executeContract(name: string, runtime: Runtime): void {
  const test = suite(name);
  let directory = "";
  const at = (path: string): string => join(directory, path);
  test.before.each(async () => {
    directory = await mkdtemp(join(tmpdir(), "certgen-execute-"));
  });
  test.after.each(() => rm(directory, { recursive: true, force: true }));

  /** Runs a shell's script, for what a program does. */
  const script = (text: string, options: Partial<ExecuteOptions> = {}): Promise<Executed> =>
    runtime.execute({ program: "/bin/sh", args: ["-c", text] }, { env: { PATH }, timeoutSeconds: 60, ...options });

  async function program(path: string, text: string, mode = 0o755): Promise<string> {
    await writeFile(at(path), text);
    await chmod(at(path), mode);
    return at(path);
  }

  test("gives exit code and output, stdout and stderr", async () => {
    const done = { code: 0, signal: undefined, timedOut: false, output: "out\nerr\n" };
    assert.equal(await script("echo out; sleep 0.1; echo err >&2"), done);
    assert.equal(await script("exit 3"), { ...done, code: 3, output: "" });
    assert.equal(await script("kill -9 $$"), { ...done, code: undefined, signal: "SIGKILL", output: "" });
  });

  test("the environment is what is given, and nothing else", async () => {
    const run = async (env: Record<string, string>): Promise<string[]> => {
      const { output } = await runtime.execute({ program: "/usr/bin/env", args: ["-0"] }, { env, timeoutSeconds: 60 });
      return output.split("\0").filter((line) => line !== "").sort();
    };
    assert.ok(Object.keys(process.env).length > 1);
    assert.equal(await run({}), []);
    assert.equal(await run({ A: "1", __PROTO__: "x", EMPTY: "" }), ["A=1", "EMPTY=", "__PROTO__=x"]);
    assert.equal(await run({ A: "$(touch x); `y`\n'\"\\é\u0001" }), ["A=$(touch x); `y`\n'\"\\é\u0001"]);
  });

  test("standard input is empty", async () => {
    assert.equal(await script("cat; echo done"), { code: 0, signal: undefined, timedOut: false, output: "done\n" });
  });

  test("arguments arrive as they are: there is no shell", async () => {
    const path = await program("args", '#!/bin/sh\nprintf "%s|" "$@"\n');
    const args = ["a b", "", "$(touch x)", "`touch x`", "; touch x", "*", "'", '"', "\\", "\n", "é", "-n"];
    const { output } = await runtime.execute({ program: path, args }, { env: { PATH }, timeoutSeconds: 60 });
    assert.is(output, args.map((arg) => `${arg}|`).join(""));
    assert.equal(await readdir(directory), ["args"]);
  });

  test("a bare name is looked for on the PATH that is given, not on this process's", async () => {
    await program("certgen-test-program", "#!/bin/sh\necho found\n");
    const bare = (name: string, env: Record<string, string>) =>
      runtime.execute({ program: name, args: [] }, { env, timeoutSeconds: 60 });
    const found = await bare("certgen-test-program", { PATH: `/nonexistent:${directory}` });
    assert.equal([found.code, found.output], [0, "found\n"]);
    const error = await fault("io", bare("certgen-test-program", { PATH }));
    assert.is(error.message, 'Cannot run "certgen-test-program": no such file or directory (ENOENT)');
    await fault("io", bare("env", { PATH: directory }));
    await fault("io", bare("certgen-test-program", {}));
  });

  test("a program that cannot be started is io, and named", async () => {
    const cases: readonly (readonly [path: string, why: string])[] = [
      [at("none"), "no such file or directory (ENOENT)"],
      [await program("mode", "#!/bin/sh\n", 0o644), "permission denied (EACCES)"],
      [await program("interpreter", "#!/nonexistent\n"), "no such file or directory (ENOENT)"],
      [directory, "permission denied (EACCES)"],
      [join(await program("file", ""), "below"), "a part of the path is not a directory (ENOTDIR)"],
    ];
    for (const [path, why] of cases) {
      const run = runtime.execute({ program: path, args: [] }, { env: { PATH }, timeoutSeconds: 60 });
      assert.is((await fault("io", run)).message, `Cannot run ${JSON.stringify(path)}: ${why}`);
    }
    for (
      const [path, args] of [["", []], ["a\0b", []], ["/bin/true", ["\0"]], ["/bin/true", ["a".repeat(5e6)]]] as const
    ) {
      const run = runtime.execute({ program: path, args }, { env: { PATH }, timeoutSeconds: 60 });
      assert.ok((await fault("io", run)).message.startsWith(`Cannot run ${JSON.stringify(path)}: `));
    }
    await fault("io", script("true", { env: { A: "\0" } }));
  });

  test("the end of a long output is kept, without a part of a character", async () => {
    // é, 2 bytes each, 10,001 bytes from a writer that flushes within characters
    const { output } = await script("printf x; i=0; while [ $i -lt 1000 ]; do printf ééééé; i=$((i+1)); done");
    assert.is(output, "é".repeat(4096));
    const odd = await script("i=0; while [ $i -lt 1000 ]; do printf ééééé; i=$((i+1)); done; printf x");
    assert.is(odd.output, "é".repeat(4095) + "x");
    // the bytes of one character apart in time, another stream between them
    const split = await script(String.raw`printf '\303'; sleep 0.2; printf e >&2; sleep 0.2; printf '\251\377\303'`);
    assert.is(split.output, "eé\ufffd\ufffd");
  });

  test("200 MB of output fill no memory", async () => {
    const before = process.memoryUsage().rss;
    let most = 0;
    const watching = setInterval(() => most = Math.max(most, process.memoryUsage().rss - before), 5);
    const ended = await script("head -c 200000000 /dev/zero | tr '\\0' x; echo end").finally(() =>
      clearInterval(watching)
    );
    assert.is(ended.output, "x".repeat(8188) + "end\n");
    assert.ok(most < 120_000_000, `${most} bytes more`);
  });

  /** Gives a script ever more time before it is ended, until it has come to write so many lines: machines may be slow. */
  async function overdue(text: string, lines: number): Promise<Executed> {
    for (let timeoutSeconds = 0.3;; timeoutSeconds *= 4) {
      const ended = await script(text, { timeoutSeconds });
      if (ended.output.split("\n").length > lines || timeoutSeconds > 10) return ended;
    }
  }

  test("a program that takes too long is told to end", async () => {
    const slept = await overdue("echo begun; sleep 60; echo no", 1);
    assert.equal(slept, { code: undefined, signal: "SIGTERM", timedOut: true, output: "begun\n" });
    // what it says at its end counts
    const told = await overdue("trap 'echo told; exit 7' TERM; echo begun; while :; do sleep 0.05; done", 2);
    assert.equal([told.code, told.signal, told.timedOut], [7, undefined, true]);
    assert.match(told.output, /^begun\n[^]*told\n$/);
  });

  test("and killed five seconds later, with what it has started", async () => {
    const start = performance.now();
    const deaf = "trap '' TERM; echo $$; while :; do sleep 1; done";
    const { code, signal, timedOut, output } = await overdue(`sh -c "${deaf.replaceAll("$", "\\$")}" & ${deaf}`, 2);
    assert.equal([code, signal, timedOut], [undefined, "SIGKILL", true]);
    assert.ok(performance.now() - start > 5000);
    const pids = output.trim().split("\n").map(Number);
    assert.is(pids.length, 2);
    for (const pid of pids) assert.is(await isAlive(pid), false);
  });

  test("the signal ends it, and the run rejects with its reason once it has ended", async () => {
    const reason = new Error("enough");
    const controller = new AbortController();
    const text = `trap 'sleep 0.3; echo x > ended; exit 0' TERM; echo > ready; while :; do sleep 0.05; done`;
    const running = script(`cd ${directory} && ${text}`, { signal: controller.signal });
    while (!(await readdir(directory)).includes("ready")) await runtime.sleep(0.02);
    controller.abort(reason);
    assert.is(await running.then(() => undefined, (error: unknown) => error), reason);
    assert.is(await readFile(at("ended"), "utf8"), "x\n");
    const again = script(`echo x > ${at("again")}`, { signal: controller.signal });
    assert.is(await again.then(() => undefined, (error: unknown) => error), reason);
    assert.equal((await readdir(directory)).sort(), ["ended", "ready"]);
  });

  test("what it leaves running holds nothing up, and runs on", async () => {
    const start = performance.now();
    const { code, output } = await script("sleep 30 & echo $!");
    assert.is(code, 0);
    assert.ok(performance.now() - start < 20_000);
    assert.is(await isAlive(Number(output)), true);
    process.kill(Number(output), "SIGKILL");
  });

  test("nothing is left that holds the process", async () => {
    const start = performance.now();
    const { command, args } = runtimeCommand(runtime.name);
    const file = fileURLToPath(new URL("./execute_program.ts", import.meta.url));
    const child = spawn(command, [...args, file], { stdio: ["ignore", "pipe", "inherit"] });
    let output = "";
    child.stdout.on("data", (bytes: Uint8Array) => output += new TextDecoder().decode(bytes));
    const timer = setTimeout(() => child.kill("SIGKILL"), 40_000);
    const code = await new Promise((resolve) => child.on("exit", resolve));
    clearTimeout(timer);
    const [exitCode, pid] = output.split(" ").map(Number);
    if (pid !== undefined && pid > 1) process.kill(pid, "SIGKILL");
    assert.equal([code, exitCode], [0, 0], output);
    assert.ok(performance.now() - start < 25_000);
  });

  test("R62 names that a shell would act on are inert in hook and check", async () => {
    const { certificate } = await createCa({ commonName: "a CA" });
    const path = await program(
      "hook",
      '#!/bin/sh\nprintf "%s|" "$@" "$HOOK_NAME" "$HOOK_KEY_FILE" $HOOK_NAME\nexit 9\n',
    );
    const x = at("x");
    const names = [
      `; touch ${x}`,
      `$(touch ${x})`,
      `\`touch ${x}\``,
      `a\ntouch ${x}\n`,
      `'; touch ${x} #`,
      `" & touch ${x} "`,
    ];
    for (const name of names) {
      const facts: ChangeFacts = {
        event: "changed",
        certificate,
        keyFile: `/certs/${name}.key`,
        certificateFile: `/certs/${name}.crt`,
        caFile: "/certs/ca.crt",
        changed: ["certificate"],
      };
      const [lines, log] = [[] as unknown[], (_: string, __: string, facts = {}) => void lines.push(facts)];
      const env = await hookEnvironment({ PATH }, facts, name);
      const run = { program: path, args: [name] };
      await fault("hook-failed", runProgram(runtime.execute, "hook", run, env, { timeoutSeconds: 60, log }));
      const said = lines.map((facts) => String(Object(facts).line)).join("\n");
      assert.ok(said.startsWith(`${name}|${name}|/certs/${name}.key|`), said);
      const wanted = {
        profile: "p",
        commonName: name,
        organization: "o",
        dnsNames: [`'"$(touch ${x})`],
        ipAddresses: [],
      };
      const ports = { ...runtime, env: { PATH }, log };
      const checking = checkChange({ ...wanted, directory, check: run }, facts, ports);
      assert.match((await fault("hook-failed", checking)).message, /: exit code 9: /);
    }
    assert.equal(await readdir(directory), ["hook"]);
  });

  test("many at once", async () => {
    const runs = await Promise.all(Array.from({ length: 20 }, (_, i) => script(`echo ${i}; exit ${i}`)));
    assert.equal(runs.map(({ code, output }) => [code, output]), runs.map((_, i) => [i, `${i}\n`]));
  });

  /** Whether a process is there and no zombie; one that was killed just now may take a moment. */
  async function isAlive(pid: number): Promise<boolean> {
    for (let i = 0; i < 20; i++) {
      if (!(await isRunning(pid))) return false;
      await runtime.sleep(0.01);
    }
    return true;
  }

  async function isRunning(pid: number): Promise<boolean> {
    try {
      process.kill(pid, 0);
      const state = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
      return !/\) Z /.test(state);
    } catch {
      return false;
    }
  }

  test.run();
}
