/**
 * Builds a certificate from parts that are encoded already: slices put one after the other, no object tree between. The
 * one place that says what a certificate looks like.
 * @module
 */
import { bitStringOf, explicit, integer, sequence, time, unsigned } from "../asn1/der_writer.ts";
import type { Bytes } from "../bytes.ts";
import { type Certificate, parseCertificate, parseTbsCertificate, type TbsCertificate } from "./certificate.ts";
import { type KeyPair, sign } from "./key.ts";

/** The parts of a TBSCertificate. */
export interface CertificateParts {
  /** Big-endian octets, positive. */
  readonly serialNumber: Uint8Array;
  /** Name in DER. */
  readonly issuer: Uint8Array;
  /** Whole seconds; the rest is cut off. */
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** Name in DER. */
  readonly subject: Uint8Array;
  /** SubjectPublicKeyInfo in DER. */
  readonly subjectPublicKeyInfo: Uint8Array;
  /** Extensions in DER, in order. */
  readonly extensions: readonly Uint8Array[];
}

const VERSION_3 = explicit(0, integer(2));

/**
 * Builds a certificate and signs it. What is about to be signed is read back by the strict reader and shown to `check`
 * first: what our own reader would refuse, or what is not what was wanted, is never signed.
 *
 * @param parts what goes into it
 * @param key the issuer's key
 * @param check throws where the TBSCertificate must not be signed
 */
export async function buildCertificate(
  parts: CertificateParts,
  key: Pick<KeyPair, "privateKey" | "signatureAlgorithm">,
  check: (tbs: TbsCertificate) => void,
): Promise<Certificate> {
  const algorithm = key.signatureAlgorithm.der;
  const tbs: Bytes = sequence(
    VERSION_3,
    unsigned(parts.serialNumber),
    algorithm,
    parts.issuer,
    sequence(time(parts.notBefore), time(parts.notAfter)),
    parts.subject,
    parts.subjectPublicKeyInfo,
    explicit(3, sequence(...parts.extensions)),
  );
  check(parseTbsCertificate(tbs));
  return parseCertificate(sequence(tbs, algorithm, bitStringOf(await sign(key, tbs))));
}
