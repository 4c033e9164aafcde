import { spawn } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Runtime } from "../../src/ports.ts";
import { runtimeCommand } from "../runtimes.ts";

/** What every {@link Runtime} must do besides files and the network. */
export function systemContract(name: string, runtime: Runtime): void {
  const test = suite(name);

  test("sleep waits in seconds", async () => {
    const start = performance.now();
    await runtime.sleep(0.05);
    assert.ok(performance.now() - start >= 45);
    await runtime.sleep(0);
    await runtime.sleep(-1);
  });

  test("sleep rejects with the signal's reason, at once", async () => {
    const reason = new Error("enough");
    const controller = new AbortController();
    const start = performance.now();
    const sleeping = runtime.sleep(60, controller.signal);
    setTimeout(() => controller.abort(reason), 10);
    assert.is(await sleeping.then(() => undefined, (error: unknown) => error), reason);
    assert.is(await runtime.sleep(60, controller.signal).then(() => undefined, (error: unknown) => error), reason);
    assert.ok(performance.now() - start < 5000);
  });

  test("sleep waits for longer than a timer can", async () => {
    const controller = new AbortController();
    let woken = false;
    // just over 2^31 - 1 milliseconds, where a timer fires at once
    const sleeping = runtime.sleep(2_147_483.65, controller.signal).finally(() => woken = true);
    await runtime.sleep(0.8);
    assert.is(woken, false);
    controller.abort();
    assert.instance(await sleeping.then(() => undefined, (error: unknown) => error), Error);
  });

  test("host gives a lower-case name and addresses of use to others", () => {
    const { name, addresses } = runtime.host();
    assert.ok(name.length > 0);
    assert.is(name, name.toLowerCase());
    assert.is(new Set(addresses).size, addresses.length);
    for (const address of addresses) assert.not.match(address, /^(fe80|127\.|169\.254\.|::1$)|%/i);
  });

  test("userId is a number", () => {
    assert.type(runtime.userId(), "number");
  });

  test("onStopSignal calls once, and a handler taken off does not hold the process", async () => {
    assert.equal(await program("off"), { code: 0, signal: null, output: "ready\n" });
    assert.equal(await program("SIGTERM"), { code: 7, signal: null, output: "ready\nSIGTERM\n" });
    assert.equal(await program("SIGINT"), { code: 7, signal: null, output: "ready\nSIGINT\n" });
    // the second one finds no handler: it ends the process as it would have without certgen
    assert.equal(await program("twice"), { code: null, signal: "SIGTERM", output: "ready\nSIGTERM\n" });
  });

  interface Outcome {
    readonly code: number | null;
    readonly signal: string | null;
    readonly output: string;
  }

  function program(how: string): Promise<Outcome> {
    const { command, args } = runtimeCommand(runtime.name);
    const file = fileURLToPath(new URL("./stop_signal_program.ts", import.meta.url));
    const child = spawn(command, [...args, file, how], { stdio: ["ignore", "pipe", "inherit"] });
    let output = "";
    // not child.kill: after it, Deno reports the signal that was sent instead of how the child ended
    const kill = (): void => void process.kill(child.pid ?? NaN, how === "SIGINT" ? "SIGINT" : "SIGTERM");
    child.stdout.on("data", (bytes: Uint8Array) => {
      output += new TextDecoder().decode(bytes);
      if (how !== "off" && output === "ready\n") kill();
      if (how === "twice" && output.endsWith("SIGTERM\n")) kill();
    });
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => child.kill("SIGKILL"), 20_000);
      child.on("error", reject);
      child.on("close", (code, signal) => {
        clearTimeout(timer);
        resolve({ code, signal, output });
      });
    });
  }

  test.run();
}
