import { existsSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import process from "node:process";
import { test } from "uvu";
import * as assert from "uvu/assert";
import * as create from "../../../cli/token_create.ts";
import { hashToken } from "../../../src/auth/bootstrap_token.ts";
import { parseTokenDefinition } from "../../../src/auth/token_definition.ts";
import { type Outcome, runCommand } from "../../command.ts";

const root = realpathSync(mkdtempSync(`${tmpdir()}/certgen-token-create-`));
process.chdir(root);
let count = 0;

/** Makes a token in a directory of its own. */
async function made(argv: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const directory = `${root}/${++count}`;
  const outcome = await runCommand(create, [`--token-dir=${directory}`, ...argv], env);
  return { ...outcome, directory };
}

/** The definition that was kept of the one token. */
function keptOf(directory: string) {
  const [name = ""] = readdirSync(directory);
  return parseTokenDefinition(readFileSync(`${directory}/${name}`), name);
}

async function refused(argv: readonly string[], message: string | RegExp): Promise<void> {
  const { code, stdout, stderr, directory } = await made(argv);
  assert.equal([code, stdout], [2, ""], argv.join(" "));
  assert.match(stderr, message);
  assert.not.ok(existsSync(directory));
}

test("token create prints the token alone, and says what it is for", async () => {
  const argv = ["--for=system:etcd-peer:etcd1", "--dns=ETCD1, etcd1.example.org", "--ip=10.8.89.9,[FD00::1]"];
  const { code, stdout, stderr, directory } = await made(argv);
  assert.is(code, 0);
  assert.match(stdout, /^[a-z0-9]{6}\.[0-9a-f]{40}\n$/);
  const token = stdout.trim();
  const kept = keptOf(directory);
  assert.equal([kept.id, kept.hash], [token.slice(0, 6), await hashToken(token)]);
  assert.equal(kept.commonNames, ["system:etcd-peer:etcd1"]);
  assert.equal(kept.dnsNames, ["etcd1", "etcd1.example.org"]);
  assert.equal(kept.ipAddresses, ["10.8.89.9", "fd00::1"]);
  assert.equal(kept.profiles, ["etcd-peer"]);
  assert.is(kept.uses, 1);
  assert.is(kept.expiresAt.getTime() - kept.createdAt.getTime(), 86_400_000);
  assert.ok(Math.abs(kept.createdAt.getTime() - Date.now()) < 60_000);
  const until = kept.expiresAt.toISOString().replace(".000", "");
  assert.is(
    stderr,
    `token ${kept.id} is good until ${until} for one request, for system:etcd-peer:etcd1; ` +
      "names etcd1, etcd1.example.org, 10.8.89.9, fd00::1; profile etcd-peer\n",
  );
  const file = `${directory}/${kept.id}.json`;
  if (process.platform !== "win32") assert.is(statSync(file).mode & 0o7777, 0o600);
  assert.not.match(readFileSync(file, "utf8") + stderr, token.slice(7));
});

test("token create without names makes one that is good for any", async () => {
  const { stderr, directory } = await made(["--uses=0", "--ttl=1h30m"]);
  const kept = keptOf(directory);
  assert.equal(Object.keys(kept).sort(), ["createdAt", "expiresAt", "hash", "id"]);
  assert.is(kept.expiresAt.getTime() - kept.createdAt.getTime(), 5_400_000);
  assert.match(stderr, /for any number of requests, whatever they are for\n$/);
});

test("token create -o json prints everything for scripts, and no digest", async () => {
  const { stdout, stderr, directory } = await made([
    "-o=json",
    "--uses=3",
    "--profile=web,etcd-peer",
    "--description=rack 7",
  ]);
  const kept = keptOf(directory);
  const { token, ...facts } = JSON.parse(stdout);
  assert.equal(facts, {
    id: kept.id,
    expirationTimestamp: kept.expiresAt.toISOString().replace(".000", ""),
    uses: 3,
    profiles: ["web", "etcd-peer"],
    description: "rack 7",
  });
  assert.is(await hashToken(token), kept.hash);
  assert.is(stderr, "");
});

test("--for implies built-in profiles, unless --profile says others", async () => {
  const profilesOf = async (...argv: string[]) => keptOf((await made(argv)).directory).profiles;
  const [peer, metric] = ["--for=system:etcd-peer:a", "--for=system:etcd-metric:a"];
  assert.equal(await profilesOf(peer, metric, "--for=system:etcd-peer:b"), ["etcd-peer", "etcd-metric"]);
  assert.equal(await profilesOf(peer, "--profile=etcd-server"), ["etcd-server"]);
  assert.is(await profilesOf("--for=web1"), undefined);
  assert.equal(await profilesOf(peer, "--for=web1", "--profile=etcd-peer,web"), ["etcd-peer", "web"]);
  await refused([peer, "--for=web1"], 'error: Missing --profile: "web1" is of no built-in profile');
  await refused(["--for=system:etcd-peer:"], /Cannot use --for "system:etcd-peer:": a node's name must follow/);
});

test("values that cannot be used are refused by their flag, and nothing is made", async () => {
  const cases: [string[], string | RegExp][] = [
    [["--for="], 'Cannot use --for "": it is empty'],
    [["--for=é"], 'Cannot use --for "é"'],
    [["--for=a\u202eb"], 'Cannot use --for "a\\u202eb"'],
    [[`--for=${"a".repeat(65)}`], /Cannot use --for .*: it has more than 64 characters/],
    [["--dns=*.example.org"], /--dns: Cannot use DNS name .*: wildcards are not allowed/],
    [["--dns=10.0.0.1"], /--dns: .*: it is an IP address/],
    [["--dns=,"], /Cannot use --dns: it names nothing/],
    [[`--dns=${Array.from({ length: 101 }, (_, i) => `n${i}`)}`], "Cannot use --dns: it takes 100 at most, not 101"],
    [["--ip=10.0.0"], /--ip: Cannot use IP address "10.0.0"/],
    [["--ip=10.0.0.0/8"], /--ip: Cannot use IP address/],
    [["--profile=Etcd"], 'Cannot use --profile "Etcd"'],
    [["--profile="], "Cannot use --profile: it names nothing"],
    [["--ttl=59s"], /Cannot use --ttl "59s": .* at least 1m/],
    [["--ttl=366d"], /Cannot use --ttl "366d": .* at most 365d/],
    [["--ttl=0"], "Cannot use --ttl"],
    [["--uses=-1"], "Cannot use --uses"],
    [["--uses=1.5"], "Cannot use --uses"],
    [["--uses="], "Cannot use --uses"],
    [["--uses=1001"], 'Cannot use --uses "1001": it takes a whole number from 0 (any number) to 1000'],
    [["--description=a\nb"], "Cannot use --description"],
    [["etcd1"], 'Unexpected argument "etcd1"'],
  ];
  for (const [argv, message] of cases) await refused(argv, message);
  for (const ttl of ["1m", "365d"]) assert.is((await made([`--ttl=${ttl}`])).code, 0);
});

test("tokens are kept in the state directory unless said, and flags can be in the environment", async () => {
  const run = (env: Readonly<Record<string, string>>, ...argv: string[]): Promise<Outcome> =>
    runCommand(create, argv, env);
  assert.is((await run({})).code, 0);
  assert.is(readdirSync(`${root}/.certgen/tokens`).length, 1);
  assert.is(
    (await run({ CERTGEN_SIGNER_STATE_DIR: "state", CERTGEN_SIGNER_FOR: "system:etcd-peer:a,system:etcd-peer:b" }))
      .code,
    0,
  );
  assert.equal(keptOf(`${root}/state/tokens`).commonNames, ["system:etcd-peer:a", "system:etcd-peer:b"]);
  assert.is((await run({ CERTGEN_SIGNER_TOKEN_DIR: "theirs" }, "--state-dir=unused")).code, 0);
  assert.equal([readdirSync(`${root}/theirs`).length, existsSync(`${root}/unused`)], [1, false]);
});

test.after(() => {
  process.chdir("/");
  rmSync(root, { recursive: true, force: true });
});
test.run();
