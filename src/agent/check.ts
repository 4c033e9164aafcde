/**
 * What an agent looks at before it takes a certificate.
 * @module
 */
import { equal } from "../bytes.ts";
import { CertgenError, messageOf } from "../errors.ts";
import {
  caFault,
  type Certificate,
  parseCertificate,
  parseCertificates,
  verifyCertificate,
} from "../x509/certificate.ts";
import type { ExtKeyUsage } from "../x509/extension.ts";
import { formatGeneralName, type GeneralName } from "../x509/general_name.ts";
import { attributeValues } from "../x509/name.ts";
import type { PublicKey } from "../x509/public_key.ts";

/** What was asked for. */
export interface Wanted {
  readonly publicKey: PublicKey;
  readonly commonName: string;
  readonly organization: string;
  readonly names: readonly GeneralName[];
  readonly extKeyUsage: readonly ExtKeyUsage[];
}

/** A certificate that was checked, and the CAs that it was checked against. */
export interface Checked {
  readonly certificate: Certificate;
  /** Each is a CA that is valid now. */
  readonly cas: readonly Certificate[];
}

/**
 * Checks an issued certificate: it parses strictly, is for our key and subject, has every name and usage asked for, is
 * valid now, and was issued by the CA.
 *
 * @param pem what the signer sent: exactly one certificate
 * @param ca the issuing CA's certificate, or several, as PEM
 * @throws CertgenError `invalid-certificate` saying which of these it is not
 */
export async function checkIssued(pem: string, ca: string, wanted: Wanted, at: Date): Promise<Checked> {
  try {
    const certificate = parseCertificate(pem);
    const fault = mismatch(certificate, wanted);
    if (fault !== undefined) throw new CertgenError("invalid-certificate", fault);
    const cas = parseCertificates(ca);
    const unusable = cas.map((one) => caFault(one, at)).find((fault) => fault !== undefined);
    if (unusable !== undefined) throw new CertgenError("invalid-certificate", unusable);
    await verifyCertificate(certificate, cas, { at });
    return { certificate, cas };
  } catch (cause) {
    throw new CertgenError(
      "invalid-certificate",
      `Cannot use the certificate that the signer sent: ${messageOf(cause)}`,
      { cause },
    );
  }
}

function mismatch({ publicKey, subject, extensions }: Certificate, wanted: Wanted): string | undefined {
  if (!equal(publicKey.spki, wanted.publicKey.spki)) return "it is for another key";
  if (attributeValues(subject, "commonName").join() !== wanted.commonName) return "its common name is another";
  if (attributeValues(subject, "organization").join() !== wanted.organization) return "its organization is another";
  if (extensions.basicConstraints?.ca === true) return "it is a CA's";
  const names = (extensions.subjectAltName ?? []).map(nameKey);
  const missing = wanted.names.find((name) => !names.includes(nameKey(name)));
  if (missing !== undefined) return `it lacks the name ${formatGeneralName(missing)}`;
  const usage = wanted.extKeyUsage.find((usage) => !extensions.extKeyUsage?.includes(usage));
  return usage && `it lacks the usage ${usage}`;
}

/** DNS names are compared without regard to case (RFC 5280 §7.2). */
function nameKey({ type, value }: GeneralName): string {
  return `${type}:${type === "dns" ? value.toLowerCase() : value}`;
}
