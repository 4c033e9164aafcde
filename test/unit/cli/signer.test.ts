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
  process.argv = [argv[0] ?? "", "signer.ts", "nonsense"];
  try {
    await import("../../../cli/signer.ts");
    assert.is(process.exitCode, 2);
    const names = "serve, list, show, approve, deny, revoke, delete, kubeconfig, token, policy, audit, init, destroy";
    assert.is(stderr, `error: Unknown command "nonsense": certgen-signer has ${names}\n`);
  } finally {
    process.argv = argv;
    process.exitCode = exitCode ?? 0;
    process.stderr.write = write;
  }
});

test.run();
