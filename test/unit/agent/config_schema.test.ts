import { readFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { AGENT_CONFIG_SCHEMA } from "../../../src/agent/config_schema.ts";
import { shapeFault } from "../../../src/config_shape.ts";
import { configJsonSchema, SCHEMA_FILES } from "../../config_schema.ts";

const CERTIFICATE = { commonName: "system:etcd-peer:a" };
const FILE = { signer: { inCluster: true }, certificates: [CERTIFICATE] };
const one = (members: object): unknown => ({ ...FILE, certificates: [{ ...CERTIFICATE, ...members }] });

test("schema/agent.schema.json says what the file takes: npm run docs writes it", () => {
  assert.is(readFileSync(SCHEMA_FILES.agent, "utf8"), configJsonSchema("agent"));
});

test("a file of everything has the right shape", () => {
  const signer = { address: "a", cacrt: "c", issuerCacrt: "i", tokenFile: "t", kubeconfig: "k", inCluster: false };
  const place = { directory: "d", owner: "o", keyMode: "600", certMode: "0644" };
  const rest = {
    signerName: "a.b/c",
    organization: "o",
    dnsNames: ["a"],
    ipAddresses: [],
    usages: ["server auth", "client auth", "code signing", "email protection", "timestamping", "ocsp signing"],
    keyType: "ed25519",
    lifetime: "24h",
    caFile: "ca.crt",
    rotateKey: "always",
    onChange: ["a", ""],
    check: ["a"],
    checkTls: "a:1",
  };
  const all = { $schema: "x", signer, ...place, certificates: [{ ...CERTIFICATE, ...place, ...rest }] };
  assert.is(shapeFault(all, AGENT_CONFIG_SCHEMA), undefined);
  assert.is(shapeFault(FILE, AGENT_CONFIG_SCHEMA), undefined);
});

/** What is wrong, where it is, and what is said of it. */
const FAULTS: readonly (readonly [unknown, readonly (string | number)[], string])[] = [
  [null, [], "is not a map"],
  [{}, [], "lacks signer"],
  [{ signer: {} }, [], "lacks certificates"],
  [{ ...FILE, certificates: [] }, ["certificates"], "is empty"],
  [{ ...FILE, certificates: [{}] }, ["certificates", 0], "lacks commonName"],
  [{ ...FILE, certificates: Array(1001).fill(CERTIFICATE) }, ["certificates"], "more than 1000"],
  [{ ...FILE, signer: { adress: "a" } }, ["signer", "adress"], "did you mean address?"],
  [{ ...FILE, signer: { token: "a" } }, ["signer", "token"], "is not known"],
  [{ ...FILE, signer: { inCluster: "true" } }, ["signer", "inCluster"], "neither true nor false"],
  [{ ...FILE, Directory: "a" }, ["Directory"], "did you mean directory?"],
  [{ ...FILE, directory: "a\0b" }, ["directory"], "control character"],
  [{ ...FILE, owner: 1000 }, ["owner"], "put it in quotes"],
  [{ ...FILE, keyMode: 640 }, ["keyMode"], 'in quotes, as "0640"'],
  [{ ...FILE, certMode: "rw" }, ["certMode"], 'octal digits in quotes, as "0644"'],
  [one({ dnsnames: [] }), ["certificates", 0, "dnsnames"], "did you mean dnsNames?"],
  [one({ dnsNames: "a" }), ["certificates", 0, "dnsNames"], "is not a list"],
  [one({ dnsNames: [""] }), ["certificates", 0, "dnsNames", 0], "is empty"],
  [one({ usages: [] }), ["certificates", 0, "usages"], "is empty"],
  [one({ usages: ["digital signature"] }), ["certificates", 0, "usages", 0], "is none of server auth, client auth"],
  [one({ usages: ["any"] }), ["certificates", 0, "usages", 0], "is none of"],
  [one({ keyType: "rsa-1024" }), ["certificates", 0, "keyType"], "is none of ec-p256"],
  [one({ lifetime: 24 }), ["certificates", 0, "lifetime"], "is no duration"],
  [one({ rotateKey: "yes" }), ["certificates", 0, "rotateKey"], "is none of never, always"],
  [one({ onChange: "systemctl reload x" }), ["certificates", 0, "onChange"], "not a list of a program and its"],
  [one({ onChange: [] }), ["certificates", 0, "onChange"], "is empty"],
  [one({ onChange: [""] }), ["certificates", 0, "onChange"], "begins with no program"],
  [one({ check: ["a", "b\0"] }), ["certificates", 0, "check", 1], "has a NUL"],
  [one({ check: ["a", 1] }), ["certificates", 0, "check", 1], "is not a text"],
  ...["../ca.crt", "a/b", ".ca", "", "a b", "x".repeat(101)].map((caFile) =>
    [one({ caFile }), ["certificates", 0, "caFile"], "is no file name"] as const
  ),
];

for (const [value, path, words] of FAULTS) {
  test(`the shape is wrong: ${JSON.stringify(value).slice(0, 100)}`, () => {
    const fault = shapeFault(value, AGENT_CONFIG_SCHEMA);
    assert.equal(fault?.path, path);
    assert.ok(fault?.why.includes(words), fault?.why);
  });
}

test.run();
