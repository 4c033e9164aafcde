import { test } from "uvu";
import * as assert from "uvu/assert";
import { verifyAudit, type VerifyOptions } from "../../../src/audit/verify.ts";
import { generateKey } from "../../../src/x509/key.ts";
import { AuditDisk, auditEvent, DIRECTORY } from "../../auditing.ts";
import { rejection } from "../../fakes.ts";

/** Three files: three events and a head each (one of them by size), then an event that no head covers. */
async function written(): Promise<AuditDisk> {
  const disk = await AuditDisk.make();
  const log = await disk.open({ linesPerHead: 3, maxFileBytes: 600 });
  for (let number = 1; number <= 7; number++) await log.record(auditEvent(number));
  return disk;
}

const HEAD = `${DIRECTORY}/head`;

/** What is found, as `changed audit-000001.jsonl:3`. */
async function found(disk: AuditDisk, options: VerifyOptions = {}): Promise<string> {
  const { fault } = await disk.verify(options);
  return fault === undefined ? "nothing" : `${fault.kind} ${fault.file}:${fault.line}`;
}

test("a whole log is whole, with its lines, heads and files counted", async () => {
  const disk = await written();
  assert.equal(disk.story(), ["r1", "r2", "r3", "head", "r4", "r5", "r6", "head", "r7"]);
  const { lastHead, ...report } = await disk.verify();
  assert.equal(report, { files: 3, lines: 9, heads: 2, linesAfterHead: 1, rests: [] });
  assert.is(lastHead?.sequence, 8);
  assert.match(disk.lines(3)[0] ?? "", `"previous":"${lastHead?.hash}"`);
});

test("whatever is done to any line before another is found in its file and line", async () => {
  for (const file of [1, 2]) {
    for (const line of [0, 1, 2]) {
      const place = `audit-00000${file}.jsonl:${line + 1}`;
      const changed = await written();
      changed.edit(file, (lines) => lines[line] = (lines[line] ?? "").replace("approved", "denied"));
      assert.is(await found(changed), `changed ${place}`);
      const removed = await written();
      removed.edit(file, (lines) => lines.splice(line, 1));
      assert.is(await found(removed), `removed ${place}`);
      const swapped = await written();
      swapped.edit(file, (lines) => lines.splice(line, 2, lines[line + 1] ?? "", lines[line] ?? ""));
      assert.is(await found(swapped), `reordered ${place}`);
      const inserted = await written();
      inserted.edit(file, (lines) => lines.splice(line + 1, 0, lines[line] ?? ""));
      assert.is(await found(inserted), `repeated audit-00000${file}.jsonl:${line + 2}`);
    }
  }
});

test("a changed byte anywhere before the last line is found", async () => {
  const disk = await written();
  for (const file of [1, 2]) {
    const text = disk.text(file);
    for (let at = 0; at < text.length; at += 7) {
      const other = text[at] === "x" ? "y" : "x";
      disk.files.put(disk.path(file), text.slice(0, at) + other + text.slice(at + 1));
      assert.is.not(await found(disk), "nothing", `${file}:${at}`);
    }
    disk.files.put(disk.path(file), text);
  }
  assert.is(await found(disk), "nothing");
});

test("a log that is cut off behind its last head is found by the copy of that", async () => {
  const lines = await written();
  lines.files.tree.delete(lines.path(3));
  lines.edit(2, (all) => all.splice(1, 3));
  assert.is(await found(lines), "cut-off audit-000002.jsonl:1");
  const { fault } = await lines.verify();
  assert.is(fault?.message, "the log ends at number 5, and was at 8 before");
  const files = await written();
  for (const file of [2, 3]) files.files.tree.delete(files.path(file));
  assert.is(await found(files), "cut-off audit-000001.jsonl:4");
  for (const file of [1]) files.files.tree.delete(files.path(file));
  assert.is(await found(files), "cut-off audit-000001.jsonl:0");
});

test("a head that was kept elsewhere must be in the log", async () => {
  const disk = await written();
  const head = (await disk.verify()).lastHead?.hash ?? "";
  assert.is(await found(disk, { head }), "nothing");
  // cut off, and the copy replaced by an earlier head
  for (const file of [2, 3]) disk.files.tree.delete(disk.path(file));
  disk.files.put(HEAD, `${disk.lines()[3]}\n`);
  assert.is(await found(disk), "nothing");
  assert.is(await found(disk, { head }), "cut-off audit-000001.jsonl:4");
});

