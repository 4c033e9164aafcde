// timeout: 120
// runtimes: node
// Who waits for whom: kubectl for the signer, and agents for whoever approves with kubectl.
import { X509Certificate } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { called, can, cells, kubectlTests, lines, type World } from "../kubectl.ts";
import { pause, requestsIn, start, type Started, waitFor } from "../programs.ts";
import { ROOT, runtimeCommand } from "../runtimes.ts";

const kubectl = kubectlTests("node", ["--approval=manual"]);

kubectl("kubectl certificate approve gets a certificate, and deny none", async ({ admin, create }) => {
  const [good = "", bad = ""] = await create("good", "bad");
  assert.is(await admin.ok("certificate", "approve", good), lines(`${called(good)} approved`));
  assert.is(await admin.ok("certificate", "deny", bad), lines(`${called(bad)} denied`));
  const [again, tooLate, certificate, conditions] = await Promise.all([
    admin.ok("certificate", "approve", good),
    admin.fails("certificate", "deny", good),
    admin.ok("get", "csr", good, "-o", "jsonpath={.status.certificate}"),
    admin.ok(
      "get",
      "csr",
      bad,
      "-o",
      "jsonpath={range .status.conditions[*]}{.type} {.status} {.reason} {.message}{end}",
    ),
  ]);
  assert.is(again, lines(`${called(good)} approved`));
  assert.is(tooLate, lines(`error: certificate signing request "${good}" is already Approved`));
  const { subject } = new X509Certificate(atob(certificate));
  assert.is(subject, "O=system:etcd-peers\nCN=system:etcd-peer:good");
  assert.is(conditions, "Denied True KubectlDeny This CSR was denied by kubectl certificate deny.");
});

kubectl("of two who decide at once one is heard, and one certificate is made", async ({ admin, create, signer }) => {
  const [same = "", disputed = ""] = await create("same", "disputed");
  await Promise.all([admin.ok("certificate", "approve", same), admin.ok("certificate", "approve", same)]);
  const issued = signer.output().split("\n").filter((line) =>
    line.includes("certificate issued") && line.includes(same)
  );
  assert.is(issued.length, 1);
  const [approval, denial] = await Promise.all([
    admin.run("certificate", "approve", disputed),
    admin.run("certificate", "deny", disputed),
  ]);
  assert.equal([approval.code, denial.code].sort(), [0, 1], approval.stderr + denial.stderr);
  const decided = approval.code === 0 ? "Approved" : "Denied";
  const [loser] = [approval, denial].filter(({ code }) => code === 1);
  assert.is(loser?.stderr, lines(`error: certificate signing request "${disputed}" is already ${decided}`));
  assert.is(await admin.ok("get", "csr", disputed, "-o", "jsonpath={.status.conditions[*].type}"), decided);
});

kubectl("kubectl wait ends with what it waits for", async ({ admin, create }) => {
  const [name = ""] = await create("a");
  const met = lines(`${called(name)} condition met`);
  const waiting = (...args: readonly string[]): Promise<string> =>
    admin.ok("wait", `csr/${name}`, "--timeout=20s", ...args);
  const approved = [waiting("--for=condition=Approved")];
  if (can("waitsForJsonPath")) approved.push(waiting("--for=jsonpath={.status.conditions[0].reason}=KubectlApprove"));
  await pause(0.7);
  await admin.ok("certificate", "approve", name);
  for (const wait of approved) assert.is(await wait, met);
  assert.is(await waiting("--for=condition=Approved"), met, "what is so already is not waited for");
  assert.match(
    await admin.fails("wait", "--for=condition=Denied", `csr/${name}`, "--timeout=1s"),
    /^error: timed out waiting for the condition/,
  );
  const removed = waiting("--for=delete");
  await pause(0.7);
  await admin.ok("delete", "csr", name);
  assert.is(await removed, met);
  if (can("waitsForTheDeleted")) assert.is(await waiting("--for=delete"), "");
});

