// timeout: 120
// runtimes: deno
// A machine that has nothing but Deno and this checkout: no cache, no node_modules.
import { cpSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { folder, run, start, temporary, waitFor } from "../programs.ts";
import { ROOT, runtimeCommand } from "../runtimes.ts";

const PARTS = ["mod.ts", "src", "cli", "deno.json", "deno.lock", "package.json", "package-lock.json", "tsconfig.json"];

test("the signer and the agent run from a bare checkout, which fetches its packages itself", async () => {
  const { path, remove } = temporary();
  const checkout = folder(path, "checkout");
  for (const part of PARTS) cpSync(`${ROOT}${part}`, `${checkout}/${part}`, { recursive: true });
  const { command } = runtimeCommand("deno");
  // the registry may be reached through a proxy whose CA only the system knows
  const env = { DENO_DIR: `${path}/cache`, DENO_TLS_CA_STORE: "mozilla,system" };
  const serve = [
    "run",
    "-A",
    "../checkout/cli/signer.ts",
    "serve",
    "--address=127.0.0.1:0",
    "--insecure-health-check-address=off",
  ];
  const cwd = folder(path, "elsewhere");
  const signer = start(command, serve, { cwd, env });
  try {
    const port = await waitFor(signer, /"message":"listening","address":"127\.0\.0\.1:(\d+)"/, 60);
    const reach = [
      `--address=localhost:${port}`,
      "--cacrt=.certgen/serving-ca.crt",
      "--token-file=.certgen/token",
      "--timeout=30s",
    ];
    const { code, stderr } = await run(command, ["run", "-A", "../checkout/cli/agent.ts", "request", ...reach], {
      cwd,
      env,
    });
    assert.is(code, 0, stderr);
  } finally {
    await signer.stop();
    remove();
  }
});

test.run();
