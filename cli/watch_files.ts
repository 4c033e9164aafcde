import { messageOf } from "../src/errors.ts";
import type { Files, Log, Runtime } from "../src/ports.ts";
import { sha256Hex } from "../src/digest.ts";

/** Files that belong together, and what to do when one of them has changed. */
export interface WatchedFiles {
  /** For the log. */
  readonly what: string;
  /** Which they are now. */
  readonly paths: () => readonly string[];
  /** Takes the new content, or throws and leaves the old in use. */
  readonly reload: () => Promise<void>;
}

const PERIOD_SECONDS = 2;

/**
 * Looks at files every two seconds, by content: watches of the operating system lose a file that is replaced, and see
 * nothing of a mounted secret whose directory is swapped. A broken replacement is logged once.
 */
export function watchFiles(
  runtime: Pick<Runtime, "files" | "sleep">,
  log: Log,
  groups: readonly WatchedFiles[],
): { stop: () => void } {
  const controller = new AbortController();
  for (const group of groups) void watch(runtime, log, group, controller.signal);
  return { stop: () => controller.abort() };
}

async function watch(
  runtime: Pick<Runtime, "files" | "sleep">,
  log: Log,
  group: WatchedFiles,
  signal: AbortSignal,
): Promise<void> {
  let seen = await digestOf(runtime.files, group.paths());
  while (!signal.aborted) {
    try {
      await runtime.sleep(PERIOD_SECONDS, signal);
    } catch {
      return;
    }
    const present = await digestOf(runtime.files, group.paths());
    if (present === seen) continue;
    seen = present;
    try {
      await group.reload();
      log("info", `${group.what} reloaded`, { files: group.paths() });
    } catch (error) {
      log("error", `${group.what} has changed and cannot be used; the old one stays`, { because: messageOf(error) });
    }
  }
}

/** What cannot be read counts as content, too: it is a change, and its reload says why it cannot be used. */
async function digestOf(files: Files, paths: readonly string[]): Promise<string> {
  const digests = paths.map(async (path) => {
    try {
      return await sha256Hex(await files.read(path));
    } catch (error) {
      return messageOf(error);
    }
  });
  return (await Promise.all(digests)).join();
}
