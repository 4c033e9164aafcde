import { CertgenError, messageOf } from "../errors.ts";
import type { ErrorCode } from "../errors.ts";

const WORDS: ReadonlyMap<string, string> = new Map([
  ["EACCES", "permission denied"],
  ["EDQUOT", "disk quota exceeded"],
  ["EEXIST", "it is there already"],
  ["EFBIG", "file too large for the file system"],
  ["EINVAL", "not possible here"],
  ["EIO", "input/output error"],
  ["EISDIR", "is a directory"],
  ["ELOOP", "too many symbolic links"],
  ["EMFILE", "too many open files"],
  ["ENAMETOOLONG", "name too long"],
  ["ENFILE", "too many open files in the system"],
  ["ENODEV", "no such device"],
  ["ENOENT", "no such file or directory"],
  ["ENOSPC", "no space left on the device"],
  ["ENOTDIR", "a part of the path is not a directory"],
  ["ENOTEMPTY", "directory not empty"],
  ["ENXIO", "no such device"],
  ["EPERM", "operation not permitted"],
  ["EROFS", "read-only file system"],
  ["EXDEV", "not on the same file system"],
]);

/** The operating system's name of an error (`ENOENT`), or the runtime's (`ERR_…`); `undefined` where it has none. */
export function errnoOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

/** What a failed file operation becomes: `not-found`, `already-exists` or `io`; a `CertgenError` stays as it is. */
export function fileError(verb: string, path: string, error: unknown): CertgenError {
  if (error instanceof CertgenError) return error;
  const errno = errnoOf(error);
  const words = errno === undefined ? undefined : WORDS.get(errno);
  const why = words === undefined ? messageOf(error) : `${words} (${errno})`;
  return new CertgenError(codeOf(errno, verb), `Cannot ${verb} ${JSON.stringify(path)}: ${why}`, { cause: error });
}

function codeOf(errno: string | undefined, verb: string): ErrorCode {
  if (errno === "ENOENT") return "not-found";
  // a rename onto a directory says EEXIST too, and that is no race that somebody won
  return errno === "EEXIST" && verb === "create" ? "already-exists" : "io";
}
