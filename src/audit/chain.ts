import type { Bytes } from "../bytes.ts";
import type { PublicKey } from "../x509/public_key.ts";
import { sha256Hex } from "../digest.ts";
import { fileName } from "./directory.ts";
import { isSigned } from "./head.ts";
import { type AuditLine, NO_LINE, parseLine } from "./line.ts";

/** How a log is not as it was written. */
export type AuditFaultKind =
  | "changed"
  | "removed"
  | "reordered"
  | "repeated"
  | "cut-off"
  | "bad-signature"
  | "missing-file";

/** Where a line stands. */
export interface Place {
  /** Name of the file. */
  readonly file: string;
  /** Number of the line, from 1; 0 where it is about the file. */
  readonly line: number;
}

/** The first thing that is not as it was written. */
export interface AuditFault extends Place {
  /** What was done to it, as far as that can be told. */
  readonly kind: AuditFaultKind;
  /** What it is, in words. */
  readonly message: string;
}

/** A head that the key has signed. */
export interface AuditHead {
  /** Number of its line in the log. */
  readonly sequence: number;
  /** RFC 3339. */
  readonly time: string;
  /** SHA-256 of its line, in hexadecimal: what to keep elsewhere. */
  readonly hash: string;
}

/** A line as it was read. */
interface Read {
  readonly line: AuditLine | undefined;
  readonly hash: string;
}

/** Lines that are hashed at the same time. */
const AT_ONCE = 256;

/** Follows a log from its first line, file by file, up to the first fault. */
export class Chain {
  readonly #publicKey: PublicKey;
  readonly #keyId: string;
  readonly #heads: AuditHead[] = [];
  #sequence = 0;
  #hash = NO_LINE;
  #last: Place = { file: fileName(1), line: 0 };

  /** Heads must be signed by this key. */
  constructor(publicKey: PublicKey, keyId: string) {
    this.#publicKey = publicKey;
    this.#keyId = keyId;
  }

  /** Lines that were followed, which is the number of the last one. */
  get sequence(): number {
    return this.#sequence;
  }

  /** All heads, in order. */
  get heads(): readonly AuditHead[] {
    return this.#heads;
  }

  /** Where the last line stands. */
  get last(): Place {
    return this.#last;
  }

  /** Follows the lines of a file; only its first one may say where the log goes on from. */
  async follow(file: string, lines: readonly Bytes[], mayResume: boolean): Promise<AuditFault | undefined> {
    const reads: Read[] = [];
    for (let at = 0; at < lines.length; at += AT_ONCE) {
      const some = lines.slice(at, at + AT_ONCE);
      reads.push(
        ...await Promise.all(some.map(async (line) => ({ line: parseLine(line), hash: await sha256Hex(line) }))),
      );
    }
    for (const [index, { line, hash }] of reads.entries()) {
      const place: Place = { file, line: index + 1 };
      const fault = await this.#linkFault(place, reads, index) ?? await this.#kindFault(place, line, mayResume);
      if (fault !== undefined || line === undefined) return fault;
      if (line.head !== undefined) this.#heads.push({ sequence: line.sequence, time: line.time, hash });
      [this.#sequence, this.#hash, this.#last] = [line.sequence, hash, place];
    }
    return undefined;
  }

  /** Whether this line is the one that must come here. */
  async #linkFault(place: Place, reads: readonly Read[], index: number): Promise<AuditFault | undefined> {
    const line = reads[index]?.line;
    const expected = this.#sequence + 1;
    if (line === undefined) return { ...place, kind: "changed", message: "it is no line of an audit log" };
    if (line.sequence === expected) {
      if (line.previous === this.#hash) return undefined;
      return this.#sequence === 0 || await this.#isChanged(reads, index)
        ? { ...place, kind: "changed", message: "its hash of the line before is another one" }
        : { ...this.#last, kind: "changed", message: "the line after it has another hash of it" };
    }
    if (line.sequence > expected && reads.slice(index).some((other) => other.line?.sequence === expected)) {
      return { ...place, kind: "reordered", message: `number ${line.sequence} stands here before ${expected}` };
    }
    if (reads[index + 1]?.line?.sequence === expected + 1) {
      return { ...place, kind: "changed", message: `it has number ${line.sequence}, and stands where ${expected} was` };
    }
    if (line.sequence < expected) {
      return { ...place, kind: "repeated", message: `number ${line.sequence} stands here after ${this.#sequence}` };
    }
    const missing = line.sequence - 1 === expected ? `${expected} is` : `${expected} to ${line.sequence - 1} are`;
    return { ...place, kind: "removed", message: `number ${missing} missing before it` };
  }

  /** Which of two lines that do not fit is the one that was changed: this one, as far as its signature or the next one tells. */
  async #isChanged(reads: readonly Read[], index: number): Promise<boolean> {
    const [read, next] = [reads[index], reads[index + 1]?.line];
    if (read?.line?.head !== undefined) return !await isSigned(read.line, this.#publicKey, this.#keyId);
    return next !== undefined && next.previous !== read?.hash;
  }

  async #kindFault(
    place: Place,
    line: AuditLine | undefined,
    mayResume: boolean,
  ): Promise<AuditFault | undefined> {
    if (line?.resume !== undefined && !(mayResume && place.line === 1)) {
      return { ...place, kind: "changed", message: "nothing has to be passed over here" };
    }
    if (line?.head === undefined || await isSigned(line, this.#publicKey, this.#keyId)) return undefined;
    return { ...place, kind: "bad-signature", message: `this key (${this.#keyId}) has not signed it` };
  }
}
