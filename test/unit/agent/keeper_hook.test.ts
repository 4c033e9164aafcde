import { test } from "uvu";
import * as assert from "uvu/assert";
import { Staging } from "../../../src/agent/staging.ts";
import { BADLY, CERTIFICATE, daySigner, freshKeeper, keeperWorld, KEY, LATER, NODE, WELL } from "../../keeper_world.ts";

test("hook and check run after a change, and are told what it was", async () => {
  const world = await freshKeeper();
  world.setTime(LATER);
  const [onChange, check] = [{ program: "reload", args: ["a b"] }, { program: "look", args: [] }];
  assert.is((await world.keeper({ onChange, check }).tend()).did, "changed");
  assert.equal(world.ran.map(({ program }) => program), [onChange, check]);
  for (const { env } of world.ran) {
    assert.equal(
      [env["HOOK_EVENT"], env["HOOK_CHANGED"], env["HOOK_SERIAL"], env["HOOK_RESTART"]],
      ["changed", "certificate", world.certificate().serialNumber, "no"],
    );
  }
});

for (const failing of ["hook", "check"]) {
  test(`a ${failing} that fails brings the last good pair back, and the hook runs again; later the same certificate is tried`, async () => {
    const world = await freshKeeper();
    const old = [world.files.text(KEY), world.files.text(CERTIFICATE)];
    world.setTime(LATER);
    const change = { onChange: { program: "hook", args: [] }, check: { program: "check", args: [] } };
    world.execute = ({ program }, { env }) => program === failing && env["HOOK_EVENT"] === "changed" ? BADLY : WELL;
    const tended = await world.keeper(change).tend();
    assert.ok(tended.did === "failed");
    assert.is(tended.error.code, "hook-failed");
    assert.match(tended.error.message, "exit code 3: it does not work");
    assert.equal([world.files.text(KEY), world.files.text(CERTIFICATE)], old);
    const last = world.ran.at(-1);
    assert.equal([last?.program.program, last?.env["HOOK_EVENT"], last?.env["HOOK_SERIAL"]], [
      "hook",
      "rolled-back",
      world.first.serialNumber,
    ]);
    assert.equal(world.events, ["rolled back", "failed: hook-failed"]);
    assert.ok(world.lines.some(({ level, message }) => level === "error" && message.includes("last good one is back")));
    // it is tried again after its pause: the same request is posted, and the signer gives the same certificate
    assert.is((await world.keeper(change).tend()).did, "waited");
    world.setTime(tended.nextAt.toISOString());
    world.execute = () => WELL;
    const serial = world.ran.find(({ env }) => env["HOOK_EVENT"] === "changed")?.env["HOOK_SERIAL"];
    assert.is((await world.keeper(change).tend()).did, "changed", JSON.stringify(world.lines));
    assert.is(world.certificate().serialNumber, serial, "no second certificate was issued");
    assert.is(await new Staging(world.files, `certs/.${NODE}`).failure(), undefined);
  });
}

test("a first pair that fails its check stays, since there is nothing to go back to, and is still renewed in time", async () => {
  const world = keeperWorld(await daySigner());
  world.execute = () => BADLY;
  const change = { check: { program: "check", args: [] } };
  const tended = await world.keeper(change).tend();
  assert.ok(tended.did === "failed" && world.certificate());
  world.setTime(LATER);
  const serial = world.certificate().serialNumber;
  world.execute = () => WELL;
  assert.is((await world.keeper(change).tend()).did, "changed", JSON.stringify(world.lines));
  assert.is.not(world.certificate().serialNumber, serial);
});

test("a change that a crash left unchecked is checked by the next run", async () => {
  const world = await freshKeeper();
  world.setTime(LATER);
  const change = { onChange: { program: "hook", args: [] } };
  const stop = new AbortController();
  world.execute = () => {
    stop.abort(new Error("stopped"));
    throw new Error("stopped");
  };
  await world.keeper(change).tend({ signal: stop.signal }).then(
    () => assert.unreachable(),
    (error) => assert.match(error.message, "stopped"),
  );
  assert.is.not(world.certificate().serialNumber, world.first.serialNumber);
  world.execute = () => WELL;
  const sent = world.sent.length;
  const tended = await world.keeper(change).tend();
  assert.ok(tended.did === "changed");
  assert.equal(tended.changed, ["certificate"]);
  assert.is(world.sent.length, sent, "nobody was asked");
  assert.is((await world.keeper(change).tend()).did, "nothing");
});

test("a TLS server that does not show the new certificate is a check that failed", async () => {
  const world = await freshKeeper();
  world.setTime(LATER);
  const change = { checkTls: { host: "127.0.0.1", port: 2379 } };
  world.peerCertificate = () => Promise.resolve(world.first.der);
  const tended = await world.keeper(change).tend();
  assert.ok(tended.did === "failed");
  assert.match(tended.error.message, `still shows serial ${world.first.serialNumber}`);
  assert.is(world.certificate().serialNumber, world.first.serialNumber);
  world.setTime(tended.nextAt.toISOString());
  world.peerCertificate = () => Promise.resolve(world.certificate().der);
  assert.is((await world.keeper(change).tend()).did, "changed");
});

test.run();
