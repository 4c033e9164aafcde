import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import process from "node:process";
import { test } from "uvu";
import * as assert from "uvu/assert";
import * as command from "../../../cli/policy_test.ts";
import { type Outcome, runCommand } from "../../command.ts";
import { enterPolicyWorld } from "../../policy_world.ts";

const root = await enterPolicyWorld("policy-test");
const tested = (cases: string, ...argv: string[]): Promise<Outcome> => {
  writeFileSync("cases.yaml", cases);
  return runCommand(command, ["cases.yaml", "--config=signer.yaml", ...argv]);
};
const PEER = "organization: system:etcd-peers, commonName: system:etcd-peer:etcd1";

test("policy test judges cases, and says how each went", async () => {
  const { code, stdout, stderr } = await tested(`cases:
  - { name: its own name, as: etcd:etcd1, csr: etcd1.csr, expect: allowed }
  - { name: another's name, as: etcd:etcd2, csr: etcd1.csr, expect: denied, because: commonName }
  - { name: made of the case, as: etcd:etcd1, request: { ${PEER}, dnsNames: [etcd1], ipAddresses: [10.8.89.9] }, expect: allowed }
  - { name: another address, as: etcd:etcd1, request: { ${PEER}, ipAddresses: [10.8.90.9] }, expect: denied, because: '"10.8.90.9" is none of' }
  - { name: a wildcard, as: x, groups: [web], request: { dnsNames: ["*.example.org"], profile: web, lifetime: 30m }, expect: allowed }
  - { name: too long, as: x, groups: [web], request: { dnsNames: [a.example.org], profile: web }, expect: denied, because: lifetime }
  - { name: no address, as: x, groups: [web], profile: web, request: { dnsNames: ["10.0.0.1"] }, expect: denied, because: ask for it as one }
  - { name: a mapped address, as: etcd:etcd1, request: { ${PEER}, ipAddresses: ["::ffff:10.8.89.9"] }, expect: allowed }
`);
  assert.equal([code, stderr], [0, ""]);
  assert.is(
    stdout,
    `ok   its own name
ok   another's name
ok   made of the case
ok   another address
ok   a wildcard
ok   too long
ok   no address
ok   a mapped address
8 ok, 0 failed
`,
  );
});

test("a case that comes out otherwise fails the command", async () => {
  const cases = `cases:
  - { name: a, as: etcd:etcd1, csr: etcd1.csr, expect: denied }
  - { name: "b\\u202e", as: etcd:etcd1, csr: etcd1.csr, expect: allowed, because: administrators }
  - { name: c, as: x, csr: etcd1.csr, expect: allowed }
  - { name: d, as: etcd:etcd1, csr: etcd1.csr, expect: allowed, because: nodes }
`;
  const { code, stdout } = await tested(cases);
  const [a, b, c, d, counts] = stdout.split("\n");
  assert.is(code, 1);
  assert.is(a, "FAIL a: expected denied, was allowed: allowed by nodes (profile etcd-peer)");
  assert.is(
    b,
    'FAIL b\\u202e: expected allowed because "administrators", was allowed: allowed by nodes (profile etcd-peer)',
  );
  assert.match(c ?? "", /^FAIL c: expected allowed, was denied: no rule allows it: /);
  assert.equal([d, counts], ["ok   d", "1 ok, 3 failed"]);
  const json = await tested(cases, "-o=json");
  const { passed, failed, cases: outcomes } = JSON.parse(json.stdout);
  assert.equal([json.code, passed, failed, outcomes.length, outcomes[3].ok], [1, 1, 3, 4, true]);
});

test("CSRs are beside the cases", async () => {
  mkdirSync("sub");
  writeFileSync("sub/cases.yaml", "cases: [{ name: a, as: etcd:etcd1, csr: ../etcd1.csr, expect: allowed }]");
  const { code } = await runCommand(command, ["sub/cases.yaml", "--config=signer.yaml"]);
  assert.is(code, 0);
});

test("what cannot be judged is an error, not a denial", async () => {
  const long = `cases: [{ name: a, as: x, request: { commonName: ${"x".repeat(65)} }, expect: denied }]`;
  const { code, stderr } = await tested(long);
  assert.equal([code, stderr], [
    1,
    'error: Cannot make the request of case "a": commonName has 65 characters: 1 to 64 are possible\n',
  ]);
  assert.is((await tested("cases: [{ name: a, as: x, csr: nope.csr, expect: denied }]")).code, 1);
  assert.is((await tested("cases: [{ name: a, as: x, csr: etcd1.csr, profile: nope, expect: denied }]")).code, 2);
  assert.match((await tested("cases: {}")).stderr, "cases: is not a list");
});

test.after(() => {
  process.chdir("/");
  rmSync(root, { recursive: true });
});

test.run();
