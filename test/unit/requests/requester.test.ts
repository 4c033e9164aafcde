import { test } from "uvu";
import * as assert from "uvu/assert";
import { EXTRA, type Identity } from "../../../src/identity.ts";
import { addRecord, CertificateRecords } from "../../../src/requests/certificate_records.ts";
import { renewalOf, requesterOf } from "../../../src/requests/requester.ts";
import { MemoryStore } from "../../../src/store/memory.ts";
import { bootstrapToken, recordOf } from "../../credentials.ts";
import { MOMENT, rejection } from "../../fakes.ts";

const record = await recordOf();
const store = new MemoryStore();
await store.commit([addRecord("aa", record), addRecord("bb", { ...record, revoked: new Date(MOMENT) })]);
const records = new CertificateRecords(store);
const holderOf = (...fingerprints: string[]): Identity => ({
  username: "certgen:cert:x",
  groups: [],
  proof: "certificate",
  extra: { [EXTRA.certificate]: fingerprints },
});

const NOW = new Date(MOMENT);

test("whoever proves nothing by a certificate renews nothing, whatever else is said of a certificate", async () => {
  for (const proof of ["none", "token", "bootstrap-token", "jwt"] as const) {
    const identity: Identity = { ...holderOf("aa"), proof };
    const requester = await requesterOf(identity, records, NOW);
    assert.equal(requester, { identity });
    assert.is(renewalOf(requester), undefined);
  }
});

test("whoever proves it by a certificate renews that, as it is recorded", async () => {
  const requester = await requesterOf(holderOf("aa"), records, NOW);
  assert.is(requester.predecessor?.fingerprint, "aa");
  assert.equal(renewalOf(requester), {
    profile: "etcd-peer",
    subject: { commonName: "system:etcd-peer:etcd1", organization: "system:etcd-peers", others: [] },
    names: [{ type: "dns", value: "etcd1" }, { type: "ip", value: "10.8.89.9" }],
    origin: bootstrapToken("any").identity,
  });
});

test("a certificate that is not recorded, or was revoked, renews nothing", async () => {
  await rejection("forbidden", requesterOf(holderOf("cc"), records, NOW));
  await rejection("forbidden", requesterOf(holderOf("bb"), records, NOW));
  for (const odd of [[], ["aa", "aa"], [""]]) {
    assert.instance(await requesterOf(holderOf(...odd), records, NOW).catch((error: unknown) => error), Error);
  }
});

test("a lineage that has ended since renews nothing: what has waited may have waited too long", async () => {
  await store.commit([addRecord("dd", { ...record, renewUntil: NOW })]);
  const at = (seconds: number): Date => new Date(NOW.getTime() + seconds * 1000);
  assert.is((await requesterOf(holderOf("dd"), records, at(0.9))).predecessor?.fingerprint, "dd");
  await rejection("forbidden", requesterOf(holderOf("dd"), records, at(1)));
});

test.run();
