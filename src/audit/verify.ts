import { CertgenError } from "../errors.ts";
import type { Files } from "../ports.ts";
import type { PublicKey } from "../x509/public_key.ts";
import { type AuditFault, type AuditHead, Chain } from "./chain.ts";
import { sha256Hex } from "../digest.ts";
import { fileName, readHead, readLog, type StoredHead } from "./directory.ts";
import { isSigned, keyIdOf } from "./head.ts";
import { splitLines } from "./line.ts";
import { type Rest, type Segment, segmentsOf } from "./segments.ts";

/** What a log should hold besides what it says of itself. */
export interface VerifyOptions {
  /** SHA-256 of the line of a head that was kept elsewhere, in hexadecimal. */
  readonly head?: string;
}

/** What was found in a log; everything is counted up to the fault, where there is one. */
export interface AuditReport {
  /** Files that hold lines of the log. */
  readonly files: number;
  /** Lines, heads included. */
  readonly lines: number;
  /** Signed heads. */
  readonly heads: number;
  /** The last of them. */
  readonly lastHead?: AuditHead;
  /** Lines after the last head: whoever can write to the directory can make them anew, or remove them. */
  readonly linesAfterHead: number;
  /** What failed writes and crashes have left, which is no part of the log: file names and bytes. */
  readonly rests: readonly { readonly file: string; readonly bytes: number }[];
  /** The first thing that is not as it was written; without it the log is whole. */
  readonly fault?: AuditFault;
}

/**
 * Reads a log from its first line to its last, and finds the first one that was changed, removed, repeated or moved, and
 * whether the end is missing. A signer may be writing to it.
 *
 * @param publicKey of the key that signs its heads
 * @throws CertgenError `not-found` where there is no log; `io` or `too-large` where it cannot be read;
 * `unsupported-algorithm` for a key of another kind
 */
export async function verifyAudit(
  files: Files,
  directory: string,
  publicKey: PublicKey,
  options: VerifyOptions = {},
): Promise<AuditReport> {
  const keyId = await keyIdOf(publicKey);
  // first: what is written meanwhile comes after it
  const copy = await copyOf(files, directory);
  const { segments, rests, missing } = await segmentsOf(files, directory);
  if (segments.length === 0 && missing === undefined && rests.length === 0 && copy === undefined) {
    throw new CertgenError("not-found", `Cannot verify audit log: there is none in ${JSON.stringify(directory)}`);
  }
  const chain = new Chain(publicKey, keyId);
  const left = [...rests];
  const fault = await followAll(files, directory, { chain, segments, missing, left }) ??
    await copyFault(chain, copy, (head) => isSigned(head.line, publicKey, keyId)) ?? keptFault(chain, options.head);
  return reportOf(chain, segments, left, fault);
}

async function followAll(
  files: Files,
  directory: string,
  { chain, segments, missing, left }: {
    readonly chain: Chain;
    readonly segments: readonly Segment[];
    readonly missing: number | undefined;
    readonly left: Rest[];
  },
): Promise<AuditFault | undefined> {
  if (missing !== undefined) {
    return { kind: "missing-file", file: fileName(missing), line: 0, message: "there is no such file" };
  }
  for (const [index, { file, bytes }] of segments.entries()) {
    const name = fileName(file);
    const content = await readLog(files, directory, file);
    const { lines, end } = splitLines(content.subarray(0, bytes ?? content.length));
    const fault = await chain.follow(name, lines, segments[index - 1]?.bytes !== undefined);
    if (fault !== undefined) return fault;
    const rest = (bytes ?? content.length) - end;
    if (rest === 0) continue;
    if (bytes !== undefined || index < segments.length - 1) {
      return { kind: "cut-off", file: name, line: lines.length + 1, message: "it ends before its line does" };
    }
    left.push({ file, bytes: rest });
  }
  return undefined;
}

type Copy = StoredHead | "broken" | undefined;

async function copyOf(files: Files, directory: string): Promise<Copy> {
  try {
    return await readHead(files, directory);
  } catch (error) {
    if (error instanceof CertgenError && error.code === "malformed-object") return "broken";
    throw error;
  }
}

/** Whether the log is shorter than, or another one than, the copy of its last head says. */
async function copyFault(
  chain: Chain,
  copy: Copy,
  isGood: (head: StoredHead) => Promise<boolean>,
): Promise<AuditFault | undefined> {
  const about = { file: "head", line: 0 } as const;
  if (copy === undefined) {
    // a crash may have come between a log's first head and its copy
    const [first] = chain.heads;
    if (first === undefined || first.sequence === chain.sequence) return undefined;
    return { ...about, kind: "missing-file", message: "there is no copy of the log's last head" };
  }
  if (copy === "broken" || !await isGood(copy)) {
    return { ...about, kind: "bad-signature", message: "it is no head that this key has signed" };
  }
  const { sequence } = copy.line;
  if (sequence > chain.sequence) {
    const message = `the log ends at number ${chain.sequence}, and was at ${sequence} before`;
    return { ...chain.last, kind: "cut-off", message };
  }
  const hash = await sha256Hex(copy.bytes);
  if (chain.heads.some((head) => head.hash === hash)) return undefined;
  return { ...about, kind: "changed", message: `the log has another line with its number ${sequence}` };
}

function keptFault(chain: Chain, head: string | undefined): AuditFault | undefined {
  if (head === undefined || chain.heads.some(({ hash }) => hash === head)) return undefined;
  return { ...chain.last, kind: "cut-off", message: `head ${head} is not in the log` };
}

function reportOf(
  chain: Chain,
  segments: readonly Segment[],
  rests: readonly Rest[],
  fault: AuditFault | undefined,
): AuditReport {
  const lastHead = chain.heads.at(-1);
  return {
    files: segments.length,
    lines: chain.sequence,
    heads: chain.heads.length,
    ...lastHead && { lastHead },
    linesAfterHead: chain.sequence - (lastHead?.sequence ?? 0),
    rests: rests.map(({ file, bytes }) => ({ file: fileName(file), bytes })),
    ...fault && { fault },
  };
}
