/** What a keeper does where signer, files or another agent are not as they should be. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createCa } from "../../../src/ca/create_ca.ts";
import type { CertificateLook } from "../../../src/agent/events.ts";
import { fakeClock } from "../../fakes.ts";
import { daySigner, type KeeperWorld, keeperWorld, NODE } from "../../keeper_world.ts";

const posts = ({ sent }: KeeperWorld): number => sent.filter(({ method }) => method === "POST").length;
const NOBODY = { onLook: () => {}, onRenewed: () => {}, onFailure: () => {}, onRolledBack: () => {} };

test("R63 a signer that names a CA first which does not issue is asked once more, and not at each look", async () => {
  const signer = await daySigner();
  const other = await createCa({ commonName: "other CA", now: fakeClock().now });
  let isMisled = false;
  const world = keeperWorld(async (request) => {
    const answer = await signer.signer.fetch(request);
    if (!isMisled || !new URL(request.url).pathname.startsWith("/ca/")) return answer;
    return new Response(other.certificate.pem + await answer.text());
  });
  assert.is((await world.keeper().tend()).did, "changed");
  isMisled = true;
  const before = posts(world);
  await world.keeper().tend({ asksCa: true });
  assert.is(posts(world), before, "a minute has not passed");
  for (let minute = 2; minute < 20; minute++) {
    const time = `2026-03-01T12:${String(minute).padStart(2, "0")}:00Z`;
    world.setTime(time);
    signer.setTime(time);
    await world.keeper().tend({ asksCa: true });
  }
  assert.is(posts(world), before + 1);
});

test("a CA's file that was removed keeps nobody from proving who they are", async () => {
  const world = keeperWorld(await daySigner());
  await world.keeper().tend();
  await world.files.remove("certs/ca.crt");
  world.setTime("2026-03-02T09:36:00Z");
  world.reach = { token: undefined } as unknown as KeeperWorld["reach"];
  assert.is((await world.keeper().tend()).did, "changed", JSON.stringify(world.lines));
  assert.ok(world.files.text("certs/ca.crt"));
});

test("files that cannot be looked at are told as broken, and not as they were", async () => {
  const world = keeperWorld(await daySigner());
  const seen: CertificateLook["state"][] = [];
  const events = { ...NOBODY, onLook: (_: string, { state }: CertificateLook): void => void seen.push(state) };
  await world.keeper({}, { events }).tend();
  assert.equal(seen, ["missing", "fresh"]);
  await world.files.replaceLink(`certs/${NODE}.key`, "/etc/shadow");
  const tended = await world.keeper({}, { events }).tend();
  assert.ok(tended.did === "failed" && tended.error.code === "unsafe-path");
  assert.equal(seen, ["missing", "fresh", "broken"]);
});

test("a check proves the pair that it saw, and none that another agent has put in its place since", async () => {
  const world = keeperWorld(await daySigner());
  await world.keeper().tend();
  world.setTime("2026-03-02T09:36:00Z");
  const good = await world.files.readLink(`certs/.${NODE}/good`);
  const change = { check: { program: "check", args: [] } };
  const late = "20260302T093600Z-00000000";
  await world.keeper(change, {
    execute: async () => {
      await world.files.replaceLink(`certs/.${NODE}/current`, late);
      return { code: 0, signal: undefined, timedOut: false, output: "" };
    },
  }).tend();
  assert.is(await world.files.readLink(`certs/.${NODE}/current`), late);
  assert.is(await world.files.readLink(`certs/.${NODE}/good`), good);
});

test.run();
