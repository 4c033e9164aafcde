/**
 * What stands beside a pair: the key and request of a renewal that is under way, and how the last one failed.
 * @module
 */
import { fromUtf8, toUtf8 } from "../bytes.ts";
import { CertgenError } from "../errors.ts";
import { isObject, member, parseJsonObject } from "../k8s/json.ts";
import type { Files } from "../ports.ts";
import { exportPrivateKey, importPrivateKey, type KeyPair } from "../x509/key.ts";

/** How the last renewal failed, for the next one and for whoever looks. */
export interface Failure {
  /** Code of the error. */
  readonly code: string;
  /** What it said. */
  readonly message: string;
  /** When it failed. */
  readonly at: Date;
  /** How many in a row have failed. */
  readonly count: number;
  /** Not before this is it tried again. */
  readonly retryAt: Date;
}

/** The files of a renewal that is under way: all 0600, in the pair's own directory. */
export class Staging {
  readonly #files: Files;
  readonly #key: string;
  readonly #request: string;
  readonly #failure: string;

  /** @param home directory of the pair */
  constructor(files: Files, home: string) {
    this.#files = files;
    this.#key = `${home}/staged.key`;
    this.#request = `${home}/staged.json`;
    this.#failure = `${home}/failure.json`;
  }

  /** The key that an earlier, interrupted request staged: a file of its own that nobody else could read, or none. */
  async key(): Promise<KeyPair | undefined> {
    const stat = await this.#files.stat(this.#key);
    if (stat?.kind !== "file" || (stat.mode & 0o077) !== 0) return undefined;
    const pem = await readOrNothing(this.#files, this.#key);
    return pem === undefined ? undefined : await keyOrNothing(pem);
  }

  /** The request that an earlier, interrupted try staged, as JSON. */
  async request(): Promise<string | undefined> {
    return await readOrNothing(this.#files, this.#request);
  }

  /** Puts a key beside the pair, before anybody hears of it. */
  async putKey(key: KeyPair): Promise<void> {
    await this.#files.replace(this.#key, toUtf8(await exportPrivateKey(key)), 0o600);
  }

  /** Puts the request beside it, so that a restart sends the same one. */
  async putRequest(json: string): Promise<void> {
    await this.#files.replace(this.#request, toUtf8(json), 0o600);
  }

  /** Forgets key and request: the key first, since one without a request would be taken for a new one's. */
  async discard(): Promise<void> {
    await this.#files.remove(this.#key);
    await this.#files.remove(this.#request);
  }

  /** Forgets the request alone: the signer may know the key already. */
  async discardRequest(): Promise<void> {
    await this.#files.remove(this.#request);
  }

  /** The last failure; `undefined` where the last renewal went well, or the file is none. */
  async failure(): Promise<Failure | undefined> {
    try {
      return failureIn(fromUtf8(await this.#files.read(this.#failure)));
    } catch (error) {
      // it is advice: one that cannot be read holds up no renewal
      if (error instanceof CertgenError) return undefined;
      throw error;
    }
  }

  /** Keeps a failure. */
  async putFailure({ code, message, at, count, retryAt }: Failure): Promise<void> {
    const json = JSON.stringify({ code, message: message.slice(0, MAX_MESSAGE), at, count, retryAt });
    await this.#files.replace(this.#failure, toUtf8(`${json}\n`), 0o600);
  }

  /** Forgets it. */
  async clearFailure(): Promise<void> {
    await this.#files.remove(this.#failure);
  }
}

const MAX_MESSAGE = 4000;

/** The text of a file, or nothing where there is none. */
export async function readOrNothing(files: Files, path: string): Promise<string | undefined> {
  try {
    return fromUtf8(await files.read(path));
  } catch (error) {
    // "malformed-object" is what no text is
    if (error instanceof CertgenError && ["not-found", "malformed-object"].includes(error.code)) return undefined;
    throw error;
  }
}

/** The key of a PEM text, or nothing where it is none. It can be exported again. */
export async function keyOrNothing(pem: string): Promise<KeyPair | undefined> {
  try {
    return await importPrivateKey(pem, { extractable: true });
  } catch (error) {
    if (error instanceof CertgenError) return undefined;
    throw error;
  }
}

function failureIn(json: string): Failure | undefined {
  try {
    const object = parseJsonObject(toUtf8(json));
    if (!isObject(object)) return undefined;
    const [code, message, count] = ["code", "message", "count"].map((name) => member(object, name));
    const [at, retryAt] = ["at", "retryAt"].map((name) => new Date(String(member(object, name))));
    if (typeof code !== "string" || typeof message !== "string" || typeof count !== "number") return undefined;
    if (at === undefined || retryAt === undefined || isNaN(at.getTime()) || isNaN(retryAt.getTime())) return undefined;
    return { code, message, at, count, retryAt };
  } catch (error) {
    if (error instanceof CertgenError) return undefined;
    throw error;
  }
}
