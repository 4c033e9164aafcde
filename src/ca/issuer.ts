/**
 * Issuing: a CA certificate with its key, and certificates made from a profile and the key and names of a request.
 * @module
 */
import { type Bytes, equal, toHex } from "../bytes.ts";
import { CertgenError, messageOf } from "../errors.ts";
import type { Random } from "../ports.ts";
import { secureRandom } from "../random.ts";
import { caFault, type Certificate, parseCertificate, type TbsCertificate } from "../x509/certificate.ts";
import { buildCertificate } from "../x509/certificate_builder.ts";
import { encodeAuthorityKeyIdentifier, encodeSubjectAltName, encodeSubjectKeyIdentifier } from "../x509/extension.ts";
import type { GeneralName } from "../x509/general_name.ts";
import { importPrivateKey, type KeyPair } from "../x509/key.ts";
import { encodeName, isSubjectAttribute, type Name, type Subject } from "../x509/name.ts";
import { keyIdentifier, type PublicKey } from "../x509/public_key.ts";
import type { Profile } from "./profile.ts";

/** A CA certificate with its private key. */
export interface Issuer extends KeyPair {
  /** The CA's certificate. */
  readonly certificate: Certificate;
  /**
   * Other CAs that whoever trusts this one is to trust besides: the one before it while its certificates are still about, and the
   * one before it's certificate for this one's key. They issue nothing.
   */
  readonly others?: readonly Certificate[];
}

/**
 * Puts a CA's certificate and key together and checks that they can issue.
 *
 * @param certificate PEM (exactly one block) or DER
 * @param privateKey PEM of PKCS #8, PKCS #1 or SEC 1, or a key pair
 * @param at the moment at which the CA must be valid
 * @throws CertgenError `invalid-certificate` where it is no CA's, is not valid, or the key is another's; what the parsers throw
 * @example
 * ```ts
 * import { createCa, exportPrivateKey, loadIssuer } from "@certgen/core";
 *
 * const ca = await createCa({ commonName: "our CA", extractable: true });
 * const again = await loadIssuer(ca.certificate.pem, await exportPrivateKey(ca), new Date());
 * console.log(again.certificate.serialNumber === ca.certificate.serialNumber); // true
 * ```
 */
export async function loadIssuer(
  certificate: string | Uint8Array,
  privateKey: string | KeyPair,
  at: Date,
): Promise<Issuer> {
  const parsed = parseCertificate(certificate);
  const fault = caFault(parsed, at);
  if (fault !== undefined) throw new CertgenError("invalid-certificate", `Cannot issue: ${fault}`);
  const key = typeof privateKey === "string" ? await importPrivateKey(privateKey) : privateKey;
  if (!equal(key.publicKey.spki, parsed.publicKey.spki)) {
    throw new CertgenError("invalid-certificate", "Cannot issue: the key is not the CA certificate's");
  }
  return { ...key, certificate: parsed };
}

/** What is to be trusted for an issuer's certificates: its own first, and the others that may be used now. PEM. */
export function bundleOf({ certificate, others = [] }: Issuer, at: Date): string {
  return [certificate, ...others.filter((ca) => caFault(ca, at) === undefined)].map(({ pem }) => pem).join("");
}

