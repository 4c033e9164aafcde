import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import process from "node:process";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { parse } from "yaml";
import * as approve from "../../../cli/approve.ts";
import * as remove from "../../../cli/delete.ts";
import * as deny from "../../../cli/deny.ts";
import * as list from "../../../cli/list.ts";
import type { Command } from "../../../cli/program.ts";
import * as show from "../../../cli/show.ts";
import { type Outcome, runCommand } from "../../command.ts";
import { ADMIN_TOKEN, type FakeApi, fakeApi, issuedObject, pendingObject, serveApi } from "../../fake_api.ts";

const root = realpathSync(mkdtempSync(`${tmpdir()}/certgen-admin-`));
process.chdir(root);
const [issued, one, two] = [await issuedObject("etcd1"), await pendingObject("etcd2"), await pendingObject("etcd3")];
const [ONE, TWO] = ["system:etcd-peer:etcd2", "system:etcd-peer:etcd3"];
const KIND = "certificatesigningrequest.certificates.k8s.io";

/** Runs a command against an API. */
async function asked(command: Command, api: FakeApi, argv: readonly string[]): Promise<Outcome> {
  const { kubeconfig, stop } = await serveApi(api);
  writeFileSync("config", kubeconfig, { mode: 0o600 });
  try {
    return await runCommand(command, ["--kubeconfig=config", ...argv]);
  } finally {
    await stop();
  }
}

const conditionsOf = (api: FakeApi, name: string): unknown[] => Object(api.objects.get(name)?.["status"]).conditions;

