import { test } from "uvu";
import * as assert from "uvu/assert";
import { type AuditEvent, entryOf } from "../../../src/audit/entry.ts";
import { formatLine, NO_LINE } from "../../../src/audit/line.ts";
import { fromUtf8 } from "../../../src/bytes.ts";
import { EXTRA } from "../../../src/identity.ts";
import { MOMENT } from "../../fakes.ts";

const EVENT: AuditEvent = {
  requestId: "r1",
  source: "10.8.89.9",
  identity: {
    username: "system:bootstrap:abc",
    groups: ["system:bootstrappers"],
    proof: "bootstrap-token",
    extra: { [EXTRA.tokenId]: ["abc"] },
  },
  action: "create",
  object: { name: "etcd1-0a", uid: "u1" },
  signerName: "certgen.internal/etcd-peer",
  profile: "etcd-peer",
  commonName: "system:etcd-peer:etcd1",
  names: ["etcd1", "10.8.89.9"],
  decision: "approved",
  reason: "PolicyAllows",
  rules: "rule peers: pass",
  serialNumber: "0a",
  keyFingerprint: "0b",
  predecessor: "0c",
  notAfter: new Date(MOMENT),
};

const lineOf = (event: AuditEvent): string =>
  fromUtf8(formatLine({ sequence: 1, time: MOMENT, previous: NO_LINE }, entryOf(event)));

test("an entry says everything that the event says", () => {
  assert.equal(JSON.parse(lineOf(EVENT)), {
    sequence: 1,
    time: MOMENT,
    ...EVENT,
    notAfter: "2026-03-01T12:00:00.000Z",
    previous: NO_LINE,
  });
});

test("what an event does not say is not in the entry", () => {
  const { identity } = EVENT;
  const event: AuditEvent = { requestId: "r1", identity, action: "delete", decision: "done", object: { name: "a" } };
  assert.equal(JSON.parse(lineOf({ ...event, source: undefined })), {
    sequence: 1,
    time: MOMENT,
    ...event,
    previous: NO_LINE,
  });
});

test("an event of any size is a line of less than 512 KiB, and neither identity nor names push out the rest", () => {
  const huge = "\u202e".repeat(100_000);
  const list = Array.from({ length: 1000 }, () => huge);
  const line = lineOf({
    ...EVENT,
    names: list,
    rules: huge,
    reason: huge,
    identity: { username: huge, groups: list, proof: "jwt", extra: { a: list, b: list } },
  });
  assert.ok(line.length < 512 * 1024, `${line.length}`);
  assert.ok(line.length > 100_000);
  const { serialNumber, keyFingerprint, decision, object } = JSON.parse(line) as Record<string, unknown>;
  assert.equal([serialNumber, keyFingerprint, decision, object], ["0a", "0b", "approved", EVENT.object]);
});

test("a hundred names of the greatest length are kept whole", () => {
  const names = Array.from({ length: 100 }, (_, i) => `${i}.`.padEnd(253, "a"));
  assert.equal((JSON.parse(lineOf({ ...EVENT, names })) as { names: unknown }).names, names);
});

test.run();
