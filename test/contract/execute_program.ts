/** What `executeContract` runs: it must end by itself as soon as the program has, with nothing left that holds it. */
import process from "node:process";
import { detectRuntime } from "../../src/runtime/detect.ts";

const { execute } = await detectRuntime();
const program = { program: "/bin/sh", args: ["-c", "sleep 30 & echo $!"] };
const env = { PATH: process.env["PATH"] ?? "" };
const { code, output } = await execute(program, { env, timeoutSeconds: 3600, signal: new AbortController().signal });
console.log(`${code} ${output.trim()}`);
