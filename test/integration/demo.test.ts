import { test } from "uvu";
import * as assert from "uvu/assert";
import { readdirSync } from "node:fs";
import { run, temporary } from "../programs.ts";
import { currentRuntime, ROOT, runtimeCommand } from "../runtimes.ts";

test("the demonstration gets three certificates and leaves nothing behind", async () => {
  const { path: cwd, remove } = temporary();
  try {
    const { command, args } = runtimeCommand(currentRuntime());
    const { code, stdout, stderr } = await run(command, [...args, `${ROOT}cli/demo.ts`], { cwd, env: { TMPDIR: cwd } });
    assert.is(code, 0, stderr);
    assert.is(stderr.replace(/^.*(?:Warning|warning).*\n/gm, ""), "");
    for (const kind of ["peer", "server", "metric"]) {
      assert.match(stdout, new RegExp(`${kind} +system:etcd-${kind}:demo for .*verified`));
    }
    assert.match(stdout, /--peer-client-cert-auth/);
    // the loader of TypeScript on Node keeps a cache of its own there
    assert.equal(readdirSync(cwd).filter((name) => !name.startsWith("tsx-")), []);
  } finally {
    remove();
  }
});

test.run();
