/** The long forms of what `npm test` runs in short: `npm run soak [node,deno,bun]`. */
import { spawnSync } from "node:child_process";
import process from "node:process";
import { ROOT, runtimeCommand } from "./runtimes.ts";

const node = runtimeCommand("node");
const { status } = spawnSync(node.command, [
  ...node.args,
  "test/run.ts",
  process.argv[2] ?? "node,deno,bun",
  "integration/crash",
], {
  cwd: ROOT,
  stdio: "inherit",
  env: { ...process.env, CRASH_ROUNDS: "20" },
});
process.exitCode = status ?? 1;
