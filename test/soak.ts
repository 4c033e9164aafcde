/** The long forms of what `npm test` runs in short: `npm run soak [node,deno,bun]`. */
import { spawnSync } from "node:child_process";
import process from "node:process";
import { ROOT, runtimeCommand } from "./runtimes.ts";

const node = runtimeCommand("node");
const runtimes = process.argv[2] ?? "node,deno,bun";

/** Runs a test file in its long form. */
function soak(on: string, file: string, env: Record<string, string>): void {
  const { status } = spawnSync(node.command, [...node.args, "test/run.ts", on, file], {
    cwd: ROOT,
    stdio: "inherit",
    env: { ...process.env, ...env },
  });
  if (status !== 0) process.exitCode = 1;
}

soak(runtimes, "integration/crash", { CRASH_ROUNDS: "20" });
soak("node", "unit/agent/keep_fresh", { FRESH_DAYS: "10", FRESH_DAYS_DOWN: "3" });
soak(runtimes, "integration/agent_kill", { AGENT_KILLS: "500" });
soak(runtimes, "integration/rogue", { ROGUE_TRIES: "50" });
// its agents run on all three whatever the signer runs on
soak(runtimes, "integration/etcd_renewal", { RENEWALS: "20" });
// its clients run on Node, its signers on what is asked for
soak("node", "integration/watchers", { WATCHERS: "200", WATCHED_OBJECTS: "5000", WATCHED_RUNTIMES: runtimes });
