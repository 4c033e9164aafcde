import { type Bytes, fromUtf8, toUtf8 } from "../bytes.ts";
import { CertgenError, messageOf } from "../errors.ts";
import { checkName } from "./entry_name.ts";

/** Begins the names of the files of records; neither an entry's file nor a kind's folder begins so. */
const PREFIX = ".commit-";
/** Largest record, in bytes. */
export const MAX_RECORD_BYTES: number = 32 << 20;

/** What a commit leaves under a name. */
export interface FinalState {
  /** The entry's. */
  readonly name: string;
  /** Number of the change. */
  readonly revision: number;
  /** What is there after it; `undefined` is nothing. */
  readonly text: string | undefined;
}

/** The name of the file of a record. */
export function recordName(first: number): string {
  return PREFIX + first;
}

/** Whether a file's name is that of a record, or says that it means to be one. */
export function isRecordName(file: string): boolean {
  return file.startsWith(PREFIX);
}

/**
 * What a record's file holds.
 * @throws CertgenError `too-large` where it could not be read back
 */
export function encodeRecord(states: readonly FinalState[]): Bytes {
  const changes = states.map(({ name, revision, text = null }) => ({ name, revision, text }));
  const bytes = toUtf8(`${JSON.stringify({ version: 1, changes })}\n`);
  if (bytes.length <= MAX_RECORD_BYTES) return bytes;
  const message = `Cannot store ${states.length} changes at once: larger than ${MAX_RECORD_BYTES} bytes`;
  throw new CertgenError("too-large", message);
}

/**
 * Reads a record back, strictly: what is in a record was written whole, so that anything odd is somebody else's doing.
 *
 * @param file its name, which gives the first revision
 * @throws CertgenError `io`
 */
export function decodeRecord(file: string, content: Uint8Array): FinalState[] {
  try {
    const changes = changesIn(JSON.parse(fromUtf8(content)));
    const states = changes.map(stateOf);
    const [first] = states;
    if (first === undefined || file !== recordName(first.revision)) throw new Error("it is not named for its revision");
    if (states.some(({ revision }, i) => revision !== first.revision + i)) throw new Error("a revision is missing");
    if (new Set(states.map(({ name }) => name)).size !== states.length) throw new Error("a name is there twice");
    return states;
  } catch (error) {
    throw unusable(file, messageOf(error), error);
  }
}

/** The error for a record that cannot be finished. */
export function unusable(file: string, why: string, cause: unknown): CertgenError {
  return new CertgenError("io", `Cannot finish the changes in ${JSON.stringify(file)}: ${why}`, { cause });
}

function changesIn(record: unknown): readonly unknown[] {
  if (typeof record !== "object" || record === null) throw new Error("it is no object");
  const { version, changes, ...others } = record as { version?: unknown; changes?: unknown };
  if (version !== 1) throw new Error("its version is not 1");
  if (!Array.isArray(changes) || Object.keys(others).length > 0) throw new Error("it is no list of changes");
  return changes;
}

function stateOf(change: unknown): FinalState {
  const { name, revision, text, ...others } = Object(change) as Record<string, unknown>;
  if (typeof name !== "string" || typeof revision !== "number" || Object.keys(others).length > 0) {
    throw new Error("a change is none");
  }
  if (!Number.isSafeInteger(revision) || revision < 1) throw new Error("a revision is none");
  if (typeof text !== "string" && text !== null) throw new Error("a text is none");
  checkName(name);
  return { name, revision, text: text ?? undefined };
}
