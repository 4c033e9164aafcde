import type { Files } from "../ports.ts";
import { fileNumbers, readLog } from "./directory.ts";
import { LINE_FEED, parseLine, type Resume } from "./line.ts";

/** A file of a log, or the beginning of one. */
export interface Segment {
  /** Number of the file. */
  readonly file: number;
  /** How many bytes of it are of the log, where a later file says so. */
  readonly bytes?: number;
}

/** Something that a failed write or a crash has left, and that is no part of the log. */
export interface Rest {
  /** Number of the file. */
  readonly file: number;
  /** In bytes. */
  readonly bytes: number;
}

/** What of a directory is of the log, in order, and what is not; `missing` is the first file that should be there and is not. */
export interface Segments {
  readonly segments: readonly Segment[];
  readonly rests: readonly Rest[];
  readonly missing?: number;
}

/** What is known of a file before its lines are looked at. */
interface Outline {
  readonly file: number;
  readonly size: number;
  readonly hasLines: boolean;
  readonly resume: Resume | undefined;
}

/** Reads all files once, from the last to the first, since it is the later one that says how much of an earlier one counts. */
export async function segmentsOf(files: Files, directory: string): Promise<Segments> {
  const numbers = await fileNumbers(files, directory);
  const missing = numbers.findIndex((number, index) => number !== index + 1);
  if (missing >= 0) return { segments: [], rests: [], missing: missing + 1 };
  const segments: Segment[] = [];
  const rests: Rest[] = [];
  let resume: Resume | undefined;
  for (const file of numbers.reverse()) {
    const outline = await outlineOf(files, directory, file);
    const isPassedOver = resume === undefined ? segments.length === 0 && !outline.hasLines : file > resume.file;
    if (isPassedOver) {
      if (outline.size > 0) rests.unshift({ file, bytes: outline.size });
      continue;
    }
    if (resume !== undefined && outline.size > resume.bytes) {
      rests.unshift({ file, bytes: outline.size - resume.bytes });
    }
    segments.unshift({ file, ...resume && { bytes: resume.bytes } });
    resume = resume === undefined || resume.bytes > 0 ? outline.resume : undefined;
  }
  return { segments, rests };
}

async function outlineOf(files: Files, directory: string, file: number): Promise<Outline> {
  const content = await readLog(files, directory, file);
  const end = content.indexOf(LINE_FEED);
  const resume = parseLine(content.subarray(0, Math.max(0, end)))?.resume;
  const isEarlier = resume !== undefined && resume.file < file;
  return { file, size: content.length, hasLines: end >= 0, resume: isEarlier ? resume : undefined };
}
