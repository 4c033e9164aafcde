import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { CertgenError, messageOf } from "../errors.ts";
import type { TlsPair } from "../ports.ts";

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/**
 * Every certificate of a PEM text, in order, each of them read once: Deno's TLS takes any text and fails only at the
 * handshake, and an empty `ca` would mean the system's roots everywhere.
 * @param use what the certificates are for, as in `Cannot <use>: ...`
 * @throws CertgenError `malformed-pem` where there is none, or one that cannot be read
 */
export function readCertificates(pem: string, use: string): [X509Certificate, ...X509Certificate[]] {
  const read = Array.from(pem.matchAll(CERTIFICATE), ([block]) => {
    try {
      return new X509Certificate(block);
    } catch (cause) {
      throw new CertgenError("malformed-pem", `Cannot ${use}: not a certificate (${messageOf(cause)})`, { cause });
    }
  });
  const [first, ...others] = read;
  if (first === undefined) throw new CertgenError("malformed-pem", `Cannot ${use}: no PEM certificate in it`);
  return [first, ...others];
}

/**
 * The certificates of a pair, whose first goes with its private key.
 * @param use what the pair is for, as in `Cannot <use>: ...`
 * @throws CertgenError `malformed-pem`, `malformed-key`, or `invalid-certificate` where the two do not belong together
 */
export function readPair(pair: TlsPair, use: string): [X509Certificate, ...X509Certificate[]] {
  const certificates = readCertificates(pair.certificate, use);
  let key: KeyObject;
  try {
    key = createPrivateKey(pair.privateKey);
  } catch (cause) {
    throw new CertgenError("malformed-key", `Cannot ${use}: not a usable private key (${messageOf(cause)})`, { cause });
  }
  const [first] = certificates;
  if (first.checkPrivateKey(key)) return certificates;
  const subject = JSON.stringify(first.subject);
  throw new CertgenError("invalid-certificate", `Cannot ${use}: the private key is not that of certificate ${subject}`);
}

/** The DNS names of a certificate's subjectAltName, in lower case; never its common name. */
export function dnsNamesOf(certificate: X509Certificate): string[] {
  const names = certificate.subjectAltName?.split(", ") ?? [];
  return names.filter((name) => name.startsWith("DNS:")).map((name) => name.slice(4).toLowerCase());
}
