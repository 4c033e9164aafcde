/** Every route and method, asked with every kind of credential, good and bad. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { bootstrapTokenAuthenticator, hashToken } from "../../../src/auth/bootstrap_token.ts";
import { localKeys } from "../../../src/auth/jwks.ts";
import { jwtAuthenticator } from "../../../src/auth/jwt.ts";
import { tokenAuthenticator } from "../../../src/auth/token.ts";
import type { TokenDefinition } from "../../../src/auth/token_definition.ts";
import { definePolicy } from "../../../src/policy/define_policy.ts";
import { generateKey } from "../../../src/x509/key.ts";
import { type CredentialWorld, credentialWorld, obtain, prove, wantedJson } from "../../credentials.ts";
import { AUDIENCE, CLAIMS, ISSUER, issuerKey, keySet } from "../../jwts.ts";
import { pathOf } from "../../signing.ts";

const SECRET = "0123456789abcdef";
const NAME = "system:etcd-peer:etcd1";
const key = await issuerKey();
const stranger = await issuerKey();

/** What somebody may: nothing, nothing since the credential is bad, create and get their own, or everything. */
type Rights = "nobody" | "bad" | "known" | "owner" | "administrator";

const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"] as const;
const COLLECTIONS = [pathOf("v1"), pathOf("v1beta1")];
const OBJECTS = [pathOf("v1", NAME), pathOf("v1beta1", NAME)];
const SUBRESOURCES = OBJECTS.flatMap((path) => [`${path}/approval`, `${path}/status`]);

/** What a request is answered with; whoever administers sends a body that is no object, and is told so. */
function expected(rights: Rights, method: typeof METHODS[number], path: string): readonly number[] {
  const isCollection = COLLECTIONS.includes(path);
  const isObject = OBJECTS.includes(path);
  const methods = isCollection ? ["GET", "POST", "DELETE"] : isObject ? ["GET", "PUT", "PATCH", "DELETE"] : [
    "GET",
    "PUT",
    "PATCH",
  ];
  if (!methods.includes(method)) return [405];
  if (rights === "bad") return [401];
  if (rights === "administrator") return method === "GET" ? [200] : [200, 201, 400, 409, 415];
  if (rights === "nobody") return [403];
  if (isCollection && method === "POST") return [201];
  return isObject && method === "GET" && rights === "owner" ? [200] : [403];
}

async function definitions(): Promise<ReadonlyMap<string, TokenDefinition>> {
  const definition = async (id: string, expiresAt: string): Promise<readonly [string, TokenDefinition]> => [id, {
    id,
    hash: await hashToken(`${id}.${SECRET}`),
    createdAt: new Date("2026-02-28T12:00:00Z"),
    expiresAt: new Date(expiresAt),
  }];
  return new Map([
    await definition("aaaaaa", "2026-03-02T12:00:00Z"),
    await definition("bbbbbb", "2026-03-01T12:00:00Z"),
  ]);
}

async function world(): Promise<CredentialWorld> {
  const known = await definitions();
  const now = (): Date => new Date("2026-03-01T12:00:00Z");
  const names = { profiles: ["etcd-peer"], commonNames: ["system:etcd-peer:etcd1"], dnsNames: ["etcd1"] };
  return await credentialWorld({
    // everybody who is known may have the certificate, so that what differs is who is known, and as whom
    policy: definePolicy([{
      who: [{ user: "*" }],
      mayHave: { ...names, ipAddresses: ["10.8.89.9"] },
    }]),
    authenticators: [
      tokenAuthenticator([
        { token: "any-token", identity: { username: "node1", groups: ["system:authenticated"], proof: "token" } },
        { token: "admin-token", identity: { username: "alice", groups: ["certgen:admins"], proof: "token" } },
      ]),
      bootstrapTokenAuthenticator({ find: (id) => Promise.resolve(known.get(id)), now }),
      jwtAuthenticator({
        issuer: ISSUER,
        audiences: [AUDIENCE],
        keys: localKeys(keySet(key.publicJwk)),
        user: { claim: "sub", prefix: "oidc:" },
        groups: { claim: "groups", prefix: "oidc:" },
        now,
      }),
    ],
  });
}

