import { test } from "uvu";
import * as assert from "uvu/assert";
import { firstOf } from "../../../src/auth/authenticator.ts";
import {
  bootstrapTokenAuthenticator,
  type BootstrapTokenOptions,
  hashToken,
  newToken,
  tokenIdOf,
} from "../../../src/auth/bootstrap_token.ts";
import { tokenAuthenticator } from "../../../src/auth/token.ts";
import type { TokenDefinition } from "../../../src/auth/token_definition.ts";
import { CertgenError } from "../../../src/errors.ts";
import type { Identity } from "../../../src/identity.ts";
import { secureRandom } from "../../../src/random.ts";
import { asking, authenticatorContract } from "../../contract/authenticator.ts";
import { countingRandom, fakeClock, MOMENT, rejection } from "../../fakes.ts";

const SECRET = "0123456789abcdef0123456789abcdef01234567";
const TOKEN = `0a1b2c.${SECRET}`;
const DEFINITION: TokenDefinition = {
  id: "0a1b2c",
  hash: await hashToken(TOKEN),
  createdAt: new Date(MOMENT),
  expiresAt: new Date("2026-03-02T12:00:00Z"),
};
const IDENTITY: Identity = {
  username: "system:bootstrap:0a1b2c",
  groups: ["system:bootstrappers", "system:authenticated"],
  proof: "bootstrap-token",
  extra: { "certgen.internal/token-id": ["0a1b2c"] },
};

function knowing(change: Partial<TokenDefinition> = {}, options: Partial<BootstrapTokenOptions> = {}) {
  const asked: string[] = [];
  const find = (id: string) => {
    asked.push(id);
    return Promise.resolve(id === DEFINITION.id ? { ...DEFINITION, ...change } : undefined);
  };
  return { asked, authenticate: bootstrapTokenAuthenticator({ find, now: fakeClock().now, ...options }) };
}

authenticatorContract("bootstrap token", () =>
  Promise.resolve({
    authenticate: knowing().authenticate,
    good: `Bearer ${TOKEN}`,
    identity: IDENTITY,
    bad: [
      `Bearer 0a1b2c.${SECRET.slice(1)}`,
      `Bearer 0a1b2c.${SECRET}0`,
      `Bearer 0a1b2d.${SECRET}`,
      `Bearer 0a1b2c.${SECRET.toUpperCase()}`,
      `Bearer ${TOKEN}, Bearer ${TOKEN}`,
      "Bearer 0a1b2c",
      "Bearer ",
      TOKEN,
    ],
  }));

test("a wrong secret of an id that there is is bad, an id that there is not is nobody's", async () => {
  const { authenticate } = knowing();
  await rejection("unauthorized", authenticate(asking(`Bearer 0a1b2c.${"0".repeat(40)}`)));
  assert.is(await authenticate(asking(`Bearer zzzzzz.${SECRET}`)), null);
});

test("what has another form is nobody's, and no id is looked up for it", async () => {
  const { authenticate, asked } = knowing();
  const others = [
    `0A1B2C.${SECRET}`,
    `../../.${SECRET}`,
    `......${SECRET}`,
    "0a1b2c.short",
    `0a1b2c.${"a".repeat(58)}`,
    `0a1b2c${SECRET}`,
    `0a1b2c.${SECRET}.${SECRET}`,
    `0a1b2c-${SECRET}`,
    `0a1b2.${SECRET}`,
    `__proto__.${SECRET}`,
  ];
  for (const token of others) assert.is(await authenticate(asking(`Bearer ${token}`)), null, token);
  assert.equal(asked, []);
});

test("a static token of the same form is found behind, and one whose id is taken is not", async () => {
  const other = { username: "admin", groups: [], proof: "token" } as const;
  const authenticate = firstOf([
    knowing().authenticate,
    tokenAuthenticator([`zzzzzz.${SECRET}`, `0a1b2c.${"f".repeat(40)}`].map((token) => ({ token, identity: other }))),
  ]);
  assert.equal(await authenticate(asking(`Bearer zzzzzz.${SECRET}`)), other);
  await rejection("unauthorized", authenticate(asking(`Bearer 0a1b2c.${"f".repeat(40)}`)));
});

