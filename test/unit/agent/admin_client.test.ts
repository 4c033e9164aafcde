import { test } from "uvu";
import * as assert from "uvu/assert";
import { AdminClient, type Decision } from "../../../src/agent/admin_client.ts";
import type { ErrorCode } from "../../../src/errors.ts";
import type { Handler } from "../../../src/ports.ts";
import { failure, jsonAnswer } from "../../agent_world.ts";
import { fakeClock, fakeFetch, MOMENT, rejection, type SentRequest, thrown } from "../../fakes.ts";

const PATH = "/base/apis/certificates.k8s.io/v1/certificatesigningrequests";

function world(handler: Handler, token = "t0ken"): { client: AdminClient; sent: SentRequest[] } {
  const { fetch, sent } = fakeFetch(handler);
  return { client: new AdminClient({ fetch, url: "https://signer:1/base", token, now: fakeClock().now }), sent };
}

/** Answers in this order, and with a failure of the test after the last. */
function inOrder(...answers: readonly (() => Response)[]): Handler {
  let asked = 0;
  return () => answers[asked++]?.() ?? failure(418, "TooMany");
}

const page = (names: readonly string[], revision: string, next?: string) => (): Response =>
  jsonAnswer(200, {
    kind: "CertificateSigningRequestList",
    metadata: { resourceVersion: revision, ...next !== undefined && { continue: next } },
    items: names.map((name) => ({ metadata: { name } })),
  });
const gone = (): Response => failure(410, "Expired");

test("list takes all pages, and the revision of the first", async () => {
  const { client, sent } = world(inOrder(page(["a", "b"], "7", "n=&xt"), page(["c"], "9")));
  const { items, resourceVersion } = await client.list();
  assert.equal(
    items,
    ["a", "b", "c"].map((name) => ({
      kind: "CertificateSigningRequest",
      apiVersion: "certificates.k8s.io/v1",
      metadata: { name },
    })),
  );
  assert.is(resourceVersion, "7");
  assert.equal(sent.map(({ method, path }) => `${method} ${path}`), [
    `GET ${PATH}?limit=500`,
    `GET ${PATH}?limit=500&continue=n%3D%26xt`,
  ]);
  assert.is(sent[0]?.headers.get("authorization"), "Bearer t0ken");
});

test("list asks for what a selector matches, on each page; of none there is none", async () => {
  const { client, sent } = world(inOrder(page(["a"], "1", "x"), page([], "1")));
  await client.list("a in (b),!c");
  assert.equal(sent.map(({ path }) => new URL(path, "https://a").searchParams.get("labelSelector")), [
    "a in (b),!c",
    "a in (b),!c",
  ]);
  for (const empty of [{ items: [] }, { items: null }, {}]) {
    const { client } = world(() => jsonAnswer(200, { ...empty, metadata: { resourceVersion: "3" } }));
    assert.equal(await client.list(), { items: [], resourceVersion: "3" });
  }
});

test("list begins anew where the next page is no longer known, three times", async () => {
  const again = world(inOrder(page(["a"], "1", "x"), gone, gone, page(["b"], "5")));
  assert.equal((await again.client.list()).resourceVersion, "5");
  const never = world(gone);
  await rejection("expired", never.client.list());
  assert.is(never.sent.length, 3);
});

test("list refuses what is no list", async () => {
  for (const body of [{ items: {} }, { items: [1] }, { items: [], metadata: [] }, "[]"]) {
    const error = await world(() => jsonAnswer(200, body)).client.list().then(() => undefined, (e: Error) => e);
    assert.match(error?.message ?? "nothing was thrown", /^Cannot (?:understand the signer|read metadata)/);
  }
  const { client } = world(page(["a"], "1", "same"));
  assert.match((await rejection("rejected", client.list())).message, "names itself");
});

const OBJECT = {
  kind: "CertificateSigningRequest",
  metadata: { name: "a", uid: "u", resourceVersion: "3", odd: [1] },
  spec: { request: "x" },
  status: { certificate: "y" },
};
const APPROVAL: Decision = { type: "Approved", reason: "Seen", message: "looks good" };
const got = (conditions?: unknown, revision = "3") => (): Response =>
  jsonAnswer(200, {
    ...OBJECT,
    metadata: { ...OBJECT.metadata, resourceVersion: revision },
    status: { ...OBJECT.status, ...conditions !== undefined && { conditions } },
  });

