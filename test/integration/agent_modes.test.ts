// timeout: 240
// What becomes of modes, and of directories that cannot be written, on a real file system.
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import process from "node:process";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { diskWorld, snapshot } from "../disk_world.ts";
import { NODE } from "../keeper_world.ts";
import { type Finished, run, startSigner, temporary } from "../programs.ts";
import { currentRuntime, ROOT, runtimeCommand } from "../runtimes.ts";

const isRoot = process.getuid?.() === 0;
const NOBODY = 54_321;
const LATER = "2026-03-02T09:36:00Z";
const KEY = `certs/${NODE}.key`;
const CERTIFICATE = `certs/${NODE}.crt`;
const HOME = `certs/.${NODE}`;

for (const umask of ["000", "777"]) {
  test(`R57 umask ${umask} changes no mode, and an older key that all may read is one no more`, async () => {
    const { path: cwd, remove } = temporary();
    const runtime = currentRuntime();
    const signer = await startSigner(runtime, [], cwd);
    try {
      const { command, args } = runtimeCommand(runtime);
      const renew = (): Promise<Finished> =>
        run("sh", [
          "-c",
          `umask ${umask}; exec "$@"`,
          "sh",
          command,
          ...args,
          `${ROOT}cli/agent.ts`,
          "renew",
          "--force",
          `--commonname=${NODE}`,
          "--dnsnames=etcd1",
          `--address=127.0.0.1:${signer.port}`,
          "--cacrt=.certgen/serving-ca.crt",
          "--token-file=.certgen/token",
          "--timeout=30s",
        ], { cwd });
      const first = await renew();
      assert.is(first.code, 0, first.stdout + first.stderr);
      const texts = [KEY, CERTIFICATE].map((path) => [path, readFileSync(`${cwd}/${path}`)] as const);
      rmSync(`${cwd}/certs/.${NODE}`, { recursive: true });
      for (const [path, text] of texts) {
        unlinkSync(`${cwd}/${path}`);
        writeFileSync(`${cwd}/${path}`, text);
        chmodSync(`${cwd}/${path}`, 0o644);
      }
      const second = await renew();
      assert.is(second.code, 0, second.stdout + second.stderr);
      for (const [path, said] of Object.entries(snapshot(`${cwd}/certs`))) {
        const expected = said.startsWith("12") ? "120777" : said.startsWith("4") ? "40755" : undefined;
        const mode = expected ?? (path.endsWith(".key") ? "100600" : "100644");
        assert.is(said.split(" ")[0], mode, path);
      }
    } finally {
      await signer.stop();
      remove();
    }
  });
}

test("R57 a directory that vanishes while a certificate is asked for is said, and made again by the next try", async () => {
  const { path: cwd, remove } = temporary();
  try {
    const world = await diskWorld(cwd);
    world.setTime(LATER);
    const { keeper } = world;
    const vanishing = keeper({}, {
      reach: () => {
        rmSync(`${cwd}/certs`, { recursive: true });
        return Promise.resolve({
          url: "https://signer:6443",
          fetch: () => Promise.reject(new Error("unreachable")),
          close: () => {},
        });
      },
    });
    const tended = await vanishing.tend();
    assert.ok(tended.did === "failed");
    assert.match(tended.error.message, "no such file or directory (ENOENT)");
    assert.not(existsSync(`${cwd}/certs`));
    assert.is((await keeper().tend()).did, "changed", JSON.stringify(world.lines.at(-1)));
    assert.ok(existsSync(`${cwd}/${KEY}`) && existsSync(`${cwd}/${CERTIFICATE}`));
  } finally {
    remove();
  }
});

test("R57 a directory that cannot be written is said, and nothing is changed", async () => {
  // root writes whatever the mode is: another user does it for him
  const { command, args } = runtimeCommand(currentRuntime());
  const as = isRoot ? ["setpriv", `--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups"] : ["env"];
  const { path: cwd, remove } = temporary();
  try {
    const can = await run(as[0] ?? "", [...as.slice(1), command, ...args, `${ROOT}cli/agent.ts`, "--version"], {
      cwd: "/tmp",
      env: { HOME: "/tmp" },
    }).catch(() => undefined);
    if (can?.code !== 0) return console.log("skipped: needs setpriv, and a checkout that other users can read");
    await diskWorld(cwd);
    writeFileSync(`${cwd}/token`, "t".repeat(20), { mode: 0o600 });
    if (isRoot) {
      for (const path of ["", ...readdirSync(cwd, { recursive: true }).map(String)]) {
        if (!lstatSync(`${cwd}/${path}`).isSymbolicLink()) chownSync(`${cwd}/${path}`, NOBODY, NOBODY);
      }
    }
    for (const path of [HOME, "certs"]) chmodSync(`${cwd}/${path}`, 0o555);
    const before = snapshot(cwd);
    const { code, stdout, stderr } = await run(as[0] ?? "", [
      ...as.slice(1),
      command,
      ...args,
      `${ROOT}cli/agent.ts`,
      "renew",
      "--force",
      `--commonname=${NODE}`,
      "--dnsnames=etcd1",
      "--cacrt=certs/ca.crt",
      "--token-file=token",
      "--timeout=30s",
    ], { cwd, env: { HOME: "/tmp" } });
    assert.is(code, 1, stdout + stderr);
    assert.match(stdout + stderr, /permission denied \(EACCES\)/);
    assert.equal(snapshot(cwd), before);
  } finally {
    remove();
  }
});

test.run();
