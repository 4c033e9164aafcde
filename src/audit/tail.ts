import { CertgenError } from "../errors.ts";
import type { Files } from "../ports.ts";
import type { Point } from "./batch.ts";
import { sha256Hex } from "../digest.ts";
import { fileName, fileNumbers, readHead, readLog, type StoredHead } from "./directory.ts";
import { type HeadKey, isSigned } from "./head.ts";
import { type AuditLine, NO_LINE, parseLine, splitLines } from "./line.ts";
import type { Bytes } from "../bytes.ts";

/** Where a log that was written before goes on. */
export interface Tail {
  readonly point: Point;
  /** The file that holds the last whole line; 1 where there is none. */
  readonly file: number;
  /** Where that line ends in it. */
  readonly bytes: number;
  /** The file that the next line goes to. */
  readonly next: number;
  /** Whether something that is no whole line stands in between, as a crash leaves it. */
  readonly hasRest: boolean;
  /** The last head, where it is newer than the copy that is kept of it. */
  readonly head: Bytes | undefined;
}

/** The last file that holds a whole line, and what comes after that line. */
interface End {
  readonly file: number;
  readonly lines: readonly Bytes[];
  readonly bytes: number;
  readonly next: number;
  readonly hasRest: boolean;
}

/**
 * Finds the end of a log, and checks the lines from its last head on, and the copy of that.
 *
 * @throws CertgenError `malformed-object` where they are not as this key's log has written them
 */
export async function readTail(files: Files, directory: string, key: HeadKey): Promise<Tail> {
  const { lines, ...end } = await findEnd(files, directory);
  const copy = await readHead(files, directory);
  const refuse = (why: string): CertgenError =>
    new CertgenError(
      "malformed-object",
      `Cannot go on with audit log ${JSON.stringify(`${directory}/${fileName(end.file)}`)}: ${why}`,
    );
  if (copy !== undefined && !await isSigned(copy.line, key.key.publicKey, key.keyId)) {
    throw refuse('the copy of its last head, "head", is not signed with its key');
  }
  const walked = await walk(lines, copy, key, refuse);
  if (copy !== undefined && copy.line.sequence > walked.point.sequence) {
    throw refuse(`it ends at number ${walked.point.sequence}, and was at ${copy.line.sequence} before`);
  }
  return { ...end, ...walked };
}

async function findEnd(files: Files, directory: string): Promise<End> {
  const numbers = await fileNumbers(files, directory);
  const last = numbers.at(-1) ?? 1;
  let next = last;
  let hasRest = false;
  for (const number of numbers.reverse()) {
    const content = await readLog(files, directory, number);
    const { lines, end } = splitLines(content);
    hasRest ||= content.length > end;
    // an empty file is as good as a new one
    if (number === last && hasRest) next = last + 1;
    if (lines.length > 0) return { file: number, lines, bytes: end, next, hasRest };
  }
  return { file: 1, lines: [], bytes: 0, next, hasRest };
}

/** From the last line back to the last head, or to where the file begins. */
async function walk(
  lines: readonly Bytes[],
  copy: StoredHead | undefined,
  key: HeadKey,
  refuse: (why: string) => CertgenError,
): Promise<Pick<Tail, "point" | "head">> {
  const copyHash = copy && await sha256Hex(copy.bytes);
  let point: Point = { sequence: 0, hash: NO_LINE, uncovered: 0 };
  let after: AuditLine | undefined;
  for (let index = lines.length - 1; index >= 0; index--) {
    const bytes = lines[index] ?? new Uint8Array();
    const [line, hash] = [parseLine(bytes), await sha256Hex(bytes)];
    const isNext = after === undefined || (line?.sequence === after.sequence - 1 && hash === after.previous);
    const isCopied = line?.sequence !== copy?.line.sequence || hash === copyHash;
    if (line === undefined || !isNext || !isCopied) throw refuse(`line ${index + 1} is not as it was written`);
    if (after === undefined) point = { sequence: line.sequence, hash, uncovered: 0 };
    if (line.head !== undefined) {
      if (await isSigned(line, key.key.publicKey, key.keyId)) return { point, head: newer(line, bytes, copy) };
      throw refuse(`the head in line ${index + 1} is not signed with its key`);
    }
    point = { ...point, uncovered: point.uncovered + 1 };
    after = line;
  }
  return { point, head: undefined };
}

function newer(line: AuditLine, bytes: Bytes, copy: StoredHead | undefined): Bytes | undefined {
  return line.sequence > (copy?.line.sequence ?? 0) ? bytes : undefined;
}
