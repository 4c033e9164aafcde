import process from "node:process";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type AgentSetup, agentSetupOf } from "../../../cli/agent_config.ts";
import { CERTIFICATE_FLAGS, CHANGE_FLAGS, CONFIG_FLAG, PLACE_FLAGS, SIGNER_FLAGS } from "../../../cli/agent_flags.ts";
import { UsageError } from "../../../cli/exit.ts";
import type { CommandDefinition } from "../../../cli/flag.ts";
import { definition as request } from "../../../cli/request.ts";
import type { Runtime } from "../../../src/ports.ts";
import { fakeRuntime, optionsOf } from "../../command.ts";
import { rejection } from "../../fakes.ts";
import type { MemoryFiles } from "../../memory_files.ts";

const FLAGS = [...CERTIFICATE_FLAGS, ...PLACE_FLAGS, ...SIGNER_FLAGS, ...CHANGE_FLAGS, CONFIG_FLAG];
const RUN: CommandDefinition = { ...request, name: "run", flags: FLAGS };
const CONFIG = `signer: { address: signer, cacrt: sca.crt, tokenFile: token }
directory: pki
certificates:
  - { commonName: "system:etcd-peer:a", dnsNames: [a], owner: etcd }
  - { commonName: "system:etcd-metric:a", dnsNames: [a], owner: "1:2" }
`;
const KUBECONFIG = JSON.stringify({
  "current-context": "a",
  contexts: [{ name: "a", context: { cluster: "a", user: "a" } }],
  clusters: [{ name: "a", cluster: { server: "https://api:6443", "certificate-authority-data": btoa("API CA") } }],
  users: [{ name: "a", user: { token: "own" } }],
});
const POD = { KUBERNETES_SERVICE_HOST: "10.0.0.1", KUBERNETES_SERVICE_PORT: "443" };
const ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount";
const POD_CA = "-----BEGIN CERTIFICATE-----\npod\n";

function world(config = CONFIG): Runtime & { readonly files: MemoryFiles } {
  const { runtime } = fakeRuntime();
  const files: Readonly<Record<string, string>> = {
    "/c/agent.yaml": config,
    "/c/sca.crt": "SIGNER CA",
    "/c/ca.crt": "ISSUER CA",
    "/c/token": "first\n",
    "/c/kubeconfig": KUBECONFIG,
    "/etc/passwd": "etcd:x:997:995::/:/bin/sh\n",
    [`${ACCOUNT}/ca.crt`]: POD_CA,
    [`${ACCOUNT}/token`]: "pod-token",
  };
  for (const [path, text] of Object.entries(files)) runtime.files.put(path, text);
  return runtime;
}

const setup = (
  argv: readonly string[],
  runtime: Runtime = world(),
  command = RUN,
  env: Readonly<Record<string, string>> = {},
): Promise<AgentSetup> => agentSetupOf(optionsOf(command, argv, env), runtime, { env: POD });

async function usage(...[argv, runtime, command, env]: Parameters<typeof setup>): Promise<string> {
  const error: unknown = await setup(argv, runtime, command, env).then(() => undefined, (error: unknown) => error);
  if (!(error instanceof UsageError)) throw error ?? new Error("nothing was thrown");
  return error.message;
}

test("flags alone are one certificate", async () => {
  const { certificates, target } = await setup([
    ...["--commonname=system:etcd-peer:a", "--dnsnames=a", "--assetsdir=/d", "--owner=etcd", "--rotate-key=always"],
    ...["--address=signer", "--cacrt=/c/sca.crt"],
  ]);
  assert.equal(certificates, [{
    profile: "etcd-peer",
    commonName: "system:etcd-peer:a",
    organization: "system:etcd-peers",
    caFile: "ca.crt",
    dnsNames: ["a"],
    ipAddresses: [],
    keyType: "ec-p256",
    directory: "/d",
    certificateMode: 0o644,
    owner: { uid: 997, gid: 995 },
    rotateKey: "always",
  }]);
  const { url, ca } = await target();
  assert.equal([url, ca], ["https://signer:6443", "SIGNER CA"]);
});

