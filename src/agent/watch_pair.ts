/**
 * A certificate and its key for a server of one's own: each pair that the files hold, one after the other.
 * @module
 */
import { equal, fromUtf8 } from "../bytes.ts";
import { CertgenError, messageOf } from "../errors.ts";
import type { Files, Log, Sleep, TlsPair } from "../ports.ts";
import { parseCertificates } from "../x509/certificate.ts";
import { importPrivateKey } from "../x509/key.ts";

/** Which files to watch, and how. */
export interface WatchPairOptions {
  /** Path of the certificate: PEM, with those that lead to its CA after it. */
  readonly certificateFile: string;
  /** Path of its private key: PEM, not encrypted. */
  readonly keyFile: string;
  /** Reads them; a runtime's own is in `@certgen/core/node`, `/deno` and `/bun`. */
  readonly files: Pick<Files, "read">;
  /** Waits from one look to the next; a runtime's own is beside its files. */
  readonly sleep: Sleep;
  /** Ends it; without one, leaving the loop does. */
  readonly signal?: AbortSignal;
  /** Seconds from one look to the next; 2 unless said. */
  readonly periodSeconds?: number;
  /** Hears of files that cannot be used. */
  readonly log?: Log;
}

const PERIOD_SECONDS = 2;
/** Looks that find nothing usable before that is said: replacing two files may take a moment. */
const PATIENCE = 3;

/**
 * The pair that two files hold, as soon as they hold one, and then each other pair that takes its place, until the signal is
 * aborted. The files are looked at by content, again and again: an operating system's watch loses a file that is replaced.
 *
 * Only a certificate with its own key is given; what stands between two pairs (half of a file, none, a certificate whose key is
 * still to come) is passed over, and the pair before stays in use. Dates, names and issuer are not looked at.
 *
 * @throws TypeError where the period is no positive number
 * @example
 * ```ts
 * import { createServer } from "node:https";
 * import { watchPair } from "@certgen/core/agent";
 * import { node } from "@certgen/core/node";
 *
 * async function followPair(signal: AbortSignal): Promise<void> {
 *   const files = { certificateFile: "certs/db1.crt", keyFile: "certs/db1.key" };
 *   for await (const pair of watchPair({ ...node, ...files, signal })) {
 *     server.setSecureContext({ cert: pair.certificate, key: pair.privateKey });
 *     if (!server.listening) server.listen(8443);
 *   }
 * }
 *
 * const server = createServer((_, response) => response.end("hello\n"));
 * await followPair(AbortSignal.timeout(100)); // for as long as the server is to run
 * ```
 */
export async function* watchPair(options: WatchPairOptions): AsyncGenerator<TlsPair, void> {
  const { certificateFile, keyFile, sleep, signal, periodSeconds = PERIOD_SECONDS, log } = options;
  if (!(periodSeconds > 0)) throw new TypeError(`Cannot look every ${periodSeconds} seconds`);
  let current: TlsPair | undefined;
  let failures = 0;
  while (!isAborted(signal)) {
    const found = await look(options, current);
    if (isAborted(signal)) return;
    if ("fault" in found) {
      if (++failures === PATIENCE) {
        const kept = current === undefined ? "waiting for others" : "those before stay";
        const facts = { files: [certificateFile, keyFile], because: found.fault };
        log?.("warn", `certificate and key cannot be used; ${kept}`, facts);
      }
    } else {
      failures = 0;
      if (found.pair !== current) yield current = found.pair;
    }
    try {
      await sleep(periodSeconds, signal);
    } catch (error) {
      if (!isAborted(signal)) throw error;
    }
  }
}

/** A call, since the compiler would take what it has seen once for what is so ever after. */
const isAborted = (signal: AbortSignal | undefined): boolean => signal?.aborted === true;

/** What one look finds. Whatever is wrong with the files, the next look may find them well. */
async function look(
  options: WatchPairOptions,
  current: TlsPair | undefined,
): Promise<{ readonly pair: TlsPair } | { readonly fault: string }> {
  try {
    return { pair: await readPair(options, current) };
  } catch (error) {
    return { fault: messageOf(error) };
  }
}

/** The pair in the files; the current one itself where it is still there. */
async function readPair(options: WatchPairOptions, current: TlsPair | undefined): Promise<TlsPair> {
  const { certificateFile, keyFile, files } = options;
  const certificate = await readText(files, certificateFile);
  const privateKey = await readText(files, keyFile);
  // both names may lead through one symbolic link, and a change of that between the two reads is a change of both
  if (await readText(files, certificateFile) !== certificate) throw unusable("it changes while it is read");
  if (certificate === current?.certificate && privateKey === current.privateKey) return current;
  const [first] = parseCertificates(certificate);
  const { publicKey } = await importPrivateKey(privateKey);
  if (first === undefined || !equal(first.publicKey.spki, publicKey.spki)) throw unusable("the key is another one's");
  return { certificate, privateKey };
}

const readText = async (files: Pick<Files, "read">, path: string): Promise<string> => fromUtf8(await files.read(path));

function unusable(fault: string): CertgenError {
  return new CertgenError("invalid-certificate", `Cannot use certificate: ${fault}`);
}
