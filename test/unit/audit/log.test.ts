import { test } from "uvu";
import * as assert from "uvu/assert";
import { AuditLog } from "../../../src/audit/log.ts";
import { generateKey } from "../../../src/x509/key.ts";
import { AuditDisk, auditEvent, DIRECTORY } from "../../auditing.ts";
import { fakeClock, fakeLog, rejection } from "../../fakes.ts";
import { type Fault, MemoryFiles } from "../../memory_files.ts";

const numbers = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);
const writesOf = ({ files }: AuditDisk): number => files.calls.filter((call) => call.startsWith("write ")).length;

async function recordAll(log: AuditLog, from: number, to: number): Promise<number[]> {
  const results = await Promise.allSettled(numbers(from, to).map((number) => log.record(auditEvent(number))));
  return results.flatMap((result, index) => result.status === "fulfilled" ? [from + index] : []);
}

test("what is recorded is on disk once that is answered, for its owner alone", async () => {
  const disk = await AuditDisk.make();
  const log = await disk.open();
  await log.record(auditEvent(1));
  assert.equal(disk.story(), ["r1"]);
  assert.is(disk.files.tree.get(disk.path(1))?.mode, 0o600);
  await log.record(auditEvent(2));
  await log.close();
  assert.equal(disk.story(), ["r1", "r2", "head"]);
  assert.is(disk.files.text(`${DIRECTORY}/head`), `${disk.lines()[2]}\n`);
  const { fault, ...report } = await disk.verify();
  assert.is(fault, undefined);
  assert.equal([report.lines, report.heads, report.linesAfterHead], [3, 1, 0]);
});

test("a thousand at once keep their order and share syncs", async () => {
  const disk = await AuditDisk.make();
  const log = await disk.open();
  assert.is((await recordAll(log, 1, 1000)).length, 1000);
  const writes = writesOf(disk);
  assert.ok(writes <= 3, `${writes}`);
  await log.close();
  assert.equal(disk.story().filter((one) => one !== "head"), numbers(1, 1000).map((number) => `r${number}`));
  assert.is((await disk.verify()).fault, undefined);
});

test("a head is written after so many lines, in the same write", async () => {
  const disk = await AuditDisk.make();
  const log = await disk.open({ linesPerHead: 3 });
  for (const number of numbers(1, 7)) await log.record(auditEvent(number));
  assert.equal(disk.story(), ["r1", "r2", "r3", "head", "r4", "r5", "r6", "head", "r7"]);
  assert.is(writesOf(disk), 7);
  await recordAll(log, 8, 20);
  assert.is(
    disk.story().slice(9).join(" "),
    "r8 r9 head r10 r11 r12 head r13 r14 r15 head r16 r17 r18 head r19 r20",
  );
  await log.close();
});

test("a head is written so many seconds after a line that none covers, and not without one", async () => {
  const disk = await AuditDisk.make();
  const ends: (() => void)[] = [];
  const waits: number[] = [];
  const sleep = (seconds: number): Promise<void> => {
    waits.push(seconds);
    return new Promise((resolve) => ends.push(resolve));
  };
  const log = await disk.open({ sleep });
  await log.record(auditEvent(1));
  await log.record(auditEvent(2));
  assert.equal(waits, [60]);
  ends[0]?.();
  await settled();
  assert.equal(disk.story(), ["r1", "r2", "head"]);
  await settled();
  assert.equal(waits, [60]);
  await log.record(auditEvent(3));
  await settled();
  assert.equal(waits, [60, 60]);
  await log.close();
  ends[1]?.();
  await settled();
  assert.equal(disk.story(), ["r1", "r2", "head", "r3", "head"]);
});

test("another file begins at a size, after a head, and goes on with number and hash", async () => {
  const disk = await AuditDisk.make();
  const log = await disk.open({ maxFileBytes: 1000 });
  for (const number of numbers(1, 12)) await log.record(auditEvent(number));
  await log.close();
  const files = disk.files.calls.filter((call) => call.startsWith("append ")).map((call) => call.slice(7));
  assert.ok(files.length >= 3, files.join(" "));
  assert.equal(files, files.map((_, index) => disk.path(index + 1)));
  for (const number of files.keys()) assert.match(disk.lines(number + 1).at(-2) ?? "", '"head":{');
  const { fault, ...report } = await disk.verify();
  assert.is(fault, undefined);
  assert.is(report.files, files.length);
  assert.equal(disk.story().filter((one) => one !== "head"), numbers(1, 12).map((number) => `r${number}`));
});

