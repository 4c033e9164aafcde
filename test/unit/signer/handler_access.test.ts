import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Identity } from "../../../src/identity.ts";
import { tokenAuthenticator } from "../../../src/auth/token.ts";
import type { Signer } from "../../../src/signer/create_signer.ts";
import { MemoryStore } from "../../../src/store/memory.ts";
import {
  get,
  objectIn,
  objectJson,
  pathOf,
  peerRequest,
  post,
  rawRequest,
  sharedKey,
  statusIn,
  testSigner,
} from "../../signing.ts";

const NODE: Identity = { username: "node1", groups: ["system:authenticated"], proof: "bootstrap-token" };
const OTHER: Identity = { username: "node2", groups: ["system:authenticated"], proof: "bootstrap-token" };
const ADMIN: Identity = { username: "root", groups: ["certgen:admins"], proof: "token" };

const authenticators = [tokenAuthenticator([
  { token: "node-token", identity: NODE },
  { token: "other-token", identity: OTHER },
  { token: "admin-token", identity: ADMIN },
])];
const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });

/** Who is refused many times is refused otherwise. */
const UNLIMITED = { requestsPerSecond: 0 };

/** Who asks, and what that makes of a request that would else be answered with 200 or 201: in an open and a closed signer. */
const CREDENTIALS: [what: string, headers: Record<string, string>, open: number, closed: number][] = [
  ["nobody", {}, 0, 403],
  ["the creator", bearer("node-token"), 401, 0],
  ["a bad token", bearer("node-tokem"), 401, 401],
  ["a token's prefix", bearer("node-toke"), 401, 401],
  ["an empty token", { authorization: "Bearer " }, 401, 401],
  ["an empty header", { authorization: "" }, 401, 401],
  ["Basic", { authorization: "Basic bm9kZTpub2Rl" }, 401, 401],
  ["two tokens", { authorization: "Bearer node-token, Bearer node-token" }, 401, 401],
  ["token and Basic", { authorization: "Basic bm9kZTpub2Rl, Bearer node-token" }, 401, 401],
  ["nobody as an administrator", { "impersonate-user": "root" }, 403, 403],
  ["nobody with a group", { "impersonate-group": "certgen:admins" }, 403, 403],
  ["nobody with an extra", { "impersonate-extra-x": "y" }, 403, 403],
  ["the creator as somebody else", { ...bearer("node-token"), "impersonate-user": "root" }, 401, 403],
  ["an administrator as somebody else", { ...bearer("admin-token"), "impersonate-user": "node1" }, 401, 403],
  ["a bad token as somebody else", { ...bearer("x"), "impersonate-user": "root" }, 401, 401],
  ["a client certificate's header", { "x-remote-user": "root", "x-remote-group": "certgen:admins" }, 0, 403],
];

const NAME = "system:etcd-peer:etcd1";
const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
/** What only administrators may: to everybody else these are 403. */
const COLLECTION = { GET: 403, DELETE: 403 };
const OBJECT = { PUT: 403, PATCH: 403, DELETE: 403 };
const SUBRESOURCE = { GET: 403, PUT: 403, PATCH: 403 };
/** Every route; what each method answers to whoever creates and gets, and whether it asks who that is. */
const ROUTES: [path: string, good: Record<string, number>, asks: boolean][] = [
  [pathOf("v1"), { ...COLLECTION, POST: 201 }, true],
  [pathOf("v1beta1"), { ...COLLECTION, POST: 201 }, true],
  [pathOf("v1", NAME), { ...OBJECT, GET: 200 }, true],
  [pathOf("v1beta1", NAME), { ...OBJECT, GET: 200 }, true],
  [pathOf("v1", "nothing"), { ...OBJECT, GET: 404 }, true],
  ["/ca/etcd-peer", { GET: 200 }, false],
  ["/readyz", { GET: 200, HEAD: 200 }, false],
  [`${pathOf("v1", NAME)}/approval`, SUBRESOURCE, true],
  [`${pathOf("v1", NAME)}/status`, SUBRESOURCE, true],
  ["/", {}, false],
];

test("R15 every route and method asks the right ones, open and closed", async () => {
  const request = await peerRequest("etcd1", await sharedKey());
  let checked = 0;
  for (const isOpen of [true, false]) {
    const store = new MemoryStore();
    const { signer } = await testSigner({ store, rate: UNLIMITED, ...isOpen ? {} : { authenticators } });
    await objectIn(await post(signer, objectJson(request), { headers: isOpen ? {} : bearer("node-token") }));
    for (const [who, headers, open, closed] of CREDENTIALS) {
      for (const [path, good, asks] of ROUTES) {
        for (const method of METHODS) {
          const known = path === "/" ? 404 : 405;
          const refusal = isOpen ? open : closed;
          const answer = good[method];
          const expected = answer === undefined ? known : asks && refusal !== 0 ? refusal : answer;
          const version = path.includes("v1beta1") ? "v1beta1" : "v1";
          const body = objectJson(request, { version, name: `n${++checked}` });
          const response = method === "POST"
            ? await signer.fetch(
              new Request(`https://signer${path}`, {
                method,
                headers: { "content-type": "application/json", ...headers },
                body,
              }),
            )
            : await get(signer, path, headers, method);
          const where = `${isOpen ? "open" : "closed"}: ${method} ${path} by ${who}`;
          assert.is(response.status, expected, where);
          const stored = await store.get(`n${checked}`) !== undefined;
          assert.is(stored, method === "POST" && expected === 201, where);
        }
      }
    }
  }
  assert.is(checked, 2 * CREDENTIALS.length * ROUTES.length * METHODS.length);
});