test("a file that is missing is named", async () => {
  for (const file of [1, 2]) {
    const disk = await written();
    disk.files.tree.delete(disk.path(file));
    assert.is(await found(disk), `missing-file audit-00000${file}.jsonl:0`);
  }
});

test("lines after the last head are found changed where another one follows, and can be made anew, as is said", async () => {
  const disk = await AuditDisk.make();
  const log = await disk.open();
  for (const number of [1, 2]) await log.record(auditEvent(number));
  disk.edit(1, (lines) => lines[0] = (lines[0] ?? "").replace("r1", "r9"));
  assert.is(await found(disk), "changed audit-000001.jsonl:1");
  disk.edit(1, (lines) => lines[0] = (lines[0] ?? "").replace("r9", "r1"));
  disk.edit(1, (lines) => lines[1] = (lines[1] ?? "").replace("r2", "r9"));
  const { fault, linesAfterHead } = await disk.verify();
  assert.equal([fault, linesAfterHead], [undefined, 2]);
});

test("heads of another key are found, and a log that was made anew with one", async () => {
  const disk = await written();
  const key = await generateKey();
  const { fault } = await verifyAudit(disk.files, DIRECTORY, key.publicKey);
  assert.equal([fault?.kind, fault?.file, fault?.line], ["bad-signature", "audit-000001.jsonl", 4]);
  await rejection(
    "unsupported-algorithm",
    verifyAudit(disk.files, DIRECTORY, (await generateKey("ed25519")).publicKey),
  );
});

test("the copy of the last head must be there, signed, and in the log", async () => {
  const disk = await written();
  const copy = disk.files.text(HEAD) ?? "";
  disk.files.put(HEAD, copy.replace("12:00", "12:01"));
  assert.is(await found(disk), "bad-signature head:0");
  disk.files.put(HEAD, "x\n");
  assert.is(await found(disk), "bad-signature head:0");
  disk.files.put(HEAD, copy.replace('{"', '{ "'));
  assert.is(await found(disk), "changed head:0");
  disk.files.tree.delete(HEAD);
  assert.is(await found(disk), "missing-file head:0");
  // a crash may have come between the two
  const other = await AuditDisk.make();
  await (await other.open({ linesPerHead: 1 })).record(auditEvent(1));
  other.files.tree.delete(HEAD);
  assert.is(await found(other), "nothing");
});

test("a torn line at the end is no fault, and said; within the log it is one", async () => {
  const disk = await written();
  disk.files.put(disk.path(3), `${disk.text(3)}{"seq`);
  assert.equal(await disk.verify().then(({ fault, rests }) => [fault, rests]), [undefined, [
    { file: "audit-000003.jsonl", bytes: 5 },
  ]]);
  const within = await written();
  within.files.put(within.path(2), within.text(2).slice(0, -1));
  assert.is(
    await found(within),
    "cut-off audit-000002.jsonl:4",
  );
});

test("a log that a failed write divides is whole, and what it says of that is checked", async () => {
  const divided = async (): Promise<AuditDisk> => {
    const disk = await AuditDisk.make();
    const log = await disk.open();
    await log.record(auditEvent(1));
    disk.files.failWith({ at: 1, kind: "lost" });
    await rejection("unavailable", log.record(auditEvent(2)));
    disk.files.failWith();
    await log.record(auditEvent(3));
    await log.close();
    return disk;
  };
  const disk = await divided();
  assert.equal(disk.story(), ["r1", "r2", "resume", "r3", "head"]);
  const { fault, rests, lines } = await disk.verify();
  const bytes = (disk.lines()[1] ?? "").length + 1;
  assert.equal([fault, rests, lines], [undefined, [{ file: "audit-000001.jsonl", bytes }], 4]);
  const changed = await divided();
  changed.edit(1, (all) => all[0] = (all[0] ?? "").replace("r1", "r9"));
  assert.is(await found(changed), "changed audit-000001.jsonl:1");
  const removed = await divided();
  removed.edit(1, (all) => all.splice(0, 1));
  assert.match(await found(removed), /^(?:removed|cut-off) audit-000001\.jsonl:1$/);
  const moved = await divided();
  moved.edit(2, (all) => all[0] = (all[0] ?? "").replace(/"bytes":\d+/, `"bytes":${bytes * 2}`));
  assert.is.not(await found(moved), "nothing");
});

test("no log at all is not a whole one", async () => {
  const disk = await AuditDisk.make();
  assert.match((await rejection("not-found", disk.verify())).message, 'there is none in "/audit"');
  disk.files.failWith({ at: 2, kind: "error" });
  await rejection("io", disk.verify());
});

test.run();
