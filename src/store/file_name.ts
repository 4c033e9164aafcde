import { toUtf8 } from "../bytes.ts";
import { sha256Hex } from "../digest.ts";
import { nameFault } from "../object_name.ts";
import { checkName, kindOf, withoutKind } from "./entry_name.ts";

/** Longest file name that is the entry's own, in bytes; file systems end at 255. */
const MAX_FILE_NAME = 200;
/** Begins the file names of entries whose own would be too long; no name is encoded to it. */
const DIGEST = "%sha256-";

/** The folder of the files of a kind, ending with `/`; plain entries have none. No plain entry's file begins with a dot. */
export function folderOf(kind: string | undefined): string {
  return kind === undefined ? "" : `.${kind}/`;
}

/**
 * The file of an entry, in the folder of its kind: its name, percent-encoded but for characters that no file system minds (and
 * `:`, since the older system's names have it); no leading dot, no trailing dot. Names that are too long are their SHA-256.
 * @throws CertgenError `unsafe-path` where it is no name
 */
export async function fileName(name: string): Promise<string> {
  checkName(name);
  const folder = folderOf(kindOf(name));
  const own = withoutKind(name);
  const encoded = encode(own);
  if (encoded.length <= MAX_FILE_NAME) return folder + encoded;
  return folder + DIGEST + await sha256Hex(toUtf8(own));
}

/**
 * The name, without a kind, whose file it is, where the file's name says that. All others are `undefined`: those that only
 * their content tells, and what is no entry's (what begins with a dot, and what another program named differently than we
 * would).
 */
export function nameOfFile(file: string): string | undefined {
  let name;
  try {
    name = decodeURIComponent(file);
  } catch {
    return undefined;
  }
  return nameFault(name) === undefined && file.length <= MAX_FILE_NAME && encode(name) === file ? name : undefined;
}

/** Whether a file is of an entry whose name only its content tells. */
export function isDigestName(file: string): boolean {
  return file.startsWith(DIGEST);
}

function encode(name: string): string {
  return encodeURIComponent(name)
    .replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll("%3A", ":").replaceAll("%40", "@")
    .replace(/^\.|\.$/g, "%2E");
}
