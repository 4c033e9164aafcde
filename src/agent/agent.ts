/**
 * Gets one certificate and puts it on disk.
 * @module
 */
import { systemNow } from "../clock.ts";
import type { Files, Log, Now, Random, Sleep } from "../ports.ts";
import { secureRandom } from "../random.ts";
import type { Certificate } from "../x509/certificate.ts";
import { generalNames } from "../x509/general_name.ts";
import { install } from "./install.ts";
import type { CertificatePlace, WantedCertificate } from "./managed.ts";
import { obtain, type Reach } from "./obtain.ts";
import { PairFiles } from "./pair.ts";
import { Staging } from "./staging.ts";
import { checkToken } from "./transport.ts";

/** What a certificate is to be, where its files go, and who is asked. */
export interface RequestOptions extends WantedCertificate, CertificatePlace, Reach {
  /** The file system. */
  readonly files: Files;
  /** The clock; the machine's unless said. */
  readonly now?: Now;
  /** How to wait. */
  readonly sleep: Sleep;
  /** Random octets; WebCrypto's unless said. */
  readonly random?: Random;
  /** Takes log lines; dropped unless said. */
  readonly log?: Log;
  /** Gives up when it is aborted; its reason is what is thrown. */
  readonly signal?: AbortSignal;
  /** Numeric id of this process's user, so that other people's files are not touched. */
  readonly user?: number | undefined;
}

/** A certificate that was taken. */
export interface IssuedPair {
  /** The certificate, checked. */
  readonly certificate: Certificate;
  /** Path of the key, PKCS #8. */
  readonly keyFile: string;
  /** Path of the certificate. */
  readonly certificateFile: string;
  /** Path of the CA's certificate. */
  readonly caFile: string;
}

/**
 * Gets a certificate with a new key and puts both and their CA on disk. A pair that is there is replaced only by a whole,
 * checked one.
 *
 * @throws CertgenError `denied` with the signer's reason; `invalid-certificate` for an answer that must not be used;
 * `rejected`, `unauthorized`, `forbidden` by the signer's answer; `invalid-object` for a name, `malformed-object` for a
 * token that is none; `unsafe-path` for files that are not ours; the signal's reason
 */
export async function requestCertificate(options: RequestOptions): Promise<IssuedPair> {
  const { files, random = secureRandom, now = systemNow, log = () => {}, user } = options;
  const pair = new PairFiles({ files, now, random, user }, options, options.commonName);
  // what the caller got wrong is said before anything is touched
  generalNames(options.dnsNames, options.ipAddresses);
  checkToken(options);
  const staging = new Staging(files, pair.layout.home);
  await pair.prepare();
  const over = await pair.current();
  const obtained = await obtain({ wanted: options, staging }, options, { ...options, now, random, log });
  const { certificate } = obtained;
  const isPinned = options.issuerCa !== undefined;
  await install(files, pair, options, { ...obtained, certificatePem: certificate.pem, isPinned }, over, now());
  await pair.promote();
  await staging.discard();
  await staging.clearFailure();
  const { paths, ca } = pair.layout;
  return { certificate, keyFile: paths.key, certificateFile: paths.certificate, caFile: ca };
}
