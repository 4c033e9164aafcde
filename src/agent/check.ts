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
import { formatGeneralName, type GeneralName, generalNames } from "../x509/general_name.ts";
import { attributeValues } from "../x509/name.ts";
import type { KeyType } from "../x509/key.ts";
import type { PublicKey } from "../x509/public_key.ts";
import type { WantedCertificate } from "./managed.ts";

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
 * Checks an issued certificate: it parses strictly, is for our key and subject, has the names that were asked for and no other, and
 * every usage, is
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

function mismatch(certificate: Certificate, wanted: Wanted): string | undefined {
  if (!equal(certificate.publicKey.spki, wanted.publicKey.spki)) return "it is for another key";
  if (certificate.extensions.basicConstraints?.ca === true) return "it is a CA's";
  return nameDifference(certificate, wanted.commonName, wanted.organization, wanted.names) ??
    usageDifference(certificate, wanted.extKeyUsage);
}

/** What is not in a certificate as it is wanted, if anything: names, usages, kind of key. */
export function differenceFrom(certificate: Certificate, wanted: WantedCertificate): string | undefined {
  const { commonName, organization, dnsNames, ipAddresses, extKeyUsage = DEFAULT_USAGES, keyType } = wanted;
  return nameDifference(certificate, commonName, organization, generalNames(dnsNames, ipAddresses)) ??
    usageDifference(certificate, extKeyUsage) ??
    (isOfType(certificate.publicKey, keyType) ? undefined : "its key is of another kind");
}

function nameDifference(
  { subject, extensions }: Certificate,
  commonName: string,
  organization: string,
  names: readonly GeneralName[],
): string | undefined {
  if (attributeValues(subject, "commonName").join() !== commonName) return "its common name is another";
  if (attributeValues(subject, "organization").join() !== organization) return "its organization is another";
  const [has, wanted] = [extensions.subjectAltName ?? [], names];
  const lacks = (some: readonly GeneralName[], others: readonly GeneralName[]): GeneralName | undefined =>
    others.find((other) => !some.some((one) => nameKey(one) === nameKey(other)));
  const missing = lacks(has, wanted);
  if (missing !== undefined) return `it lacks the name ${formatGeneralName(missing)}`;
  const extra = lacks(wanted, has);
  return extra && `it has a name that is not asked for, ${formatGeneralName(extra)}`;
}

function usageDifference({ extensions }: Certificate, wanted: readonly ExtKeyUsage[]): string | undefined {
  const usage = wanted.find((usage) => !extensions.extKeyUsage?.includes(usage));
  return usage && `it lacks the usage ${usage}`;
}

/** What is asked for unless somebody says otherwise: a node of etcd serves and is served. */
export const DEFAULT_USAGES: readonly ExtKeyUsage[] = ["serverAuth", "clientAuth"];

/** Whether a key is of a kind. */
export function isOfType({ algorithm, rsa }: PublicKey, type: KeyType = "ec-p256"): boolean {
  return algorithm === "rsa" ? type === `rsa-${(rsa?.modulus.length ?? 0) * 8}` : algorithm === type;
}

/** DNS names are compared without regard to case (RFC 5280 §7.2). */
function nameKey({ type, value }: GeneralName): string {
  return `${type}:${type === "dns" ? value.toLowerCase() : value}`;
}
