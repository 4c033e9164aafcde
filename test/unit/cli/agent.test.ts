import process from "node:process";
import { test } from "uvu";
import * as assert from "uvu/assert";

test("the entry point runs the command that its arguments name, and sets the exit code", async () => {
  const { argv, exitCode } = process;
  const write = process.stderr.write.bind(process.stderr);
  let stderr = "";
  process.stderr.write = (text: string | Uint8Array): boolean => {
    stderr += String(text);
    return true;
  };
  process.argv = [argv[0] ?? "", "agent.ts", "nonsense"];
  try {
    await import("../../../cli/agent.ts");
    assert.is(process.exitCode, 2);
    assert.match(stderr, /^error: Unknown command "nonsense": certgen-agent has request, run, renew, status\n$/);
  } finally {
    process.argv = argv;
    process.exitCode = exitCode ?? 0;
    process.stderr.write = write;
  }
});

test.run();