kubectl("kubectl get --watch tells of all that happens", async ({ admin, create }) => {
  const [first = ""] = await create("first");
  const all = admin.start("get", "csr", "--watch", "--output-watch-events");
  const one = admin.start("get", "csr", first, "--watch", "--output-watch-events");
  const idle = admin.start("get", "csr", "--watch-only", "-o", "name");
  try {
    await Promise.all([waitFor(all, /Pending/, 10), waitFor(one, /Pending/, 10)]);
    // there is nothing to see of a watch that has not yet heard of anything
    await pause(1);
    const [second = ""] = await create("second");
    await admin.ok("certificate", "approve", second);
    await admin.ok("certificate", "deny", first);
    await admin.ok("delete", "csr", second, first);
    await Promise.all([
      waitFor(all, /DELETED[^\n]*first/, 10),
      waitFor(one, /DELETED[^\n]*first/, 10),
      waitFor(idle, /first\n[^]*first\n/, 10),
    ]);
    const rows = (watch: Started): string[] =>
      cells(watch.output()).map(([event = "", name = "", , ...rest]) => `${event} ${name} ${rest.join(" ")}`);
    const head = "EVENT NAME SIGNERNAME REQUESTOR REQUESTEDDURATION CONDITION";
    const row = (event: string, name: string, condition: string): string =>
      `${event} ${name} certgen.internal/etcd-peer certgen:admin <none> ${condition}`;
    assert.equal(rows(all).filter((line) => line !== row("MODIFIED", second, "Approved")), [
      head,
      row("ADDED", first, "Pending"),
      row("ADDED", second, "Pending"),
      row("MODIFIED", second, "Approved,Issued"),
      row("MODIFIED", first, "Denied"),
      row("DELETED", second, "Approved,Issued"),
      row("DELETED", first, "Denied"),
    ]);
    assert.equal(rows(one), [
      head,
      row("ADDED", first, "Pending"),
      row("MODIFIED", first, "Denied"),
      row("DELETED", first, "Denied"),
    ]);
    assert.is(idle.output().split("\n")[0], called(second));
  } finally {
    await Promise.all([all.stop(), one.stop(), idle.stop()]);
  }
});

kubectl("an agent that waits gets its certificate as soon as somebody approves", async (world) => {
  const agent = startAgent(world, "fast");
  try {
    const name = await requestOf(world, "fast");
    await world.admin.ok("certificate", "approve", name);
    const approved = performance.now();
    const { code, stderr } = await agent.finished;
    assert.is(code, 0, stderr);
    const seconds = (performance.now() - approved) / 1000;
    assert.ok(seconds < 5, `took ${seconds} s`);
    const { subject } = new X509Certificate(readFileSync(`${world.home}/certs/system:etcd-peer:fast.crt`));
    assert.is(subject, "O=system:etcd-peers\nCN=system:etcd-peer:fast");
  } finally {
    await agent.stop();
  }
});

kubectl("an agent that waits is told that somebody denied, and by what", async (world) => {
  const agent = startAgent(world, "denied");
  try {
    const name = await requestOf(world, "denied");
    await world.admin.ok("certificate", "deny", name);
    const { code, stderr } = await agent.finished;
    assert.is(code, 3, stderr);
    assert.match(stderr, /KubectlDeny/);
    assert.match(stderr, /This CSR was denied by kubectl certificate deny\./);
    assert.not(existsSync(`${world.home}/certs/system:etcd-peer:denied.crt`));
  } finally {
    await agent.stop();
  }
});

function startAgent({ signer, cwd, home }: World, node: string): Started {
  const { command, args } = runtimeCommand("node");
  const flags = [
    `--commonname=system:etcd-peer:${node}`,
    `--address=localhost:${signer.port}`,
    `--cacrt=${cwd}/.certgen/serving-ca.crt`,
    `--token-file=${cwd}/.certgen/token`,
    "--timeout=30s",
  ];
  return start(command, [...args, `${ROOT}cli/agent.ts`, "request", ...flags], { cwd: home });
}

/** The name of the request that an agent has made for a node. */
async function requestOf({ cwd }: World, node: string): Promise<string> {
  for (const end = Date.now() + 20_000; Date.now() < end; await pause(0.05)) {
    const [name] = requestsIn(`${cwd}/.certgen/csrs`).filter((file) => file.startsWith(`system:etcd-peer:${node}-`));
    if (name !== undefined) return name;
  }
  throw new Error(`the agent of ${node} made no request`);
}

test.run();
