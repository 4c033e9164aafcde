import { systemNow, systemSleep } from "../clock.ts";
import { CertgenError, messageOf } from "../errors.ts";
import type { Files, Log, Now, Sleep } from "../ports.ts";
import type { KeyPair } from "../x509/key.ts";
import { Batch, type Point } from "./batch.ts";
import { writeHead } from "./directory.ts";
import { type Audit, type AuditEvent, entryOf } from "./entry.ts";
import { type HeadKey, headKey } from "./head.ts";
import type { Body } from "./line.ts";
import { readTail } from "./tail.ts";
import { LogWriter } from "./writer.ts";

/** How an {@link AuditLog} is kept. */
export interface AuditLogOptions {
  /** The clock; the machine's unless said. */
  readonly now?: Now;
  /** Waits; the machine's timers unless said. */
  readonly sleep?: Sleep;
  /** Told when the log cannot be written, and when it can be again. */
  readonly log?: Log;
  /** Size at which another file begins, in bytes (64 MiB unless said). */
  readonly maxFileBytes?: number;
  /** Lines after which a head is written (1,000 unless said). */
  readonly linesPerHead?: number;
  /** Seconds after which a head is written for a line that none covers (60 unless said). */
  readonly secondsPerHead?: number;
}

/** An event that waits for its line. */
interface Waiting {
  readonly time: string;
  readonly body: Body;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** What is written at once: enough to share a sync, little enough to hold in memory. */
const MAX_BATCH_BYTES = 1 << 20;
/** Failures in a row that are tried again at once; each may leave a file, so then it is one a second. */
const QUICK_FAILURES = 8;
const PAUSE_MS = 1000;

/**
 * A log of decisions that shows when somebody has changed it: JSON lines in `audit-000001.jsonl` and so on, each with the
 * SHA-256 of the one before, and every now and then a line that signs for all before it (a head). What is recorded while a
 * sync is under way shares the next one. One process at a time writes to a directory.
 *
 * `verifyAudit` finds every line that was changed, removed, inserted or moved before another one that is still there. Lines
 * after the last head can be made anew, with the hashes after them, by whoever can write to the directory; and a log that is
 * cut off behind an earlier head is found as long as the file `head`, or a hash that was kept elsewhere, says that there was
 * more. Whoever has the key can write the log anew as a whole: only a hash that was kept elsewhere finds that.
 */
export class AuditLog implements Audit {
  readonly #files: Files;
  readonly #directory: string;
  readonly #key: HeadKey;
  readonly #writer: LogWriter;
  readonly #options: Required<Omit<AuditLogOptions, "log">> & Pick<AuditLogOptions, "log">;
  readonly #waiting: Waiting[] = [];
  readonly #closing = new AbortController();
  #point: Point;
  #isRunning = false;
  #done: Promise<void> = Promise.resolve();
  #isHeadDue = false;
  #isTimed = false;
  #failures = 0;
  #failedAt = 0;

  private constructor(
    files: Files,
    directory: string,
    key: HeadKey,
    writer: LogWriter,
    point: Point,
    options: AuditLogOptions,
  ) {
    this.#files = files;
    this.#directory = directory;
    this.#key = key;
    this.#writer = writer;
    this.#point = point;
    this.#options = {
      now: systemNow,
      sleep: systemSleep,
      maxFileBytes: 64 << 20,
      linesPerHead: 1000,
      secondsPerHead: 60,
      ...options,
    };
  }

  /**
   * Opens the log in a directory, or begins one; what a crash has left of a line is kept, and is no part of it.
   *
   * @param directory must be there
   * @param key signs the heads: ECDSA over P-256, and no CA's
   * @throws CertgenError `malformed-object` where the end of the log is not as it was written, or was with another key;
   * `unsupported-algorithm` for another kind of key; `io` where the log cannot be read
   */
  static async open(
    files: Files,
    directory: string,
    key: Pick<KeyPair, "privateKey" | "publicKey" | "signatureAlgorithm">,
    options: AuditLogOptions = {},
  ): Promise<AuditLog> {
    const signer = await headKey(key);
    const tail = await readTail(files, directory, signer);
    if (tail.head !== undefined) await writeHead(files, directory, tail.head);
    const log = new AuditLog(files, directory, signer, new LogWriter(files, directory, tail), tail.point, options);
    log.#watchTime();
    return log;
  }

