/**
 * The file system over `node:fs/promises`, which does the same on Node, Deno and Bun.
 * @module
 */
import { constants } from "node:fs";
import {
  type FileHandle,
  link,
  lstat,
  mkdir,
  open,
  readdir,
  readlink,
  rename,
  rmdir,
  stat,
  symlink,
  unlink,
} from "node:fs/promises";
import { dirname, join } from "node:path";
import { concat } from "../bytes.ts";
import type { Bytes } from "../bytes.ts";
import { CertgenError } from "../errors.ts";
import type { Files, FileStat, Owner } from "../ports.ts";
import { FileAppender, openToAppend } from "./appender.ts";
import { errnoOf, fileError } from "./file_error.ts";

const MAX_BYTES = 1024 * 1024;
const CHUNK_BYTES = 64 * 1024;

/** The {@link Files} of every runtime. Its temporary names begin with `.` and end with `.tmp`. */
export const files: Files = {
  read: (path, maxBytes = MAX_BYTES) =>
    withHandle("read", path, () => openRegular(path), (h) => readAll(h, path, maxBytes)),
  stat: statOf,
  list: (path) => attempt("list", path, async () => (await readdir(path)).sort()),
  makeDirectory,
  replace: async (path, content, mode, owner) => {
    const temporary = await writeTemporary("write", path, content, mode, owner);
    await orRemove(temporary, () => attempt("write", path, () => rename(temporary, path)));
    await syncDirectory("write", path);
  },
  create: async (path, content, mode) => {
    const temporary = await writeTemporary("create", path, content, mode);
    // link(2), unlike rename(2), refuses a name that is taken, by a dangling symbolic link too
    await orRemove(temporary, () => attempt("create", path, () => link(temporary, path)));
    await attempt("create", path, () => unlink(temporary));
    await syncDirectory("create", path);
  },
  append: async (path, mode) => {
    const { handle, isNew, size } = await attempt("append to", path, () => openToAppend(path, mode));
    if (isNew) await syncDirectory("append to", path);
    return new FileAppender(path, handle, size);
  },
  readLink: (path) =>
    attempt("read link", path, async () => {
      try {
        return await readlink(path);
      } catch (error) {
        // Linux's word for what is no link, and Windows'
        if (["ENOENT", "EINVAL", "UNKNOWN"].includes(errnoOf(error) ?? "")) return undefined;
        throw error;
      }
    }),
  replaceLink: async (path, target) => {
    const temporary = temporaryFor(path);
    await attempt("link", path, () => symlink(target, temporary));
    await orRemove(temporary, () => attempt("link", path, () => rename(temporary, path)));
    await syncDirectory("link", path);
  },
  rename: async (from, to) => {
    await attempt("rename", from, () => rename(from, to));
    await syncDirectory("rename", to);
  },
  remove: async (path) => {
    if (await attempt("remove", path, () => removeEntry(path))) await syncDirectory("remove", path);
  },
};

async function attempt<T>(verb: string, path: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    throw fileError(verb, path, error);
  }
}

async function withHandle<T>(
  verb: string,
  path: string,
  opening: () => Promise<FileHandle>,
  action: (handle: FileHandle) => Promise<T>,
): Promise<T> {
  return await attempt(verb, path, async () => {
    const handle = await opening();
    try {
      return await action(handle);
    } finally {
      await handle.close();
    }
  });
}

/** Without O_NONBLOCK the opening of a FIFO would wait for a writer; Windows has no such flag. */
const openRegular = (path: string): Promise<FileHandle> => open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));

async function readAll(handle: FileHandle, path: string, maxBytes: number): Promise<Bytes> {
  if (!(await handle.stat()).isFile()) {
    throw new CertgenError("io", `Cannot read ${JSON.stringify(path)}: not a regular file`);
  }
  const chunks: Bytes[] = [];
  let length = 0;
  // one byte more than allowed is asked for, so that a file that grows meanwhile is noticed
  while (length <= maxBytes) {
    const chunk = new Uint8Array(Math.min(CHUNK_BYTES, maxBytes + 1 - length));
    const { bytesRead } = await handle.read(chunk, 0, chunk.length, null);
    if (bytesRead === 0) return concat(chunks);
    chunks.push(chunk.subarray(0, bytesRead));
    length += bytesRead;
  }
  throw new CertgenError("too-large", `Cannot read ${JSON.stringify(path)}: larger than ${maxBytes} bytes`);
}

async function statOf(path: string): Promise<FileStat | undefined> {
  return await attempt("look at", path, async () => {
    try {
      const is = await lstat(path, { bigint: true });
      const kind = is.isFile() ? "file" : is.isDirectory() ? "directory" : is.isSymbolicLink() ? "link" : "other";
      return {
        kind,
        mode: Number(is.mode & 0o7777n),
        uid: Number(is.uid),
        gid: Number(is.gid),
        size: Number(is.size),
        version: `${is.ino}-${is.size}-${is.ctimeNs}-${is.mtimeNs}`,
      };
    } catch (error) {
      if (errnoOf(error) === "ENOENT") return undefined;
      throw error;
    }
  });
}

async function makeDirectory(path: string, mode: number): Promise<void> {
  try {
    await mkdir(path, { mode });
  } catch (error) {
    const parent = dirname(path);
    if (errnoOf(error) === "ENOENT" && parent !== path && path !== "") {
      await makeDirectory(parent, mode);
      return await makeDirectory(path, mode);
    }
    if (await isDirectory(path)) return;
    throw fileError("make directory", path, error);
  }
  // mkdir takes the umask from the mode, so it can only have been narrower until here
  const opening = () => open(path, constants.O_RDONLY | (constants.O_DIRECTORY ?? 0) | (constants.O_NOFOLLOW ?? 0));
  await withHandle("make directory", path, opening, (handle) => handle.chmod(mode));
  await syncDirectory("make directory", path);
}

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false;
  }
}

const temporaryFor = (path: string): string => join(dirname(path), `.${crypto.randomUUID()}.tmp`);

/** A synced file beside `path`, made by us alone (`wx` is O_CREAT and O_EXCL: it follows no link and reuses no file). */
async function writeTemporary(
  verb: string,
  path: string,
  content: Uint8Array,
  mode: number,
  owner?: Owner,
): Promise<string> {
  const temporary = temporaryFor(path);
  const handle = await attempt(verb, path, () => open(temporary, "wx", mode));
  await orRemove(temporary, () =>
    withHandle(verb, path, () => Promise.resolve(handle), async (file) => {
      if (owner !== undefined) await file.chown(owner.uid, owner.gid);
      await file.chmod(mode); // what the umask took away, or chown
      await file.writeFile(content);
      await file.sync();
    }));
  return temporary;
}

async function orRemove(temporary: string, action: () => Promise<void>): Promise<void> {
  try {
    await action();
  } catch (error) {
    await unlink(temporary).catch(() => {});
    throw error;
  }
}

/** A rename, link or unlink is on disk only once the directory is. */
async function syncDirectory(verb: string, path: string): Promise<void> {
  await withHandle(verb, path, () => open(dirname(path), "r"), (directory) => directory.sync());
}

/** Whether there was something to remove. */
async function removeEntry(path: string): Promise<boolean> {
  try {
    await unlink(path);
    return true;
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === "ENOENT") return false;
    // what unlink says of a directory: Linux, other systems
    if (errno !== "EISDIR" && errno !== "EPERM") throw error;
    if (!(await lstat(path)).isDirectory()) throw error;
    await rmdir(path);
    return true;
  }
}
