import { test } from "uvu";
import * as assert from "uvu/assert";
import { CERTIFICATE_FLAGS, CHANGE_FLAGS, PLACE_FLAGS } from "../../../cli/agent_flags.ts";
import { changesOf, placeOf, wantedOf } from "../../../cli/agent_wanted.ts";
import { UsageError } from "../../../cli/exit.ts";
import { definition } from "../../../cli/request.ts";
import { fakeRuntime, optionsOf } from "../../command.ts";
import { fakeLog } from "../../fakes.ts";
import { MemoryFiles } from "../../memory_files.ts";

const COMMAND = { ...definition, flags: [...CERTIFICATE_FLAGS, ...PLACE_FLAGS, ...CHANGE_FLAGS] };
type Env = Readonly<Record<string, string>>;

const wanted = (argv: string[], env: Env = {}): ReturnType<typeof wantedOf> =>
  wantedOf(optionsOf(COMMAND, argv, env), fakeRuntime().runtime, fakeLog().log);
const place = async (argv: string[], env: Env = {}): ReturnType<typeof placeOf> => {
  const files = new MemoryFiles();
  files.put("/etc/passwd", "etcd:x:997:995::/:/bin/sh\n");
  return await placeOf(optionsOf(COMMAND, argv, env), files);
};
const changes = (argv: string[]): ReturnType<typeof changesOf> => changesOf(optionsOf(COMMAND, argv));

async function usage(action: () => unknown): Promise<string> {
  try {
    await action();
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
  throw new Error("nothing was thrown");
}

test("wantedOf: without a flag a peer's certificate for this host", () => {
  const { log, lines } = fakeLog();
  assert.equal(wantedOf(optionsOf(COMMAND, []), fakeRuntime().runtime, log), {
    profile: "etcd-peer",
    commonName: "system:etcd-peer:host1",
    organization: "system:etcd-peers",
    caFile: "ca.crt",
    dnsNames: ["localhost", "host1"],
    ipAddresses: ["127.0.0.1", "::1", "10.8.89.9"],
    keyType: "ec-p256",
  });
  assert.equal(lines.map(({ message }) => message), ["names of this host"]);
});

test("wantedOf: everything that can be said", () => {
  const argv = ["--commonname=node1", "--signer-name=example.com/serving", "--orgname=o", "--dnsnames=a,b"];
  assert.equal(wanted([...argv, "--key-type=ed25519", "--lifetime=24h"]), {
    profile: "serving",
    signerName: "example.com/serving",
    commonName: "node1",
    organization: "o",
    caFile: "ca.crt",
    dnsNames: ["a", "b"],
    ipAddresses: [],
    keyType: "ed25519",
    lifetimeSeconds: 86_400,
  });
  assert.is(wanted(["--commonname=system:etcd-metric:a"]).caFile, "metric-ca.crt");
});

test("wantedOf names the flag that is wrong", async () => {
  const cases: [string[], string][] = [
    [["--commonname=node1"], 'Cannot use --commonname "node1": it takes system:etcd-peer:NAME'],
    [["--commonname=system:etcd-peer:a/b"], `Cannot use --commonname "system:etcd-peer:a/b": it may not contain '/'`],
    [["--commonname=a", "--signer-name=b", "--orgname=o"], 'Cannot use --signer-name "b": it is not DOMAIN/NAME'],
    [["--commonname=a", "--signer-name=b.c/d"], "Missing --orgname: it takes NAME, since"],
    [["--orgname="], 'Cannot use --orgname "": it has 0 characters'],
    [["--dnsnames=*.a"], "--dnsnames: Cannot use DNS name"],
    [["--lifetime=0.5s"], 'Cannot use --lifetime "0.5s": it takes a duration such as'],
    [["--lifetime=24856d"], "Cannot use --lifetime"],
    [["--lifetime=10m0.5s"], 'Cannot use --lifetime "10m0.5s": it takes whole seconds'],
  ];
  for (const [argv, words] of cases) {
    const message = await usage(() => wanted(argv));
    assert.ok(message.startsWith(words), message);
    assert.not.ok(message.includes("\n"));
  }
  const env = { CERTGEN_AGENT_COMMONNAME: "x" };
  assert.match(await usage(() => wanted([], env)), /^Cannot use CERTGEN_AGENT_COMMONNAME "x"/);
});

test("placeOf: directory, modes and owner", async () => {
  assert.equal(await place([]), { directory: "certs", certificateMode: 0o644 });
  assert.equal(await place(["--assetsdir=/d", "--key-mode=0640", "--cert-mode=444", "--owner=etcd"]), {
    directory: "/d",
    keyMode: 0o640,
    certificateMode: 0o444,
    owner: { uid: 997, gid: 995 },
  });
});

test("placeOf names the flag that is wrong", async () => {
  const cases: [string[], Env, string][] = [
    [["--key-mode=0644"], {}, 'Cannot use --key-mode "0644": it gives others than owner and group a right to a key'],
    [["--key-mode="], {}, 'Cannot use --key-mode "": it is not 3 or 4 octal digits'],
    [["--cert-mode=0664"], {}, 'Cannot use --cert-mode "0664": it lets others than its owner write'],
    [["--owner=nobody"], {}, 'Cannot use --owner "nobody": /etc/passwd has no user "nobody"'],
    [["--owner="], {}, 'Cannot use --owner "": it takes USER'],
    [[], { CERTGEN_AGENT_OWNER: "a:b:c" }, 'Cannot use CERTGEN_AGENT_OWNER "a:b:c": it takes USER'],
  ];
  for (const [argv, env, words] of cases) {
    const message = await usage(() => place(argv, env));
    assert.ok(message.startsWith(words), message);
  }
});

test("changesOf: programs without arguments, a server, and whether the key changes", async () => {
  assert.equal(changes([]), { rotateKey: "never" });
  assert.equal(changes(["--rotate-key=always", "--on-change=/bin/a b", "--check=c", "--check-tls=[::1]:2379"]), {
    rotateKey: "always",
    onChange: { program: "/bin/a b", args: [] },
    check: { program: "c", args: [] },
    checkTls: { host: "::1", port: 2379 },
  });
  for (const value of ["localhost", ":1", "a:0", "a:b", ""]) {
    assert.match(
      await usage(() => changes([`--check-tls=${value}`])),
      /^Cannot use --check-tls ".*": it takes HOST:PORT$/,
    );
  }
  assert.match(await usage(() => changes(["--on-change="])), /^Cannot use --on-change ""/);
});

test.run();
