import { sha256Hex } from "../../../src/digest.ts";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { ANONYMOUS, EXTRA, type Identity } from "../../../src/identity.ts";
import { addRecord, CertificateRecords } from "../../../src/requests/certificate_records.ts";
import type { Requester } from "../../../src/requests/requester.ts";
import { NOTHING_TAKEN, releaseOf, take, takenOf, type Taking, type Wanted } from "../../../src/requests/takings.ts";
import { MemoryStore } from "../../../src/store/memory.ts";
import { parseCsr } from "../../../src/x509/csr.ts";
import { fromBase64Pem } from "../../../src/k8s/certificate_signing_request.ts";
import { generateKey, type KeyPair } from "../../../src/x509/key.ts";
import { bootstrapToken, credentialWorld, obtain, proven, recordOf } from "../../credentials.ts";
import { MOMENT, rejection } from "../../fakes.ts";
import { peerRequest } from "../../signing.ts";

const KEY = await generateKey();
const record = await recordOf();

async function wantedBy(key: KeyPair, change: Partial<Wanted> = {}): Promise<Wanted> {
  const csr = parseCsr(fromBase64Pem(await peerRequest("etcd1", key)));
  const names = csr.extensions.subjectAltName ?? [];
  return { csr, names, signerName: "certgen.internal/etcd-peer", object: { name: "n", uid: "u" }, ...change };
}

/** A store, and what is taken from it and kept. */
async function world(refused: readonly string[] = []) {
  const store = new MemoryStore();
  const records = new CertificateRecords(store);
  await store.commit([addRecord("aa", record)]);
  const options = { store, records, isRefused: ({ uid }: { uid: string }) => Promise.resolve(refused.includes(uid)) };
  return {
    store,
    records,
    keep: async (requester: Requester, wanted: Wanted): Promise<Taking> => {
      const taking = await take(requester, wanted, options);
      if (taking.changes.length > 0) await store.commit(taking.changes);
      return taking;
    },
    holder: async (): Promise<Requester> => {
      const predecessor = await records.get("aa");
      assert.ok(predecessor);
      return { identity: { username: "certgen:cert:x", groups: [], proof: "certificate" }, predecessor };
    },
  };
}

const once: Requester = { identity: bootstrapToken("abc", { uses: 1 }).identity };

test("takenOf: a limited token, or a certificate, is taken by one at a time", async () => {
  assert.is(takenOf(once), "token/abc");
  assert.is(takenOf(await (await world()).holder()), "certificate/aa");
  assert.is(takenOf({ identity: bootstrapToken("abc").identity }), undefined);
  assert.is(takenOf({ identity: ANONYMOUS }), undefined);
});

test("whoever has no limit takes nothing", async () => {
  const { keep } = await world();
  for (const identity of [ANONYMOUS, bootstrapToken("abc").identity]) {
    assert.equal(await keep({ identity }, await wantedBy(KEY)), NOTHING_TAKEN);
  }
});

test("a use is of a key, signer, subject and names in any order, whatever the signature", async () => {
  const { keep } = await world();
  const wanted = await wantedBy(KEY);
  assert.is((await keep(once, wanted)).present, undefined);
  const again = await wantedBy(KEY, { object: { name: "other", uid: "u2" }, names: [...wanted.names].reverse() });
  const { present, changes } = await keep(once, again);
  assert.equal([present?.name, present?.uid, changes], ["n", "u", []]);
  for (
    const other of [
      await wantedBy(await generateKey()),
      await wantedBy(KEY, { signerName: "certgen.internal/etcd-server" }),
      await wantedBy(KEY, { names: wanted.names.slice(1) }),
      await wantedBy(KEY, { names: [...wanted.names, { type: "dns", value: "b" }] }),
      { ...wanted, csr: parseCsr(fromBase64Pem(await peerRequest("etcd2", KEY))) },
    ]
  ) await rejection("forbidden", keep(once, other));
});

test("a number of uses that is none is good for nothing", async () => {
  const { keep } = await world();
  for (const uses of ["0", "-1", "x", "", "NaN"]) {
    const { identity } = bootstrapToken("abc");
    const limited: Identity = { ...identity, extra: { ...identity.extra, [EXTRA.tokenUses]: [uses] } };
    await rejection("forbidden", keep({ identity: limited }, await wantedBy(KEY)));
  }
});

test("a certificate has one successor: the same key again is that, another is forked", async () => {
  const { keep, holder, records } = await world();
  const first = await keep(await holder(), await wantedBy(KEY));
  assert.equal([first.isForked, first.changes.length], [false, 1]);
  const key = await sha256Hex(KEY.publicKey.spki);
  assert.equal((await records.get("aa"))?.record.successor, { name: "n", uid: "u", key });
  const again = await keep(await holder(), await wantedBy(KEY, { object: { name: "m", uid: "v" } }));
  assert.equal([again.present?.uid, again.isForked, again.changes], ["u", false, []]);
  const wanted = await wantedBy(await generateKey(), { object: { name: "f", uid: "w" } });
  const forked = await keep(await holder(), wanted);
  assert.equal([forked.present, forked.isForked, forked.changes.length], [undefined, true, 1]);
  assert.is((await keep(await holder(), wanted)).present?.uid, "w", "it is kept once");
  for (let more = 2; more <= 10; more++) await keep(await holder(), await wantedBy(await generateKey()));
  await rejection("forbidden", keep(await holder(), await wantedBy(await generateKey())));
});

test("a successor that was refused makes room for another", async () => {
  const { keep, holder, records } = await world(["u"]);
  await keep(await holder(), await wantedBy(KEY));
  const taking = await keep(await holder(), await wantedBy(await generateKey(), { object: { name: "m", uid: "v" } }));
  assert.equal([taking.present, taking.isForked], [undefined, false]);
  assert.is((await records.get("aa"))?.record.successor?.uid, "v");
});

test("what was revoked since it proved the request has no successor", async () => {
  const { keep, holder, store } = await world();
  const before = await holder();
  const change = addRecord("aa", { ...record, revoked: new Date(MOMENT) });
  assert.ok(change.type === "create");
  await store.commit([{ ...change, type: "update", revision: before.predecessor?.revision ?? -1 }]);
  await rejection("forbidden", keep(before, await wantedBy(KEY)));
});

test("releaseOf frees the place of a successor without a certificate, and of no other object", async () => {
  const auto = await credentialWorld();
  const holder = await obtain(auto.bearer("any-token"));
  const { object } = await obtain(proven(auto, holder), { name: "r" });
  const records = new CertificateRecords(auto.store);
  const { certificate: _, ...status } = object.status;
  const pending = { ...object, status };
  const [change, ...more] = await releaseOf(pending, records);
  assert.equal([change?.type, more], ["update", []]);
  assert.not.match(change?.type === "update" ? change.text(1) : "", "successor");
  const another = { ...pending, metadata: { ...pending.metadata, uid: "other" } };
  for (const one of [object, another, holder.object, { ...holder.object, status: {} }]) {
    assert.equal(await releaseOf(one, records), []);
  }
  // what cannot be read keeps no object from being removed
  auto.store.get = () => Promise.reject(new Error("no disk"));
  assert.equal(await releaseOf(pending, records), []);
});

test.run();
