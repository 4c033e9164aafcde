import { test } from "uvu";
import * as assert from "uvu/assert";
import { CertgenError } from "../../../src/errors.ts";
import { equal } from "../../../src/bytes.ts";
import { importPrivateKey } from "../../../src/x509/key.ts";
import { CERTIFICATE, daySigner, freshKeeper, type KeeperWorld, keeperWorld, KEY, LATER } from "../../keeper_world.ts";

/** Two days later: it has expired. */
const EXPIRED = "2026-03-03T12:00:00Z";
/** A month later: grace is over. */
const MUCH_LATER = "2026-04-01T12:00:00Z";

const proofs = ({ sent }: KeeperWorld): string[] =>
  sent.filter(({ path }) => path.startsWith("/apis")).map(({ method, headers }) =>
    `${method} ${headers.get("authorization")?.split(" ")[0] ?? "nothing"}`
  );

async function isPair(world: KeeperWorld): Promise<boolean> {
  const key = await importPrivateKey(world.files.text(KEY) ?? "");
  return equal(key.publicKey.spki, world.certificate().publicKey.spki);
}

test("the first certificate comes by token; after that nothing is due, and nobody is asked", async () => {
  const world = keeperWorld(await daySigner());
  const tended = await world.keeper().tend();
  assert.ok(tended.did === "changed");
  assert.equal(tended.changed, ["certificate", "key", "ca"]);
  assert.equal(proofs(world), ["POST Bearer"]);
  assert.ok(await isPair(world));
  assert.equal(world.events, ["renewed"]);
  world.sent.length = 0;
  const again = await world.keeper().tend();
  assert.is(again.did, "nothing");
  assert.equal(again.nextAt, again.look.renewAt);
  assert.equal(world.sent, []);
});

test("a certificate that is due is renewed by its own proof, with the same key, without a token", async () => {
  const world = await freshKeeper();
  const key = world.files.text(KEY);
  world.setTime(LATER);
  world.reach = { token: undefined } as unknown as KeeperWorld["reach"];
  const tended = await world.keeper().tend();
  assert.ok(tended.did === "changed", JSON.stringify(world.lines));
  assert.equal(tended.changed, ["certificate"]);
  assert.is(world.files.text(KEY), key);
  assert.is.not(world.certificate().serialNumber, world.first.serialNumber);
  assert.equal(proofs(world), ["POST Certgen-Proof"]);
  assert.match(JSON.stringify(world.lines), '"restart":"nothing"');
});

test("and with a new key where that is wanted", async () => {
  const world = await freshKeeper();
  const key = world.files.text(KEY);
  world.setTime(LATER);
  const tended = await world.keeper({ rotateKey: "always" }).tend();
  assert.ok(tended.did === "changed");
  assert.equal(tended.changed, ["certificate", "key"]);
  assert.is.not(world.files.text(KEY), key);
  assert.ok(await isPair(world));
  assert.equal(proofs(world), ["POST Certgen-Proof"]);
});

test("an expired certificate renews within the grace time by its own proof, and beyond it by token", async () => {
  for (
    const [time, used] of [[EXPIRED, ["POST Certgen-Proof"]], [MUCH_LATER, [
      "POST Certgen-Proof",
      "POST Bearer",
    ]]] as const
  ) {
    const world = await freshKeeper();
    world.setTime(time);
    const tended = await world.keeper().tend();
    assert.is(tended.did, "changed", JSON.stringify(world.lines));
    assert.is(tended.look.state, "expired");
    assert.equal(proofs(world), [...used]);
  }
});

test("beyond the grace time and without a token it says what is missing, and the old pair stays", async () => {
  const world = await freshKeeper();
  const old = [world.files.text(KEY), world.files.text(CERTIFICATE)];
  world.setTime(MUCH_LATER);
  world.reach = { token: undefined } as unknown as KeeperWorld["reach"];
  const tended = await world.keeper().tend();
  assert.ok(tended.did === "failed");
  assert.is(tended.error.code, "unauthorized");
  assert.match(JSON.stringify(world.lines), "since no token is given");
  assert.equal([world.files.text(KEY), world.files.text(CERTIFICATE)], old);
});

test("names that are wanted now and not in it make it due; the token speaks for them", async () => {
  const world = await freshKeeper();
  world.setTime("2026-03-01T13:00:00Z");
  const tended = await world.keeper({ ipAddresses: [] }).tend();
  assert.ok(tended.did === "changed", JSON.stringify(world.lines));
  assert.match(tended.look.reason, "has a name that is not asked for, IP:10.8.89.9");
  assert.equal(proofs(world), ["POST Bearer"]);
  assert.is((await world.keeper({ ipAddresses: [] }).tend()).did, "nothing");
});

