/**
 * Runs the tests: `tsx test/run.ts [node,deno,bun] [filter]`, under any of the three runtimes. The filter is a part of
 * the file's path. With TEST_NO_SKIP=1 a skipped test is a failure.
 */
import { readdirSync } from "node:fs";
import process from "node:process";
import { killAll, runTests } from "./runner.ts";
import { ROOT, type RuntimeName, RUNTIMES } from "./runtimes.ts";

const args = process.argv.slice(2);
const named = (args[0] ?? "").split(",");
const isNamed = named.every((name) => (RUNTIMES as readonly string[]).includes(name));
const runtimes: readonly RuntimeName[] = isNamed ? RUNTIMES.filter((name) => named.includes(name)) : RUNTIMES;
const filter = args[isNamed ? 1 : 0] ?? "";

const files = readdirSync(`${ROOT}test`, { recursive: true, encoding: "utf8" })
  .map((path) => `test/${path.replaceAll("\\", "/")}`)
  .filter((path) => path.endsWith(".test.ts") && path.includes(filter))
  .sort();

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    killAll();
    process.exit(130);
  });
}

const { passed, failed } = await runTests({
  runtimes,
  files,
  folder: ROOT,
  print: (line) => console.log(line),
  isSkipFailure: process.env["TEST_NO_SKIP"] === "1",
});
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
