/** A renewal that was answered and never taken: the signer gives the same answer for ever, and takes another key for a thief's. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { CertgenError } from "../../../src/errors.ts";
import { BADLY, daySigner, type KeeperWorld, keeperWorld, WELL } from "../../keeper_world.ts";

const LATER = "2026-03-02T09:36:00Z";
/** The certificate that was issued then: past its renewal, and expired. */
const STALE = "2026-03-03T08:00:00Z";
const EXPIRED = "2026-03-04T00:00:00Z";

async function withoutToken(): Promise<KeeperWorld> {
  const world = keeperWorld(await daySigner());
  assert.is((await world.keeper().tend()).did, "changed");
  world.reach = { token: undefined } as unknown as KeeperWorld["reach"];
  world.setTime(LATER);
  return world;
}

for (const rotateKey of ["never", "always"] as const) {
  for (const time of [STALE, EXPIRED]) {
    test(`after a check that failed until ${time}, the next certificate comes all the same (key rotated: ${rotateKey})`, async () => {
      const world = await withoutToken();
      const change = { rotateKey, check: { program: "check", args: [] } };
      world.execute = () => BADLY;
      assert.is((await world.keeper(change).tend()).did, "failed");
      world.execute = () => WELL;
      world.setTime(time);
      const tended = await world.keeper(change).tend();
      assert.is(tended.did, "changed", JSON.stringify(world.lines));
      assert.ok(world.certificate().notAfter > new Date(Date.parse(time) + 80_000_000));
      assert.not(world.events.includes("failed: forked"));
    });
  }

  test(`the same where the answer was lost, and the node was off meanwhile (key rotated: ${rotateKey})`, async () => {
    const signer = await daySigner();
    const world = keeperWorld(signer);
    await world.keeper().tend();
    world.setTime(LATER);
    const fetch = async (request: Request): Promise<Response> => {
      await signer.signer.fetch(request);
      throw new CertgenError("unavailable", "connection reset");
    };
    world.reach = { fetch };
    assert.is((await world.keeper({ rotateKey }).tend()).did, "failed");
    world.reach = { token: undefined } as unknown as KeeperWorld["reach"];
    world.setTime(EXPIRED);
    assert.is((await world.keeper({ rotateKey }).tend()).did, "changed", JSON.stringify(world.lines));
  });
}

test("a request that was denied leaves its key behind", async () => {
  const world = await withoutToken();
  const denied = { type: "Denied", status: "True", reason: "No", message: "no" };
  const fetch = async (request: Request): Promise<Response> => {
    const { spec, metadata } = await request.json();
    return Response.json({ metadata, spec, status: { conditions: [denied] } }, { status: 201 });
  };
  world.reach = { fetch };
  const tended = await world.keeper({ rotateKey: "always" }).tend();
  assert.ok(tended.did === "failed" && tended.error.code === "denied");
  assert.not([...world.files.tree.keys()].some((path) => path.includes("staged")));
});

test.run();
