/** Fakes of the ports: files in memory that can fail, a clock that stands, random octets that count, waits that pass at once. */
import * as assert from "uvu/assert";
import { type Bytes, concat, fromUtf8, toUtf8 } from "../src/bytes.ts";
import { CertgenError, type ErrorCode } from "../src/errors.ts";
import type { Appender, Fetch, Files, FileStat, Handler, Log, LogLevel, Now, Random, Sleep } from "../src/ports.ts";

/** A file in memory. */
export interface FakeFile {
  readonly kind: FileStat["kind"];
  readonly content: Bytes;
  readonly mode: number;
  readonly version: number;
}

/** How a call of {@link MemoryFiles} goes wrong. */
export interface Fault {
  /** The call, from 1 on. */
  readonly at: number;
  /**
   * `crash-before`: nothing of it happens, and nothing works after it, as when the process dies; `crash-after`: the same,
   * but this call did its work; `error`: this call alone fails and does nothing, as on a disk that is full for a moment;
   * `part`: the same, but the write of an `Appender` leaves half of its bytes; `lost`: the same, but it leaves them all.
   */
  readonly kind: "crash-before" | "crash-after" | "error" | "part" | "lost";
}

/** A file system in memory that keeps the promises of the `Files` port, and breaks down where it is told to. */
export class MemoryFiles implements Files {
  /** Everything there is, by path. */
  readonly tree: Map<string, FakeFile> = new Map();
  /** All calls, as `replace certs/a.key`. */
  readonly calls: string[] = [];
  /** Calls that were counted since the fault was set. */
  #counted = 0;
  #fault: Fault | undefined;
  #version = 0;

  /** Sets what goes wrong, counted from now on; nothing goes wrong without a fault. */
  failWith(fault?: Fault): void {
    this.#fault = fault;
    this.#counted = 0;
  }

  /** Puts a file there without a call. */
  put(path: string, content: string | Uint8Array, mode = 0o644): void {
    const bytes = typeof content === "string" ? toUtf8(content) : new Uint8Array(content);
    this.tree.set(path, { kind: "file", content: bytes, mode, version: ++this.#version });
  }

  /** The text of a file, or `undefined`, without a call. */
  text(path: string): string | undefined {
    const file = this.tree.get(path);
    return file && fromUtf8(file.content);
  }

  /** Every file that is no directory: its path, mode and content, as one text that two states can be compared by. */
  snapshot(): Record<string, string> {
    const files = [...this.tree].filter(([, { kind }]) => kind !== "directory");
    return Object.fromEntries(
      files.sort(([a], [b]) => a < b ? -1 : 1).map(([path, { mode, content }]) => [
        path,
        `${mode.toString(8)} ${fromUtf8(content)}`,
      ]),
    );
  }

  read(path: string, maxBytes: number = 1 << 20): Promise<Bytes> {
    return this.#call("read", path, () => {
      const file = this.#file("read", path);
      if (file.kind !== "file") throw new CertgenError("io", `Cannot read ${path}: not a regular file`);
      if (file.content.length > maxBytes) {
        throw new CertgenError("too-large", `Cannot read ${path}: larger than ${maxBytes}`);
      }
      return new Uint8Array(file.content);
    });
  }

