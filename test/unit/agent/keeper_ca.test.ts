import { test } from "uvu";
import * as assert from "uvu/assert";
import { createCa } from "../../../src/ca/create_ca.ts";
import type { Issuer } from "../../../src/ca/issuer.ts";
import { isIssuedBy, parseCertificates } from "../../../src/x509/certificate.ts";
import { fakeClock } from "../../fakes.ts";
import { daySigner, type KeeperWorld, keeperWorld } from "../../keeper_world.ts";

const { now } = fakeClock();
const next = await createCa({ commonName: "next CA", now });

/** The common names of the CAs that are trusted. */
const trusted = ({ files }: KeeperWorld): string[] =>
  parseCertificates(files.text("certs/ca.crt") ?? "").map(({ subject }) => subject.attributes[0]?.value ?? "");

test("a signer's CA is rotated: trust both, then issue by the new one, then forget the old one", async () => {
  const first = await daySigner();
  const old = first.etcd;
  const change = { onChange: { program: "hook", args: [] } };
  let signer = first;
  const world = keeperWorld((request) => signer.signer.fetch(request));
  const at = (time: string): void => {
    world.setTime(time);
    signer.setTime(time);
  };
  const rotate = async (etcd: Issuer): Promise<void> => {
    signer = await first.restart({ issuers: { etcd, metric: first.metric } });
  };
  const restarts = (): (string | undefined)[] => world.ran.splice(0).map(({ env }) => env["HOOK_RESTART"]);
  assert.is((await world.keeper(change).tend()).did, "changed");
  assert.equal([trusted(world), restarts()], [["test CA"], ["yes"]]);
  const serial = world.certificate().serialNumber;

  await rotate({ ...old, others: [next.certificate] });
  at("2026-03-01T12:05:00Z");
  assert.is((await world.keeper(change).tend()).did, "nothing", "nobody has asked yet");
  const both = await world.keeper(change).tend({ asksCa: true });
  assert.ok(both.did === "changed", JSON.stringify(world.lines));
  assert.equal([both.changed, trusted(world), restarts()], [["ca"], ["test CA", "next CA"], ["yes"]]);
  assert.is(world.certificate().serialNumber, serial);

  await rotate({ ...next, others: [old.certificate] });
  at("2026-03-01T12:10:00Z");
  const renewed = await world.keeper(change).tend({ asksCa: true });
  assert.ok(renewed.did === "changed", JSON.stringify(world.lines));
  assert.match(JSON.stringify(world.lines), "its CA was another than the one that issues now");
  assert.equal([renewed.changed, restarts()], [["certificate"], ["no"]]);
  assert.ok(await isIssuedBy(world.certificate(), next.certificate));
  const used = world.sent.filter(({ method }) => method === "POST").at(-1)?.headers.get("authorization");
  assert.match(used ?? "", /^Certgen-Proof /);

  await rotate(next);
  at("2026-03-01T12:15:00Z");
  assert.is((await world.keeper(change).tend({ asksCa: true })).did, "nothing", "the pair before is the old CA's");
  at("2026-03-02T08:00:00Z");
  assert.is((await world.keeper(change).tend()).did, "changed");
  at("2026-03-02T08:05:00Z");
  const last = await world.keeper(change).tend({ asksCa: true });
  assert.equal([trusted(world), last.did], [["next CA"], "changed"]);
});

test("a CA that nothing leads to is refused, said, and nothing is changed", async () => {
  const first = await daySigner();
  let signer = first;
  const world = keeperWorld((request) => signer.signer.fetch(request));
  await world.keeper().tend();
  const before = world.files.snapshot();
  signer = await first.restart({ issuers: { etcd: next, metric: first.metric } });
  for (const time of ["2026-03-01T12:05:00Z", "2026-03-02T09:36:00Z"]) {
    world.setTime(time);
    signer.setTime(time);
    const tended = await world.keeper().tend({ asksCa: true });
    assert.ok(tended.did === "failed");
    assert.is(tended.error.code, "invalid-certificate");
    assert.match(tended.error.message, 'Cannot take the CA that the signer names, "CN=next CA"');
    const after = world.files.snapshot();
    for (const path of Object.keys(after)) if (/\/(?:staged|failure)\./.test(path)) delete after[path];
    assert.equal(after, before);
  }
});

test.run();
