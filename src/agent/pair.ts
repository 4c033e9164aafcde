/**
 * A key and its certificate on disk, changed together by one rename.
 *
 * ```text
 * <directory>/<name>.key          -> .<name>/current/tls.key
 * <directory>/<name>.crt          -> .<name>/current/tls.crt
 * <directory>/.<name>/current     -> 20260301T120000Z-1f2e3d4c   the pair in use
 * <directory>/.<name>/good        -> 20260301T120000Z-1f2e3d4c   the last one that passed its checks
 * <directory>/.<name>/previous    -> 20260228T180000Z-3c4d5e6f   the one that did before
 * <directory>/.<name>/20260301T120000Z-1f2e3d4c/tls.key, tls.crt, ca.crt
 * <directory>/ca.crt                                             for all pairs in the directory
 * ```
 *
 * Two agents on one directory take no harm: every version is written once, and whoever finds the mark moved gives up.
 * @module
 */
import { equal, toHex, toUtf8 } from "../bytes.ts";
import { CertgenError, messageOf } from "../errors.ts";
import type { Files, Now, Owner, Random } from "../ports.ts";
import { type Certificate, parseCertificates, validityFault } from "../x509/certificate.ts";
import { importPrivateKey, type KeyPair } from "../x509/key.ts";
import { type Mark, PairLayout, type PairPaths, versionName, versionTime } from "./layout.ts";
import type { CertificatePlace } from "./managed.ts";
import { readOrNothing } from "./staging.ts";

/** A key and its certificate, read and found to belong together. */
export interface Pair {
  /** The version that holds it; `undefined` where it still stands in two plain files. */
  readonly version: string | undefined;
  /** The certificate. */
  readonly certificate: Certificate;
  /** Its key. */
  readonly key: KeyPair;
  /** The file's text, to be written again as it is. */
  readonly certificatePem: string;
  /** The file's text, to be written again as it is. */
  readonly keyPem: string;
  /** The CAs that its readers were told of; `undefined` where they were not yet. */
  readonly caPem: string | undefined;
}

/** What is written of a pair. */
export type PairTexts = Pick<Pair, "keyPem" | "certificatePem" | "caPem">;

/** What stands on disk. */
export type PairState =
  | { readonly state: "whole"; readonly pair: Pair }
  | { readonly state: "missing"; readonly reason: string }
  | { readonly state: "broken"; readonly reason: string };

/** What a pair's files need of the outside. */
export interface PairPorts {
  /** The file system. */
  readonly files: Files;
  /** The clock. */
  readonly now: Now;
  /** Random octets. */
  readonly random: Random;
  /** Numeric id of this process's user, where the system has one. */
  readonly user?: number | undefined;
}

/** A version that nobody has marked is somebody's who is at work, or what a crash left: after these it is the latter. */
const ABANDONED_SECONDS = 600;
const PLAIN: readonly (keyof PairPaths)[] = ["key", "certificate"];
const MARKS: readonly Mark[] = ["current", "good", "previous"];

/** The files of one pair. */
export class PairFiles {
  readonly layout: PairLayout;
  readonly #ports: PairPorts;
  readonly #place: CertificatePlace;

  /**
   * @param name the base name, as a common name
   * @throws CertgenError `unsafe-path` where the name would leave the directory
   */
  constructor(ports: PairPorts, place: CertificatePlace, name: string) {
    this.#ports = ports;
    this.#place = place;
    this.layout = new PairLayout(ports.files, place, name, ports.user);
  }

  /**
   * What stands on disk now; nothing is changed.
   * @throws CertgenError `unsafe-path` for what is not ours, `io` for what cannot be read
   */
  async read(): Promise<PairState> {
    await this.layout.check();
    const kinds = await this.#kinds();
    const version = kinds.every((kind) => kind === "link") ? await this.layout.marked("current") : undefined;
    return await this.#readAt(version === undefined ? this.layout.paths : this.layout.pathsOf(version), version);
  }