test("decide puts the whole object with one condition more", async () => {
  for (const type of ["Approved", "Denied"] as const) {
    const other = { type: "Other", status: "True" };
    const { client, sent } = world(inOrder(got([other]), () => jsonAnswer(200, {})));
    assert.is(await client.decide("a", { ...APPROVAL, type }), true);
    assert.equal(sent.map(({ method, path }) => `${method} ${path}`), [`GET ${PATH}/a`, `PUT ${PATH}/a/approval`]);
    assert.equal(JSON.parse(sent[1]?.body ?? ""), {
      ...OBJECT,
      status: {
        ...OBJECT.status,
        conditions: [other, { type, status: "True", reason: "Seen", message: "looks good", lastUpdateTime: MOMENT }],
      },
    });
  }
  const first = world(inOrder(got(), () => jsonAnswer(200, {})));
  assert.is(await first.client.decide("a", APPROVAL), true);
});

test("decide reads again where somebody wrote in between, five times at most", async () => {
  const conflict = (): Response => failure(409, "Conflict");
  const { client, sent } = world(inOrder(got([]), conflict, got([], "4"), () => jsonAnswer(200, {})));
  assert.is(await client.decide("a", APPROVAL), true);
  assert.is(JSON.parse(sent[3]?.body ?? "").metadata.resourceVersion, "4");
  const stubborn = world((request) => request.method === "GET" ? got([])() : conflict());
  await rejection("conflict", stubborn.client.decide("a", APPROVAL));
  const forbidden = world(inOrder(got([]), () => failure(403, "Forbidden"), got([])));
  await rejection("forbidden", forbidden.client.decide("a", APPROVAL));
  assert.is(forbidden.sent.length, 2);
  assert.is(stubborn.sent.length, 10);
});

test("what is decided already is not decided again, and the opposite is an error", async () => {
  const approved = world(got([{ type: "Approved", status: "True" }]));
  assert.is(await approved.client.decide("a", APPROVAL), false);
  const denial = await rejection("conflict", approved.client.decide("a", { ...APPROVAL, type: "Denied" }));
  assert.is(denial.message, 'Cannot deny "a": it is approved already, and no decision is taken back');
  const denied = world(got([{ type: "Denied", status: "True" }]));
  assert.is(await denied.client.decide("a", { ...APPROVAL, type: "Denied" }), false);
  const approval = await rejection("conflict", denied.client.decide("a", APPROVAL));
  assert.is(approval.message, 'Cannot approve "a": it is denied already, and no decision is taken back');
  assert.ok([...approved.sent, ...denied.sent].every(({ method }) => method === "GET"));
  // somebody else approved in between
  const race = world(inOrder(got([]), () => failure(409, "Conflict"), got([{ type: "Approved" }])));
  assert.is(await race.client.decide("a", APPROVAL), false);
  await rejection("rejected", world(got({})).client.decide("a", APPROVAL));
});

test("get and delete name one object", async () => {
  const { client, sent } = world(() => jsonAnswer(200, OBJECT));
  assert.equal(await client.get("system:etcd-peer:a b"), OBJECT);
  await client.delete("a?b");
  assert.equal(sent.map(({ method, path }) => `${method} ${path}`), [
    `GET ${PATH}/system:etcd-peer:a%20b`,
    `DELETE ${PATH}/a%3Fb`,
  ]);
});

test("a name that would be another path is refused before anything is asked", async () => {
  const { client, sent } = world(() => jsonAnswer(200, OBJECT));
  for (const name of ["", ".", "..", "a/b", "%2e", "a\u0000", "\ud800", "a\u202eb", "x".repeat(254)]) {
    await rejection("invalid-object", client.get(name));
    await rejection("invalid-object", client.delete(name));
    await rejection("invalid-object", client.decide(name, APPROVAL));
  }
  assert.equal(sent, []);
});

test("a failure is what the signer says, and is not tried again", async () => {
  const cases: [number, string, ErrorCode][] = [
    [401, "Unauthorized", "unauthorized"],
    [403, "Forbidden", "forbidden"],
    [404, "NotFound", "not-found"],
    [422, "Invalid", "rejected"],
    [503, "ServiceUnavailable", "unavailable"],
    [302, "x", "rejected"],
  ];
  for (const [status, reason, code] of cases) {
    const { client, sent } = world(() => failure(status, reason));
    await rejection(code, client.list());
    await rejection(code, client.get("a"));
    await rejection(code, client.delete("a"));
    await rejection(code, client.decide("a", APPROVAL));
    assert.is(sent.length, 4);
  }
});

test("a token that is none is refused at once, and not repeated", () => {
  const { message } = thrown("malformed-object", () => world(gone, "s3cr3t\n"));
  assert.not.match(message, "s3cr3t");
});

test.run();
