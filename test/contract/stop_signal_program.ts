/** What `systemContract` sends signals to. */
import process from "node:process";
import { detectRuntime } from "../../src/runtime/detect.ts";

const how = process.argv[2];
const { onStopSignal, sleep } = await detectRuntime();
const off = onStopSignal((signal) => {
  console.log(signal);
  if (how !== "twice") process.exit(7);
});
console.log("ready");
if (how === "off") off();
else await sleep(15);
