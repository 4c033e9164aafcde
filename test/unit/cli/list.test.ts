import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import process from "node:process";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { parse } from "yaml";
import * as list from "../../../cli/list.ts";
import { type Outcome, runCommand } from "../../command.ts";
import { type FakeApi, fakeApi, issuedObject, pendingObject, serveApi } from "../../fake_api.ts";

const root = realpathSync(mkdtempSync(`${tmpdir()}/certgen-list-`));
process.chdir(root);
const issued = await issuedObject("etcd1");
const pending = await pendingObject("etcd2", { metadata: { labels: { "a": "b" } } });
const PATH = "/apis/certificates.k8s.io/v1/certificatesigningrequests";

/** Lists what an API has. */
async function listed(
  api: FakeApi,
  argv: readonly string[],
  onStdout?: (text: string, close: () => void) => void,
): Promise<Outcome> {
  const { kubeconfig, stop } = await serveApi(api);
  writeFileSync("config", kubeconfig, { mode: 0o600 });
  try {
    return await runCommand(list, ["--kubeconfig=config", ...argv], {}, onStdout);
  } finally {
    await stop();
  }
}

test("list prints a table, and a wide one", async () => {
  const { code, stdout, stderr } = await listed(fakeApi(issued, pending), []);
  assert.equal([code, stderr], [0, ""]);
  const [header, first, second, end] = stdout.split("\n");
  assert.is(header?.replace(/ +/g, " "), "NAME AGE PROFILE REQUESTER NAMES STATE EXPIRES");
  assert.match(
    first ?? "",
    /^system:etcd-peer:etcd1 +\S+ +etcd-peer +system:anonymous +etcd1,10.8.89.9 +Approved,Issued/,
  );
  assert.match(second ?? "", /^system:etcd-peer:etcd2 .* Pending +<none>$/);
  assert.is(end, "");
  const wide = await listed(fakeApi(issued), ["-o", "wide"]);
  assert.match(wide.stdout, "(2027-03-01T12:00:00Z)\n");
});

test("list prints JSON and YAML with everything in it", async () => {
  const expected = {
    kind: "CertificateSigningRequestList",
    apiVersion: "certificates.k8s.io/v1",
    metadata: { resourceVersion: "100" },
    items: [issued, pending],
  };
  const json = await listed(fakeApi(issued, pending), ["-o=json"]);
  assert.equal(JSON.parse(json.stdout), expected);
  assert.is(json.stdout.indexOf("\n"), json.stdout.length - 1);
  const yaml = await listed(fakeApi(issued, pending), ["--output=yaml"]);
  assert.equal(parse(yaml.stdout), expected);
});

test("of none it says so, to people alone", async () => {
  for (const output of ["text", "wide"]) {
    const { code, stdout, stderr } = await listed(fakeApi(), [`-o=${output}`]);
    assert.equal([code, stdout, stderr], [0, "", "No requests found\n"]);
  }
  assert.equal(JSON.parse((await listed(fakeApi(), ["-o=json"])).stdout).items, []);
});

test("the signer is told the selector", async () => {
  const api = fakeApi(pending);
  await listed(api, ["-l", "a=b,c!=d"]);
  assert.equal(api.seen, [`GET ${PATH}?limit=500&labelSelector=a%3Db%2Cc%21%3Dd`]);
});

test("text that somebody else wrote is printed as text, in every form", async () => {
  const hostile = { ...pending, spec: { ...Object(pending["spec"]), username: "x\u202e\x1b[2J" } };
  for (const output of ["text", "wide", "json", "yaml"]) {
    const { stdout } = await listed(fakeApi(hostile), [`-o=${output}`]);
    assert.not.match(stdout.replaceAll("\n", ""), /[\p{Cc}\p{Cf}]/u);
    assert.match(stdout, /x\\u202e\\(?:u001b|e)\[2J/);
  }
});

test("list --watch goes on with each change until nobody reads", async () => {
  const api = fakeApi(issued, pending);
  const changed = { ...pending, metadata: { ...Object(pending["metadata"]), resourceVersion: "101" } };
  let lines = 0;
  const watching = listed(api, ["-w", "--selector=a=b"], (text, close) => {
    lines += text.split("\n").length - 1;
    if (lines === 5) close();
  });
  await api.watches(1);
  api.emit("MODIFIED", { ...changed, status: { conditions: [{ type: "Denied", status: "True" }] } });
  api.emit("DELETED", issued);
  const { code, stdout, stderr } = await watching;
  assert.equal([code, stderr], [0, ""]);
  const rows = stdout.split("\n").map((line) => line.split(/ {3,}/));
  assert.equal(rows.map(([name, , , , , state]) => [name, state]).slice(1, -1), [
    ["system:etcd-peer:etcd1", "Approved,Issued"],
    ["system:etcd-peer:etcd2", "Pending"],
    ["system:etcd-peer:etcd2", "Denied"],
    ["system:etcd-peer:etcd1", "Deleted"],
  ]);
  assert.match(api.seen[1] ?? "", /\?watch=true&.*resourceVersion=100&labelSelector=a%3Db$/);
});

test("list --watch as JSON has one change on each line, and begins with what is there", async () => {
  const api = fakeApi(issued);
  let lines = 0;
  const watching = listed(api, ["--watch", "-o=json"], (_, close) => {
    if (++lines === 2) close();
  });
  await api.watches(1);
  api.emit("ADDED", pending);
  const { code, stdout } = await watching;
  assert.is(code, 0);
  assert.equal(stdout.trimEnd().split("\n").map((line) => JSON.parse(line)), [
    { type: "ADDED", object: issued },
    { type: "ADDED", object: pending },
  ]);
});

test("list --watch of nothing shows the header, and ends when it is told to stop", async () => {
  const api = fakeApi();
  const watching = listed(api, ["--watch"]);
  await api.watches(1);
  process.emit("SIGINT");
  const { code, stdout, stderr } = await watching;
  assert.equal([code, stdout.split(/ +/).length, stderr], [0, 7, ""]);
});

test("what a watch cannot go on after is an error", async () => {
  const api = fakeApi();
  const watching = listed(api, ["--watch"]);
  await api.watches(1);
  api.emit("ERROR", { code: 403, message: "no more" });
  const { code, stderr } = await watching;
  assert.equal([code, stderr], [1, "error: no more\n"]);
});

test("what it does not do is refused before anything is asked", async () => {
  const cases: [string[], string][] = [
    [["--watch", "-o=yaml"], "Cannot use --watch with --output yaml: it takes text, wide or json"],
    [["-o=name"], 'Cannot use --output "name": it takes one of text, wide, json, yaml'],
    [["a"], 'Unexpected argument "a": certgen-signer list takes flags only'],
  ];
  for (const [argv, message] of cases) {
    const api = fakeApi(issued);
    const { code, stdout, stderr } = await listed(api, argv);
    assert.equal([code, stdout, stderr, api.seen], [2, "", `error: ${message}\n`, []]);
  }
});

test.after(() => {
  process.chdir("/");
  rmSync(root, { recursive: true, force: true });
});
test.run();