test("every route and method answers every kind of credential as it may", async () => {
  const here = await world();
  const holder = await obtain(here.bearer("any-token"));
  const { issuer: _, ...nowhere } = { issuer: "", ...CLAIMS, iss: "https://other.example" };
  const bearer = (token: string) => () => Promise.resolve({ authorization: `Bearer ${token}` });
  const jwt = (claims: Readonly<Record<string, unknown>>, by = key) => async () => ({
    authorization: `Bearer ${await by.sign(claims)}`,
  });
  const proof = (change: Parameters<typeof prove>[2] = {}) => async (method: string, path: string, body?: string) =>
    (await prove(here, holder, { method, path, ...body === undefined ? {} : { body }, ...change })).headers;
  let used: Readonly<Record<string, string>> | undefined;
  const credentials: readonly (readonly [
    what: string,
    rights: Rights,
    headers: (method: string, path: string, body?: string) => Promise<Readonly<Record<string, string>>>,
  ])[] = [
    ["nothing", "nobody", () => Promise.resolve({})],
    ["the owner's token", "owner", bearer("any-token")],
    ["an administrator's token", "administrator", bearer("admin-token")],
    ["an unknown token", "bad", bearer("other-token")],
    ["two tokens", "bad", bearer("any-token, Bearer admin-token")],
    ["a bootstrap token", "known", bearer(`aaaaaa.${SECRET}`)],
    ["a bootstrap token with another secret", "bad", bearer(`aaaaaa.${SECRET}0`)],
    ["a bootstrap token that has expired", "bad", bearer(`bbbbbb.${SECRET}`)],
    ["a bootstrap token that was revoked", "bad", bearer(`cccccc.${SECRET}`)],
    ["a JWT", "known", jwt(CLAIMS)],
    ["a JWT that says it is an administrator's", "known", jwt({ ...CLAIMS, groups: ["certgen:admins"] })],
    ["a JWT of another key", "bad", jwt(CLAIMS, stranger)],
    ["a JWT of another issuer", "bad", jwt(nowhere)],
    ["a JWT for others", "bad", jwt({ ...CLAIMS, aud: "others" })],
    ["a JWT that has expired", "bad", jwt({ ...CLAIMS, exp: 1 })],
    ["a proof", "known", proof()],
    ["a proof by another key", "bad", proof({ proof: { key: await generateKey() } })],
    ["a proof of another time", "bad", proof({ proof: { now: () => new Date("2026-03-01T12:10:00Z") } })],
    ["a proof for another path", "bad", proof({ path: "/apis" })],
    ["a proof for another method", "bad", proof({ method: "OPTIONS" })],
    ["a proof of another body", "bad", proof({ body: "another" })],
    ["a proof that was used", "bad", async (...asked) => used ?? await proof()(...asked)],
  ];
  let [checked, count] = [0, 0];
  for (const [what, rights, headers] of credentials) {
    for (const path of [...COLLECTIONS, ...OBJECTS, ...SUBRESOURCES]) {
      for (const method of METHODS) {
        // nothing that an administrator may is done, or there would be nothing left to ask for
        const isCreating = method === "POST" && COLLECTIONS.includes(path) && rights !== "administrator";
        const version = path.includes("v1beta1") ? "v1beta1" : "v1";
        const body = method === "GET"
          ? undefined
          : isCreating
          ? await wantedJson({ name: `n${++count}`, parts: { version } })
          : "none";
        const sent = { "content-type": "application/json", ...await headers(method, path, body) };
        const init = { method, headers: sent, ...body === undefined ? {} : { body } };
        if (what === "a proof that was used") {
          used = undefined;
          used = await headers(method, path, body);
          await here.signer.fetch(new Request(`https://signer${path}`, { ...init, headers: { ...sent, ...used } }));
          Object.assign(init.headers, used);
        }
        const answer = await here.signer.fetch(new Request(`https://signer${path}`, init));
        const where = `${method} ${path} with ${what}`;
        const codes = expected(rights, method, path);
        assert.ok(codes.includes(answer.status), `${where}: ${answer.status} is none of ${codes.join()}`);
        if (isCreating) {
          const isKept = await here.store.get(`n${count}`) !== undefined;
          const isUsed = what === "a proof that was used";
          assert.is(isKept, answer.status === 201 || (isUsed && isKept), where);
        }
        checked++;
      }
    }
  }
  assert.is(checked, credentials.length * 8 * METHODS.length);
  assert.ok(await here.store.get(NAME));
});

test.run();
