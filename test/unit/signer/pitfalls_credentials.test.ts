import { test } from "uvu";
import * as assert from "uvu/assert";
import { bootstrapTokenAuthenticator, hashToken } from "../../../src/auth/bootstrap_token.ts";
import { createProof } from "../../../src/auth/proof.ts";
import { tokenAuthenticator } from "../../../src/auth/token.ts";
import type { TokenDefinition } from "../../../src/auth/token_definition.ts";
import { toUtf8 } from "../../../src/bytes.ts";
import { etcdProfiles } from "../../../src/ca/etcd.ts";
import { fromBase64Pem } from "../../../src/k8s/certificate_signing_request.ts";
import { createSigner } from "../../../src/signer/create_signer.ts";
import { createCsr } from "../../../src/x509/csr.ts";
import { generateKey, type KeyPair } from "../../../src/x509/key.ts";
import { countingRandom, fakeClock, MOMENT } from "../../fakes.ts";
import { posing } from "../../proof.ts";
import { objectIn, objectJson, pathOf, peerRequest, statusIn, type TestSigner, testSigner } from "../../signing.ts";

const NAME = "system:etcd-peer:etcd1";
const SIGNER_NAME = "certgen.internal/etcd-peer";
const TOKEN = "0a1b2c.0123456789abcdef0123456789abcdef01234567";
const BEARER = { authorization: `Bearer ${TOKEN}` };
const ADMIN = { authorization: "Bearer admin-token" };

/** A signer that knows a bootstrap token, until that is taken from it. */
interface World extends TestSigner {
  readonly revoke: () => void;
  /** The signer with the same store, as after a restart. */
  readonly restart: () => void;
  readonly send: (
    method: string,
    path: string,
    headers: Readonly<Record<string, string>>,
    body?: string,
  ) => Promise<Response>;
}

async function world(change: Partial<TokenDefinition> = {}): Promise<World> {
  const { now, set } = fakeClock();
  const definition = {
    id: "0a1b2c",
    hash: await hashToken(TOKEN),
    createdAt: new Date(MOMENT),
    expiresAt: new Date("2026-03-01T13:00:00Z"),
    ...change,
  };
  let isThere = true;
  const find = (id: string): Promise<TokenDefinition | undefined> =>
    Promise.resolve(isThere && id === definition.id ? definition : undefined);
  const admin = { username: "alice", groups: ["certgen:admins"], proof: "token" as const };
  const authenticators = [
    bootstrapTokenAuthenticator({ find, now }),
    tokenAuthenticator([{ token: "admin-token", identity: admin }]),
  ];
  const all = await testSigner({ authenticators, now });
  let signer = all.signer;
  return {
    ...all,
    setTime: set,
    revoke: () => void (isThere = false),
    restart: () => {
      const { etcd, metric, store } = all;
      const issuers = { etcd, metric };
      const profiles = etcdProfiles();
      signer = createSigner({ issuers, profiles, store, authenticators, now, random: countingRandom(5000) });
    },
    send: async (method, path, headers, body) =>
      await signer.fetch(
        new Request(`https://signer${path}`, {
          method,
          headers: { "content-type": "application/json", ...headers },
          ...body === undefined ? {} : { body },
        }),
      ),
  };
}

/** How many requests are kept. */
async function kept({ send }: World): Promise<number> {
  const list = await (await send("GET", pathOf("v1"), ADMIN)).json() as { items: unknown[] };
  return list.items.length;
}