test("a token ends at its exact second", async () => {
  const { now, set } = fakeClock();
  const { authenticate } = knowing({}, { now });
  set("2026-03-02T11:59:59.999Z");
  assert.equal(await authenticate(asking(`Bearer ${TOKEN}`)), IDENTITY);
  set("2026-03-02T12:00:00.000Z");
  await rejection("unauthorized", authenticate(asking(`Bearer ${TOKEN}`)));
  set("2027-01-01T00:00:00Z");
  await rejection("unauthorized", authenticate(asking(`Bearer ${TOKEN}`)));
});

test("what a token is good for stands in the identity, and only what was said", async () => {
  const limits = {
    uses: 3,
    commonNames: ["system:etcd-peer:etcd1"],
    dnsNames: ["etcd1"],
    ipAddresses: ["10.8.89.9"],
    profiles: ["etcd-peer"],
  };
  const extraOf = async (change: Partial<TokenDefinition>) =>
    (await knowing(change).authenticate(asking(`Bearer ${TOKEN}`)))?.extra;
  const expected = {
    "certgen.internal/token-id": ["0a1b2c"],
    "certgen.internal/token-uses": ["3"],
    "certgen.internal/allowed-common-names": ["system:etcd-peer:etcd1"],
    "certgen.internal/allowed-dns-names": ["etcd1"],
    "certgen.internal/allowed-ip-addresses": ["10.8.89.9"],
    "certgen.internal/allowed-profiles": ["etcd-peer"],
  };
  assert.equal(await extraOf({ ...limits, description: "node 1" }), expected);
  for (const [index, key] of Object.keys(limits).entries()) {
    const [id, ...rest] = Object.entries(expected);
    assert.equal(
      await extraOf({ [key]: limits[key as keyof typeof limits] }),
      Object.fromEntries([id, rest[index]].filter((entry) => entry !== undefined)),
    );
  }
});

test("a definition that cannot be used makes its own token bad; one that cannot be read is a matter of time", async () => {
  const faults: [string, unknown][] = [];
  const failing = (error: Error) =>
    bootstrapTokenAuthenticator({
      find: () => Promise.reject(error),
      now: fakeClock().now,
      onFault: (id, error) => faults.push([id, error]),
    })(asking(`Bearer ${TOKEN}`));
  const broken = new CertgenError("malformed-object", "Cannot use /secret/place");
  const full = new CertgenError("io", "Cannot read /secret/place");
  assert.is((await rejection("unauthorized", failing(broken))).message, "Unauthorized");
  assert.is((await rejection("unavailable", failing(full))).message, "Cannot check the credential now");
  assert.equal(faults, [["0a1b2c", broken], ["0a1b2c", full]]);
  await rejection("unauthorized", knowing({ id: "zzzzzz" }).authenticate(asking(`Bearer ${TOKEN}`)));
});

test("newToken: an id and 160 bits of hexadecimal digits, others each time", () => {
  const seen = new Set<string>();
  for (let i = 0; i < 100; i++) {
    const { id, token } = newToken(secureRandom);
    assert.match(token, /^[a-z0-9]{6}\.[0-9a-f]{40}$/);
    assert.is(tokenIdOf(token), id);
    seen.add(token.slice(7));
  }
  assert.is(seen.size, 100);
  const random = countingRandom();
  const lengths: number[] = [];
  newToken((length) => {
    lengths.push(length);
    return random(length);
  });
  assert.equal(lengths, [6, 20]);
});

test("tokenIdOf and hashToken", async () => {
  assert.is(tokenIdOf(TOKEN), "0a1b2c");
  for (const text of ["", "0a1b2c", "0a1b2c.", `x${TOKEN}`, `${TOKEN}\n`]) assert.is(tokenIdOf(text), undefined);
  assert.is(await hashToken("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
});

test.run();