  /**
   * Makes the directories, and turns plain files into links to a version of their own content. Before and after each step
   * both names lead to the same key and certificate.
   */
  async prepare(): Promise<void> {
    const { files } = this.#ports;
    await this.layout.check();
    const kinds = await this.#kinds();
    await files.makeDirectory(this.#place.directory, 0o755);
    await files.makeDirectory(this.layout.home, 0o755);
    for (const name of await files.list(this.layout.home)) {
      if (name.startsWith(".") && name.endsWith(".tmp")) await files.remove(`${this.layout.home}/${name}`);
    }
    if (kinds.includes("file")) return await this.#convert();
    // one of two links is gone; where both are, somebody wants a new pair
    if (kinds.includes("link") && kinds.includes("absent")) await this.#linkAll();
  }

  /** The version in use, whatever it holds. */
  async current(): Promise<string | undefined> {
    return await this.layout.marked("current");
  }

  /** Whether the pair in use is still to be checked. */
  async isPending(): Promise<boolean> {
    return await this.layout.marked("current") !== await this.layout.marked("good");
  }

  /**
   * Writes a pair and puts it in use. It is pending until {@link promote}.
   *
   * @param over the version that was in use when this pair was asked for
   * @returns the version's name
   * @throws CertgenError `conflict` where another one is in use by now
   */
  async commit(texts: PairTexts, over: string | undefined): Promise<string> {
    const version = await this.#write(texts, this.#ports.now());
    if (await this.current() !== over) {
      throw new CertgenError("conflict", `Cannot change ${this.layout.paths.certificate}: another agent has done so`);
    }
    // names that do not lead to a pair yet lead nowhere until the mark is set, and then both at once
    await this.#linkAll();
    await this.layout.mark("current", version);
    return version;
  }

  /**
   * The pair in use has proven good: it is what a later one would go back to. All but it and the one that was good before are removed.
   *
   * @param checked the version that has proven it; where another one is in use by now, that has not
   * @returns whether the pair in use is a good one now
   */
  async promote(checked?: string): Promise<boolean> {
    const current = await this.current();
    if (current === undefined || (checked !== undefined && current !== checked)) return false;
    if (await this.isPending()) {
      const before = await this.layout.marked("good");
      if (before !== undefined) await this.layout.mark("previous", before);
      await this.layout.mark("good", current);
    }
    await this.#prune();
    return true;
  }

  /**
   * Puts the last good pair back. One that has expired since is none to go back to: nobody could use it, and a service that waits for
   * a valid one would never come up.
   *
   * @param from the version that is not good
   * @returns whether there was one to go back to
   */
  async rollBack(from: string): Promise<boolean> {
    const good = await this.layout.marked("good");
    if (good === undefined || good === from || await this.current() !== from) return false;
    const pair = await this.#whole(good);
    if (pair === undefined || validityFault(pair.certificate, this.#ports.now()) !== undefined) return false;
    await this.layout.mark("current", good);
    await this.#prune();
    return true;
  }

  /** The last pair that has proven good, which may be the one in use. */
  async good(): Promise<Pair | undefined> {
    return await this.#whole(await this.layout.marked("good"));
  }

  /** The one that was good before that. */
  async previous(): Promise<Pair | undefined> {
    return await this.#whole(await this.layout.marked("previous"));
  }

  async #whole(version: string | undefined): Promise<Pair | undefined> {
    if (version === undefined) return undefined;
    const found = await this.#readAt(this.layout.pathsOf(version), version);
    return found.state === "whole" ? found.pair : undefined;
  }

  /** When the pair in use was put there, by the clock of then. */
  async changedAt(): Promise<Date | undefined> {
    const current = await this.current();
    return current === undefined ? undefined : versionTime(current);
  }

  async #kinds() {
    return [await this.layout.kindOf("key"), await this.layout.kindOf("certificate")] as const;
  }

  async #linkAll(): Promise<void> {
    for (const which of PLAIN) if (await this.layout.kindOf(which) !== "link") await this.layout.link(which);
  }