test("an opened log goes on where it was, in the same file, with or without a head at its end", async () => {
  const disk = await AuditDisk.make();
  const first = await disk.open();
  await first.record(auditEvent(1));
  await first.close();
  const second = await disk.open();
  await second.record(auditEvent(2));
  // as after a crash: the process is gone, and nothing was closed
  const third = await disk.open();
  await third.record(auditEvent(3));
  await third.close();
  assert.equal(disk.story(), ["r1", "head", "r2", "r3", "head"]);
  assert.equal(await disk.verify().then(({ fault, files, rests }) => [fault, files, rests]), [undefined, 1, []]);
});

test("lines that a crash has left without a head get one in time", async () => {
  const disk = await AuditDisk.make();
  await (await disk.open()).record(auditEvent(1));
  const log = await disk.open({ sleep: () => Promise.resolve() });
  await settled();
  assert.equal(disk.story(), ["r1", "head"]);
  await log.close();
});

test("a torn line stays where a crash left it, and the log goes on in another file", async () => {
  const disk = await AuditDisk.make();
  const first = await disk.open();
  await first.record(auditEvent(1));
  disk.files.put(disk.path(1), `${disk.text()}{"sequence":2,"time":"20`, 0o600);
  const left = disk.text();
  const second = await disk.open();
  await second.record(auditEvent(2));
  await second.close();
  assert.is(disk.text(), left);
  assert.equal(disk.story(), ["r1", "torn", "resume", "r2", "head"]);
  const report = await disk.verify();
  assert.equal([report.fault, report.rests], [undefined, [{ file: "audit-000001.jsonl", bytes: 24 }]]);
});

test("a crash at any write leaves a log that goes on and is whole", async () => {
  for (const torn of [0, 1, 2, 3]) {
    const disk = await AuditDisk.make();
    for (const round of [1, 2, 3]) {
      const log = await disk.open({ maxFileBytes: 700 });
      await recordAll(log, round * 10, round * 10 + 4);
      // the last write is cut, also so that nothing is left of it or only the line feed is missing
      const last = [...disk.files.tree.keys()].filter((path) => path.endsWith(".jsonl")).sort().at(-1) ?? "";
      const text = disk.files.text(last) ?? "";
      if (torn > 0) disk.files.put(last, text.slice(0, [0, 0, -1, -100][torn]), 0o600);
      if (torn > 0) disk.files.tree.delete(`${DIRECTORY}/head`);
    }
    const log = await disk.open();
    await log.record(auditEvent(99));
    await log.close();
    const { fault } = await disk.verify();
    assert.is(fault, undefined, `${torn}: ${JSON.stringify(fault)} ${disk.story().join(" ")}`);
    assert.ok(disk.story().includes("r99"));
  }
});

test("a write that fails rejects what it held, and nothing after it is lost or doubled", async () => {
  for (const kind of ["error", "part", "lost"] as const) {
    for (const at of numbers(1, 6)) await failOnce({ kind, at });
  }
});

/** Three groups of records, of which one write or another call fails. */
async function failOnce(fault: Fault): Promise<void> {
  const disk = await AuditDisk.make();
  const { log: told, lines } = fakeLog();
  const log = await disk.open({ log: told, linesPerHead: 4 });
  disk.files.failWith(fault);
  const done: number[] = [];
  for (const from of [1, 11, 21]) done.push(...await recordAll(log, from, from + 5));
  disk.files.failWith();
  await log.close();
  const what = `${fault.kind} ${fault.at}: ${disk.story().join(" ")}`;
  const { fault: found, rests } = await disk.verify();
  assert.is(found, undefined, `${what} ${JSON.stringify(found)}`);
  const counted = await countedEvents(disk, rests);
  assert.equal(counted, done.map((number) => `r${number}`), what);
  assert.ok(lines.some(({ level }) => level === "error"), what);
}

/** The events of a log whose rests are taken away. */
async function countedEvents(disk: AuditDisk, rests: readonly { file: string; bytes: number }[]): Promise<string[]> {
  for (const { file, bytes } of rests) {
    const path = `${DIRECTORY}/${file}`;
    const content = await disk.files.read(path);
    disk.files.put(path, content.subarray(0, content.length - bytes));
  }
  return disk.story().filter((one) => one.startsWith("r") && one !== "resume");
}

