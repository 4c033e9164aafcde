/**
 * The gate behind `npm run ok`: what must hold before a change goes in. It stops at the first step that fails. With
 * `--no-tests` everything but the tests, which CI runs apart.
 */
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import process from "node:process";
import { ROOT, runtimeCommand } from "./runtimes.ts";

interface Step {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Shows its lines as they come: for what takes minutes. */
  readonly isLive?: boolean;
}

const DENO = runtimeCommand("deno").command;
const NODE = runtimeCommand("node");
const PUBLIC = ["mod.ts", "src/signer/mod.ts", "src/agent/mod.ts"];

const deno = (...args: string[]): Step => ({ name: `deno ${args.slice(0, 2).join(" ")}`, command: DENO, args });
// by their files, since node_modules/.bin holds shell scripts on some systems
const node = (name: string, file: string, ...args: string[]): Step => ({
  name,
  command: NODE.command,
  args: [`node_modules/${file}`, ...args],
});

const STEPS: readonly Step[] = [
  deno("fmt", "--check"),
  deno("lint"),
  node("tsc", "typescript/bin/tsc", "-p", "."),
  deno("check", ...PUBLIC, ...sources("cli"), ...sources("src/runtime")),
  deno("doc", "--lint", ...PUBLIC),
  { name: "tests", command: NODE.command, args: [...NODE.args, "test/run.ts"], isLive: true },
  { name: "npm run build", command: "npm", args: ["run", "build"] },
  node("publint", "publint/src/cli.js", "--strict"),
  deno("publish", "--dry-run", "--allow-dirty"),
];

function sources(folder: string): string[] {
  return readdirSync(`${ROOT}${folder}`).filter((name) => name.endsWith(".ts")).map((name) => `${folder}/${name}`)
    .sort();
}

const steps = process.argv.includes("--no-tests") ? STEPS.filter(({ name }) => name !== "tests") : STEPS;

for (const { name, command, args, isLive } of steps) {
  const started = performance.now();
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd: ROOT,
    encoding: "utf8",
    stdio: isLive ? "inherit" : "pipe",
    env: { ...process.env, NO_COLOR: "1" },
    maxBuffer: 64 * 1024 * 1024,
  });
  const isDone = status === 0;
  if (!isDone) console.log(`${error?.message ?? ""}${stdout ?? ""}${stderr ?? ""}`.trimEnd());
  console.log(`${isDone ? "ok  " : "FAIL"} ${name} (${((performance.now() - started) / 1000).toFixed(1)} s)`);
  if (isDone) continue;
  process.exitCode = 1;
  break;
}
