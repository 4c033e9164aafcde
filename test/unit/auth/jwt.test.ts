import { exportSPKI, importJWK } from "jose";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { firstOf } from "../../../src/auth/authenticator.ts";
import { localKeys } from "../../../src/auth/jwks.ts";
import { jwtAuthenticator, type JwtOptions } from "../../../src/auth/jwt.ts";
import { JWT_ALGORITHMS } from "../../../src/policy/jwt_config.ts";
import { toBase64Url, toUtf8 } from "../../../src/bytes.ts";
import { CertgenError } from "../../../src/errors.ts";
import type { Identity } from "../../../src/identity.ts";
import { asking, authenticatorContract } from "../../contract/authenticator.ts";
import { fakeClock, rejection } from "../../fakes.ts";
import { AUDIENCE, CLAIMS, ISSUER, issuerKey, judgedBy, keySet, NOW_SECONDS, part, signedRaw } from "../../jwts.ts";

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

authenticatorContract("jwt", async () => ({
  authenticate: jwtAuthenticator({ ...OPTIONS, groups: { claim: "groups", prefix: "oidc:" }, claims: ["team"] }),
  good: `Bearer ${await signed({ sub: "certgen:x", groups: ["certgen:admins", "system:masters"], team: "db" })}`,
  identity: {
    username: "oidc:certgen:x",
    groups: ["oidc:certgen:admins", "oidc:system:masters", "system:authenticated"],
    proof: "jwt",
    extra: { "claim.certgen.internal/team": ["db"] },
  },
  isFromOutside: true,
  bad: [
    `Bearer ${(await signed()).slice(0, -4)}`,
    `Bearer ${await signed({ aud: "other" })}`,
    `Bearer ${await signed({ exp: NOW_SECONDS - 60 })}`,
    `Bearer ${await signed({ iss: "https://other.example.org" })}`,
    `Bearer ${await signed()}, Bearer ${await signed()}`,
    "Bearer a.b.c",
    "Bearer ..",
    "Bearer ",
  ],
}));

test("each algorithm's signature is taken, and no other algorithm's than those that are said", async () => {
  for (const alg of JWT_ALGORITHMS) {
    const other = await issuerKey(alg, "x");
    const keys = localKeys(keySet(other.publicJwk));
    const token = await other.sign(CLAIMS);
    assert.equal(await judged(token, { keys }), IDENTITY, alg);
    await refused(/not allowed/, token, { keys, algorithms: JWT_ALGORITHMS.filter((known) => known !== alg) });
  }
});

test("HS256 with the public key for a secret is refused, however the key is written", async () => {
  const { kid = "", n = "" } = rsa.publicJwk;
  const spki = await exportSPKI(await importJWK(rsa.publicJwk, "RS256", { extractable: true }) as CryptoKey);
  for (const secret of [spki, spki.trim(), JSON.stringify(rsa.publicJwk), n]) {
    const input = `${part({ alg: "HS256", kid })}.${part(CLAIMS)}`;
    const hmac = { name: "HMAC", hash: "SHA-256" };
    const mac = await crypto.subtle.importKey("raw", toUtf8(secret), hmac, false, ["sign"]);
    const signature = new Uint8Array(await crypto.subtle.sign(hmac, mac, toUtf8(input)));
    await refused(/not allowed/, `${input}.${toBase64Url(signature)}`);
  }
});

test("a token without a signature is refused, and so is one with another token's", async () => {
  for (const alg of ["none", "None", "NONE", ""]) {
    await refused(/./, `${part({ alg })}.${part(CLAIMS)}.`);
    await refused(/./, `${part({ alg })}.${part(CLAIMS)}.AAAA`);
  }
  const [header = "", payload = "", signature = ""] = (await signed()).split(".");
  const [, other = ""] = (await signed({ sub: "etcd2" })).split(".");
  await refused(/signature/, `${header}.${other}.${signature}`);
  await refused(/./, `${header}.${payload}.`);
  await refused(/./, `${part({ alg: "ES256" })}.${payload}.${signature}`);
  await refused(/./, `${part("null")}.${payload}.${signature}`);
  await refused(/./, `${part("{")}.${payload}.${signature}`);
});

test("keys that a token brings along are not looked at", async () => {
  const thief = await issuerKey("ES256", "k1");
  for (
    const header of [{ jwk: thief.publicJwk }, { jku: "https://thief.example.org/jwks" }, { x5u: "x" }, { x5c: ["x"] }]
  ) {
    await refused(/./, await thief.sign(CLAIMS, header));
  }
  await refused(/no such key/, await thief.sign(CLAIMS, { kid: "other" }));
});

test("a key id that is no text is refused before a key is looked for", async () => {
  for (const kid of [7, null, {}, ["k1"]]) await refused(/./, await signed({}, { kid }));
});