test("another key type makes it due, and a new key", async () => {
  const world = await freshKeeper();
  world.setTime("2026-03-01T13:00:00Z");
  const tended = await world.keeper({ keyType: "ed25519" }).tend();
  assert.ok(tended.did === "changed", JSON.stringify(world.lines));
  assert.is(world.certificate().publicKey.algorithm, "ed25519");
});

test("R63 two certificates are a minute apart, whatever is due, but where somebody insists", async () => {
  const world = await freshKeeper();
  const change = { ipAddresses: [] };
  world.setTime("2026-03-01T12:00:59Z");
  const waited = await world.keeper(change).tend();
  assert.ok(waited.did === "waited");
  assert.is(waited.nextAt.toISOString(), "2026-03-01T12:01:00.000Z");
  assert.equal(world.sent, []);
  assert.is((await world.keeper(change).tend({ force: true })).did, "changed");
});

test("R63 a clock that jumps neither asks too early nor too often", async () => {
  const world = await freshKeeper();
  for (const time of ["2025-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "2026-03-01T11:00:00Z"]) {
    world.setTime(time);
    const tended = await world.keeper().tend();
    assert.is(tended.did, "nothing", time);
    assert.is(tended.look.state, "broken");
    assert.match(tended.look.reason, "not valid before");
  }
  assert.equal(world.sent, []);
});

test("R63 where the own clock jumped forward, what comes is not taken, and not asked for again and again", async () => {
  const world = await freshKeeper();
  const old = world.certificate().serialNumber;
  const day = Date.parse("2026-03-03T12:00:00Z");
  let posts = 0;
  for (let second = 0; second < 3600; second += 10) {
    world.setOwnTime(new Date(day + second * 1000).toISOString());
    const { did } = await world.keeper().tend();
    assert.is.not(did, "changed");
  }
  posts = world.sent.filter(({ method }) => method === "POST").length;
  assert.ok(posts > 2 && posts < 60, `${posts} in an hour`);
  assert.is(world.certificate().serialNumber, old);
});

test("R56 a signer that is down changes nothing, and is asked again with growing pauses", async () => {
  const world = keeperWorld(() => Promise.reject(new CertgenError("unavailable", "connection refused")));
  const good = await freshKeeper();
  for (const [path, file] of good.files.tree) world.files.tree.set(path, file);
  world.setTime(LATER);
  const old = [world.files.text(KEY), world.files.text(CERTIFICATE)];
  let at = Date.parse(LATER);
  const pauses: number[] = [];
  for (let i = 0; i < 6; i++) {
    const tended = await world.keeper().tend();
    assert.ok(tended.did === "failed");
    assert.is(tended.error.code, "unavailable");
    const asked = world.sent.length;
    assert.is((await world.keeper().tend()).did, "waited", "not before its time");
    assert.is(world.sent.length, asked);
    pauses.push((tended.nextAt.getTime() - at) / 1000);
    at = tended.nextAt.getTime();
    world.setTime(tended.nextAt.toISOString());
  }
  assert.ok(
    pauses.every((pause, i) => pause >= Math.min(5 * 2 ** i, 30) && pause <= Math.min(10 * 2 ** i, 60)),
    pauses.join(),
  );
  assert.equal([world.files.text(KEY), world.files.text(CERTIFICATE)], old);
});

test("Forked is an alarm of its own: somebody else has renewed with our key, and the old pair stays", async () => {
  const signer = await daySigner();
  const world = keeperWorld(signer);
  await world.keeper().tend();
  const thief = keeperWorld(signer);
  for (const [path, file] of world.files.tree) thief.files.tree.set(path, file);
  for (const one of [world, thief]) one.setTime(LATER);
  assert.is((await thief.keeper({ rotateKey: "always" }).tend()).did, "changed");
  world.lines.length = world.events.length = 0;
  const old = world.certificate().serialNumber;
  const tended = await world.keeper().tend();
  assert.ok(tended.did === "failed");
  assert.is(tended.error.code, "forked");
  assert.equal(world.events, ["failed: forked"]);
  assert.ok(world.lines.some(({ level, message }) => level === "error" && message.startsWith("ALARM")));
  assert.is(world.certificate().serialNumber, old);
});

test("two agents on one directory renew once, and both leave a pair that matches", async () => {
  const world = await freshKeeper();
  world.setTime(LATER);
  const tended = await Promise.all([world.keeper().tend(), world.keeper().tend()]);
  assert.ok(await isPair(world));
  assert.ok(tended.some(({ did }) => did === "changed"));
  world.setTime("2026-03-02T09:50:00Z");
  assert.is((await world.keeper().tend()).did, "nothing");
  assert.ok(await isPair(world));
});

test("a CA's file that cannot be read is said, and nothing is changed", async () => {
  const world = await freshKeeper();
  world.files.put("certs/ca.crt", "garbage");
  const tended = await world.keeper().tend();
  assert.ok(tended.did === "failed");
  assert.match(tended.error.message, "repair it, or remove it");
});

test.run();
