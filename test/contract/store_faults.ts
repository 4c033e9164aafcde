/** A disk that breaks down more than once, or after it did what it was asked. */
import { CertgenError } from "../../src/errors.ts";
import type { Files } from "../../src/ports.ts";

/**
 * How a call fails. `error`: it does nothing; `error-after`: it does its work, and says that it did not; `crash` and
 * `crash-after`: the same, and nothing works from then on, as when the process dies.
 */
export type Breakdown = "error" | "error-after" | "crash" | "crash-after";

/**
 * Files some of whose calls fail.
 *
 * @param disk where they are
 * @param plan how calls fail, by their numbers, from 1 on
 * @param onCall is told the number of each call
 */
export function failing(disk: Files, plan: ReadonlyMap<number, Breakdown>, onCall?: (call: number) => void): Files {
  let [count, isDead] = [0, false];
  const call = async <T>(action: () => Promise<T>): Promise<T> => {
    const how = plan.get(++count);
    onCall?.(count);
    const broken = new CertgenError("io", `call ${count} failed`);
    if (isDead) throw broken;
    isDead = how === "crash" || how === "crash-after";
    if (how === "error" || how === "crash") throw broken;
    const result = await action();
    if (how !== undefined) throw broken;
    return result;
  };
  return {
    read: (path, maxBytes) => call(() => disk.read(path, maxBytes)),
    stat: (path) => call(() => disk.stat(path)),
    list: (path) => call(() => disk.list(path)),
    makeDirectory: (path, mode) => call(() => disk.makeDirectory(path, mode)),
    replace: (path, content, mode) => call(() => disk.replace(path, content, mode)),
    create: (path, content, mode) => call(() => disk.create(path, content, mode)),
    readLink: (path) => call(() => disk.readLink(path)),
    replaceLink: (path, target) => call(() => disk.replaceLink(path, target)),
    rename: (from, to) => call(() => disk.rename(from, to)),
    remove: (path) => call(() => disk.remove(path)),
    append: (path, mode) => call(() => disk.append(path, mode)),
  };
}