async function closedSigner(): Promise<{ signer: Signer; store: MemoryStore }> {
  const store = new MemoryStore();
  const { signer } = await testSigner({ store, authenticators });
  return { signer, store };
}

test("a closed signer shows an object to its creator and to administrators only", async () => {
  const { signer } = await closedSigner();
  const created = await objectIn(
    await post(signer, objectJson(await peerRequest()), { headers: bearer("node-token") }),
  );
  assert.equal([created.spec.username, created.spec.groups], ["node1", ["system:authenticated"]]);
  for (const version of ["v1", "v1beta1"] as const) {
    for (const token of ["node-token", "admin-token"]) {
      const got = await objectIn(await get(signer, pathOf(version, NAME), bearer(token)), 200);
      assert.is(got.status.certificate, created.status.certificate);
    }
    const status = await statusIn(await get(signer, pathOf(version, NAME), bearer("other-token")), 403);
    assert.is(status.reason, "Forbidden");
    assert.match(
      status.message,
      'certificatesigningrequests.certificates.k8s.io "system:etcd-peer:etcd1" is forbidden',
    );
    assert.not.match(JSON.stringify(status), "node1");
    assert.not.match(JSON.stringify(status), created.spec.request);
  }
});

test("R15 who may not create is told so before the body is read", async () => {
  const { signer } = await closedSigner();
  for (const [headers, code] of [[{}, 403], [bearer("x"), 401]] as const) {
    let isRead = false;
    const body = new ReadableStream<Uint8Array>({ pull: () => void (isRead = true) }, { highWaterMark: 0 });
    await statusIn(await post(signer, body, { headers }), code);
    assert.not.ok(isRead);
  }
});

test("a name that looks like a node's is that node's, and nothing is stored under it for another", async () => {
  const store = new MemoryStore();
  const { signer } = await testSigner({ store });
  const mine = await peerRequest("etcd1", await sharedKey());
  const names = [
    "system:etcd-peer:etcd2",
    "system:etcd-peer:etcd",
    "system:etcd-peer:etcd12",
    "system:etcd-peer:etcd1.x",
    "system:etcd-peer:etcd1_x",
    "system:etcd-peer:",
    "system:etcd-server:etcd1",
    "system:etcd-metric:etcd1-x",
  ];
  for (const name of names) {
    for (const version of ["v1", "v1beta1"] as const) {
      const status = await statusIn(await post(signer, objectJson(mine, { version, name }), { version }), 403);
      assert.is(status.details?.name, name);
      assert.is(await store.get(name), undefined);
    }
  }
  for (const name of [NAME, `${NAME}-`, `${NAME}-0a1b2c3d`, "system:etcd", "mine", "system:etcd-peers"]) {
    await objectIn(await post(signer, objectJson(mine, { name })));
  }
});

test("a node's name is refused to a request that has no common name", async () => {
  const { signer } = await testSigner();
  const request = await rawRequest({ rdns: [] });
  for (const name of [NAME, "system:etcd-peer:-x", "system:etcd-peer:"]) {
    await statusIn(await post(signer, objectJson(request, { name })), 403);
  }
});

test("peers' addresses serve the log, never rights", async () => {
  const { signer, lines } = await testSigner({ authenticators });
  const request = new Request(`https://signer${pathOf("v1", NAME)}`);
  const response = await signer.fetch(request, { remoteAddress: "127.0.0.1" });
  assert.is(response.status, 403);
  assert.is(lines.at(-1)?.facts["from"], "127.0.0.1");
});

test("no token reaches the log or an answer", async () => {
  const { signer, lines } = await testSigner({ authenticators });
  const bodies: string[] = [];
  for (const token of ["node-token", "s3cret-bad-token"]) {
    for (const request of [await peerRequest(), "!"]) {
      const response = await post(signer, objectJson(request, { name: `x-${token.length}` }), {
        headers: bearer(token),
      });
      bodies.push(await response.text());
    }
  }
  assert.not.match(JSON.stringify(lines) + bodies.join(), /node-token|s3cret/);
  assert.ok(lines.length > 0);
});

test.run();