test("a command without change flags and --config does as well", async () => {
  const { certificates: [certificate] } = await setup(["--dnsnames=a"], world(), request);
  assert.equal([certificate?.commonName, certificate?.rotateKey], ["system:etcd-peer:host1", undefined]);
});

test("a file is all its certificates, with owners looked up and paths beside it", async () => {
  const { certificates } = await setup(["--config=/c/agent.yaml"]);
  assert.equal(
    certificates.map(({ commonName, directory, owner, caFile }) => [commonName, directory, owner, caFile]),
    [
      ["system:etcd-peer:a", "/c/pki", { uid: 997, gid: 995 }, "ca.crt"],
      ["system:etcd-metric:a", "/c/pki", { uid: 1, gid: 2 }, "metric-ca.crt"],
    ],
  );
});

test("with a file no flag is taken whose value it says, nor its variable", async () => {
  const values: Readonly<Record<string, string>> = {
    "key-type": "ec-p256",
    lifetime: "1h",
    "rotate-key": "never",
    "in-cluster": "true",
  };
  for (const { name } of FLAGS.filter((flag) => flag !== CONFIG_FLAG)) {
    assert.is(
      await usage(["--config=/c/agent.yaml", `--${name}=${values[name] ?? "x"}`]),
      `Cannot use --${name} together with --config: the file says it`,
    );
  }
  const env = { CERTGEN_AGENT_ADDRESS: "a", CERTGEN_AGENT_CONFIG: "/c/agent.yaml" };
  assert.is(
    await usage([], world(), RUN, env),
    "Cannot use CERTGEN_AGENT_ADDRESS together with CERTGEN_AGENT_CONFIG: the file says it",
  );
});

test("the target reads everything anew: a token that changed on disk is the new one", async () => {
  const runtime = world();
  const byFile = await setup(["--config=/c/agent.yaml"], runtime);
  const byFlags = await setup(
    ["--dnsnames=a", "--address=signer", "--cacrt=/c/sca.crt", "--token-file=/c/token"],
    runtime,
  );
  for (const { target } of [byFile, byFlags]) assert.is((await target()).token, "first");
  runtime.files.put("/c/token", "second\n");
  runtime.files.put("/c/sca.crt", "NEW CA");
  for (const { target } of [byFile, byFlags]) {
    assert.equal(await target(), {
      url: "https://signer:6443",
      ca: "NEW CA",
      token: "second",
      client: undefined,
      issuerCa: undefined,
      fallbackIssuerCa: "NEW CA",
    });
  }
});

test("every way to the signer that a file knows", async () => {
  const by = async (signer: string): Promise<unknown> => {
    const { target } = await setup(
      ["--config=/c/agent.yaml"],
      world(CONFIG.replace(/^signer: .*/, `signer: ${signer}`)),
    );
    return await target();
  };
  const kube = { url: "https://api:6443", ca: "API CA", client: undefined, fallbackIssuerCa: undefined };
  assert.equal(await by("{ kubeconfig: kubeconfig }"), { ...kube, token: "own", issuerCa: undefined });
  assert.equal(await by("{ kubeconfig: kubeconfig, tokenFile: token, issuerCacrt: ca.crt }"), {
    ...kube,
    token: "first",
    issuerCa: "ISSUER CA",
  });
  assert.equal(await by("{ inCluster: true, issuerCacrt: ca.crt }"), {
    url: "https://10.0.0.1:443",
    ca: POD_CA,
    token: "pod-token",
    client: undefined,
    issuerCa: "ISSUER CA",
    fallbackIssuerCa: undefined,
  });
  assert.equal(await by("{ address: 'https://signer:1', cacrt: sca.crt }"), {
    url: "https://signer:1",
    ca: "SIGNER CA",
    token: undefined,
    client: undefined,
    issuerCa: undefined,
    fallbackIssuerCa: "SIGNER CA",
  });
});

