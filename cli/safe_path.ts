import { isAbsolute, resolve } from "node:path";
import { CertgenError } from "../src/errors.ts";
import type { Files, FileStat, Runtime } from "../src/ports.ts";

/** How a path is looked at. */
export interface SafePathOptions {
  /** Refuses it where it is not there: for what was seen a moment ago, and may have been taken away so that it is not looked at. */
  readonly mustExist?: boolean;
  /** `false` looks at the path alone: for what stands in a directory that somebody gave. */
  readonly parents?: boolean;
  /** Follows symbolic links of root's, and looks in the same way at what they lead to. */
  readonly rootLinks?: boolean;
}

/**
 * Refuses a path that somebody else could have planted: it and all its parents must belong to this user or root, be no
 * symbolic links and be writable by nobody else; a sticky directory, as the temporary one, may be. What is not there yet
 * is fine.
 *
 * @throws CertgenError `unsafe-path` naming the part of the path and the fault
 */
export async function checkSafePath(
  runtime: Pick<Runtime, "files" | "userId">,
  path: string,
  options: SafePathOptions = {},
): Promise<void> {
  const user = runtime.userId();
  // Windows has neither these owners nor these modes
  if (user === undefined) return;
  const refuse = (part: string, fault: string): never => {
    throw new CertgenError("unsafe-path", `Cannot use ${JSON.stringify(path)}: ${JSON.stringify(part)} ${fault}`);
  };
  const end = await walk(runtime.files, {
    // a ".." is the parent of where a link leads, and not of the link
    parts: partsOf(options.rootLinks === true ? unresolved(path) : resolve(path)),
    parents: options.parents !== false,
    follows: ({ uid }) => options.rootLinks === true && uid === 0,
    look: (part, stat, isParent) => {
      const fault = faultOf(stat, user, isParent);
      if (fault !== undefined) refuse(part, fault);
    },
  });
  if (end.stat === undefined && options.mustExist === true) refuse(end.part, "is not there");
}

/** What a path is once all links are followed, whoever made them; `undefined` where there is nothing. */
export async function followed(files: Files, path: string): Promise<FileStat | undefined> {
  const { stat } = await walk(files, {
    parts: partsOf(unresolved(path)),
    parents: true,
    follows: () => true,
    look: () => {},
  });
  return stat;
}

/** How to walk. */
interface Walk {
  /** Names below the root. */
  readonly parts: readonly string[];
  /** Whether to look at all parents, or at the path alone. */
  readonly parents: boolean;
  /** Whether to follow a link. */
  readonly follows: (link: FileStat) => boolean;
  /** Told of each part that is there and is no link that is followed. */
  readonly look: (part: string, stat: FileStat, isParent: boolean) => void;
}

/** As Linux. */
const MAX_LINKS = 40;

/** Goes from the root to a path, link by link as the system does; ends where something is not there. */
async function walk(files: Files, { parts, parents, follows, look }: Walk): Promise<{ part: string; stat?: FileStat }> {
  const done = parents ? [] : [...parts];
  const rest = parents ? [...parts] : [];
  let links = 0;
  // the empty name is the directory where the walk stands: the root, or where a link led that was the last part
  for (let name = "";; name = rest.shift() ?? "") {
    if (name === "..") done.pop();
    else if (name !== "") done.push(name);
    const part = `/${done.join("/")}`;
    const stat = await files.stat(part);
    if (stat === undefined) return { part };
    if (stat.kind === "link" && follows(stat)) {
      const target = await files.readLink(part) ?? "";
      if (++links > MAX_LINKS) {
        throw new CertgenError("unsafe-path", `Cannot use ${JSON.stringify(part)}: too many symbolic links`);
      }
      if (target.startsWith("/")) done.length = 0;
      else done.pop();
      rest.unshift(...partsOf(target));
      continue;
    }
    look(part, stat, rest.length > 0);
    if (rest.length === 0) return { part, stat };
  }
}

function partsOf(path: string): string[] {
  return path.split("/").filter((part) => part !== "" && part !== ".");
}

/** The path from the root, with its ".." as they are. */
function unresolved(path: string): string {
  return isAbsolute(path) ? path : `${resolve(".")}/${path}`;
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