test("R14 a body is good again for who may ask, but not with a token that has expired or was revoked", async () => {
  for (const version of ["v1", "v1beta1"] as const) {
    for (const end of ["expired", "revoked"] as const) {
      const here = await world();
      const { send } = here;
      const body = objectJson(await peerRequest(), { version });
      await objectIn(await send("POST", pathOf(version), BEARER, body));
      const created = await objectIn(await send("GET", pathOf(version, NAME), BEARER), 200);
      assert.ok(created.status.certificate);
      if (end === "expired") here.setTime("2026-03-01T13:00:00Z");
      else here.revoke();
      const bodies = [body, objectJson(await peerRequest("etcd2"), { version, name: "system:etcd-peer:etcd2" })];
      for (const replayed of bodies) await statusIn(await send("POST", pathOf(version), BEARER, replayed), 401);
      // the same where the object has been deleted
      await send("DELETE", pathOf(version, NAME), ADMIN);
      for (const replayed of bodies) await statusIn(await send("POST", pathOf(version), BEARER, replayed), 401);
      await statusIn(await send("GET", pathOf(version, NAME), BEARER), 401);
      here.restart();
      for (const replayed of bodies) await statusIn(await send("POST", pathOf(version), BEARER, replayed), 401);
      assert.is(await kept(here), 0);
    }
  }
});

test("R14 a token of one use stays used where the object it made is deleted, also after a restart", async () => {
  for (const version of ["v1", "v1beta1"] as const) {
    const here = await world({ uses: 1 });
    const { send } = here;
    const body = objectJson(await peerRequest(), { version });
    const first = await objectIn(await send("POST", pathOf(version), BEARER, body));
    // the same request again is answered with what was made for it, under whatever name it is sent
    const again = objectJson(first.spec.request, { version, name: `${NAME}-2` });
    for (const replayed of [body, again]) {
      assert.equal(await objectIn(await send("POST", pathOf(version), BEARER, replayed)), first);
    }
    await statusIn(await send("POST", pathOf(version), BEARER, objectJson(await peerRequest(), { version })), 403);
    assert.is((await send("DELETE", pathOf(version, NAME), ADMIN)).status, 200);
    for (const isRestarted of [false, true]) {
      if (isRestarted) here.restart();
      for (const replayed of [body, again, objectJson(await peerRequest(), { version })]) {
        const status = await statusIn(await send("POST", pathOf(version), BEARER, replayed), 403);
        assert.is(status.reason, "Forbidden");
      }
      assert.is(await kept(here), 0);
    }
  }
});

/** A signer that issued a certificate, and requests with proofs of its key. */
async function proving(change: Partial<TokenDefinition> = {}) {
  const here = await world(change);
  const key = await generateKey("ec-p256", { extractable: true });
  const first = await objectIn(
    await here.send("POST", pathOf("v1"), BEARER, objectJson(await peerRequest("etcd1", key))),
  );
  const certificate = fromBase64Pem(first.status.certificate ?? "");
  const { etcd } = here;
  let nonce = 0;
  const prove = async (body: string, at: string, by: KeyPair = key): Promise<Record<string, string>> => ({
    authorization: await createProof({
      certificate,
      key: { ...by, publicKey: key.publicKey },
      issuerKey: etcd.publicKey.spki,
      signerName: SIGNER_NAME,
      method: "POST",
      url: `https://signer${pathOf("v1")}`,
      body: toUtf8(body),
      now: () => new Date(at),
      random: countingRandom(100 + nonce++),
    }),
  });
  const renewal = async (name: string): Promise<string> =>
    objectJson(await peerRequest(), { name: `${NAME}-0000000${name}` });
  return { ...here, key, prove, renewal };
}

