import { test } from "uvu";
import * as assert from "uvu/assert";
import { Batch } from "../../../src/audit/batch.ts";
import { sha256Hex } from "../../../src/digest.ts";
import { headKey, isSigned } from "../../../src/audit/head.ts";
import { NO_LINE, parseLine, splitLines } from "../../../src/audit/line.ts";
import { generateKey } from "../../../src/x509/key.ts";
import { MOMENT } from "../../fakes.ts";

const key = await generateKey();
const signer = await headKey(key);

test("each line has the number after the one before, and its hash", async () => {
  const batch = new Batch({ sequence: 4, hash: "ab".repeat(32), uncovered: 4 });
  await batch.add(MOMENT, { requestId: "a" });
  await batch.add(MOMENT, { requestId: "b" });
  const content = batch.content();
  const { lines: [a, b], end } = splitLines(content);
  assert.equal([end, batch.size], [content.length, content.length]);
  assert.ok(a && b);
  assert.equal(parseLine(a), { sequence: 5, time: MOMENT, previous: "ab".repeat(32) });
  assert.equal(parseLine(b), { sequence: 6, time: MOMENT, previous: await sha256Hex(a) });
  assert.equal(batch.point, { sequence: 6, hash: await sha256Hex(b), uncovered: 6 });
  assert.is(batch.head, undefined);
});

test("a head is part of the chain, covers all lines before it, and is the last line until another comes", async () => {
  const batch = new Batch({ sequence: 0, hash: NO_LINE, uncovered: 0 });
  await batch.add(MOMENT, {});
  await batch.addHead(MOMENT, signer);
  const [, head] = splitLines(batch.content()).lines;
  assert.ok(head);
  assert.equal(batch.head, head);
  assert.equal(batch.point, { sequence: 2, hash: await sha256Hex(head), uncovered: 0 });
  const line = parseLine(head);
  assert.ok(line && await isSigned(line, key.publicKey, signer.keyId));
  await batch.add(MOMENT, {});
  assert.equal([batch.head, batch.point.uncovered], [undefined, 1]);
});

test.run();
