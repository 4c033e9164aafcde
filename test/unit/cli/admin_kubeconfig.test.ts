import { test } from "uvu";
import * as assert from "uvu/assert";
import { localUrl, writeAdminKubeconfig } from "../../../cli/admin_kubeconfig.ts";
import { embeddedPaths } from "../../../cli/embedded.ts";
import { readKubeconfig } from "../../../src/agent/kubeconfig.ts";
import { rejection } from "../../fakes.ts";
import { MemoryFiles } from "../../memory_files.ts";

const paths = embeddedPaths("state");
const ADDRESS = { host: "0.0.0.0", port: 7443 };

function stateFiles(): MemoryFiles {
  const files = new MemoryFiles();
  files.put("state/serving-ca.crt", "SERVING CA\n");
  files.put("state/admin-token", "t0ken\n", 0o600);
  return files;
}

test("writeAdminKubeconfig writes what reaches this signer as its administrator, for the user alone", async () => {
  const files = stateFiles();
  await writeAdminKubeconfig(files, paths, ADDRESS);
  assert.equal(await readKubeconfig(files, "state/admin.kubeconfig"), {
    url: "https://localhost:7443",
    ca: "SERVING CA\n",
    token: "t0ken",
    client: undefined,
  });
  assert.match(files.text("state/admin.kubeconfig") ?? "", "current-context: certgen-admin@certgen");
  assert.is(files.tree.get("state/admin.kubeconfig")?.mode, 0o600);
});

test("it is written again when port, CA or token have changed, and only then", async () => {
  const files = stateFiles();
  const writes = async (port: number): Promise<number> => {
    files.calls.length = 0;
    await writeAdminKubeconfig(files, paths, { ...ADDRESS, port });
    return files.calls.filter((call) => call.startsWith("replace ")).length;
  };
  assert.equal([await writes(1), await writes(1), await writes(2), await writes(2)], [1, 0, 1, 0]);
  files.put("state/admin-token", "other\n", 0o600);
  assert.equal([await writes(2), await writes(2)], [1, 0]);
  files.put("state/serving-ca.crt", "OTHER\n");
  assert.equal([await writes(2), await writes(2)], [1, 0]);
  files.put("state/admin.kubeconfig", "garbage");
  assert.equal([await writes(2), await writes(2)], [1, 0]);
});

test("a disk that is full leaves what was there", async () => {
  const files = stateFiles();
  await writeAdminKubeconfig(files, paths, ADDRESS);
  const before = files.snapshot();
  files.failWith({ at: 5, kind: "error" });
  await rejection("io", writeAdminKubeconfig(files, paths, { ...ADDRESS, port: 1 }));
  assert.equal(files.snapshot(), before);
});

test("localUrl names localhost where that reaches the address, else the address", () => {
  for (const host of ["", "0.0.0.0", "::", "127.0.0.1", "::1", "localhost"]) {
    assert.is(localUrl({ host, port: 1 }), "https://localhost:1");
  }
  assert.is(localUrl({ host: "10.0.0.1", port: 2 }), "https://10.0.0.1:2");
  assert.is(localUrl({ host: "fd00::1", port: 2 }), "https://[fd00::1]:2");
});

test.run();
