/**
 * A key and its certificate on disk: staged beside the pair in use, and put into its place together.
 * @module
 */
import { equal, fromUtf8, toUtf8 } from "../bytes.ts";
import { CertgenError } from "../errors.ts";
import { nameFault } from "../object_name.ts";
import type { Files } from "../ports.ts";
import { parseCertificate } from "../x509/certificate.ts";
import { exportPrivateKey, importPrivateKey, type KeyPair } from "../x509/key.ts";

/** Where the files of a pair are. */
export interface PairPaths {
  readonly key: string;
  readonly certificate: string;
}

/**
 * The files of one pair: `<name>.key` (0600) and `<name>.crt` (0644), with `<name>.key.new`, `<name>.request.new` and
 * `<name>.crt.new` beside them while a request is under way.
 */
export class PairFiles {
  readonly #files: Files;
  readonly #base: string;
  /** Where the pair in use is. */
  readonly paths: PairPaths;

  /**
   * @param directory must be there
   * @param name the base name, as a common name
   * @throws CertgenError `unsafe-path` where the name would leave the directory
   */
  constructor(files: Files, directory: string, name: string) {
    const fault = nameFault(name) ??
      (name.includes("\\") || name.startsWith(".") ? "may not begin with '.' or contain '\\'" : undefined);
    if (fault !== undefined) {
      throw new CertgenError("unsafe-path", `Cannot name files ${JSON.stringify(name)}: a common name ${fault}`);
    }
    this.#files = files;
    this.#base = `${directory}/${name}`;
    this.paths = { key: `${this.#base}.key`, certificate: `${this.#base}.crt` };
  }

  /** The key that an earlier, interrupted request staged: a file of its own that nobody else could read, or none. */
  async stagedKey(): Promise<KeyPair | undefined> {
    const stat = await this.#files.stat(`${this.#base}.key.new`);
    if (stat?.kind !== "file" || (stat.mode & 0o077) !== 0) return undefined;
    const pem = await this.#read(`${this.#base}.key.new`);
    if (pem === undefined) return undefined;
    try {
      return await importPrivateKey(pem, { extractable: true });
    } catch (error) {
      if (error instanceof CertgenError) return undefined;
      throw error;
    }
  }

  /** The request that an earlier, interrupted request staged, as JSON. */
  async stagedRequest(): Promise<string | undefined> {
    return await this.#read(`${this.#base}.request.new`);
  }

  /** Puts a key beside the pair, before anybody hears of it. */
  async stageKey(key: KeyPair): Promise<void> {
    await this.#files.replace(`${this.#base}.key.new`, toUtf8(await exportPrivateKey(key)), 0o600);
  }

  /** Puts the request beside it, so that a restart sends the same one. */
  async stageRequest(json: string): Promise<void> {
    await this.#files.replace(`${this.#base}.request.new`, toUtf8(json), 0o600);
  }

  /** Forgets what was staged. */
  async discard(): Promise<void> {
    for (const suffix of ["crt.new", "request.new", "key.new"]) await this.#files.remove(`${this.#base}.${suffix}`);
  }

  /**
   * Puts a staged key and its certificate into place: the certificate is staged too, then both are renamed. Whoever was
   * interrupted between is finished by {@link recover}.
   *
   * @param certificate PEM, checked by the caller
   */
  async commit(certificate: string): Promise<void> {
    await this.#files.replace(`${this.#base}.crt.new`, toUtf8(certificate), 0o644);
    await this.#swap(true);
  }

  /** Finishes a commit that was interrupted: a staged certificate was checked, and belongs to the staged key or the key in use. */
  async recover(): Promise<void> {
    const pem = await this.#read(`${this.#base}.crt.new`);
    if (pem === undefined) return;
    const certificate = parseOrNothing(pem);
    const staged = await this.stagedKey();
    const current = await this.#keyInUse();
    const fits = (key: KeyPair | undefined): boolean =>
      key !== undefined && certificate !== undefined && equal(key.publicKey.spki, certificate.publicKey.spki);
    if (fits(staged)) await this.#swap(true);
    else if (fits(current)) await this.#swap(false);
    else await this.#files.remove(`${this.#base}.crt.new`);
  }

  /** A staged key is another's where the certificate belongs to the key in use: it stays staged. */
  async #swap(isKeyStaged: boolean): Promise<void> {
    if (isKeyStaged) await this.#files.rename(`${this.#base}.key.new`, this.paths.key);
    await this.#files.rename(`${this.#base}.crt.new`, this.paths.certificate);
    await this.#files.remove(`${this.#base}.request.new`);
  }

  async #keyInUse(): Promise<KeyPair | undefined> {
    const pem = await this.#read(this.paths.key);
    try {
      return pem === undefined ? undefined : await importPrivateKey(pem);
    } catch {
      return undefined;
    }
  }

  async #read(path: string): Promise<string | undefined> {
    try {
      return fromUtf8(await this.#files.read(path));
    } catch (error) {
      if (error instanceof CertgenError && error.code === "not-found") return undefined;
      throw error;
    }
  }
}

function parseOrNothing(pem: string): ReturnType<typeof parseCertificate> | undefined {
  try {
    return parseCertificate(pem);
  } catch {
    return undefined;
  }
}
