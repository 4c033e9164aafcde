import { test } from "uvu";
import * as assert from "uvu/assert";
import { localKeys } from "../../../src/auth/jwks.ts";
import type { JwtOptions } from "../../../src/auth/jwt.ts";
import type { Identity } from "../../../src/identity.ts";
import { fakeClock } from "../../fakes.ts";
import { AUDIENCE, CLAIMS, ISSUER, issuerKey, judgedBy, keySet, NOW_SECONDS, signedRaw } from "../../jwts.ts";

const key = await issuerKey();
const rsa = await issuerKey("RS256", "rsa");
const IDENTITY: Identity = { username: "oidc:etcd1", groups: ["system:authenticated"], proof: "jwt" };
const OPTIONS: JwtOptions = {
  issuer: ISSUER,
  audiences: [AUDIENCE],
  keys: localKeys(keySet(key.publicJwk, rsa.publicJwk)),
  user: { claim: "sub", prefix: "oidc:" },
  now: fakeClock().now,
};
const judged = (token: string, change: Partial<JwtOptions> = {}) => judgedBy({ ...OPTIONS, ...change }, token);
const signed = (change: Readonly<Record<string, unknown>> = {}, header = {}) =>
  key.sign({ ...CLAIMS, ...change }, header);
const refused = async (because: RegExp, token: string, change: Partial<JwtOptions> = {}) =>
  assert.match(String(await judged(token, change)), because);

test("a token must be for one of the audiences", async () => {
  const change = { audiences: ["certgen", "signer"] };
  for (const aud of ["certgen", "signer", ["x", "signer"]]) {
    assert.equal(await judged(await signed({ aud }), change), IDENTITY);
  }
  for (
    const aud of ["", "x", "certge", "certgen ", [], ["x"], [["certgen"]], undefined, null, {}, 7, "certgen,signer"]
  ) {
    await refused(/aud/, await signed({ aud }), change);
  }
});

test("exp is needed and ends a token at its second and the tolerance; nbf and iat begin it", async () => {
  const at = NOW_SECONDS;
  const good = [{ exp: at - 29 }, { exp: at + 1e9 }, { nbf: at + 30 }, { iat: at + 30 }, {
    iat: undefined,
    nbf: undefined,
  }];
  for (const change of good) assert.equal(await judged(await signed(change)), IDENTITY, JSON.stringify(change));
  const bad = [
    { exp: at - 30 },
    { exp: undefined },
    { exp: String(at + 600) },
    { exp: null },
    { nbf: at + 31 },
    { nbf: "x" },
    { iat: at + 31 },
    { iat: "x" },
  ];
  for (const change of bad) await refused(/./, await signed(change));
  const strict = { clockToleranceSeconds: 0 };
  assert.equal(await judged(await signed({ exp: at + 1 }), strict), IDENTITY);
  await refused(/exp/, await signed({ exp: at }), strict);
  await refused(/nbf/, await signed({ nbf: at + 1 }), strict);
  await refused(/to come/, await signed({ iat: at + 1 }), strict);
  const forever = JSON.stringify({ ...CLAIMS, exp: 7 }).replace('"exp":7', '"exp":1e999');
  await refused(/never expires/, await signedRaw(key, '{"alg":"ES256","kid":"k1"}', forever));
});

test("claims that are no names are refused", async () => {
  const groups = { groups: { claim: "groups", prefix: "oidc:" } };
  for (const sub of [undefined, null, 7, {}, [], ["etcd1"], "", "a\n"]) {
    await refused(/user claim/, await signed({ sub }));
  }
  for (const value of [7, {}, [7], [{}]]) await refused(/groups claim/, await signed({ groups: value }), groups);
});

test("a Kubernetes ServiceAccount's token", async () => {
  const token = await rsa.sign({
    aud: ["certgen"],
    exp: NOW_SECONDS + 3600,
    iat: NOW_SECONDS,
    iss: "https://kubernetes.default.svc.cluster.local",
    jti: "7c5b1b3e-0b0c-4f6e-9a0c-0d7a2b1c3d4e",
    "kubernetes.io": {
      namespace: "etcd",
      node: { name: "node-1", uid: "5b9a" },
      pod: { name: "etcd-0", uid: "f1c2" },
      serviceaccount: { name: "etcd", uid: "a7d1" },
    },
    nbf: NOW_SECONDS,
    sub: "system:serviceaccount:etcd:etcd",
  });
  const identity = await judged(token, {
    issuer: "https://kubernetes.default.svc.cluster.local",
    user: { claim: "sub", prefix: "k8s:" },
    groups: { claim: ["kubernetes.io", "namespace"], prefix: "k8s:namespace/" },
    claims: [["kubernetes.io", "pod", "name"], ["kubernetes.io", "serviceaccount", "name"], ["kubernetes.io", "node"]],
  });
  assert.equal(identity, {
    username: "k8s:system:serviceaccount:etcd:etcd",
    groups: ["k8s:namespace/etcd", "system:authenticated"],
    proof: "jwt",
    extra: {
      "claim.certgen.internal/kubernetes.io/pod/name": ["etcd-0"],
      "claim.certgen.internal/kubernetes.io/serviceaccount/name": ["etcd"],
    },
  });
});

test("an OpenID provider's token", async () => {
  const token = await rsa.sign({
    ...CLAIMS,
    azp: "certgen",
    email: "ops@example.org",
    email_verified: true,
    "https://example.org/roles": ["db", "net"],
    name: "O. P. Erator",
  });
  const identity = await judged(token, {
    user: { claim: "email", prefix: "https://issuer.example.org#" },
    groups: { claim: "https://example.org/roles", prefix: "oidc:" },
    claims: ["email_verified", "hd"],
  });
  assert.equal(identity, {
    username: "https://issuer.example.org#ops@example.org",
    groups: ["oidc:db", "oidc:net", "system:authenticated"],
    proof: "jwt",
    extra: { "claim.certgen.internal/email_verified": ["true"] },
  });
});

test.run();
