import { spawnSync } from "node:child_process";
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { directivesOf, documentsOf, exampleFiles, mapsOf, textOf } from "./example_files.ts";
import { temporary } from "./programs.ts";
import { ROOT } from "./runtimes.ts";

const FOLDER = "examples/systemd";
const SERVICES = ["certgen-agent.service", "certgen-agent-renew.service"];
const UNITS = [...SERVICES, "certgen-agent-renew.timer"];
const DROP_IN = "certgen-agent.service.d/owner.conf";

const unit = (name: string): Map<string, string> => new Map(directivesOf(textOf(`${FOLDER}/${name}`)));

/** What each service must say, whatever systemd's own judgement is. */
const HARDENING: Readonly<Record<string, string>> = {
  ProtectSystem: "strict",
  ReadWritePaths: "/etc/etcd/pki",
  UMask: "0077",
  NoNewPrivileges: "yes",
  CapabilityBoundingSet: "",
  PrivateTmp: "yes",
  PrivateDevices: "yes",
  ProtectHome: "yes",
  ProtectKernelTunables: "yes",
  ProtectControlGroups: "yes",
  RestrictSUIDSGID: "yes",
  SystemCallFilter: "@system-service",
  User: "etcd",
};

test("every file of the folder is one that is looked at here", () => {
  assert.equal(exampleFiles("systemd"), [...UNITS, DROP_IN, "agent.yaml"].map((name) => `${FOLDER}/${name}`).sort());
});

for (const name of SERVICES) {
  test(`${name} may do what the agent needs, and nothing else`, () => {
    const says = unit(name);
    for (const [directive, value] of Object.entries(HARDENING)) assert.is(says.get(directive), value, directive);
    // Node, Deno and Bun compile to memory: they would not even start
    assert.not(says.has("MemoryDenyWriteExecute"));
    // os.networkInterfaces asks by netlink
    assert.match(says.get("RestrictAddressFamilies") ?? "", /\bAF_NETLINK\b/);
  });
}

test("the service is restarted whatever ends it, and its messages come from systemd-notify", () => {
  const says = unit("certgen-agent.service");
  assert.equal([says.get("Type"), says.get("NotifyAccess"), says.get("Restart")], ["notify", "all", "always"]);
  assert.equal([says.get("RestartSec"), says.get("StartLimitIntervalSec")], ["10s", "0"]);
  assert.equal([says.get("TimeoutStartSec"), says.get("WatchdogSec")], ["infinity", "2min"]);
});

test("rights of root are there only where files are given away", () => {
  const says = unit(DROP_IN);
  assert.equal([...says], [
    ["User", "root"],
    ["Group", "root"],
    ["CapabilityBoundingSet", "CAP_CHOWN CAP_FOWNER CAP_DAC_READ_SEARCH"],
  ]);
});

test("the units may write where the configuration and the command lines say", () => {
  const [config = {}] = documentsOf(textOf(`${FOLDER}/agent.yaml`));
  const textfile = / --textfile (\S+)/.exec(unit("certgen-agent-renew.service").get("ExecStart") ?? "")?.[1];
  for (const name of SERVICES) assert.is(unit(name).get("ReadWritePaths"), config["directory"]);
  assert.is(textfile, `/var/lib/${unit("certgen-agent-renew.service").get("StateDirectory")}/certgen.prom`);
  assert.is(mapsOf(config["certificates"]).length, 3);
});

const isThere = spawnSync("systemd-analyze", ["--version"]).status === 0;
const needsSystemd = isThere ? test : test.skip;
if (!isThere) console.log("skipped: needs systemd-analyze");

/** The units in a folder of their own, with a program that exists and a user that does, and what systemd-analyze says of one. */
function analyze(name: string, args: readonly string[], dropIn = false): { status: number | null; output: string } {
  const { path, remove } = temporary();
  try {
    for (const name of [...UNITS, ...dropIn ? [DROP_IN] : []]) cpSync(join(ROOT, FOLDER, name), join(path, name));
    for (const name of SERVICES) {
      const text = readFileSync(join(path, name), "utf8");
      const fit = text.replaceAll("/usr/local/bin/certgen-agent", "/bin/true").replace(
        /^(User|Group)=etcd$/gm,
        "$1=daemon",
      );
      writeFileSync(join(path, name), fit);
    }
    const { status, stdout, stderr } = spawnSync("systemd-analyze", [...args, `./${name}`], {
      cwd: path,
      encoding: "utf8",
      timeout: 60_000,
    });
    return { status, output: stdout + stderr };
  } finally {
    remove();
  }
}

for (const name of UNITS) {
  needsSystemd(`systemd knows all that ${name} says`, () => {
    assert.equal(analyze(name, ["verify", "--man=no"]), { status: 0, output: "" });
  });
}

for (
  const [name, dropIn, threshold] of [[SERVICES[0], false, 20], [SERVICES[0], true, 30], [
    SERVICES[1],
    false,
    20,
  ]] as const
) {
  needsSystemd(
    `systemd rates the exposure of ${name}${dropIn ? " with owner.conf" : ""} ${threshold / 10} or less`,
    () => {
      const args = ["security", "--offline=yes", "--no-pager", `--threshold=${threshold}`];
      const { status, output } = analyze(name ?? "", args, dropIn);
      assert.is(status, 0, output);
    },
  );
}

test.run();
