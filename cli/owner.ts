import { CertgenError } from "../src/errors.ts";
import type { Files, Owner } from "../src/ports.ts";
import { quoted } from "../src/text.ts";

/** What an owner is written as, for messages. */
export const OWNER_WORDS = "USER, UID:GID, USER:GROUP, or UID of a user in /etc/passwd";

const PASSWD = "/etc/passwd";
const GROUP = "/etc/group";
const MAX_BYTES = 16 << 20;
/** The last number of 32 bits means "leave it" to the system. */
const MOST = 2 ** 32 - 2;

/**
 * The user and group that a text names. Names are looked up in `/etc/passwd` and `/etc/group`, and nowhere else: no directory
 * service is asked. Without a group it is the user's primary one.
 *
 * @throws CertgenError `invalid-object` where the text is none or the files do not know the name; what reading them throws
 */
export async function ownerOf(text: string, files: Pick<Files, "read">): Promise<Owner> {
  const fail = (why: string): never => {
    throw new CertgenError("invalid-object", `Cannot use owner ${quoted(text)}: ${why}`);
  };
  const [user = "", group, ...more] = text.split(":");
  if (more.length > 0 || !isWord(user) || (group !== undefined && !isWord(group))) fail(`it takes ${OWNER_WORDS}`);
  const [uid, gid] = [numberOf(user), group === undefined ? undefined : numberOf(group)];
  if (uid === "out of range" || gid === "out of range") {
    return fail(`a number is 0 to ${MOST}, without zeros before it`);
  }
  if (uid !== undefined && gid !== undefined) return { uid, gid };
  const byName = uid === undefined || group === undefined
    ? userOf(await linesOf(files, PASSWD), uid === undefined ? { name: user } : { uid })
    : undefined;
  if (byName === undefined && uid === undefined) return fail(`${PASSWD} has no user ${quoted(user)}: ${NUMBERS}`);
  if (byName === undefined && group === undefined) {
    return fail(`${PASSWD} has no user ${user} and so no primary group: give UID:GID`);
  }
  const owned = uid ?? byName?.uid ?? 0;
  if (group === undefined) return { uid: owned, gid: byName?.gid ?? 0 };
  const found = gid ?? groupOf(await linesOf(files, GROUP), group);
  return found === undefined ? fail(`${GROUP} has no group ${quoted(group)}: ${NUMBERS}`) : { uid: owned, gid: found };
}

const NUMBERS = "directory services are not asked, so give a number for a name of theirs";

/** What can stand between colons of such a file, on one line, and is no sign of a NIS entry. */
function isWord(text: string): boolean {
  return text.length <= 256 && /^[^\s:,+\-\p{C}][^\s:,\p{C}]*$/u.test(text);
}

/** The number that a text is, where it is one. */
function numberOf(text: string): number | "out of range" | undefined {
  if (!/^[0-9]+$/.test(text)) return undefined;
  const number = Number(text);
  return number > MOST || (text.length > 1 && text.startsWith("0")) ? "out of range" : number;
}

/** Fields of the lines of a file. */
async function linesOf(files: Pick<Files, "read">, path: string): Promise<string[][]> {
  // names of other encodings are nobody's here, and harm none of the others
  const text = new TextDecoder().decode(await files.read(path, MAX_BYTES));
  return text.split("\n").map((line) => line.split(":"));
}

/** `name:password:uid:gid:...`; the first of a name counts, as for the system. A broken line is nobody's. */
function userOf(
  lines: readonly string[][],
  wanted: { readonly name: string } | { readonly uid: number },
): Owner | undefined {
  for (const [name, , user = "", group = "", ...rest] of lines) {
    const [uid, gid] = [numberOf(user), numberOf(group)];
    if (rest.length !== 3 || typeof uid !== "number" || typeof gid !== "number") continue;
    if ("name" in wanted ? name === wanted.name : uid === wanted.uid) return { uid, gid };
  }
  return undefined;
}

/** `name:password:gid:members`. */
function groupOf(lines: readonly string[][], wanted: string): number | undefined {
  for (const [name, , group = "", ...rest] of lines) {
    const gid = numberOf(group);
    if (rest.length === 1 && name === wanted && typeof gid === "number") return gid;
  }
  return undefined;
}
