import { test } from "uvu";
import * as assert from "uvu/assert";
import { newCa } from "../../../cli/credentials.ts";
import { type RulesConfig, SignerRules } from "../../../cli/signer_rules.ts";
import { newSerialNumber } from "../../../src/ca/issuer.ts";
import { defaultPolicy, openPolicy } from "../../../src/policy/default_policy.ts";
import type { Policy } from "../../../src/policy/question.ts";
import { buildCertificate } from "../../../src/x509/certificate_builder.ts";
import {
  encodeAuthorityKeyIdentifier,
  encodeBasicConstraints,
  encodeKeyUsage,
  encodeSubjectKeyIdentifier,
} from "../../../src/x509/extension.ts";
import { exportPrivateKey, generateKey } from "../../../src/x509/key.ts";
import { encodeName } from "../../../src/x509/name.ts";
import { keyIdentifier } from "../../../src/x509/public_key.ts";
import { fakeRuntime } from "../../command.ts";
import { fakeLog, rejection } from "../../fakes.ts";
import type { MemoryFiles } from "../../memory_files.ts";
import { issuerKey, keySet } from "../../jwts.ts";

const ca = await newCa("etcd CA");
const other = await newCa("web CA");
const RULES =
  'rules: [{ who: { user: a }, mayHave: { profiles: [etcd-peer], commonNames: ["system:etcd-peer:a"] } }]\n';
const jwks = keySet((await issuerKey()).publicJwk);
const JWT = 'jwt: [{ issuer: i, audiences: [a], jwksFile: jwks.json, user: { claim: sub, prefix: "i:" } }]\n';
const WEB = `
issuers: { web: { certificate: web.crt, key: web.key } }
profiles: [{ name: web, issuer: web, usages: [digital signature, client auth], lifetime: 24h }]
`;

const config: RulesConfig = {
  cas: { etcd: { certificate: "/s/ca.crt", key: "/s/ca.key" } },
  lifetimeSeconds: {},
  configuration: "/s/signer.yaml",
  tokens: [],
};
const closed: RulesConfig = {
  ...config,
  tokens: [{ token: "t", identity: { username: "u", groups: [], proof: "token" } }],
};

function world(yaml: string): { runtime: ReturnType<typeof fakeRuntime>["runtime"]; files: MemoryFiles } {
  const { runtime, files } = fakeRuntime();
  const put = (
    name: string,
    { pem }: { readonly pem: { readonly certificate: string; readonly privateKey: string } },
  ) => {
    files.put(`/s/${name}.crt`, pem.certificate);
    files.put(`/s/${name}.key`, pem.privateKey, 0o600);
  };
  put("ca", ca);
  put("web", other);
  files.put("/s/jwks.json", jwks);
  files.put("/s/signer.yaml", yaml);
  return { runtime, files };
}

/** What a reload tells the signer. */
function told() {
  const policies: Policy[] = [];
  let uses = 0;
  return {
    policies,
    uses: () => uses,
    signer: { useIssuers: () => {}, usePolicy: (_: unknown, policy: Policy) => void policies.push(policy) },
    credentials: { use: () => void uses++ },
  };
}

test("a signer is open where it has no credentials, and goes by the rules, or by what there is without any", async () => {
  const { log } = fakeLog();
  for (
    const [yaml, given, isOpen, policy] of [
      ["{}", config, true, openPolicy],
      ["{}", closed, false, defaultPolicy],
      [RULES, config, true, undefined],
      [JWT, config, false, defaultPolicy],
    ] as const
  ) {
    const rules = await SignerRules.open(world(yaml).runtime, given, log);
    assert.is(rules.isOpen, isOpen, yaml);
    if (policy !== undefined) assert.is(rules.policy, policy, yaml);
    else assert.ok(rules.policy !== openPolicy && rules.policy !== defaultPolicy);
  }
});

test("rules that are gone open nothing: not in an open signer, and not in a closed one", async () => {
  for (const given of [config, closed]) {
    const { runtime, files } = world(RULES);
    const rules = await SignerRules.open(runtime, given, fakeLog().log);
    const { policy } = rules;
    const { signer, credentials, policies } = told();
    for (const less of ["", "# rules", "domain: certgen.internal\n", "{}"]) {
      files.put("/s/signer.yaml", less);
      const error: unknown = await rules.reload(signer, credentials).catch((error: unknown) => error);
      assert.match(String(error), "Cannot use configuration");
      assert.is(rules.policy, policy);
    }
    files.put("/s/signer.yaml", "rules: []\n");
    await rules.reload(signer, credentials);
    assert.equal(policies, [rules.policy]);
    assert.is.not(rules.policy, policy);
  }
});

test("jwt that comes while an open signer runs is refused, since it would stay open", async () => {
  const { runtime, files } = world("{}");
  const open = await SignerRules.open(runtime, config, fakeLog().log);
  const { signer, credentials, uses } = told();
  files.put("/s/signer.yaml", JWT);
  assert.match((await rejection("invalid-object", open.reload(signer, credentials))).message, "start it again");
  assert.is(uses(), 0);
  const other = await SignerRules.open(world("{}").runtime, closed, fakeLog().log);
  await other.reload(signer, credentials);
  assert.is(uses(), 1);
});

test("what only a start takes over is said", async () => {
  const { runtime, files } = world("{}");
  const { log, lines } = fakeLog();
  const rules = await SignerRules.open(runtime, closed, log);
  const { signer, credentials } = told();
  files.put("/s/signer.yaml", "limits: { burst: 7 }\n");
  await rules.reload(signer, credentials);
  assert.match(lines.map(({ message }) => message).join(), "from the next start on");
  assert.equal(rules.settled.rate, { burst: 7 });
});

/** A CA under the peers'. */
async function subordinate(): Promise<{ certificate: string; privateKey: string }> {
  const key = await generateKey("ec-p256", { extractable: true });
  const identifier = await keyIdentifier(key.publicKey.keyBits);
  const { subject, notBefore, notAfter, extensions } = ca.issuer.certificate;
  const parts = {
    serialNumber: newSerialNumber(),
    issuer: subject.der,
    notBefore,
    notAfter,
    subject: encodeName({ commonName: "sub CA" }),
    subjectPublicKeyInfo: key.publicKey.spki,
    extensions: [
      encodeBasicConstraints(true),
      encodeKeyUsage(["keyCertSign", "cRLSign"]),
      encodeSubjectKeyIdentifier(identifier),
      encodeAuthorityKeyIdentifier(extensions.subjectKeyIdentifier ?? identifier),
    ],
  };
  const { pem } = await buildCertificate(parts, ca.issuer, () => {});
  return { certificate: pem, privateKey: await exportPrivateKey(key) };
}

test("a CA of the peers by another name, or one under it, is seen at the start and at each reload", async () => {
  const sub = await subordinate();
  const { runtime, files } = world(WEB);
  const rules = await SignerRules.open(runtime, closed, fakeLog().log);
  const { signer, credentials } = told();
  const pairs = [
    [ca.pem.certificate, ca.pem.privateKey],
    [sub.certificate, sub.privateKey],
  ] as const;
  for (const [certificate, key] of pairs) {
    files.put("/s/web.crt", certificate);
    files.put("/s/web.key", key, 0o600);
    const message = /etcd takes any client certificate/;
    assert.match((await rejection("invalid-object", rules.reload(signer, credentials))).message, message);
    assert.match(
      (await rejection("invalid-object", SignerRules.open(runtime, closed, fakeLog().log))).message,
      message,
    );
  }
});

test.run();
