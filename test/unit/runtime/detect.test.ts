import { test } from "uvu";
import * as assert from "uvu/assert";
import { detectRuntime } from "../../../src/runtime/detect.ts";
import { currentRuntime } from "../../runtimes.ts";

test("detectRuntime gives the runtime of this process, the same each time", async () => {
  const runtime = await detectRuntime();
  assert.is(runtime.name, currentRuntime());
  assert.is(await detectRuntime(), runtime);
});

test.run();
