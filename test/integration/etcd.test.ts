// timeout: 240
// A real cluster of three members, each with certificates that an agent on another runtime got from one signer, by the
// policy that the README shows.
import { writeFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { etcdctl, freePorts, type Member, startMember, until } from "../etcd.ts";
import { certgen, folder, has, type Started, startSigner, temporary } from "../programs.ts";
import { readmePolicy } from "../readme.ts";
import { currentRuntime, RUNTIMES } from "../runtimes.ts";

const signerRuntime = currentRuntime();

/** Gets a member's peer and server certificates; the agent's runtime is the member's name. */
async function getCertificates(
  agent: typeof RUNTIMES[number],
  name: string,
  port: number,
  state: string,
  assets: string,
  token = `${state}/token`,
): Promise<void> {
  for (const kind of ["peer", "server"]) {
    const { code, stderr } = await certgen(agent, "agent", [
      "request",
      `--commonname=system:etcd-${kind}:${name}`,
      "--dnsnames=localhost",
      "--ipaddrs=127.0.0.1",
      `--assetsdir=${assets}`,
      `--address=127.0.0.1:${port}`,
      `--cacrt=${state}/serving-ca.crt`,
      `--token-file=${token}`,
      "--timeout=30s",
    ], assets);
    assert.is(code, 0, stderr);
  }
}

const cluster = has("etcd", "--version") && has("etcdctl", "version") ? test : test.skip;
if (cluster === test.skip) console.log("skipped: needs etcd");

cluster(`three etcd members trust each other by certificates of one signer on ${signerRuntime}`, async () => {
  const { path: cwd, remove } = temporary();
  const running = new Map<string, Started>();
  try {
    writeFileSync(`${cwd}/signer.yaml`, readmePolicy());
    const tokens = RUNTIMES.map((name) => `${name}-token,etcd:${name},${name}\n`);
    writeFileSync(`${cwd}/tokens.csv`, tokens.join(""), { mode: 0o600 });
    for (const name of RUNTIMES) writeFileSync(`${cwd}/${name}.token`, `${name}-token`, { mode: 0o600 });
    const rules = ["--config=signer.yaml", "--token-auth-file=tokens.csv"];
    const signer = await startSigner(signerRuntime, ["--state-dir=good", ...rules], cwd);
    running.set("signer", signer);
    const ports = await freePorts(6);
    const members = RUNTIMES.map((name, index): Member => ({
      name,
      clientPort: ports[2 * index] ?? 0,
      peerPort: ports[2 * index + 1] ?? 0,
      certs: folder(cwd, `certs-${name}`),
      data: folder(cwd, `data-${name}`),
    }));
    for (const [index, agent] of RUNTIMES.entries()) {
      const { name = "", certs = "" } = members[index] ?? {};
      await getCertificates(agent, name, signer.port, `${cwd}/good`, certs, `${cwd}/${agent}.token`);
    }
    const [first, second, third] = members;
    if (!first || !second || !third) throw new TypeError("three members are needed");
    for (const member of members) running.set(member.name, startMember(member, members));

    const healthy = async (some: readonly Member[]): Promise<boolean> =>
      (await etcdctl(some, first, "endpoint", "health")).code === 0;
    await until(40, "all three are healthy", () => healthy(members));
    const list = await etcdctl([first], first, "member", "list", "-w", "json");
    assert.is(JSON.parse(list.stdout).members.length, 3);
    for (const member of members) {
      assert.match((await etcdctl([member], member, "put", member.name, "was here")).stdout, /OK/);
    }
    for (const member of members) {
      assert.is((await etcdctl([third], third, "get", member.name, "--print-value-only")).stdout.trim(), "was here");
    }

    // the third member comes back with a certificate from another CA: nobody takes it in
    const other = await startSigner(signerRuntime, ["--state-dir=other"], cwd);
    running.set("other signer", other);
    const foreign = { ...third, certs: folder(cwd, "certs-foreign") };
    await getCertificates(signerRuntime, third.name, other.port, `${cwd}/other`, foreign.certs);
    await running.get(third.name)?.stop();
    const rogue = startMember(foreign, members);
    running.set(third.name, rogue);
    const refusal =
      /(?:rejected connection from|remote error: tls: bad certificate|certificate signed by unknown authority)/;
    await until(
      30,
      "its peers refuse it",
      async () =>
        await Promise.resolve(refusal.test(running.get(first.name)?.output() ?? "") && refusal.test(rogue.output())),
    );
    assert.not.ok(
      (await etcdctl([foreign], foreign, "endpoint", "health", "--command-timeout=1s")).code === 0,
      "it never becomes healthy",
    );
    assert.ok(await healthy([first, second]), "the others go on");
    assert.not.ok(
      (await etcdctl([first], foreign, "get", "x", "--command-timeout=1s")).code === 0,
      "a client of the other CA is refused as well",
    );

    await rogue.stop("SIGKILL");
    running.set(third.name, startMember(third, members));
    await until(40, "with its own certificate it is taken in again", () => healthy(members));
  } finally {
    for (const process of running.values()) await process.stop("SIGKILL").catch(() => {});
    remove();
  }
});

test.run();
