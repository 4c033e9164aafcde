import { mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import process from "node:process";
import { test } from "uvu";
import * as assert from "uvu/assert";
import * as serve from "../../../cli/serve.ts";
import { runCommand } from "../../command.ts";

// a directory of its own, so that a refusal that comes too late is seen in it
const root = mkdtempSync(`${tmpdir()}/certgen-serve-`);
process.chdir(root);

const CA = ["--cacrt=ca.crt", "--cakey=ca.key"];
const SERVING = ["--servcrt=server.crt", "--servkey=server.key"];

/** What a command line is refused with, with exit 2 and nothing made or printed. */
async function refusal(argv: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<string> {
  const { code, stdout, stderr } = await runCommand(serve, argv, env);
  assert.equal([code, stdout], [2, ""], stderr);
  assert.match(stderr, /^error: .+\n$/);
  assert.equal(readdirSync(root), []);
  return stderr.slice("error: ".length, -1);
}

test("a CA pair is needed as soon as any file is given", async () => {
  const missing =
    "Missing CA: at least one pair of --cacrt and --cakey, or --metric-cacrt and --metric-cakey, is needed";
  assert.is(await refusal(SERVING), missing);
  assert.is(await refusal(["--csrdir=csrs"]), missing);
});

test("half a CA pair is refused by the half that is missing", async () => {
  const cases: [string, string, string][] = [
    ["cacrt", "cakey", "--cacrt=ca.crt"],
    ["cakey", "cacrt", "--cakey=ca.key"],
    ["metric-cacrt", "metric-cakey", "--metric-cacrt=ca.crt"],
    ["metric-cakey", "metric-cacrt", "--metric-cakey=ca.key"],
  ];
  for (const [given, missing, flag] of cases) {
    assert.is(
      await refusal([flag, ...SERVING, "--csrdir=csrs"]),
      `Missing --${missing}: it takes FILE, and goes with --${given}`,
    );
  }
  const fromEnvironment = await refusal([...CA, ...SERVING, "--csrdir=x"], { CERTGEN_SIGNER_METRIC_CACRT: "m.crt" });
  assert.match(fromEnvironment, "Missing --metric-cakey");
});

test("serving pairs must be there, and as many of both", async () => {
  const missing = "Missing --servcrt and --servkey: at least one pair is needed";
  assert.is(await refusal([...CA, "--csrdir=csrs"]), missing);
  assert.is(await refusal([...CA, "--csrdir=csrs", "--servcrt=a"]), missing);
  assert.is(await refusal([...CA, "--csrdir=csrs", "--servkey=a"]), missing);
  assert.is(
    await refusal([...CA, "--csrdir=csrs", ...SERVING, "--servcrt=b"]),
    "Cannot pair 2 --servcrt with 1 --servkey: as many of both are needed",
  );
});

test("csrdir is needed", async () => {
  assert.is(await refusal([...CA, ...SERVING]), "Missing --csrdir: it takes DIR");
});

test("addresses that are none are refused by flag or variable", async () => {
  for (const flag of ["address", "insecure-health-check-address"]) {
    for (const value of ["6443", "a:b", "::1:6443", "host:65536", "https://a:1", "a b:1"]) {
      assert.is(
        await refusal([`--${flag}=${value}`]),
        `Cannot use --${flag} ${JSON.stringify(value)}: it takes HOST:PORT, as 0.0.0.0:6443`,
      );
    }
  }
  assert.match(await refusal([], { CERTGEN_SIGNER_ADDRESS: "x" }), /^Cannot use CERTGEN_SIGNER_ADDRESS "x": /);
  assert.match(await refusal(["--address="]), /^Cannot use --address ""/);
});

test("durations that are none, too short or too long are refused by flag", async () => {
  for (const flag of ["peercertdur", "servercertdur", "metriccertdur"]) {
    for (const value of ["1", "", "-1h", "0", "0s", "999ms", "3651d", "1y", "8760 h", "1e3h"]) {
      assert.ok((await refusal([`--${flag}=${value}`])).startsWith(`Cannot use --${flag} ${JSON.stringify(value)}: `));
    }
  }
});

test("manual approval without credentials is refused: nobody could approve", async () => {
  const own = [...CA, ...SERVING, "--csrdir=csrs"];
  const message = '"manual": without credentials nobody is an administrator; ' +
    "give --token-auth-file FILE with a user in the group certgen:admins";
  assert.is(await refusal([...own, "--approval=manual"]), `Cannot use --approval ${message}`);
  const fromEnvironment = await refusal(own, { CERTGEN_SIGNER_APPROVAL: "manual" });
  assert.is(fromEnvironment, `Cannot use CERTGEN_SIGNER_APPROVAL ${message}`);
  assert.match(await refusal([...own, "--approval=maybe"]), /--approval "maybe": it takes one of auto, manual$/);
  // with credentials it is the files that are missed
  const { code, stderr } = await runCommand(serve, [...own, "--approval=manual", "--token-auth-file=tokens"]);
  assert.is(code, 1);
  assert.match(stderr, /Cannot keep requests in "csrs"/);
});

test("unknown flags, words and log settings are refused", async () => {
  assert.is(await refusal(["--cacert=x"]), 'Unknown flag "--cacert": did you mean --cacrt?');
  assert.match(await refusal(["now"]), /^Unexpected argument "now"/);
  assert.match(await refusal(["--log-level=loud"]), /--log-level "loud"/);
  assert.match(await refusal(["--cacrt"]), /^Missing value of --cacrt/);
});

test("files that are not there are named, before anything listens", async () => {
  const own = [...CA, ...SERVING, "--csrdir=csrs", "--address=127.0.0.1:0", "--insecure-health-check-address=off"];
  const { code, stdout, stderr } = await runCommand(serve, own);
  assert.equal([code, stdout], [1, ""]);
  assert.is(stderr, 'error: Cannot keep requests in "csrs": there is no such directory\n');
  const inRoot = await runCommand(serve, [...own.filter((flag) => !flag.startsWith("--csrdir")), "--csrdir=."]);
  assert.is(inRoot.code, 1);
  assert.match(inRoot.stderr, /"ca\.(?:crt|key)"/);
  assert.equal(readdirSync(root), []);
});

test("an unsafe state directory is refused by name", async () => {
  symlinkSync(root, `${root}/state`);
  const { code, stderr } = await runCommand(serve, ["--state-dir=state", "--address=127.0.0.1:0"]);
  rmSync(`${root}/state`);
  assert.is(code, 1);
  assert.match(stderr, /^error: Cannot use "state": ".*\/state" is a symbolic link\n$/);
  assert.equal(readdirSync(root), []);
});

test.after(() => {
  process.chdir("/");
  rmSync(root, { recursive: true, force: true });
});
test.run();
