/**
 * Makes a CA: a key and a certificate that it signs itself.
 * @module
 */
import { systemNow } from "../clock.ts";
import type { Now, Random } from "../ports.ts";
import { buildCertificate } from "../x509/certificate_builder.ts";
import { encodeBasicConstraints, encodeKeyUsage, encodeSubjectKeyIdentifier } from "../x509/extension.ts";
import { generateKey, type KeyOptions, type KeyType } from "../x509/key.ts";
import { encodeName, type Subject } from "../x509/name.ts";
import { keyIdentifier } from "../x509/public_key.ts";
import { EMPTY_NAME_LENGTH, type Issuer, newSerialNumber, validityAt } from "./issuer.ts";

/** What a CA is to be. The members of {@link Subject} are its name. */
export interface CaOptions extends Subject, KeyOptions {
  /** `ec-p256` unless said. */
  readonly keyType?: KeyType;
  /** Ten years of 365 days unless said. */
  readonly lifetimeSeconds?: number;
  /** The clock; the machine's unless said. */
  readonly now?: Now;
  /** The source of the serial number; WebCrypto's unless said. */
  readonly random?: Random;
}

const TEN_YEARS_SECONDS = 3650 * 86_400;

/**
 * Makes a CA that signs certificates of nodes and CRLs, and no other CAs (path length 0).
 *
 * @returns an issuer: the certificate and its key
 * @throws TypeError for a name that is empty or cannot be written, or a lifetime that is none
 * @example
 * ```ts
 * import { createCa, exportPrivateKey } from "@certgen/core";
 *
 * const ca = await createCa({ commonName: "our CA", extractable: true });
 * console.log(ca.certificate.pem, await exportPrivateKey(ca)); // what to keep
 * ```
 */
export async function createCa(options: CaOptions): Promise<Issuer> {
  const { keyType, lifetimeSeconds = TEN_YEARS_SECONDS, extractable, now = systemNow, random, ...subject } = options;
  if (!Number.isSafeInteger(lifetimeSeconds) || lifetimeSeconds < 1) {
    throw new TypeError("lifetimeSeconds is not a whole number from 1 on");
  }
  const name = encodeName(subject);
  // RFC 5280 §4.1.2.4: an issuer has a name
  if (name.length === EMPTY_NAME_LENGTH) throw new TypeError("the CA has no name");
  const key = await generateKey(keyType, { extractable: extractable ?? false });
  const parts = {
    serialNumber: newSerialNumber(random),
    issuer: name,
    ...validityAt(now(), lifetimeSeconds),
    subject: name,
    subjectPublicKeyInfo: key.publicKey.spki,
    extensions: [
      encodeBasicConstraints(true, 0),
      encodeKeyUsage(["keyCertSign", "cRLSign"]),
      encodeSubjectKeyIdentifier(await keyIdentifier(key.publicKey.keyBits)),
    ],
  };
  const certificate = await buildCertificate(parts, key, (tbs) => {
    if (tbs.extensions.basicConstraints?.ca !== true) throw new Error("the certificate that was built is no CA's");
  });
  return { ...key, certificate };
}
