import { readFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type AgentConfig, type ManagedCertificateConfig, parseAgentConfig } from "../../../src/agent/config.ts";
import { ROOT } from "../../runtimes.ts";
import { faultOf } from "../support.ts";

const HEAD = "signer: { inCluster: true }\ndirectory: /d\ncertificates:\n";
const PEER = "  - commonName: system:etcd-peer:a\n    dnsNames: [a]\n";

const parse = (text: string, path = "/etc/certgen/agent.yaml"): AgentConfig => parseAgentConfig(text, path);
const first = (text: string, path?: string): ManagedCertificateConfig => {
  const [certificate] = parse(text, path).certificates;
  if (certificate === undefined) throw new Error("there is no certificate");
  return certificate;
};
const messageOf = (text: string): string => {
  const { message } = faultOf("malformed-object", () => parseAgentConfig(text, "agent.yaml"));
  const head = 'Cannot use configuration "agent.yaml": ';
  assert.ok(message.startsWith(head), message);
  return message.slice(head.length);
};

test("the example in docs/agent-config.md is taken, and means what it says", () => {
  const example = /```yaml\n([\s\S]*?)```/.exec(readFileSync(`${ROOT}docs/agent-config.md`, "utf8"))?.[1] ?? "";
  const { signer, certificates } = parse(example);
  assert.equal(signer, {
    kind: "address",
    url: "https://signer.example:6443",
    cacrt: "/etc/certgen/serving-ca.crt",
    tokenFile: "/etc/certgen/token",
    issuerCacrt: "/etc/certgen/ca.crt",
  });
  const [peer, server, metric, node, ...none] = certificates;
  assert.equal(none, []);
  assert.equal(peer, {
    profile: "etcd-peer",
    commonName: "system:etcd-peer:etcd1",
    organization: "system:etcd-peers",
    dnsNames: ["etcd1", "localhost"],
    ipAddresses: ["10.8.89.9", "127.0.0.1"],
    keyType: "ec-p256",
    lifetimeSeconds: 86_400,
    directory: "/etc/etcd/pki",
    caFile: "ca.crt",
    keyMode: 0o640,
    certificateMode: 0o644,
    owner: "997:995",
    rotateKey: "never",
  });
  assert.equal(server?.check, { program: "/usr/local/bin/check-etcd", args: ["--fast"] });
  assert.equal(server?.checkTls, { host: "127.0.0.1", port: 2379 });
  assert.equal(metric?.onChange, { program: "/usr/bin/systemctl", args: ["reload", "metrics-proxy"] });
  assert.is(metric?.caFile, "metric-ca.crt");
  assert.equal(node, {
    profile: "serving",
    signerName: "example.com/serving",
    commonName: "node1",
    organization: "example",
    dnsNames: ["node1.example"],
    ipAddresses: [],
    extKeyUsage: ["serverAuth"],
    directory: "/etc/proxy/tls",
    caFile: "ca.crt",
    keyMode: 0o600,
    certificateMode: 0o644,
    owner: "proxy",
    rotateKey: "always",
  });
});

test("a small file leaves everything else unsaid, and JSON is taken", () => {
  const certificate = {
    profile: "etcd-peer",
    commonName: "system:etcd-peer:a",
    organization: "system:etcd-peers",
    dnsNames: ["a"],
    ipAddresses: [],
    directory: "/d",
    caFile: "ca.crt",
  };
  const both = { signer: { kind: "in-cluster" }, certificates: [certificate] };
  assert.equal(parse(HEAD + PEER), both);
  const file = {
    signer: { inCluster: true, address: undefined },
    directory: "/d",
    certificates: [{ commonName: "system:etcd-peer:a", dnsNames: ["a"] }],
  };
  assert.equal(parse(JSON.stringify(file)), both);
});

test("relative paths begin where the file is; a program without a slash is looked for on the PATH", () => {
  const text = "signer: { kubeconfig: k, tokenFile: ../t, issuerCacrt: /i }\ndirectory: pki\ncertificates:\n" + PEER +
    "    onChange: [systemctl, ./x]\n    check: [bin/check]\n";
  for (const [path, base] of [["/etc/c/agent.yaml", "/etc/c/"], ["c/agent.yaml", "c/"], ["agent.yaml", ""]] as const) {
    const { signer } = parse(text, path);
    assert.equal(signer, { kind: "kubeconfig", path: `${base}k`, tokenFile: `${base}../t`, issuerCacrt: "/i" });
    const { directory, onChange, check } = first(text, path);
    assert.equal([directory, onChange?.program, onChange?.args], [`${base}pki`, "systemctl", ["./x"]]);
    assert.is(check?.program, `${base}bin/check`);
  }
});

test("a certificate's own place goes before the file's", () => {
  const text =
    'signer: { inCluster: true }\ndirectory: /d\nowner: a\nkeyMode: "0640"\ncertMode: "0600"\ncertificates:\n' +
    PEER + '    directory: /e\n    owner: b\n    keyMode: "0400"\n    certMode: "0444"\n';
  const { directory, owner, keyMode, certificateMode } = first(text);
  assert.equal([directory, owner, keyMode, certificateMode], ["/e", "b", 0o400, 0o444]);
});

test("a certificate for clients only may be without names", () => {
  const text = `${HEAD}  - { commonName: system:etcd-peer:a, usages: [client auth] }\n`;
  assert.equal([first(text).dnsNames, first(text).extKeyUsage], [[], ["clientAuth"]]);
});