test("R14 a proof of possession is good once: not again, not for another body or path, not later", async () => {
  const here = await proving();
  const { send, prove, renewal, key } = here;
  const body = await renewal("a");
  const proof = await prove(body, MOMENT);
  const made = await objectIn(await send("POST", pathOf("v1"), proof, body));
  assert.ok(made.status.certificate);
  const refused = async (
    headers: Readonly<Record<string, string>>,
    sent: string,
    path = pathOf("v1"),
  ): Promise<void> => {
    await statusIn(await send("POST", path, headers, sent), 401);
  };
  await refused(proof, body);
  await refused(proof, await renewal("b"));
  const fresh = await prove(body, MOMENT);
  await refused(fresh, await renewal("b"));
  await refused(fresh, body, pathOf("v1beta1"));
  await refused(fresh, body, `${pathOf("v1")}?dryRun=All`);
  await refused(await prove(body, MOMENT, posing(await generateKey(), key.publicKey)), body);
  // where what it made has been deleted, and after a restart
  assert.is((await send("DELETE", pathOf("v1", `${NAME}-0000000a`), ADMIN)).status, 200);
  await refused(proof, body);
  here.restart();
  await refused(proof, body);
  // the one that was not used is good as long as its time is near, and a request that renews what was renewed is no other
  here.setTime("2026-03-01T12:02:01Z");
  await refused(fresh, body);
  await refused(await prove(body, "2026-03-01T12:04:02Z"), body);
  const now = await send("POST", pathOf("v1"), await prove(body, "2026-03-01T12:02:01Z"), body);
  await statusIn(now, 403);
  assert.is(await kept(here), 1);
});

test("R14 a nonce does not come back once it is swept away: its time is over before", async () => {
  const here = await proving();
  const { send, prove, renewal } = here;
  const body = await renewal("a");
  const proof = await prove(body, MOMENT);
  await objectIn(await send("POST", pathOf("v1"), proof, body));
  for (const at of ["2026-03-01T12:01:59Z", "2026-03-01T12:02:00Z", "2026-03-01T12:02:01Z", "2026-03-01T12:10:00Z"]) {
    here.setTime(at);
    await here.signer.sweep();
    await statusIn(await send("POST", pathOf("v1"), proof, body), 401);
  }
});

/** A CSR of a node with its own common name and names of anybody. */
async function requestFor(node: string, dnsNames: readonly string[], ipAddresses: readonly string[]): Promise<string> {
  const subject = { organization: "system:etcd-peers", commonName: `system:etcd-peer:${node}` };
  const { pem } = await createCsr({ key: await generateKey(), subject, dnsNames, ipAddresses });
  return btoa(pem);
}

test("R35 a node that asks for another's name is denied it: by its token, and by its certificate", async () => {
  const here = await proving({ commonNames: [NAME], dnsNames: ["etcd1"], ipAddresses: ["10.8.89.9"] });
  const { send, prove } = here;
  const foreign: readonly (readonly [node: string, dns: readonly string[], ip: readonly string[]])[] = [
    ["etcd1", ["etcd2"], ["10.8.89.9"]],
    ["etcd1", ["etcd1", "etcd2"], ["10.8.89.9"]],
    ["etcd1", ["etcd1"], ["10.8.89.9", "10.8.89.10"]],
    ["etcd1", ["etcd1.etcd2"], []],
    ["etcd2", ["etcd1"], ["10.8.89.9"]],
    ["etcd2", [], []],
  ];
  let count = 0;
  for (const [node, dns, ip] of foreign) {
    const request = await requestFor(node, dns, ip);
    for (const by of ["token", "certificate"] as const) {
      const credential = async (body: string): Promise<Record<string, string>> =>
        by === "token" ? BEARER : await prove(body, MOMENT);
      const body = objectJson(request, { name: `mine-${++count}` });
      const { status } = await objectIn(await send("POST", pathOf("v1"), await credential(body), body));
      assert.equal(status.conditions?.map(({ type }) => type), ["Denied"], `${node} ${dns} ${ip} by ${by}`);
      assert.is(status.certificate, undefined);
      // nor is the other's name taken by it
      const theirs = objectJson(request, { name: "system:etcd-peer:etcd2" });
      await statusIn(await send("POST", pathOf("v1"), await credential(theirs), theirs), 403);
    }
  }
  const body = objectJson(await requestFor("etcd1", ["etcd1"], ["10.8.89.9"]), { name: `${NAME}-0000000a` });
  const { status } = await objectIn(await send("POST", pathOf("v1"), await prove(body, MOMENT), body));
  assert.ok(status.certificate, "its own it gets");
});

test.run();
