import { CertgenError, messageOf } from "../src/errors.ts";
import type { Runtime } from "../src/ports.ts";
import { checkSafePath, followed } from "./safe_path.ts";

/**
 * Refuses a directory for keys and certificates in which, as root, the agent would write where others can put links: it and all
 * its parents must be root's and writable by nobody else. Sticky parents are fine, and symbolic links of root's to what is
 * safe as well. For another user it must be a directory. One that is not there yet is fine where its nearest parent is.
 *
 * @param options `mustExist` refuses it where it is not there
 * @throws CertgenError `unsafe-path` naming the part of the path, and what to do
 */
export async function checkSafeAssets(
  runtime: Pick<Runtime, "files" | "userId">,
  directory: string,
  options: { readonly mustExist?: boolean } = {},
): Promise<void> {
  const user = runtime.userId();
  // Windows has neither these owners nor these modes
  if (user === undefined) return;
  if (user === 0) await checkAsRoot(runtime, directory, options.mustExist === true);
  const stat = await followed(runtime.files, directory);
  if (stat === undefined && options.mustExist !== true) return;
  if (stat?.kind === "directory") return;
  const why = stat === undefined ? "it is not there" : "it is no directory";
  throw new CertgenError("unsafe-path", `Cannot use ${JSON.stringify(directory)}: ${why}`);
}

/**
 * Makes the directory where it is missing, and looks at it before and after.
 * @throws CertgenError as {@link checkSafeAssets}
 */
export async function makeSafeAssets(runtime: Pick<Runtime, "files" | "userId">, directory: string): Promise<void> {
  await checkSafeAssets(runtime, directory);
  await runtime.files.makeDirectory(directory, 0o755);
  // again, now that it is there: from here on nobody else can put another in its place
  await checkSafeAssets(runtime, directory, { mustExist: true });
}

async function checkAsRoot(
  runtime: Pick<Runtime, "files" | "userId">,
  directory: string,
  mustExist: boolean,
): Promise<void> {
  try {
    await checkSafePath(runtime, directory, { mustExist, rootLinks: true });
  } catch (cause) {
    if (!(cause instanceof CertgenError) || cause.code !== "unsafe-path") throw cause;
    const advice =
      "root writes only where nobody else can put links: chown it to root and chmod go-w, and give the files " +
      "in it to their user (--owner)";
    throw new CertgenError("unsafe-path", `${messageOf(cause)} (${advice})`, { cause });
  }
}