  stat(path: string): Promise<FileStat | undefined> {
    return this.#call("stat", path, () => {
      const file = this.tree.get(path);
      if (file === undefined) return undefined;
      const { kind, mode, content, version } = file;
      return { kind, mode, uid: 1000, size: content.length, version: String(version) };
    });
  }

  list(path: string): Promise<string[]> {
    return this.#call("list", path, () => {
      const names = [...this.tree.keys()].filter((key) => key.startsWith(`${path}/`));
      return names.map((key) => key.slice(path.length + 1)).filter((name) => !name.includes("/")).sort();
    });
  }

  makeDirectory(path: string, mode: number): Promise<void> {
    return this.#call("makeDirectory", path, () => {
      if (this.tree.has(path)) return;
      this.tree.set(path, { kind: "directory", content: new Uint8Array(), mode, version: ++this.#version });
    });
  }

  replace(path: string, content: Uint8Array, mode: number): Promise<void> {
    return this.#call("replace", path, () => this.put(path, content, mode));
  }

  create(path: string, content: Uint8Array, mode: number): Promise<void> {
    return this.#call("create", path, () => {
      if (this.tree.has(path)) throw new CertgenError("already-exists", `Cannot create ${path}: it is there already`);
      this.put(path, content, mode);
    });
  }

  async append(path: string, mode: number): Promise<Appender> {
    let size = await this.#call("append", path, () => {
      if (!this.tree.has(path)) this.put(path, "", mode);
      const file = this.#file("append to", path);
      if (file.kind !== "file") throw new CertgenError("io", `Cannot append to ${path}: not a regular file`);
      return file.content.length;
    });
    let isOpen = true;
    const grow = (content: Uint8Array): void => {
      if (!isOpen) throw new TypeError(`${path} is closed`);
      // who holds a file that was removed or replaced meanwhile writes to what nobody sees
      const file = this.tree.get(path);
      if (file !== undefined) this.put(path, concat([file.content, content]), file.mode);
      size = file === undefined ? size + content.length : this.#file("append to", path).content.length;
    };
    return {
      get size() {
        return size;
      },
      write: (content) =>
        this.#call("write", path, () => grow(content), (kind) => {
          if (kind !== "error") grow(kind === "part" ? content.subarray(0, content.length / 2) : content);
        }),
      close: () => Promise.resolve(void (isOpen = false)),
    };
  }

  rename(from: string, to: string): Promise<void> {
    return this.#call("rename", from, () => {
      this.tree.set(to, this.#file("rename", from));
      this.tree.delete(from);
    });
  }

  remove(path: string): Promise<void> {
    return this.#call("remove", path, () => void this.tree.delete(path));
  }

  #file(verb: string, path: string): FakeFile {
    const file = this.tree.get(path);
    if (file === undefined) throw new CertgenError("not-found", `Cannot ${verb} ${path}: no such file or directory`);
    return file;
  }

  async #call<T>(
    verb: string,
    path: string,
    action: () => T,
    spoil: (kind: "error" | "part" | "lost") => void = () => {},
  ): Promise<T> {
    await Promise.resolve(); // so that whoever forgot to wait is found out
    this.calls.push(`${verb} ${path}`);
    const { at, kind } = this.#fault ?? { at: Infinity, kind: "error" };
    const number = ++this.#counted;
    const broken = new CertgenError("io", `Cannot ${verb} ${path}: no space left on the device (ENOSPC)`);
    if (kind === "error" || kind === "part" || kind === "lost") {
      if (number !== at) return action();
      spoil(kind);
      throw broken;
    }
    if (number > at || (number === at && kind === "crash-before")) throw broken;
    const result = action();
    if (number === at) throw broken;
    return result;
  }
}

/** The moment at which tests happen. */
export const MOMENT = "2026-03-01T12:00:00Z";

/** A clock that stands, and can be set. */
export function fakeClock(text: string = MOMENT): { now: Now; set: (text: string) => void } {
  let moment = text;
  return { now: () => new Date(moment), set: (other) => void (moment = other) };
}

/** Random octets that are not: each call gives other ones, and every run the same. */
export function countingRandom(start = 1): Random {
  let call = start;
  return (length) => {
    const value = call++;
    return Uint8Array.from({ length }, (_, i) => (value * 31 + i * 7 + (value >> 8)) & 0xff);
  };
}

/** The same octet, always. */
export function fixedRandom(octet: number): Random {
  return (length) => new Uint8Array(length).fill(octet);
}

/** Waits that pass at once, and how long they would have been. */
export function fakeSleep(before: (seconds: number) => void = () => {}): { sleep: Sleep; pauses: number[] } {
  const pauses: number[] = [];
  return {
    pauses,
    sleep: async (seconds, signal) => {
      await Promise.resolve();
      signal?.throwIfAborted();
      pauses.push(seconds);
      before(seconds);
      signal?.throwIfAborted();
    },
  };
}

/** One log line. */
export interface LogLine {
  readonly level: LogLevel;
  readonly message: string;
  readonly facts: Readonly<Record<string, unknown>>;
}

/** A log that keeps its lines. */
export function fakeLog(): { log: Log; lines: LogLine[] } {
  const lines: LogLine[] = [];
  return { lines, log: (level, message, facts = {}) => void lines.push({ level, message, facts }) };
}

/** A request that a fake fetch saw. */
export interface SentRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Headers;
  readonly body: string;
}

/** A `fetch` that hands every request to a handler in this process, and what it was sent. */
export function fakeFetch(handler: Handler): { fetch: Fetch; sent: SentRequest[] } {
  const sent: SentRequest[] = [];
  const fetch: Fetch = async (request) => {
    request.signal.throwIfAborted();
    const body = await request.clone().text();
    const { pathname, search } = new URL(request.url);
    sent.push({ method: request.method, path: pathname + search, headers: request.headers, body });
    return await handler(request);
  };
  return { fetch, sent };
}

/** The `CertgenError` that a promise rejects with; fails where it does not, or where the code is another. */
export async function rejection(code: ErrorCode, promise: Promise<unknown>): Promise<CertgenError> {
  const error: unknown = await promise.then(() => undefined, (error: unknown) => error);
  assert.ok(error !== undefined, `nothing was thrown, ${code} was expected`);
  if (!(error instanceof CertgenError)) throw error;
  assert.is(error.code, code, error.message);
  return error;
}

/** The same for what a function throws. */
export function thrown(code: ErrorCode, action: () => unknown): CertgenError {
  try {
    action();
  } catch (error) {
    if (!(error instanceof CertgenError)) throw error;
    assert.is(error.code, code, error.message);
    return error;
  }
  throw new Error(`nothing was thrown, ${code} was expected`);
}
