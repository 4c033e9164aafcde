/** What a pair that does not work is worth beside the one before it. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { BADLY, daySigner, keeperWorld, NODE, WELL } from "../../keeper_world.ts";

const check = { program: "check", args: [] };

test("nobody goes back to a pair that has expired: the new one stays, and is checked again", async () => {
  const world = keeperWorld(await daySigner());
  assert.is((await world.keeper().tend()).did, "changed");
  const expired = world.certificate().serialNumber;
  world.setTime("2026-03-03T12:00:00Z");
  // a server that starts only once its certificate is valid cannot pass the check before
  world.execute = () => BADLY;
  const tended = await world.keeper({ check }).tend();
  assert.ok(tended.did === "failed" && tended.error.code === "hook-failed");
  const renewed = world.certificate().serialNumber;
  assert.is.not(renewed, expired);
  assert.not(world.events.includes("rolled back"));
  assert.match(JSON.stringify(world.lines), "there is none to go back to");
  world.execute = () => WELL;
  world.setTime(tended.nextAt.toISOString());
  assert.is((await world.keeper({ check }).tend()).did, "changed", JSON.stringify(world.lines));
  assert.is(world.certificate().serialNumber, renewed);
});

test("versions that were gone back from do not pile up", async () => {
  const world = keeperWorld(await daySigner());
  assert.is((await world.keeper().tend()).did, "changed");
  world.execute = () => BADLY;
  let at = Date.parse("2026-03-02T05:00:00Z");
  for (let i = 0; i < 12; i++) {
    world.setTime(new Date(at).toISOString());
    await world.keeper({ check }).tend();
    at += 1_800_000;
  }
  assert.ok(world.events.filter((event) => event === "rolled back").length > 3);
  const versions = [...world.files.tree.keys()].filter((path) =>
    /[.]system:etcd-peer:etcd1\/\d{8}T\d{6}Z-\w+$/.test(path)
  );
  assert.ok(versions.length > 1 && versions.length < 4, `${versions.length} below ${NODE}`);
});

test.run();