test("a failure is unavailable, and its cause goes to the log", async () => {
  const disk = await AuditDisk.make();
  const { log: told, lines } = fakeLog();
  const log = await disk.open({ log: told });
  disk.files.failWith({ at: 1, kind: "error" });
  const error = await rejection("unavailable", log.record(auditEvent(1)));
  assert.is(error.message, "Cannot write the audit log: nothing is decided until it can be");
  assert.match(`${lines[0]?.facts["because"]}`, "ENOSPC");
  await log.record(auditEvent(2));
  assert.equal(lines.map(({ message }) => message), [
    "the audit log cannot be written",
    "the audit log can be written again",
  ]);
  await log.close();
  await rejection("unavailable", log.record(auditEvent(3)));
  await log.close();
  assert.equal(disk.story(), ["r2", "head"]);
});

test("a disk that goes on failing is tried once a second, so that it is not filled with files", async () => {
  const disk = await AuditDisk.make();
  const { now, set } = fakeClock();
  const log = await disk.open({ now });
  const write = new MemoryFiles().append.bind(disk.files);
  disk.files.append = async (path, mode) => {
    const appender = await write(path, mode);
    return Object.assign(Object.create(appender) as typeof appender, {
      write: async (content: Uint8Array) => {
        await appender.write(content.subarray(0, 10));
        throw new Error("input/output error");
      },
    });
  };
  for (const number of numbers(1, 50)) await rejection("unavailable", log.record(auditEvent(number)));
  assert.is(disk.story().length, 8);
  set("2026-03-01T12:00:01Z");
  for (const number of numbers(1, 50)) await rejection("unavailable", log.record(auditEvent(number)));
  assert.is(disk.story().length, 9);
  disk.files.append = write;
  set("2026-03-01T12:00:02Z");
  await log.record(auditEvent(100));
  await log.close();
  assert.equal(disk.story().slice(9), ["resume", "r100", "head"]);
  const { fault, rests } = await disk.verify();
  assert.equal([fault, rests.length], [undefined, 9]);
});

test("a head that cannot be copied fails nothing that is on disk", async () => {
  const disk = await AuditDisk.make();
  const { log: told, lines } = fakeLog();
  const log = await disk.open({ log: told, linesPerHead: 1 });
  disk.files.failWith({ at: 3, kind: "error" });
  await log.record(auditEvent(1));
  await log.close();
  assert.equal(lines.map(({ message }) => message), ["the audit log's last head cannot be copied"]);
  assert.is(disk.files.text(`${DIRECTORY}/head`), undefined);
  // made up for when it is opened
  await (await disk.open()).close();
  assert.is(disk.files.text(`${DIRECTORY}/head`), `${disk.lines()[1]}\n`);
});

test("a second writer is noticed before anything more is answered", async () => {
  const disk = await AuditDisk.make();
  const [first, second] = [await disk.open(), await disk.open()];
  await first.record(auditEvent(1));
  await rejection("unavailable", second.record(auditEvent(2)));
  const third = await disk.open();
  await first.record(auditEvent(3));
  await third.record(auditEvent(4)).then(() => assert.unreachable(), () => {});
});

test("a directory that is not there any more, or another one, is not written to", async () => {
  const disk = await AuditDisk.make();
  const log = await disk.open();
  await log.record(auditEvent(1));
  disk.files.failWith({ at: 1, kind: "error" });
  await rejection("unavailable", log.record(auditEvent(2)));
  disk.files.failWith();
  disk.files.tree.delete(disk.path(1));
  await rejection("unavailable", log.record(auditEvent(3)));
  assert.equal(disk.story(), []);
});

test("a log is opened with an ECDSA key over P-256 only", async () => {
  const key = await generateKey("ec-p384");
  await rejection("unsupported-algorithm", AuditLog.open(new MemoryFiles(), DIRECTORY, key));
});

test("an event that cannot be written as JSON is refused alone", async () => {
  const disk = await AuditDisk.make();
  const log = await disk.open();
  const bad = log.record(auditEvent(1, { notAfter: new Date(Number.NaN) }));
  const good = log.record(auditEvent(2));
  assert.instance(await bad.catch((error: unknown) => error), RangeError);
  await good;
  assert.equal(disk.story(), ["r2"]);
});

/** Lets everything happen that waits for nothing but its turn. */
async function settled(): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setTimeout(resolve));
}

test.run();