test("--in-cluster takes the service account of the pod, and goes with nothing else that says where the signer is", async () => {
  const { target } = await setup(["--dnsnames=a", "--in-cluster", "--issuer-cacrt=/c/ca.crt"]);
  const { url, token, issuerCa, fallbackIssuerCa } = await target();
  assert.equal([url, token, issuerCa, fallbackIssuerCa], [
    "https://10.0.0.1:443",
    "pod-token",
    "ISSUER CA",
    undefined,
  ]);
  for (const flag of ["address", "cacrt", "kubeconfig", "token-file"]) {
    assert.is(
      await usage(["--in-cluster", `--${flag}=a`]),
      `Cannot use --in-cluster together with --${flag}: it takes its place`,
    );
  }
});

test("flags that contradict each other are refused before the signer is asked for", async () => {
  assert.match(await usage(["--kubeconfig=k", "--cacrt=c"]), /^Cannot use --kubeconfig together with/);
  assert.match(await usage(["--address=http://a"]), /^Cannot use --address "http:\/\/a"/);
  // the files are looked at when the signer is
  const { target } = await setup(["--dnsnames=a", "--cacrt=gone"]);
  await rejection("not-found", target());
});

test("what is wrong with a file is told with its name and place", async () => {
  const cases: [string, RegExp][] = [
    [
      CONFIG.replace("owner: etcd", "owner: nobody"),
      /certificates\[0\]\.owner: Cannot use owner "nobody": \/etc\/passwd/,
    ],
    [CONFIG.replace("dnsNames", "dnsnames"), /line 4, column \d+: certificates\[0\]\.dnsnames: is not known/],
    [
      CONFIG.replace("etcd-metric:a", "etcd-peer:a").replace('owner: "1:2"', "directory: /c/pki"),
      /certificates\[1\]\.commonName: .* is a file of certificates\[0\]/,
    ],
  ];
  for (const [config, words] of cases) {
    const { message } = await rejection("malformed-object", setup(["--config=/c/agent.yaml"], world(config)));
    assert.ok(message.startsWith('Cannot use configuration "/c/agent.yaml": '), message);
    assert.match(message, words);
  }
  await rejection("not-found", setup(["--config=/c/gone.yaml"]));
});

test("a relative and an absolute name of one directory are one", async () => {
  const runtime = world();
  const config = CONFIG.replace("etcd-metric:a", "etcd-peer:a").replace(
    'owner: "1:2"',
    `directory: ${process.cwd()}/pki`,
  );
  runtime.files.put("agent.yaml", config);
  const { message } = await rejection("malformed-object", setup(["--config=agent.yaml"], runtime));
  assert.match(message, /certificates\[1\]\.commonName: .* is a file of certificates\[0\]/);
});

test("a common name whose file is the CA's file is refused by flags as well, in any case", async () => {
  for (const name of ["ca", "CA"]) {
    const argv = [
      "--commonname",
      name,
      "--signer-name",
      "a.example/b",
      "--orgname",
      "o",
      "--dnsnames",
      "a",
      "--address",
      "a",
    ];
    assert.match(
      await usage(argv),
      `Cannot use --commonname "${name}": its files and its CA's, "ca.crt", are the same`,
    );
  }
});

test("a check of a server that has no address is refused before anything is changed", async () => {
  for (const address of ["10.0.0.256:2379", "[:::]:2379", "a|b:2379"]) {
    const argv = ["--commonname", "system:etcd-peer:a", "--dnsnames", "a", "--address", "a", "--check-tls", address];
    assert.match(await usage(argv), "it takes HOST:PORT");
    assert.match(await usage([...argv.slice(0, 4), "--address", address]), "--address");
  }
});

test.run();