test("approve approves each, and says so as kubectl does", async () => {
  const api = fakeApi(one, two);
  const { code, stdout, stderr } = await asked(approve, api, [ONE, TWO, ONE]);
  assert.equal([code, stderr], [0, ""]);
  assert.is(stdout, `${KIND}/${ONE} approved\n${KIND}/${TWO} approved\n${KIND}/${ONE} approved already\n`);
  for (const name of [ONE, TWO]) {
    const [condition, ...rest] = conditionsOf(api, name);
    const { lastUpdateTime, ...words } = Object(condition);
    assert.equal(words, {
      type: "Approved",
      status: "True",
      reason: "CertgenApprove",
      message: "Approved by certgen-signer approve",
    });
    assert.match(lastUpdateTime, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    assert.equal(rest, []);
  }
});

test("deny denies with reason and message", async () => {
  const api = fakeApi(one, two);
  const { code, stdout } = await asked(deny, api, ["--reason=UnknownNode", ONE, "--message", "no node of ours"]);
  assert.equal([code, stdout], [0, `${KIND}/${ONE} denied\n`]);
  const { type, reason, message } = Object(conditionsOf(api, ONE)[0]);
  assert.equal([type, reason, message], ["Denied", "UnknownNode", "no node of ours"]);
  assert.is((await asked(deny, api, [ONE, TWO])).stdout, `${KIND}/${ONE} denied already\n${KIND}/${TWO} denied\n`);
  assert.is(Object(conditionsOf(api, TWO)[0]).reason, "CertgenDeny");
});

test("what is wrong with one keeps nothing from being done to the others, and is exit code 1", async () => {
  const api = fakeApi(issued, one);
  const { code, stdout, stderr } = await asked(deny, api, ["system:etcd-peer:etcd1", "gone", ONE]);
  assert.equal([code, stdout], [1, `${KIND}/${ONE} denied\n`]);
  assert.is(
    stderr,
    'error: Cannot deny "system:etcd-peer:etcd1": it is approved already, and no decision is taken back\n' +
      "error: no: NotFound gone\n",
  );
});

test("what is wrong with the administrator ends it at once", async () => {
  const api = fakeApi(one);
  const { ca, port, stop } = await serveApi(api);
  writeFileSync("ca.crt", ca);
  writeFileSync("token", "other\n");
  const { code, stdout, stderr } = await runCommand(remove, [
    `--address=localhost:${port}`,
    "--cacrt=ca.crt",
    "--token-file=token",
    ONE,
    TWO,
  ]);
  await stop();
  assert.equal([code, stdout], [1, ""]);
  assert.is(stderr.split("\n").length, 2, stderr);
  assert.match(stderr, "the signer does not take this credential");
  assert.is(api.seen.length, 1);
});

test("delete deletes", async () => {
  const api = fakeApi(one, two);
  const { code, stdout, stderr } = await asked(remove, api, [ONE, "gone"]);
  assert.equal([code, stdout, stderr], [1, `${KIND}/${ONE} deleted\n`, "error: no: NotFound gone\n"]);
  assert.equal([...api.objects.keys()], [TWO]);
});

test("show shows one, as text, JSON or YAML", async () => {
  const api = fakeApi(issued, one);
  const text = await asked(show, api, ["system:etcd-peer:etcd1"]);
  assert.equal([text.code, text.stderr], [0, ""]);
  assert.match(text.stdout, /^Name: +system:etcd-peer:etcd1\nState: +Approved,Issued\n/);
  assert.equal(JSON.parse((await asked(show, api, [ONE, "-o", "json"])).stdout), one);
  assert.equal(parse((await asked(show, api, ["-o=yaml", ONE])).stdout), one);
  const gone = await asked(show, api, ["gone"]);
  assert.equal([gone.code, gone.stdout, gone.stderr], [1, "", "error: no: NotFound gone\n"]);
});

test("names that cannot be are refused before anything is asked: some would be another path", async () => {
  const names: [string, string][] = [
    ["", "may not be empty"],
    [".", "may not be '.'"],
    ["..", "may not be '..'"],
    ["a/b", "may not contain '/'"],
    ["a\u202e", "may not contain control or format characters"],
  ];
  for (const command of [show, approve, deny, remove]) {
    for (const [name, why] of names) {
      const api = fakeApi(one);
      const { code, stdout, stderr } = await asked(command, api, command === show ? [name] : [ONE, name]);
      assert.equal([code, stdout, api.seen], [2, "", []]);
      assert.match(stderr, `error: Cannot use NAME "`);
      assert.ok(stderr.endsWith(`": it ${why}\n`), stderr);
    }
    const { code, stderr } = await runCommand(command, []);
    assert.equal([code, stderr.startsWith("error: Missing NAME: certgen-signer ")], [2, true]);
  }
});

test("the embedded default's kubeconfig is used where nothing else is given", async () => {
  const api = fakeApi(one);
  const { kubeconfig, port, stop } = await serveApi(api);
  const none = await runCommand(list, []);
  assert.is(none.code, 2);
  assert.is(
    none.stderr,
    "error: Missing --kubeconfig: it takes FILE, or give --address, --cacrt and --token-file " +
      "(there is no .certgen/admin.kubeconfig)\n",
  );
  mkdirSync(".certgen", { mode: 0o700 });
  writeFileSync(".certgen/admin.kubeconfig", kubeconfig, { mode: 0o600 });
  const { code, stdout, stderr } = await runCommand(list, []);
  assert.equal([code, stderr], [0, ""]);
  assert.match(stdout, ONE);
  // what serve is told by its environment is not meant
  assert.is((await runCommand(list, [], { CERTGEN_SIGNER_ADDRESS: "x:1", CERTGEN_SIGNER_CACRT: "x" })).code, 0);
  // an address needs its own credentials
  const other = await runCommand(list, [`--address=localhost:${port}`]);
  assert.equal([other.code, other.stderr.startsWith("error: Missing --cacrt: ")], [2, true]);
  chmodSync(".certgen/admin.kubeconfig", 0o666);
  const planted = await runCommand(list, []);
  assert.equal([planted.code, /can be written by others/.test(planted.stderr)], [1, true]);
  rmSync(".certgen", { recursive: true });
  await stop();
});

test("or address, CA and token are given", async () => {
  const { ca, port, stop } = await serveApi(fakeApi(one));
  writeFileSync("ca.crt", ca);
  writeFileSync("token", `${ADMIN_TOKEN}\n`);
  const given = [`--address=https://localhost:${port}`, "--cacrt=ca.crt"];
  assert.is((await runCommand(list, [...given, "--token-file=token"])).code, 0);
  const environment = {
    CERTGEN_SIGNER_TARGET_ADDRESS: `localhost:${port}`,
    CERTGEN_SIGNER_TARGET_CACRT: "ca.crt",
    CERTGEN_SIGNER_TOKEN_FILE: "token",
  };
  assert.is((await runCommand(list, [], environment)).code, 0);
  const missing = await runCommand(list, given);
  assert.equal([missing.code, missing.stderr], [
    2,
    "error: Missing --token-file: it takes FILE, an administrator's bearer token\n",
  ]);
  const both = await runCommand(list, ["--kubeconfig=config", ...given]);
  assert.equal([both.code, both.stderr.startsWith("error: Cannot use --kubeconfig together with ")], [2, true]);
  await stop();
  const away = await runCommand(list, [...given, "--token-file=token"]);
  assert.equal([away.code, /^error: Cannot reach .*connection refused\n$/.test(away.stderr)], [1, true]);
});

test.after(() => {
  process.chdir("/");
  rmSync(root, { recursive: true, force: true });
});
test.run();
