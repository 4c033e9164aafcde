import { readFileSync, rmSync, writeFileSync } from "node:fs";
import process from "node:process";
import { test } from "uvu";
import * as assert from "uvu/assert";
import * as explain from "../../../cli/policy_explain.ts";
import { parseCsr } from "../../../src/x509/csr.ts";
import { type Outcome, runCommand } from "../../command.ts";
import { enterPolicyWorld, writeCsr } from "../../policy_world.ts";

const root = await enterPolicyWorld("policy-explain");
const explained = (...argv: string[]): Promise<Outcome> => runCommand(explain, argv);

test("policy explain says who allows it, and every rule", async () => {
  const { code, stdout, stderr } = await explained("etcd1.csr", "--as=etcd:etcd1", "--config=signer.yaml");
  assert.equal([code, stderr], [0, ""]);
  assert.is(
    stdout,
    `allowed by nodes (profile etcd-peer)

RESULT   OF        RULE                  WHY
pass     profile   subject
pass     profile   key
pass     profile   signature algorithm
pass     profile   extensions
pass     profile   usages
pass     profile   names
fail     policy    administrators        who: user "etcd:etcd1" is not in group "certgen:admins"
pass     policy    nodes
fail     policy    web                   who: user "etcd:etcd1" is not in group "web"
`,
  );
});

test("R35 policy explain denies another node, with an exit code of its own", async () => {
  const { code, stdout } = await explained("etcd1.csr", "--as=etcd:etcd2", "--config=signer.yaml");
  assert.is(code, 3);
  assert.match(
    stdout,
    'denied: no rule allows it: nodes: commonName: "system:etcd-peer:etcd1" is none of "system:etcd-peer:etcd2"',
  );
  assert.match(stdout, "reason: NotAllowedByPolicy\n");
});

test("policy explain as JSON has the same", async () => {
  const { code, stdout } = await explained("etcd1.csr", "--as=x", "--config=signer.yaml", "-o=json");
  const { allowed, reason, message, profile, results } = JSON.parse(stdout);
  assert.equal([code, allowed, reason, profile, results.length], [3, false, "NotAllowedByPolicy", "etcd-peer", 9]);
  assert.match(message, "no rule allows it");
});

test("without a configuration the policy is the default one", async () => {
  assert.is((await explained("etcd1.csr", "--as=etcd:etcd1")).code, 3);
  assert.is((await explained("etcd1.csr", "--as=alice", "--group=x", "--group=certgen:admins")).code, 0);
  assert.is((await explained("etcd1.csr", "--as=system:bootstrap:abc", "--token=abc")).code, 0);
  const renewal = await explained("etcd1.csr", "--as=certgen:cert:etcd-peer:system:etcd-peer:etcd1");
  assert.match(renewal.stdout, "nothing is known of the certificate that proves it");
});

test("claims and a profile may be given", async () => {
  const config = `jwt:
  - { issuer: a, audiences: [a], jwksFile: f, user: { claim: sub, prefix: "a:" }, claims: [node] }
rules:
  - who: { claim: { node: "{node}" } }
    mayHave: { profiles: [etcd-peer], commonNames: ["system:etcd-peer:{node}"], dnsNames: ["{node}"] }
`;
  writeFileSync("claims.yaml", config);
  const asked = ["etcd1.csr", "--as=x", "--config=claims.yaml"];
  assert.is((await explained(...asked, "--claim=node=etcd2", "--claim=node=etcd1")).code, 0);
  assert.is((await explained(...asked, "--claim=node=etcd2")).code, 3);
  const other = await explained(...asked, "--claim=node=etcd1", "--profile=etcd-server");
  assert.match(other.stdout, "reason: SubjectNotAllowed");
  const unknown = await explained(...asked, "--profile=nope");
  assert.equal([unknown.code, unknown.stderr], [
    2,
    'error: Cannot use profile "nope": there are etcd-peer, etcd-server, etcd-metric\n',
  ]);
  assert.is((await explained(...asked, "--claim=x")).code, 2);
});

test("what is missing or broken is said", async () => {
  assert.match((await explained("etcd1.csr")).stderr, "Missing --as: it takes USER");
  assert.is((await explained("nope.csr", "--as=x")).code, 1);
  writeFileSync("bad.yaml", "rules: 1\n");
  const { code, stderr } = await explained("etcd1.csr", "--as=x", "--config=bad.yaml");
  assert.equal([code, stderr], [
    1,
    'error: Cannot use configuration "bad.yaml": line 1, column 1: rules: is not a list\n',
  ]);
  const der = new Uint8Array(parseCsr(readFileSync("etcd1.csr", "utf8")).der);
  writeFileSync("etcd1.der", der);
  assert.is((await explained("etcd1.der", "--as=etcd:etcd1", "--config=signer.yaml")).code, 0);
  der[der.length - 1] = (der.at(-1) ?? 0) ^ 1;
  writeFileSync("forged.der", der);
  assert.is((await explained("forged.der", "--as=etcd:etcd1", "--config=signer.yaml")).code, 1);
});

test("R31 what a CSR has in it is printed with nothing that a terminal acts on", async () => {
  await writeCsr("evil.csr", { organization: "system:etcd-peers", commonName: "\u202e\u001b[2J\u009bx" });
  for (const output of ["text", "json"]) {
    const { stdout, stderr } = await explained("evil.csr", "--as=\u202ex", "--config=signer.yaml", `-o=${output}`);
    assert.not(/[\p{Cf}]|(?!\n)\p{Cc}/u.test(stdout + stderr), JSON.stringify(stdout));
  }
});

test.after(() => {
  process.chdir("/");
  rmSync(root, { recursive: true });
});

test.run();
