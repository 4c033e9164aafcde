import { resolve } from "node:path";
import { CertgenError } from "../src/errors.ts";
import type { FileStat, Runtime } from "../src/ports.ts";

/**
 * Refuses a path that somebody else could have planted: it and all its parents must belong to this user or root, be no
 * symbolic links and be writable by nobody else; a sticky directory, as the temporary one, may be. What is not there yet
 * is fine.
 *
 * @param options `mustExist` refuses it where it is not there: for what was seen a moment ago, and may have been taken away
 * so that it is not looked at; `parents: false` looks at the path alone: for what stands in a directory that somebody gave
 * @throws CertgenError `unsafe-path` naming the part of the path and the fault
 */
export async function checkSafePath(
  runtime: Pick<Runtime, "files" | "userId">,
  path: string,
  options: { readonly mustExist?: boolean; readonly parents?: boolean } = {},
): Promise<void> {
  const user = runtime.userId();
  // Windows has neither these owners nor these modes
  if (user === undefined) return;
  const parts = resolve(path).split("/").filter((part) => part !== "");
  for (let depth = options.parents === false ? parts.length : 0; depth <= parts.length; depth++) {
    const part = `/${parts.slice(0, depth).join("/")}`;
    const stat = await runtime.files.stat(part);
    if (stat === undefined && options.mustExist !== true) return;
    const fault = stat === undefined ? "is not there" : faultOf(stat, user, depth < parts.length);
    if (fault !== undefined) {
      throw new CertgenError("unsafe-path", `Cannot use ${JSON.stringify(path)}: ${JSON.stringify(part)} ${fault}`);
    }
  }
}

const STICKY = 0o1000;
const WRITABLE_BY_OTHERS = 0o022;

function faultOf({ kind, mode, uid }: FileStat, user: number, isParent: boolean): string | undefined {
  if (kind === "link") return "is a symbolic link";
  if (uid !== user && uid !== 0) return `belongs to another user (uid ${uid})`;
  if (isParent && kind === "directory" && (mode & STICKY) !== 0) return undefined;
  return (mode & WRITABLE_BY_OTHERS) === 0
    ? undefined
    : `can be written by others (mode ${(mode & 0o7777).toString(8)}): run chmod go-w`;
}
