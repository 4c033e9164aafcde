import { test } from "uvu";
import * as assert from "uvu/assert";
import { Batch } from "../../../src/audit/batch.ts";
import { type AuditFault, Chain } from "../../../src/audit/chain.ts";
import { headKey } from "../../../src/audit/head.ts";
import { NO_LINE, splitLines } from "../../../src/audit/line.ts";
import { type Bytes, toUtf8 } from "../../../src/bytes.ts";
import { generateKey } from "../../../src/x509/key.ts";
import { MOMENT } from "../../fakes.ts";

const key = await generateKey();
const signer = await headKey(key);
const batch = new Batch({ sequence: 0, hash: NO_LINE, uncovered: 0 });
for (let i = 1; i <= 5; i++) await batch.add(MOMENT, { requestId: `r${i}` });
await batch.addHead(MOMENT, signer);
await batch.add(MOMENT, { requestId: "r7" });
/** Five events, a head, an event. */
const LINES = splitLines(batch.content()).lines;
const text = (bytes: Bytes | undefined): string => new TextDecoder().decode(bytes);

async function followed(lines: readonly Bytes[]): Promise<AuditFault | undefined> {
  return await new Chain(key.publicKey, signer.keyId).follow("f", lines, false);
}

/** What is found where the lines are changed, as `changed f:3`. */
async function found(change: (lines: Bytes[]) => void): Promise<string> {
  const lines = [...LINES];
  change(lines);
  const fault = await followed(lines);
  return fault === undefined ? "nothing" : `${fault.kind} ${fault.file}:${fault.line}`;
}

test("a whole chain is followed over files, and its heads are told", async () => {
  const chain = new Chain(key.publicKey, signer.keyId);
  assert.equal(chain.last, { file: "audit-000001.jsonl", line: 0 });
  assert.is(await chain.follow("a", LINES.slice(0, 4), false), undefined);
  assert.is(await chain.follow("b", [], false), undefined);
  assert.is(await chain.follow("c", LINES.slice(4), false), undefined);
  assert.equal([chain.sequence, chain.last], [7, { file: "c", line: 3 }]);
  assert.equal(chain.heads.map(({ sequence, time }) => [sequence, time]), [[6, MOMENT]]);
  assert.match(text(LINES[6]), `"previous":"${chain.heads[0]?.hash}"`);
});

test("a changed line is found, whatever is changed in it", async () => {
  const change = (index: number, from: string, to: string): Promise<string> =>
    found((lines) => lines[index] = toUtf8(text(lines[index]).replace(from, to)));
  for (const index of [0, 1, 2, 3, 4]) {
    const at = `f:${index + 1}`;
    assert.is(await change(index, `r${index + 1}`, "r9"), `changed ${at}`);
    assert.is(await change(index, "12:00", "12:01"), `changed ${at}`);
    assert.is(await change(index, '{"', '{ "'), `changed ${at}`);
    assert.is(await change(index, "}", ""), `changed ${at}`);
    assert.is(await change(index, `"sequence":${index + 1}`, '"sequence":9'), `changed ${at}`);
    assert.is(await change(index, `"sequence":${index + 1}`, '"sequence":0'), `changed ${at}`);
    assert.is(await change(index, '"previous":"', '"previous":"0123456789'), `changed ${at}`);
    if (index > 0) assert.is(await change(index, '"previous":"', '"prior":"'), `changed ${at}`);
  }
  const previous = /"previous":"(.)/.exec(text(LINES[3]))?.[1] ?? "";
  const other = previous === "0" ? "1" : "0";
  assert.is(await change(3, `"previous":"${previous}`, `"previous":"${other}`), "changed f:4");
  assert.is(await change(5, "12:00", "12:01"), "bad-signature f:6");
  assert.is(await change(5, '"previous":"', '"previous":"0123456789'), "changed f:6");
});

test("a removed line is found, and so are many", async () => {
  for (const index of [0, 1, 2, 3, 4, 5]) {
    assert.is(await found((lines) => lines.splice(index, 1)), `removed f:${index + 1}`);
  }
  assert.is(await found((lines) => lines.splice(1, 3)), "removed f:2");
  const fault = await followed([...LINES.slice(0, 1), ...LINES.slice(4)]);
  assert.is(fault?.message, "number 2 to 4 are missing before it");
});

test("two lines that were swapped are found, near and far", async () => {
  const swap = (a: number, b: number) => (lines: Bytes[]): void => {
    [lines[a], lines[b]] = [lines[b] ?? toUtf8(""), lines[a] ?? toUtf8("")];
  };
  for (const index of [0, 1, 2, 3, 4]) assert.is(await found(swap(index, index + 1)), `reordered f:${index + 1}`);
  assert.is(await found(swap(0, 4)), "reordered f:1");
});

test("a line that was inserted is found, at the latest at the next one", async () => {
  assert.is(await found((lines) => lines.splice(2, 0, lines[1] ?? toUtf8(""))), "repeated f:3");
  assert.is(await found((lines) => lines.splice(2, 0, toUtf8("{}"))), "changed f:3");
  const forged = new Batch({ sequence: 2, hash: /"previous":"(\w+)"/.exec(text(LINES[2]))?.[1] ?? "", uncovered: 0 });
  await forged.add(MOMENT, { requestId: "forged" });
  const [line] = splitLines(forged.content()).lines;
  assert.is(await found((lines) => lines.splice(2, 0, line ?? toUtf8(""))), "repeated f:4");
});

test("a chain that somebody else has made anew lacks the signature", async () => {
  const other = await headKey(await generateKey());
  for (const keyId of [other.keyId, signer.keyId]) {
    const forged = new Batch({ sequence: 0, hash: NO_LINE, uncovered: 0 });
    for (let i = 1; i <= 5; i++) await forged.add(MOMENT, { requestId: "forged" });
    await forged.addHead(MOMENT, { ...other, keyId });
    const fault = await followed(splitLines(forged.content()).lines);
    assert.equal([fault?.kind, fault?.line], ["bad-signature", 6]);
  }
});

test("the end of a file before, changed, is named itself", async () => {
  const chain = new Chain(key.publicKey, signer.keyId);
  await chain.follow("a", [...LINES.slice(0, 3), toUtf8(text(LINES[3]).replace("r4", "r9"))], false);
  const { kind, file, line } = await chain.follow("b", LINES.slice(4), false) ?? {};
  assert.equal([kind, file, line], ["changed", "a", 4]);
});

test("only the first line of a file that may go on from elsewhere says so", async () => {
  const lines = new Batch({ sequence: 0, hash: NO_LINE, uncovered: 0 });
  await lines.add(MOMENT, { resume: { file: 1, bytes: 0 } });
  await lines.add(MOMENT, { resume: { file: 1, bytes: 0 } });
  const [first, second] = splitLines(lines.content()).lines;
  assert.ok(first && second);
  const follow = async (read: Bytes[], mayResume: boolean): Promise<number | undefined> =>
    (await new Chain(key.publicKey, signer.keyId).follow("f", read, mayResume))?.line;
  assert.is(await follow([first], true), undefined);
  assert.is(await follow([first], false), 1);
  assert.is(await follow([first, second], true), 2);
});

test.run();
