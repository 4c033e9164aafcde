/** What a flood makes the signer do, by whom and of whatever: log, and keep. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { credentialWorld, entriesOf, obtain, present, prove } from "../../credentials.ts";
import type { LogLine } from "../../fakes.ts";
import { get, pathOf, post, testSigner } from "../../signing.ts";

const loud = (lines: readonly LogLine[]): LogLine[] => lines.filter(({ level }) => level !== "debug");

test("one holder of a certificate gets no more nonces kept than it may ask, and pays once for a request", async () => {
  const world = await credentialWorld({ rate: { requestsPerSecond: 1, burst: 50 } });
  const holder = await obtain(world.bearer("any-token"));
  const ask = async (): Promise<number> =>
    (await present(world, await prove(world, holder, { method: "GET", path: pathOf("v1", "none") }))).status;
  const answers: number[] = [];
  for (let i = 0; i < 80; i++) answers.push(await ask());
  assert.equal(answers, [...Array<number>(50).fill(404), ...Array<number>(30).fill(429)]);
  assert.is((await entriesOf(world.store, "nonce")).length, 50);
  // its limit is its own
  assert.is((await world.bearer("etcd1-token").send("GET", pathOf("v1", "none"))).status, 404);
  world.setTime("2026-03-01T12:00:01Z");
  assert.equal([await ask(), await ask()], [404, 429]);
});

test("whoever has seen a certificate cannot use up what its holder may ask", async () => {
  const world = await credentialWorld({ rate: { requestsPerSecond: 1, burst: 50 } });
  const holder = await obtain(world.bearer("any-token"));
  const good = await prove(world, holder, { method: "GET", path: pathOf("v1", "none") });
  for (let i = 0; i < 100; i++) {
    const { status } = await present(world, { ...good, path: `${good.path}${i}` });
    assert.is(status, i < 30 ? 401 : 429);
  }
  assert.is((await present(world, good)).status, 404);
});

test("strangers get ten lines a minute into the log, whatever they ask for and however often", async () => {
  const world = await credentialWorld({ rate: { requestsPerSecond: 0 } });
  const { signer, lines } = world;
  const asks: [status: number, send: () => Promise<Response>][] = [
    [405, () => get(signer, "/readyz", {}, "POST")],
    [404, () => get(signer, "/ca/none")],
    [404, () => get(signer, "/apis/certificates.k8s.io/v1/none")],
    [403, () => get(signer, pathOf("v1"))],
    [403, () => post(signer, "{")],
    [403, () => get(signer, pathOf("v1"), { "impersonate-user": "root" })],
  ];
  for (let i = 0; i < 50; i++) {
    for (const [status, send] of asks) assert.is((await send()).status, status);
  }
  assert.equal(loud(lines).map(({ message, facts }) => [message, facts["unsaid"]]), [
    ...Array<unknown>(10).fill(["request refused", 0]),
  ]);
  assert.is(lines.length, 300, "the rest is there for who wants everything");
  await signer.sweep();
  assert.equal(loud(lines).at(-1)?.facts, { unsaid: 290 });
  assert.is((await get(signer, "/readyz", {}, "POST")).status, 405);
  signer.close();
  assert.equal(loud(lines).at(-1)?.facts, { unsaid: 1 });
});

test("refusals of somebody known are all said", async () => {
  const world = await credentialWorld();
  for (let i = 0; i < 30; i++) await world.bearer("any-token").send("GET", pathOf("v1", "none"));
  const said = loud(world.lines).filter(({ message }) => message === "request refused");
  assert.is(said.length, 30);
  assert.not.ok("unsaid" in (said[0]?.facts ?? {}));
});

test("an address may ask so often, whatever it asks for and whether there is such a thing", async () => {
  for (const path of ["/readyz", "/none", "/ca/etcd", "/ca/none", pathOf("v1"), "//"]) {
    const { signer } = await testSigner({ rate: { requestsPerSecond: 1, burst: 2 } });
    const ask = async (remoteAddress: string, method = "GET"): Promise<number> =>
      (await signer.fetch(new Request(`https://signer${path}`, { method }), { remoteAddress })).status;
    for (let i = 0; i < 40; i++) await ask("192.0.2.1", i % 2 === 0 ? "GET" : "PUT");
    assert.equal([await ask("192.0.2.1"), await ask("192.0.2.1", "PUT")], [429, 429], path);
    assert.is.not(await ask("192.0.2.2"), 429, path);
  }
});

test.run();
