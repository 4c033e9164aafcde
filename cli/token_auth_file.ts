import { realpath } from "node:fs/promises";
import { reloadable, type ReloadableAuthenticator } from "../src/auth/reloadable.ts";
import { tokenAuthenticator } from "../src/auth/token.ts";
import { parseTokenFile } from "../src/auth/token_file.ts";
import { CertgenError } from "../src/errors.ts";
import type { Log, Runtime } from "../src/ports.ts";
import type { WatchedFiles } from "./watch_files.ts";

const WRITABLE_BY_OTHERS = 0o022;
const READABLE_BY_OTHERS = 0o044;

/**
 * The authenticator of a token file, and the watch that keeps it at what the file says. Whatever becomes of the file, the
 * signer goes on asking for credentials.
 *
 * @throws CertgenError naming the file and the fault
 */
export async function tokenAuthFile(
  runtime: Pick<Runtime, "files" | "userId">,
  path: string,
  log: Log,
): Promise<{ authenticate: ReloadableAuthenticator["authenticate"]; watched: WatchedFiles }> {
  const { authenticate, use } = reloadable();
  const reload = async (): Promise<void> => {
    await checkMode(runtime, path, log);
    const entries = parseTokenFile(await runtime.files.read(path), path);
    if (entries.length === 0) log("warn", "the token file has no tokens: nobody can present one", { file: path });
    use([tokenAuthenticator(entries)]);
  };
  await reload();
  return { authenticate, watched: { what: "token file", paths: () => [path], reload } };
}

/** Who can write the file is an administrator of the signer; who can read it can pass for every one of its users. */
async function checkMode({ files, userId }: Pick<Runtime, "files" | "userId">, path: string, log: Log): Promise<void> {
  // Windows has no such modes
  if (userId() === undefined) return;
  let stat = await files.stat(path);
  // a mounted secret is a link to a file, whose own mode counts
  if (stat?.kind === "link") stat = await files.stat(await realpath(path).catch(() => path));
  if (stat === undefined || stat.kind === "link") return; // to read it will say what is wrong
  const mode = (stat.mode & 0o7777).toString(8);
  if ((stat.mode & WRITABLE_BY_OTHERS) !== 0) {
    const message = `Cannot use token file ${JSON.stringify(path)}: it can be written by others (mode ${mode}): ` +
      "run chmod go-w";
    throw new CertgenError("unsafe-path", message);
  }
  if ((stat.mode & READABLE_BY_OTHERS) !== 0) {
    log("warn", "the token file can be read by others: run chmod go-r", { file: path, mode });
  }
}
