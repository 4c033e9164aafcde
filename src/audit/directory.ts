import { type Bytes, concat } from "../bytes.ts";
import { CertgenError } from "../errors.ts";
import type { Files } from "../ports.ts";
import { type AuditLine, LINE_FEED, parseLine, splitLines } from "./line.ts";

/** Largest file that is read: twice what one grows to. */
export const MAX_FILE_BYTES: number = 128 << 20;

/** The name of a log's file: `audit-000001.jsonl` is the first. */
export function fileName(number: number): string {
  return `audit-${String(number).padStart(6, "0")}.jsonl`;
}

/** The numbers of a log's files, in order. Other files, of other names, are not of the log. */
export async function fileNumbers(files: Files, directory: string): Promise<number[]> {
  const numbers = (await files.list(directory)).flatMap((name) => {
    const number = Number(/^audit-(\d{6,15})\.jsonl$/.exec(name)?.[1] ?? 0);
    return number > 0 && fileName(number) === name ? [number] : [];
  });
  return numbers.sort((a, b) => a - b);
}

/** What a file holds, 128 MiB at most. */
export function readLog(files: Files, directory: string, number: number): Promise<Bytes> {
  return files.read(`${directory}/${fileName(number)}`, MAX_FILE_BYTES);
}

/** A head with its bytes. */
export interface StoredHead {
  readonly line: AuditLine;
  /** Without the line feed. */
  readonly bytes: Bytes;
}

const headPath = (directory: string): string => `${directory}/head`;

/** Keeps a copy of the last head, so that a log that ends before it is known to have been cut off. */
export async function writeHead(files: Files, directory: string, bytes: Bytes): Promise<void> {
  await files.replace(headPath(directory), concat([bytes, Uint8Array.of(LINE_FEED)]), 0o600);
}

/**
 * The copy of the last head; `undefined` where there is none.
 * @throws CertgenError `malformed-object` where it is none
 */
export async function readHead(files: Files, directory: string): Promise<StoredHead | undefined> {
  const path = headPath(directory);
  let content: Bytes;
  try {
    content = await files.read(path);
  } catch (error) {
    if (error instanceof CertgenError && error.code === "not-found") return undefined;
    throw error;
  }
  return headOf(content, path);
}

/**
 * The one line of a copy of a head.
 * @throws CertgenError `malformed-object`
 */
export function headOf(content: Bytes, path: string): StoredHead {
  const { lines: [bytes, second], end } = splitLines(content);
  const line = bytes && parseLine(bytes);
  if (bytes === undefined || line?.head === undefined || second !== undefined || end !== content.length) {
    throw new CertgenError(
      "malformed-object",
      `Cannot use ${JSON.stringify(path)}: it is not one head of an audit log`,
    );
  }
  return { line, bytes };
}
