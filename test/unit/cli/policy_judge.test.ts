import { test } from "uvu";
import * as assert from "uvu/assert";
import { identityOf, judge, readJudging, readUtf8 } from "../../../cli/policy_judge.ts";
import { EXTRA } from "../../../src/identity.ts";
import { defaultPolicy } from "../../../src/policy/default_policy.ts";
import { createCsr, parseCsr } from "../../../src/x509/csr.ts";
import { MemoryFiles } from "../../memory_files.ts";
import { CONFIG } from "../../policy_world.ts";
import { sharedKey } from "../../signing.ts";
import { rejectionOf } from "../support.ts";

const nobody = { user: "x", groups: [], claims: {}, token: undefined };

test("identityOf finds what an authenticator would have found", () => {
  assert.equal(identityOf({ ...nobody, groups: ["a", "a"] }), {
    username: "x",
    groups: ["a"],
    proof: "token",
    extra: {},
  });
  assert.is(identityOf({ ...nobody, user: "system:anonymous" }).proof, "none");
  assert.is(identityOf({ ...nobody, user: "certgen:cert:a:b" }).proof, "certificate");
  const token = identityOf({ ...nobody, token: "abc" });
  assert.equal([token.proof, token.extra], ["bootstrap-token", { [EXTRA.tokenId]: ["abc"] }]);
  const jwt = identityOf({ ...nobody, claims: { a: ["b"] } });
  assert.equal([jwt.proof, jwt.extra], ["jwt", { [`${EXTRA.claim}a`]: ["b"] }]);
});

test("readJudging has the built-in profiles and those of the file", async () => {
  const files = new MemoryFiles();
  files.put("signer.yaml", CONFIG);
  files.put("empty.yaml", "{}");
  files.put("latin1.yaml", Uint8Array.of(0xff));
  const names = async (path?: string): Promise<string[]> =>
    (await readJudging(files, path)).profiles.map(({ name }) => name);
  assert.equal(await names(), ["etcd-peer", "etcd-server", "etcd-metric"]);
  assert.equal(await names("signer.yaml"), ["etcd-peer", "etcd-server", "etcd-metric", "web"]);
  assert.is((await readJudging(files, "empty.yaml")).policy, defaultPolicy);
  assert.match((await rejectionOf("malformed-object", readUtf8(files, "latin1.yaml"))).message, "it is not UTF-8");
});

test("a subject of no profile is denied without a policy", async () => {
  const { der } = await createCsr({ key: await sharedKey(), subject: { commonName: "x" } });
  const judging = await readJudging(new MemoryFiles(), undefined);
  const { allowed, reason } = judge(judging, { csr: parseCsr(der), identity: identityOf(nobody), profile: undefined });
  assert.equal([allowed, reason], [false, "ProfileUnknown"]);
});

test.run();
