/** An audit log on a disk in memory, and what is needed to look at it. */
import type { AuditEvent } from "../src/audit/entry.ts";
import { AuditLog, type AuditLogOptions } from "../src/audit/log.ts";
import { type AuditReport, verifyAudit, type VerifyOptions } from "../src/audit/verify.ts";
import { ANONYMOUS } from "../src/identity.ts";
import { generateKey, type KeyPair } from "../src/x509/key.ts";
import { fakeClock } from "./fakes.ts";
import { MemoryFiles, OWNER } from "./memory_files.ts";

/** Where the log is. */
export const DIRECTORY = "/audit";

/** An event that is told from others by its number. */
export function auditEvent(number: number, more: Partial<AuditEvent> = {}): AuditEvent {
  return { requestId: `r${number}`, identity: ANONYMOUS, action: "create", decision: "approved", ...more };
}

/** A wait that ends with its signal only. */
export const forever: NonNullable<AuditLogOptions["sleep"]> = (_seconds, signal) =>
  new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason), { once: true }));

/** A disk with a log's directory, and its key. */
export class AuditDisk {
  readonly files: MemoryFiles = new MemoryFiles();
  readonly key: KeyPair;

  private constructor(key: KeyPair) {
    this.key = key;
    this.files.tree.set(DIRECTORY, {
      kind: "directory",
      content: new Uint8Array(),
      mode: 0o700,
      owner: OWNER,
      version: 0,
    });
  }

  static async make(): Promise<AuditDisk> {
    return new AuditDisk(await generateKey());
  }

  /** Opens the log; its clock stands and it never waits. */
  open(options: AuditLogOptions = {}): Promise<AuditLog> {
    return AuditLog.open(this.files, DIRECTORY, this.key, { now: fakeClock().now, sleep: forever, ...options });
  }

  verify(options: VerifyOptions = {}): Promise<AuditReport> {
    return verifyAudit(this.files, DIRECTORY, this.key.publicKey, options);
  }

  /** The path of a file. */
  path(number: number): string {
    return `${DIRECTORY}/audit-${String(number).padStart(6, "0")}.jsonl`;
  }

  /** The text of a file. */
  text(number = 1): string {
    return this.files.text(this.path(number)) ?? "";
  }

  /** The lines of a file, with what comes after the last line feed as the last one. */
  lines(number = 1): string[] {
    return this.text(number).split("\n");
  }

  /** What the events of all files are told apart by, in order; heads are `head`, resumed ends `resume`. */
  story(): string[] {
    const paths = [...this.files.tree.keys()].filter((path) => path.endsWith(".jsonl")).sort();
    const lines = paths.flatMap((path) => (this.files.text(path) ?? "").split("\n").filter((line) => line !== ""));
    return lines.map((line) => {
      if (!line.endsWith("}")) return "torn";
      const { requestId, head } = JSON.parse(line) as { requestId?: string; head?: unknown };
      return requestId ?? (head === undefined ? "resume" : "head");
    });
  }

  /** Changes the lines of a file, as somebody with an editor would. */
  edit(number: number, change: (lines: string[]) => void): void {
    const lines = this.lines(number);
    change(lines);
    this.files.put(this.path(number), lines.join("\n"), 0o600);
  }
}
