import { test } from "uvu";
import * as assert from "uvu/assert";
import type { WantedCertificate } from "../../../src/agent/managed.ts";
import { signerNameOf } from "../../../src/agent/stage.ts";
import { equal } from "../../../src/bytes.ts";
import { generateKey, importPrivateKey } from "../../../src/x509/key.ts";
import { ca } from "../../bad_answers.ts";
import { rejection } from "../../fakes.ts";
import { down, goodAnswer, nameOf, obtainWorld, WANTED } from "../../obtaining.ts";

test("key and request stand on disk, for nobody else, before the signer hears of them", async () => {
  const world = obtainWorld(goodAnswer);
  const answer = world.handler;
  world.handler = async (request) => {
    assert.equal(world.staged(), ["d/staged.json", "d/staged.key"]);
    return await answer(request);
  };
  const { certificate, keyPem, cas } = await world.obtain();
  const key = await importPrivateKey(keyPem);
  assert.ok(equal(certificate.publicKey.spki, key.publicKey.spki));
  assert.ok(equal(cas[0]?.der ?? new Uint8Array(), ca.certificate.der));
  assert.equal(world.staged(), ["d/staged.json", "d/staged.key"], "until the pair is in place");
  assert.is(JSON.parse(world.posts()[0] ?? "").spec.signerName, "certgen.internal/etcd-peer");
});

test("a staged request for something else is thrown away; its key is used where it is of the kind", async () => {
  const changes: readonly (readonly [Partial<WantedCertificate>, boolean])[] = [
    [{ dnsNames: ["etcd1", "etcd1.example"] }, true],
    [{ ipAddresses: [] }, true],
    [{ organization: "others" }, true],
    [{ extKeyUsage: ["serverAuth"] }, true],
    [{ lifetimeSeconds: 3600 }, true],
    [{ signerName: "example.com/peer" }, true],
    [{ keyType: "ed25519" }, false],
  ];
  for (const [change, isSameKey] of changes) {
    const world = obtainWorld(down);
    await rejection("unavailable", world.obtain());
    const key = await world.staging.key();
    await rejection("unavailable", world.obtain({ wanted: { ...WANTED, ...change } }));
    const [first, second] = world.posts();
    assert.is.not(second, first, JSON.stringify(change));
    assert.is.not(nameOf(second), nameOf(first));
    const now = await world.staging.key();
    assert.is(equal(key?.publicKey.spki ?? new Uint8Array(), now?.publicKey.spki ?? new Uint8Array()), isSameKey);
  }
});

test("what is staged and cut off, or for another key, is not used", async () => {
  for (const spoil of ["request", "key"] as const) {
    const world = obtainWorld(down);
    await rejection("unavailable", world.obtain());
    if (spoil === "request") await world.staging.putRequest('{"kind":');
    else await world.staging.putKey(await generateKey("ec-p256", { extractable: true }));
    world.handler = goodAnswer;
    await world.obtain();
    assert.is.not(nameOf(world.posts()[1]), nameOf(world.posts()[0]), spoil);
  }
});

test("signerNameOf: what is said, or certgen.internal and the profile", () => {
  assert.is(signerNameOf(WANTED), "certgen.internal/etcd-peer");
  assert.is(signerNameOf({ ...WANTED, signerName: "example.com/x" }), "example.com/x");
});

test.run();