test("another issuer's token is nobody's here, and each of two knows its own", async () => {
  for (
    const iss of ["https://other.example.org", `${ISSUER}/`, ISSUER.toUpperCase(), "", undefined, 7, [ISSUER], null]
  ) {
    assert.is(await judged(await signed({ iss })), null);
  }
  const other = await issuerKey("ES256", "k1");
  const both = firstOf([
    jwtAuthenticator(OPTIONS),
    jwtAuthenticator({
      ...OPTIONS,
      issuer: "b",
      keys: localKeys(keySet(other.publicJwk)),
      user: { claim: "sub", prefix: "b:" },
    }),
  ]);
  assert.equal(await both(asking(`Bearer ${await signed()}`)), IDENTITY);
  assert.is((await both(asking(`Bearer ${await other.sign({ ...CLAIMS, iss: "b" })}`))).username, "b:etcd1");
  await rejection("unauthorized", both(asking(`Bearer ${await key.sign({ ...CLAIMS, iss: "b" })}`)));
  await rejection("unauthorized", both(asking(`Bearer ${await signed({ iss: "c" })}`)));
});

test("a header that asks for an extension is refused, also for one that jose knows", async () => {
  const payload = JSON.stringify(CLAIMS);
  for (
    const rest of [
      '"crit":["b64"],"b64":true',
      '"crit":["exp"],"exp":1',
      '"crit":[]',
      '"crit":null',
      '"crit":["x"],"x":1',
    ]
  ) {
    await refused(/asks for an extension/, await signedRaw(key, `{"alg":"ES256","kid":"k1",${rest}}`, payload));
  }
  assert.equal(await judged(await signedRaw(key, '{"alg":"ES256","kid":"k1"}', payload)), IDENTITY);
});

test("of a member that is there twice the last counts, before the signature and after it", async () => {
  const header = '{"alg":"ES256","kid":"k1"}';
  const twice = (name: string, first: unknown, last: unknown) =>
    JSON.stringify({ ...CLAIMS, [name]: 0 }).replace(
      `"${name}":0`,
      `"${name}":${JSON.stringify(first)},"${name}":${JSON.stringify(last)}`,
    );
  assert.is(await judged(await signedRaw(key, header, twice("iss", ISSUER, "x"))), null);
  assert.equal(await judged(await signedRaw(key, header, twice("iss", "x", ISSUER))), IDENTITY);
  assert.equal(await judged(await signedRaw(key, header, twice("sub", "root", "etcd1"))), IDENTITY);
  await refused(/aud/, await signedRaw(key, header, twice("aud", AUDIENCE, "x")));
  await refused(
    /not allowed/,
    await signedRaw(key, '{"alg":"ES256","alg":"HS256","kid":"k1"}', JSON.stringify(CLAIMS)),
  );
});

test("a token is 16 KiB at most, nests 32 deep at most, and takes no time beyond that", async () => {
  const filler = (length: number) => signed({ filler: "x".repeat(length) });
  assert.equal(await judged(await filler(11_000)), IDENTITY);
  assert.is(await judged(await filler(13_000)), null);
  const deep = JSON.stringify({ ...CLAIMS, x: 0 }).replace('"x":0', `"x":${"[".repeat(40)}${"]".repeat(40)}`);
  assert.is(await judged(await signedRaw(key, '{"alg":"ES256","kid":"k1"}', deep)), null);
  const started = performance.now();
  for (
    const text of [
      "a".repeat(1e6),
      `${"a.".repeat(5e5)}a`,
      `${"a".repeat(5000)}.${"b".repeat(5000)}.${"c".repeat(5000)}`,
    ]
  ) {
    assert.is(await judged(text), null);
  }
  assert.ok(performance.now() - started < 500);
});

test("what is no JWT is nobody's", async () => {
  for (
    const token of [
      "a",
      "a.b",
      "a.b.c.d",
      ".a.",
      `${part("{}")}.${part("[]")}.x`,
      `x.${part(CLAIMS)}=.x`,
      `.${part(CLAIMS)}.x`,
    ]
  ) {
    assert.is(await judged(token), null, token);
  }
});

test("where the keys are not known the token is not bad; any other fault of theirs refuses it", async () => {
  const failing = (error: Error) => ({ ...OPTIONS, keys: () => Promise.reject(error) });
  const away = jwtAuthenticator(failing(new CertgenError("unavailable", "secret.internal cannot be reached")));
  const error = await rejection("unavailable", away(asking(`Bearer ${await signed()}`)));
  assert.is(error.message, "Cannot check the credential now");
  await refused(/cannot be checked/, await signed(), failing(new Error("secret.internal")));
});

test("a refusal repeats nothing of the token", async () => {
  const token = await signed({ aud: "s3cr3t", sub: "s3cr3t" });
  assert.not.match(String(await judged(token)), /s3cr3t/);
  assert.not.match(String(await judged(await signed({ sub: ["s3cr3t"] }))), /s3cr3t/);
});

test("options that cannot be used are refused at once", () => {
  const bad: Partial<Record<keyof JwtOptions, unknown>>[] = [
    { issuer: "" },
    { audiences: [] },
    { audiences: ["a", ""] },
    { algorithms: [] },
    { algorithms: ["HS256"] },
    { algorithms: ["RS256", "none"] },
    { clockToleranceSeconds: 301 },
    { clockToleranceSeconds: -1 },
    { clockToleranceSeconds: NaN },
    { user: { claim: "sub", prefix: "" } },
    { user: { claim: "sub", prefix: "cert" } },
    { groups: { claim: "groups", prefix: "certgen:" } },
  ];
  for (const change of bad) {
    const make = () => jwtAuthenticator({ ...OPTIONS, ...change } as JwtOptions);
    assert.throws(make, (error: unknown) => error instanceof TypeError, JSON.stringify(change));
  }
});

test.run();
