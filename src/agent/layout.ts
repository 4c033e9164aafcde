/**
 * Where the files of a pair are, and which of them may be touched.
 * @module
 */
import { CertgenError } from "../errors.ts";
import { nameFault } from "../object_name.ts";
import type { Files } from "../ports.ts";
import type { CertificatePlace } from "./managed.ts";

/** Where a key and its certificate are. */
export interface PairPaths {
  readonly key: string;
  readonly certificate: string;
}

/** What stands under one of the two plain names. */
export type PlainKind = "absent" | "link" | "file";

/** The links that say which version is which. */
export type Mark = "current" | "good" | "previous";

/** A version's name says when it was written, and is never used twice. */
const VERSION = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z-[0-9a-f]{8}$/;

/** The paths of one pair, and the checks that everything there is ours. */
export class PairLayout {
  /** Under these names everybody finds the pair in use. */
  readonly paths: PairPaths;
  /** The CAs, for all pairs in the directory that are of one kind: a file of its own. */
  readonly ca: string;
  /** Directory of everything else, beside them. */
  readonly home: string;
  readonly #files: Files;
  readonly #owners: readonly number[] | undefined;
  readonly #targets: PairPaths;

  /**
   * @param name the base name, as a common name
   * @param user numeric id of this process's user, where the system has one
   * @throws CertgenError `unsafe-path` where the name would leave the directory
   */
  constructor(files: Files, place: CertificatePlace, name: string, user: number | undefined) {
    const fault = nameFault(name) ??
      (name.includes("\\") || name.startsWith(".") ? "may not begin with '.' or contain '\\'" : undefined);
    if (fault !== undefined) {
      throw new CertgenError("unsafe-path", `Cannot name files ${JSON.stringify(name)}: a common name ${fault}`);
    }
    const { directory, owner, caFile = "ca.crt" } = place;
    const caFault = nameFault(caFile) ?? (caFile.startsWith(".") ? "may not begin with '.'" : undefined) ??
      ([`${name}.crt`, `${name}.key`].includes(caFile) ? "may not be that of the key or the certificate" : undefined);
    if (caFault !== undefined) {
      throw new CertgenError("unsafe-path", `Cannot name the CA's file ${JSON.stringify(caFile)}: its name ${caFault}`);
    }
    this.#files = files;
    this.#owners = user === undefined ? undefined : [user, 0, ...owner === undefined ? [] : [owner.uid]];
    this.paths = { key: `${directory}/${name}.key`, certificate: `${directory}/${name}.crt` };
    this.ca = `${directory}/${caFile}`;
    this.home = `${directory}/.${name}`;
    this.#targets = { key: `.${name}/current/tls.key`, certificate: `.${name}/current/tls.crt` };
  }

  /** The files of a version. */
  pathsOf(version: string): PairPaths & { readonly ca: string } {
    const directory = `${this.home}/${version}`;
    return { key: `${directory}/tls.key`, certificate: `${directory}/tls.crt`, ca: `${directory}/ca.crt` };
  }

  /**
   * What stands under a plain name.
   * @throws CertgenError `unsafe-path` where it is a link that is not ours, somebody else's file, or no file
   */
  async kindOf(which: keyof PairPaths): Promise<PlainKind> {
    const path = this.paths[which];
    const stat = await this.#files.stat(path);
    if (stat === undefined) return "absent";
    this.#checkOwner(path, stat.uid);
    if (stat.kind === "file") return "file";
    if (stat.kind !== "link") throw unsafe(path, "is no file; move it away");
    const target = await this.#files.readLink(path);
    if (target === this.#targets[which]) return "link";
    throw unsafe(path, `is a symbolic link to ${JSON.stringify(target)}, which is not certgen's; move it away`);
  }

  /** Turns a plain name into the link that it is to be. */
  async link(which: keyof PairPaths): Promise<void> {
    await this.#files.replaceLink(this.paths[which], this.#targets[which]);
  }

  /**
   * The version that a mark is on; `undefined` where there is none.
   * @throws CertgenError `unsafe-path` where the mark is no link, or one that leads elsewhere, or what it leads to is not ours
   */
  async marked(mark: Mark): Promise<string | undefined> {
    const path = `${this.home}/${mark}`;
    const stat = await this.#files.stat(path);
    if (stat === undefined) return undefined;
    this.#checkOwner(path, stat.uid);
    const target = await this.#files.readLink(path);
    if (target === undefined || !VERSION.test(target)) {
      throw unsafe(path, "is no link to a version of the pair; move it away");
    }
    await this.hasVersion(target);
    return target;
  }

  /** Sets a mark on a version: for `current`, the one rename that changes the pair. */
  async mark(mark: Mark, version: string): Promise<void> {
    await this.#files.replaceLink(`${this.home}/${mark}`, version);
  }

  /** The names of all versions, the oldest first. */
  async versions(): Promise<string[]> {
    return (await this.#files.list(this.home)).filter((name) => VERSION.test(name));
  }

  /**
   * Checks what is there before anything is written.
   * @throws CertgenError `unsafe-path`
   */
  async check(): Promise<void> {
    await this.#isDirectory(this.home);
  }

  /**
   * Whether a version is there, before its files are removed.
   * @throws CertgenError `unsafe-path` where it is no directory of ours
   */
  async hasVersion(version: string): Promise<boolean> {
    return await this.#isDirectory(`${this.home}/${version}`);
  }

  /**
   * Checks that a file beside the pair, which is about to be replaced, is ours.
   * @throws CertgenError `unsafe-path`
   */
  async checkFile(path: string): Promise<void> {
    const stat = await this.#files.stat(path);
    if (stat === undefined) return;
    this.#checkOwner(path, stat.uid);
    if (stat.kind !== "file") throw unsafe(path, "is no file of its own, but a link or something else; move it away");
  }

  async #isDirectory(path: string): Promise<boolean> {
    const stat = await this.#files.stat(path);
    if (stat === undefined) return false;
    this.#checkOwner(path, stat.uid);
    if (stat.kind !== "directory") throw unsafe(path, "is no directory; move it away");
    return true;
  }

  #checkOwner(path: string, uid: number): void {
    if (this.#owners === undefined || this.#owners.includes(uid)) return;
    throw unsafe(path, `belongs to another user (uid ${uid}); give it to this one, or name that user as owner`);
  }
}

/** The name of a version that is written now. */
export function versionName(at: Date, suffix: string): string {
  return `${at.toISOString().slice(0, 19).replace(/[-:]/g, "")}Z-${suffix}`;
}

/** When a version was written, by the clock of then. */
export function versionTime(version: string): Date {
  return new Date(version.replace(VERSION, "$1-$2-$3T$4:$5:$6Z"));
}

function unsafe(path: string, fault: string): CertgenError {
  return new CertgenError("unsafe-path", `Cannot use ${JSON.stringify(path)}: it ${fault}`);
}
