/** Runs the benchmarks on each runtime: `npm run bench [node,deno,bun]`. They report; they gate nothing. */
import { spawnSync } from "node:child_process";
import process from "node:process";
import { ROOT, runtimeCommand, RUNTIMES } from "../test/runtimes.ts";

const named = (process.argv[2] ?? RUNTIMES.join()).split(",");
for (const runtime of RUNTIMES.filter((name) => named.includes(name))) {
  console.log(`\n${runtime}\n`);
  const { command, args } = runtimeCommand(runtime);
  spawnSync(command, [...args, `${ROOT}bench/issue.ts`], { stdio: "inherit" });
}
