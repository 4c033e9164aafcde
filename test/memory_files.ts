/** Files in memory that can fail. */
import { type Bytes, concat, fromUtf8, toUtf8 } from "../src/bytes.ts";
import { CertgenError } from "../src/errors.ts";
import type { Appender, Files, FileStat, Owner } from "../src/ports.ts";

/** A file in memory. */
export interface FakeFile {
  readonly kind: FileStat["kind"];
  readonly content: Bytes;
  readonly mode: number;
  readonly owner: Owner;
  readonly version: number;
}

/** Whom files in memory belong to unless somebody says otherwise. */
export const OWNER: Owner = { uid: 1000, gid: 1000 };

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
  put(path: string, content: string | Uint8Array, mode = 0o644, owner: Owner = OWNER): void {
    const bytes = typeof content === "string" ? toUtf8(content) : new Uint8Array(content);
    this.tree.set(this.#place(path), { kind: "file", content: bytes, mode, owner, version: ++this.#version });
  }

  /** Puts a symbolic link there without a call. */
  putLink(path: string, target: string): void {
    const content = toUtf8(target);
    this.tree.set(this.#place(path), { kind: "link", content, mode: 0o777, owner: OWNER, version: ++this.#version });
  }

  /** The text of a file, links followed, or `undefined`, without a call. */
  text(path: string): string | undefined {
    const file = this.tree.get(this.#target(path));
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
      const file = this.#file("read", this.#target(path));
      if (file.kind !== "file") throw new CertgenError("io", `Cannot read ${path}: not a regular file`);
      if (file.content.length > maxBytes) {
        throw new CertgenError("too-large", `Cannot read ${path}: larger than ${maxBytes}`);
      }
      return new Uint8Array(file.content);
    });
  }

  stat(path: string): Promise<FileStat | undefined> {
    return this.#call("stat", path, () => {
      const file = this.tree.get(this.#place(path));
      if (file === undefined) return undefined;
      const { kind, mode, owner, content, version } = file;
      return { kind, mode, ...owner, size: content.length, version: String(version) };
    });
  }

  list(path: string): Promise<string[]> {
    return this.#call("list", path, () => {
      const place = this.#target(path);
      const names = [...this.tree.keys()].filter((key) => key.startsWith(`${place}/`));
      return names.map((key) => key.slice(place.length + 1)).filter((name) => !name.includes("/")).sort();
    });
  }

  makeDirectory(path: string, mode: number): Promise<void> {
    return this.#call("makeDirectory", path, () => {
      const place = this.#place(path);
      if (this.tree.has(place)) return;
      this.tree.set(place, {
        kind: "directory",
        content: new Uint8Array(),
        mode,
        owner: OWNER,
        version: ++this.#version,
      });
    });
  }

  replace(path: string, content: Uint8Array, mode: number, owner?: Owner): Promise<void> {
    return this.#call("replace", path, () => this.put(path, content, mode, owner));
  }

  readLink(path: string): Promise<string | undefined> {
    return this.#call("readLink", path, () => {
      const link = this.tree.get(this.#place(path));
      return link?.kind === "link" ? fromUtf8(link.content) : undefined;
    });
  }

  replaceLink(path: string, target: string): Promise<void> {
    return this.#call("replaceLink", path, () => this.putLink(path, target));
  }

  create(path: string, content: Uint8Array, mode: number): Promise<void> {
    return this.#call("create", path, () => {
      if (this.tree.has(this.#place(path))) {
        throw new CertgenError("already-exists", `Cannot create ${path}: it is there already`);
      }
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
      this.tree.set(this.#place(to), this.#file("rename", this.#place(from)));
      this.tree.delete(this.#place(from));
    });
  }

  remove(path: string): Promise<void> {
    return this.#call("remove", path, () => {
      const place = this.#place(path);
      const isFull = [...this.tree.keys()].some((key) => key.startsWith(`${place}/`));
      if (isFull) throw new CertgenError("io", `Cannot remove ${path}: directory not empty (ENOTEMPTY)`);
      this.tree.delete(place);
    });
  }

  /** Where a path is once links among its directories are followed. */
  #place(path: string): string {
    const slash = path.lastIndexOf("/");
    return slash <= 0 ? path : `${this.#target(path.slice(0, slash))}${path.slice(slash)}`;
  }

  /** Where a path is once all links are followed. */
  #target(path: string, depth = 0): string {
    const place = this.#place(path);
    const link = this.tree.get(place);
    if (link?.kind !== "link" || depth > 8) return place;
    const target = fromUtf8(link.content);
    const directory = place.slice(0, place.lastIndexOf("/") + 1);
    return this.#target(target.startsWith("/") ? target : directory + target, depth + 1);
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
