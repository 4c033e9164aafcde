import { test } from "uvu";
import * as assert from "uvu/assert";
import { fileName } from "../../../src/audit/directory.ts";
import { formatLine, NO_LINE } from "../../../src/audit/line.ts";
import { type Segments, segmentsOf } from "../../../src/audit/segments.ts";
import { fromUtf8 } from "../../../src/bytes.ts";
import { MOMENT } from "../../fakes.ts";
import { MemoryFiles } from "../../memory_files.ts";

const LINE = `${fromUtf8(formatLine({ sequence: 1, time: MOMENT, previous: NO_LINE }, {}))}\n`;
const resume = (file: number, bytes: number): string =>
  `${fromUtf8(formatLine({ sequence: 1, time: MOMENT, previous: NO_LINE }, { resume: { file, bytes } }))}\n`;

function of(...texts: string[]): Promise<Segments> {
  const files = new MemoryFiles();
  for (const [index, text] of texts.entries()) files.put(`/audit/${fileName(index + 1)}`, text);
  return segmentsOf(files, "/audit");
}

test("files without anything else are all of the log, an empty one in between included", async () => {
  assert.equal(await of(), { segments: [], rests: [] });
  assert.equal(await of(LINE, "", LINE), { segments: [{ file: 1 }, { file: 2 }, { file: 3 }], rests: [] });
});

test("what follows the last whole line of all is left to whoever reads that file; later files without a line are rests", async () => {
  assert.equal(await of(`${LINE}x`), { segments: [{ file: 1 }], rests: [] });
  assert.equal(await of(`${LINE}x`, "yz", ""), { segments: [{ file: 1 }], rests: [{ file: 2, bytes: 2 }] });
});

test("a file that goes on from an earlier one says how much of that counts, and that those in between do not", async () => {
  assert.equal(await of(`${LINE}xyz`, LINE, resume(1, LINE.length), LINE), {
    segments: [{ file: 1, bytes: LINE.length }, { file: 3 }, { file: 4 }],
    rests: [{ file: 1, bytes: 3 }, { file: 2, bytes: LINE.length }],
  });
});

test("what a later file takes back may itself have gone on from an earlier one", async () => {
  const second = resume(1, LINE.length);
  assert.equal(await of(`${LINE}x`, `${second}yz`, resume(2, second.length)), {
    segments: [{ file: 1, bytes: LINE.length }, { file: 2, bytes: second.length }, { file: 3 }],
    rests: [{ file: 1, bytes: 1 }, { file: 2, bytes: 2 }],
  });
  // a first line that does not count says nothing either
  assert.equal(await of("x", resume(1, 0), resume(2, 0)), {
    segments: [{ file: 1 }, { file: 2, bytes: 0 }, { file: 3 }],
    rests: [{ file: 2, bytes: resume(1, 0).length }],
  });
});

test("a file cannot go on from itself or a later one", async () => {
  assert.equal(await of(resume(1, 3), resume(9, 3)), { segments: [{ file: 1 }, { file: 2 }], rests: [] });
});

test("the first file that is missing is named", async () => {
  const files = new MemoryFiles();
  for (const number of [2, 3]) files.put(`/audit/${fileName(number)}`, LINE);
  assert.is((await segmentsOf(files, "/audit")).missing, 1);
  files.put(`/audit/${fileName(1)}`, LINE);
  files.put(`/audit/${fileName(5)}`, LINE);
  assert.is((await segmentsOf(files, "/audit")).missing, 4);
});

test.run();