  /**
   * Resolves once the event is on disk.
   * @throws CertgenError `unavailable` where it cannot be written; it may then be on disk or not, whole
   */
  record(event: AuditEvent): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#closing.signal.aborted) throw unavailable("it is closed");
      const body = entryOf(event);
      this.#waiting.push({ time: this.#time(), body, resolve, reject });
      this.#start();
    });
  }

  /** Writes what waits, and a head, and closes the file. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#isHeadDue = true;
    this.#start();
    await this.#done;
    await this.#writer.close();
  }

  #time(): string {
    return this.#options.now().toISOString();
  }

  #start(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    this.#done = this.#run();
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0 || (this.#isHeadDue && this.#point.uncovered > 0)) await this.#writeSome();
    this.#isHeadDue = false;
    // nothing is awaited after the look at what waits, so that nothing is overlooked
    this.#isRunning = false;
  }

  async #writeSome(): Promise<void> {
    if (this.#failedJustNow()) {
      this.#isHeadDue = false;
      for (const { reject } of this.#waiting.splice(0)) reject(unavailable("it could not be written a moment ago"));
      return;
    }
    const taken: Waiting[] = [];
    try {
      await this.#writeBatch(taken);
    } catch (cause) {
      this.#failures++;
      this.#failedAt = this.#options.now().getTime();
      this.#options.log?.("error", "the audit log cannot be written", { because: messageOf(cause) });
      for (const { reject } of taken) reject(unavailable("nothing is decided until it can be", cause));
    }
    this.#watchTime();
  }

  #failedJustNow(): boolean {
    return this.#failures >= QUICK_FAILURES &&
      Math.abs(this.#options.now().getTime() - this.#failedAt) < PAUSE_MS;
  }

  async #writeBatch(taken: Waiting[]): Promise<void> {
    const { maxFileBytes, linesPerHead } = this.#options;
    const batch = new Batch(this.#point);
    const isHeadDue = this.#isHeadDue;
    this.#isHeadDue = false;
    const { resume } = this.#writer;
    if (resume !== undefined) await batch.add(this.#time(), { resume });
    while (batch.size < MAX_BATCH_BYTES && batch.point.uncovered < linesPerHead) {
      const one = this.#waiting.shift();
      if (one === undefined) break;
      taken.push(one);
      await batch.add(one.time, one.body);
    }
    const rotates = this.#writer.size + batch.size >= maxFileBytes;
    if (isHeadDue || rotates || batch.point.uncovered >= linesPerHead) await batch.addHead(this.#time(), this.#key);
    await this.#writer.write(batch.content());
    this.#point = batch.point;
    for (const { resolve } of taken) resolve();
    if (this.#failures > 0) this.#options.log?.("info", "the audit log can be written again");
    this.#failures = 0;
    if (batch.head !== undefined) await this.#keepHead(batch.head);
    if (rotates) await this.#writer.rotate();
  }

  /** What is recorded is on disk, whether or not its head can be copied. */
  async #keepHead(head: Uint8Array<ArrayBuffer>): Promise<void> {
    try {
      await writeHead(this.#files, this.#directory, head);
    } catch (error) {
      this.#options.log?.("error", "the audit log's last head cannot be copied", { because: messageOf(error) });
    }
  }

  /** Has a head written in time for lines that none covers. */
  #watchTime(): void {
    if (this.#isTimed || this.#point.uncovered === 0 || this.#closing.signal.aborted) return;
    this.#isTimed = true;
    const passed = (): void => {
      this.#isTimed = false;
      if (this.#closing.signal.aborted) return;
      this.#isHeadDue = true;
      this.#start();
    };
    this.#options.sleep(this.#options.secondsPerHead, this.#closing.signal).then(passed, () => this.#isTimed = false);
  }
}

function unavailable(why: string, cause?: unknown): CertgenError {
  return new CertgenError("unavailable", `Cannot write the audit log: ${why}`, { cause });
}