/** A certificate's validity, both ends inclusive. */
export interface Validity {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

const MAX_BACKDATE_SECONDS = 300;

/**
 * The validity of every certificate: it begins five minutes or a tenth of its lifetime ago, whichever is less, since
 * clocks differ, ends a lifetime from now, and never after its CA.
 *
 * @throws CertgenError `unavailable` where the CA is not valid itself
 */
export function validityAt(now: Date, lifetimeSeconds: number, ca?: TbsCertificate): Validity {
  const second = Math.floor(now.getTime() / 1000);
  const fault = ca && caFault(ca, now);
  if (fault !== undefined) throw new CertgenError("unavailable", `Cannot issue: ${fault}`);
  const backdate = Math.min(MAX_BACKDATE_SECONDS, Math.floor(lifetimeSeconds / 10));
  const notAfter = Math.min((second + lifetimeSeconds) * 1000, ca?.notAfter.getTime() ?? Infinity);
  return { notBefore: new Date((second - backdate) * 1000), notAfter: new Date(notAfter) };
}

/** What goes into one certificate. */
export interface IssueRequest {
  readonly issuer: Issuer;
  readonly profile: Profile;
  readonly publicKey: PublicKey;
  /** DER of the subject, from {@link rebuildSubject}. */
  readonly subject: Bytes;
  readonly names: readonly GeneralName[];
  /** Never longer than the profile's. */
  readonly lifetimeSeconds: number;
  readonly now: Date;
  /** 16 octets, from {@link newSerialNumber}. */
  readonly serialNumber: Uint8Array;
}

/**
 * Issues a certificate: extensions are the profile's, of the request there are only its key and the names that policy
 * let through.
 */
export async function issueCertificate(request: IssueRequest): Promise<Certificate> {
  const { issuer, profile, publicKey, names } = request;
  const subjectKey = await keyIdentifier(publicKey.keyBits);
  const issuerKey = issuer.certificate.extensions.subjectKeyIdentifier ?? await keyIdentifier(issuer.publicKey.keyBits);
  const lifetimeSeconds = Math.min(request.lifetimeSeconds, profile.maxLifetimeSeconds);
  const emptySubject = request.subject.length === EMPTY_NAME_LENGTH;
  const parts = {
    serialNumber: request.serialNumber,
    issuer: issuer.certificate.subject.der,
    ...validityAt(request.now, lifetimeSeconds, issuer.certificate),
    subject: request.subject,
    subjectPublicKeyInfo: publicKey.spki,
    extensions: [
      ...publicKey.algorithm === "rsa" ? profile.encoded.rsa : profile.encoded.other,
      encodeSubjectKeyIdentifier(subjectKey),
      encodeAuthorityKeyIdentifier(issuerKey),
      ...names.length === 0 ? [] : [encodeSubjectAltName(names, emptySubject)],
    ],
  };
  return await buildCertificate(parts, issuer, (tbs) => check(tbs, request));
}

/** DER of an empty Name: `30 00`. */
export const EMPTY_NAME_LENGTH = 2;

/** Looks at what our own reader makes of the certificate that is about to be signed. */
function check(tbs: TbsCertificate, { publicKey, names, profile, subject, serialNumber }: IssueRequest): void {
  const { basicConstraints, extKeyUsage = [], subjectAltName = [] } = tbs.extensions;
  const good = basicConstraints?.ca === false && equal(tbs.publicKey.spki, publicKey.spki) &&
    equal(tbs.subject.der, subject) && tbs.serialNumber.padStart(32, "0") === toHex(serialNumber) &&
    sameMembers(extKeyUsage, profile.extKeyUsage) && subjectAltName.length === names.length &&
    names.every(({ type, value }, index) =>
      subjectAltName[index]?.type === type && subjectAltName[index]?.value === value
    );
  if (!good) throw new Error("the certificate that was built is not the one that was decided");
}

function sameMembers(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((member) => b.includes(member));
}

/** 128 random bits: positive as an unsigned number, and never all zero but once in the life of the universe. */
export function newSerialNumber(random: Random = secureRandom): Bytes {
  const octets = random(16);
  if (octets.length !== 16 || octets.every((octet) => octet === 0)) {
    throw new Error("the random source gave no 16 random octets");
  }
  return octets;
}

/**
 * A subject with the same values as a request's, written anew: what policy judged as text is what is issued.
 * @throws CertgenError `invalid-object` where a value cannot be written
 */
export function rebuildSubject(name: Name): Bytes {
  const subject: { [type: string]: string } = {};
  for (const { type, value } of name.attributes) if (isSubjectAttribute(type)) subject[type] = value;
  try {
    return encodeName(subject as Subject);
  } catch (cause) {
    throw new CertgenError("invalid-object", `Cannot issue to this subject: ${messageOf(cause)}`, { cause });
  }
}