test("usages come in one order, each once", () => {
  assert.equal(first(`${HEAD}${PEER}    usages: [client auth, server auth, client auth]\n`).extKeyUsage, [
    "serverAuth",
    "clientAuth",
  ]);
});

test("whatever is wrong is told with its line and place", () => {
  const signer = (text: string): string => `signer: ${text}\ndirectory: /d\ncertificates:\n${PEER}`;
  const more = (text: string): string => `${HEAD}${PEER}    ${text}\n`;
  const FAULTS: Readonly<Record<string, string>> = {
    [signer("{}")]: "line 1, column 1: signer: lacks address, kubeconfig or inCluster",
    [signer("{ inCluster: false }")]: "signer: lacks address",
    [signer("{ address: a, cacrt: c, kubeconfig: k }")]: "signer.kubeconfig: does not go together with address",
    [signer("{ kubeconfig: k, inCluster: true }")]: "signer.inCluster: does not go together with kubeconfig",
    [signer("{ address: a }")]: "signer: lacks cacrt",
    [signer("{ address: 'http://a', cacrt: c }")]: "signer.address: is neither HOST:PORT nor https://HOST:PORT",
    [signer("{ kubeconfig: k, cacrt: c }")]: "signer.cacrt: does not go together with kubeconfig",
    [signer("{ inCluster: true, tokenFile: t }")]: "signer.tokenFile: does not go together with inCluster",
    [signer("{ adress: a }")]:
      "line 1, column 11: signer.adress: is not known: there are address, cacrt, issuerCacrt, tokenFile, kubeconfig, " +
      "inCluster; did you mean address?",
    [HEAD.replace("directory: /d\n", "") + PEER]: "line 3, column 5: certificates[0]: lacks directory",
    [`keyMode: "0644"\n${HEAD}${PEER}`]: "line 1, column 1: keyMode: gives others than owner and group a right",
    [more('keyMode: "0700"')]: "line 6, column 5: certificates[0].keyMode: lets somebody execute",
    [more('certMode: "0666"')]: "certificates[0].certMode: lets others than its owner write",
    [more("keyMode: 0640")]: 'certificates[0].keyMode: is not 3 or 4 octal digits in quotes, as "0640"',
    [`${HEAD}  - commonName: node1\n    dnsNames: [a]\n`]: "certificates[0].commonName: takes system:etcd-peer:NAME",
    [`${HEAD}  - commonName: system:etcd-peer:../a\n    dnsNames: [a]\n`]: "commonName: may not contain '/'",
    [`${HEAD}  - { commonName: n, signerName: a.b/c, dnsNames: [a] }\n`]: "certificates[0].organization: is needed",
    [more("signerName: Serving")]: "certificates[0].signerName: is not DOMAIN/NAME",
    [`${HEAD}  - commonName: system:etcd-peer:a\n`]: "certificates[0]: lacks dnsNames, ipAddresses or both",
    [PEER.replace("[a]", '[a, "*.a"]').replace(/^/, HEAD)]:
      'certificates[0].dnsNames[1]: Cannot use DNS name "*.a": wildcards are not allowed',
    [more("ipAddresses: [10.0.0.256]")]: 'certificates[0].ipAddresses[0]: Cannot use IP address "10.0.0.256"',
    [more("lifetime: 9m59s")]: 'lifetime: "9m59s" is no duration of whole seconds, 600 or more',
    [more("lifetime: 600.5s")]: "is no duration of whole seconds",
    [more("lifetime: 30000d")]: "lifetime: is more than 2147483647 seconds",
    [more("checkTls: localhost")]: 'certificates[0].checkTls: "localhost" is not HOST:PORT',
    [more('checkTls: ":2379"')]: "is not HOST:PORT",
    [`${HEAD}${PEER}${PEER}`]:
      'line 6, column 5: certificates[1].commonName: "system:etcd-peer:a.key" in "/d" is a file of certificates[0]',
    [`${HEAD}${PEER}${PEER.replace(":a", ":A")}`]: "certificates[1].commonName",
    [`${HEAD}${PEER}${PEER.replace("etcd-peer", "etcd-metric")}    caFile: CA.crt\n`]: "certificates[1].caFile",
    [more("rotatekey: always")]: "did you mean rotateKey?",
    [more("dnsNames: [b]")]: 'the key "dnsNames" stands twice',
    ["signer: *a"]: "aliases are not taken",
    ["signer: &a {}"]: "anchors are not taken",
    ["__proto__: {}"]: '"__proto__" is not taken',
    [""]: "is not a map",
  };
  for (const [text, words] of Object.entries(FAULTS)) assert.ok(messageOf(text).includes(words), messageOf(text));
});

test("a file that would end the process or take for ever is refused", () => {
  const begin = performance.now();
  assert.match(messageOf("[".repeat(100_000)), /nesting deeper than 64/);
  assert.match(messageOf("- ".repeat(100_000)), /nesting deeper than 64/);
  assert.match(messageOf(`${HEAD}${PEER}#${"x".repeat(1 << 20)}`), /longer than 1048576 characters/);
  assert.ok(performance.now() - begin < 2000);
});

test("a message has nothing in it that a terminal acts on", () => {
  assert.match(messageOf(`${HEAD}${PEER}    "a\\e[2J": 1\n`), /certificates\[0\]\["a\\u001b\[2J"\]: is not known/);
  assert.not.match(messageOf(`${HEAD}${PEER}    checkTls: "\u202e"\n`), /\u202e/);
});

test.run();
