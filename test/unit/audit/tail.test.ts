import { test } from "uvu";
import * as assert from "uvu/assert";
import { headKey } from "../../../src/audit/head.ts";
import { NO_LINE } from "../../../src/audit/line.ts";
import { readTail, type Tail } from "../../../src/audit/tail.ts";
import { generateKey } from "../../../src/x509/key.ts";
import { AuditDisk, auditEvent, DIRECTORY } from "../../auditing.ts";
import { rejection } from "../../fakes.ts";

const tailOf = async (disk: AuditDisk): Promise<Tail> => await readTail(disk.files, DIRECTORY, await headKey(disk.key));
const refusal = async (disk: AuditDisk): Promise<string> => (await rejection("malformed-object", tailOf(disk))).message;

/** Two events, a head, two events; nothing was closed. */
async function written(): Promise<AuditDisk> {
  const disk = await AuditDisk.make();
  const log = await disk.open({ linesPerHead: 2 });
  for (const number of [1, 2, 3]) await log.record(auditEvent(number));
  return disk;
}

test("a log that is not there begins in its first file", async () => {
  const disk = await AuditDisk.make();
  const point = { sequence: 0, hash: NO_LINE, uncovered: 0 };
  assert.equal(await tailOf(disk), { point, file: 1, bytes: 0, next: 1, hasRest: false, head: undefined });
});

test("a log goes on after its last whole line", async () => {
  const disk = await written();
  const { point, ...rest } = await tailOf(disk);
  assert.equal([point.sequence, point.uncovered], [4, 1]);
  assert.equal(rest, { file: 1, bytes: disk.text().length, next: 1, hasRest: false, head: undefined });
});

test("after a torn line, or one without its line feed, a log goes on in another file", async () => {
  const disk = await written();
  const whole = await tailOf(disk);
  disk.files.put(disk.path(1), `${disk.text()}{"seq`);
  assert.equal(await tailOf(disk), { ...whole, next: 2, hasRest: true });
  disk.files.put(disk.path(2), "x");
  assert.equal(await tailOf(disk), { ...whole, next: 3, hasRest: true });
  disk.files.put(disk.path(3), "");
  assert.equal(await tailOf(disk), { ...whole, next: 3, hasRest: true });
  const other = await written();
  other.files.put(other.path(1), other.text().slice(0, -1));
  assert.equal(await tailOf(other).then(({ point, next }) => [point.sequence, next]), [3, 2]);
});

test("after an empty file, as a crash leaves it, a log goes on in that", async () => {
  const disk = await written();
  const whole = await tailOf(disk);
  disk.files.put(disk.path(2), "");
  assert.equal(await tailOf(disk), { ...whole, next: 2 });
});

test("a torn first line is no line", async () => {
  const disk = await AuditDisk.make();
  disk.files.put(disk.path(1), '{"sequence":1');
  const { point, file, bytes, next, hasRest } = await tailOf(disk);
  assert.equal([point.sequence, point.hash, file, bytes, next, hasRest], [0, NO_LINE, 1, 0, 2, true]);
});

test("lines after the last head that are not as they were written are refused, and named", async () => {
  const changed = await written();
  changed.edit(1, (lines) => lines[2] = (lines[2] ?? "").replace('"keyId"', '"keyid"'));
  assert.is(
    await refusal(changed),
    'Cannot go on with audit log "/audit/audit-000001.jsonl": line 3 is not as it was written',
  );
  const log = await AuditDisk.make();
  const open = await log.open();
  for (const number of [1, 2, 3]) await open.record(auditEvent(number));
  log.edit(1, (lines) => lines[0] = (lines[0] ?? "").replace("r1", "r9"));
  assert.match(await refusal(log), "line 1 is not as it was written");
  const removed = await written();
  removed.edit(1, (lines) => lines.splice(2, 1));
  assert.match(await refusal(removed), "line 2 is not as it was written");
});

test("a log whose end is missing is refused where the copy of its last head says so", async () => {
  const cut = await written();
  cut.edit(1, (lines) => lines.splice(2));
  cut.files.put(cut.path(1), `${cut.text()}\n`);
  assert.match(await refusal(cut), "it ends at number 2, and was at 3 before");
  const gone = await written();
  gone.files.tree.delete(gone.path(1));
  assert.match(await refusal(gone), "it ends at number 0, and was at 3 before");
});

test("a last head that is not the one that was copied is refused", async () => {
  const disk = await written();
  // what is signed is the same
  disk.edit(1, (lines) => lines[2] = (lines[2] ?? "").replace('{"', '{ "'));
  disk.edit(1, (lines) => lines.splice(3, 1));
  assert.match(await refusal(disk), "line 3 is not as it was written");
});

test("a log of another key is refused", async () => {
  const disk = await written();
  const key = await headKey(await generateKey());
  const copy = await rejection("malformed-object", readTail(disk.files, DIRECTORY, key));
  assert.match(copy.message, "the copy of its last head");
  disk.files.tree.delete(`${DIRECTORY}/head`);
  const head = await rejection("malformed-object", readTail(disk.files, DIRECTORY, key));
  assert.match(head.message, "the head in line 3 is not signed with its key");
});

test("a last head that is newer than its copy is given, so that it can be copied", async () => {
  const disk = await written();
  const { head } = await tailOf(disk);
  assert.is(head, undefined);
  disk.files.tree.delete(`${DIRECTORY}/head`);
  assert.is(new TextDecoder().decode((await tailOf(disk)).head), disk.lines()[2]);
});

test("only lines from the last head on are looked at", async () => {
  const disk = await written();
  disk.edit(1, (lines) => lines[0] = "x");
  assert.is((await tailOf(disk)).point.sequence, 4);
});

test.run();
