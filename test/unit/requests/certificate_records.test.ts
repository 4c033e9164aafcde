import { sha256Hex } from "../../../src/digest.ts";
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  addRecord,
  type CertificateRecord,
  CertificateRecords,
  changeRecord,
  recordIn,
} from "../../../src/requests/certificate_records.ts";
import { MemoryStore } from "../../../src/store/memory.ts";
import { recordOf } from "../../credentials.ts";
import { rejection, thrown } from "../../fakes.ts";

const record = await recordOf();
const fingerprint = await sha256Hex(record.certificate.der);
const FULL: CertificateRecord = {
  ...record,
  origin: { username: "u", groups: ["g"], proof: "jwt", extra: { "claim.certgen.internal/sub": ["a", "b"] } },
  renewUntil: new Date("2026-04-01T00:00:00Z"),
  predecessor: "ab".repeat(32),
  successor: { name: "n", uid: "u2", key: "cd".repeat(32) },
  revoked: new Date("2026-03-02T00:00:00Z"),
};

/** A record as it can be compared. */
const plain = ({ certificate, ...rest }: CertificateRecord): unknown => ({ ...rest, der: certificate.der });

test("fingerprintOf is SHA-256 in hexadecimal", async () => {
  assert.is(
    await sha256Hex(new Uint8Array()),
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
  );
});

test("a record that was added is found by its certificate's fingerprint, with all that it says", async () => {
  for (const one of [record, FULL]) {
    const store = new MemoryStore();
    const records = new CertificateRecords(store);
    assert.is(await records.get(fingerprint), undefined);
    await store.commit([addRecord(fingerprint, one)]);
    const stored = await records.get(fingerprint);
    assert.equal([stored?.fingerprint, stored?.revision], [fingerprint, 1]);
    assert.equal(stored && plain(stored.record), plain(one));
  }
});

test("changeRecord puts one in the place of what was read, once", async () => {
  const store = new MemoryStore();
  const records = new CertificateRecords(store);
  await store.commit([addRecord(fingerprint, record)]);
  const stored = await records.get(fingerprint);
  assert.ok(stored);
  await store.commit([changeRecord(stored, FULL)]);
  const changed = await records.get(fingerprint);
  assert.equal(changed && plain(changed.record), plain(FULL));
  await rejection("conflict", store.commit([changeRecord(stored, record)]));
});

test("what was not written so proves nothing", () => {
  const change = addRecord(fingerprint, FULL);
  assert.ok(change.type === "create");
  const text = change.text(1);
  const { name } = change;
  assert.equal(plain(recordIn({ name, text, revision: 1 })), plain(FULL));
  const sent = JSON.parse(text) as { spec: Record<string, unknown> };
  const changes: Record<string, unknown>[] = [
    { certificate: undefined },
    { certificate: "AAAA" },
    { certificate: 7 },
    { profile: undefined },
    { signerName: undefined },
    { issuerKey: undefined },
    { object: undefined },
    { object: { name: "n" } },
    { origin: undefined },
    { origin: { username: "u", groups: [], proof: "trust" } },
    { origin: { groups: [], proof: "token" } },
    { origin: { username: "u", groups: "g", proof: "token" } },
    { origin: { username: "u", groups: [], proof: "token", extra: { a: "b" } } },
    { renewUntil: "never" },
    { renewUntil: 7 },
    { revoked: "no" },
    { predecessor: 7 },
    { successor: {} },
    { successor: { name: "n", uid: "u" } },
  ];
  for (const change of changes) {
    const text = JSON.stringify({ ...sent, spec: { ...sent.spec, ...change } });
    thrown("io", () => recordIn({ name, text, revision: 1 }));
  }
});

test("what is no record of a successor, or of a revocation, does not pass for one without any", () => {
  const change = addRecord(fingerprint, FULL);
  assert.ok(change.type === "create");
  const sent = JSON.parse(change.text(1)) as { spec: Record<string, unknown> };
  for (const spec of [{ successor: "x" }, { successor: [] }, { successor: 7 }, { revoked: true }]) {
    const text = JSON.stringify({ ...sent, spec: { ...sent.spec, ...spec } });
    thrown("io", () => recordIn({ name: change.name, text, revision: 1 }));
  }
});

test.run();