  /** What is broken stays as it is until there is something better. */
  async #convert(): Promise<void> {
    const found = await this.#readAt(this.layout.paths, undefined);
    if (found.state !== "whole") return;
    const { keyPem, certificatePem } = found.pair;
    const caPem = await readOrNothing(this.#ports.files, this.layout.ca);
    const current = await this.current();
    const present = current === undefined ? undefined : await this.#readAt(this.layout.pathsOf(current), current);
    const isSame = present?.state === "whole" && present.pair.keyPem === keyPem &&
      present.pair.certificatePem === certificatePem;
    if (!isSame) {
      // as old as the certificate, so that it is not taken for one that was issued just now
      const since = Math.min(found.pair.certificate.notBefore.getTime(), this.#ports.now().getTime());
      const version = await this.#write({ keyPem, certificatePem, caPem }, new Date(since));
      await this.layout.mark("good", version);
      await this.layout.mark("current", version);
    }
    await this.#linkAll();
  }

  async #write({ keyPem, certificatePem, caPem }: PairTexts, at: Date): Promise<string> {
    const { files, random } = this.#ports;
    const { certificateMode = 0o644 } = this.#place;
    const { keyMode, owner } = await this.#access();
    const version = versionName(at, toHex(random(4)));
    const paths = this.layout.pathsOf(version);
    await files.makeDirectory(`${this.layout.home}/${version}`, 0o755);
    await files.replace(paths.key, toUtf8(keyPem), keyMode, owner);
    await files.replace(paths.certificate, toUtf8(certificatePem), certificateMode, owner);
    if (caPem !== undefined) await files.replace(paths.ca, toUtf8(caPem), certificateMode, owner);
    return version;
  }

  /**
   * Who may read the key: whom the options say, else whoever may read the one in use, as a group that etcd is in, so that a
   * renewal takes it away from nobody; others never.
   */
  async #access(): Promise<{ keyMode: number; owner?: Owner }> {
    const { files, user } = this.#ports;
    const current = await this.current();
    const isPlain = current === undefined || await this.layout.kindOf("key") === "file";
    const stat = await files.stat((isPlain ? this.layout.paths : this.layout.pathsOf(current)).key);
    const inherited = stat?.kind === "file" && (stat.mode & ~0o640) === 0 ? stat : undefined;
    const { keyMode = inherited?.mode ?? 0o600 } = this.#place;
    // a user other than root could not give it away
    const owner = this.#place.owner ??
      (user === 0 && inherited ? { uid: inherited.uid, gid: inherited.gid } : undefined);
    return { keyMode, ...owner && { owner } };
  }

  async #readAt(paths: PairPaths & { readonly ca?: string }, version: string | undefined): Promise<PairState> {
    const { files } = this.#ports;
    const certificatePem = await readOrNothing(files, paths.certificate);
    const keyPem = await readOrNothing(files, paths.key);
    if (certificatePem === undefined) return { state: "missing", reason: "there is no certificate" };
    if (keyPem === undefined) return { state: "missing", reason: "there is no key" };
    // outside: a disk that fails for a moment makes no pair a broken one
    const caPem = paths.ca === undefined ? undefined : await readOrNothing(files, paths.ca);
    try {
      const [certificate] = parseCertificates(certificatePem);
      const key = await importPrivateKey(keyPem);
      if (certificate === undefined || !equal(certificate.publicKey.spki, key.publicKey.spki)) {
        return { state: "broken", reason: "key and certificate do not belong together" };
      }
      return { state: "whole", pair: { version, certificate, key, certificatePem, keyPem, caPem } };
    } catch (error) {
      if (!(error instanceof CertgenError)) throw error;
      return { state: "broken", reason: messageOf(error) };
    }
  }

  /** What has a mark is kept, and what somebody else may be about to mark. */
  async #prune(): Promise<void> {
    const { files, now } = this.#ports;
    const marked = await Promise.all(MARKS.map((mark) => this.layout.marked(mark)));
    const others = (await this.layout.versions()).filter((version) => !marked.includes(version));
    const abandoned = others.filter((version) =>
      now().getTime() - versionTime(version).getTime() > ABANDONED_SECONDS * 1000
    );
    for (const version of abandoned) {
      if (!await this.layout.hasVersion(version)) continue;
      const directory = `${this.layout.home}/${version}`;
      for (const name of await files.list(directory)) await files.remove(`${directory}/${name}`);
      await files.remove(directory);
    }
  }
}
