/** CAs that follow one another, and pairs that they issued. */
import { createCa } from "../src/ca/create_ca.ts";
import { type Issuer, newSerialNumber, validityAt } from "../src/ca/issuer.ts";
import { signCsr, type SignOptions } from "../src/ca/sign_csr.ts";
import type { Certificate } from "../src/x509/certificate.ts";
import { buildCertificate } from "../src/x509/certificate_builder.ts";
import { createCsr } from "../src/x509/csr.ts";
import {
  encodeAuthorityKeyIdentifier,
  encodeBasicConstraints,
  encodeKeyUsage,
  encodeSubjectKeyIdentifier,
} from "../src/x509/extension.ts";
import { exportPrivateKey, generateKey, type KeyPair } from "../src/x509/key.ts";
import { keyIdentifier } from "../src/x509/public_key.ts";
import { MOMENT } from "./fakes.ts";

/** Seconds in a day. */
export const DAY = 86_400;

/** The test's moment, and so many seconds. */
export function later(seconds: number): Date {
  return new Date(Date.parse(MOMENT) + seconds * 1000);
}

/** A CA that signed itself a moment ago, for ten years unless said. */
export function authority(commonName: string, lifetimeSeconds: number = 3650 * DAY): Promise<Issuer> {
  return createCa({ commonName, lifetimeSeconds, now: () => later(0) });
}

/** How a CA's certificate differs from the usual one. */
export interface Certification {
  /** What it claims to be issued by, where that is not who signed it. */
  readonly claims?: Certificate;
  readonly isCa?: boolean;
  readonly from?: Date;
  readonly lifetimeSeconds?: number;
}

/** A certificate for a CA's key and name that a CA signed: itself once more, or another one. */
export async function certify(
  { certificate: { subject }, publicKey }: Issuer,
  by: Issuer,
  { claims = by.certificate, isCa = true, from = later(0), lifetimeSeconds = 365 * DAY }: Certification = {},
): Promise<Certificate> {
  const parts = {
    serialNumber: newSerialNumber(),
    issuer: claims.subject.der,
    ...validityAt(from, lifetimeSeconds),
    subject: subject.der,
    subjectPublicKeyInfo: publicKey.spki,
    extensions: [
      encodeBasicConstraints(isCa),
      encodeKeyUsage(isCa ? ["keyCertSign", "cRLSign"] : ["digitalSignature"]),
      encodeSubjectKeyIdentifier(await keyIdentifier(publicKey.keyBits)),
      encodeAuthorityKeyIdentifier(await keyIdentifier(claims.publicKey.keyBits)),
    ],
  };
  return await buildCertificate(parts, by, () => {});
}

/** A key and its certificate, as an agent has them. */
export interface IssuedTexts {
  readonly key: KeyPair;
  readonly certificate: Certificate;
  readonly certificatePem: string;
  readonly keyPem: string;
}

/** What a certificate is to be, besides the usual. */
export interface Leaf extends Pick<SignOptions, "usages" | "lifetimeSeconds" | "now"> {
  readonly key?: KeyPair;
  readonly commonName?: string;
  readonly organization?: string;
  readonly dnsNames?: readonly string[];
  readonly ipAddresses?: readonly string[];
}

/** A pair that a CA issued: for `n` of `o`, with the DNS name `n` and the address 10.0.0.1, for a day, unless said. */
export async function issued(ca: Issuer, leaf: Leaf = {}): Promise<IssuedTexts> {
  const { commonName = "n", organization = "o", dnsNames = ["n"], ipAddresses = ["10.0.0.1"] } = leaf;
  const { usages = ["serverAuth", "clientAuth"], lifetimeSeconds = DAY, now = () => later(0) } = leaf;
  const key = leaf.key ?? await generateKey("ec-p256", { extractable: true });
  const csr = await createCsr({ key, subject: { organization, commonName }, dnsNames, ipAddresses });
  const certificate = await signCsr(csr.pem, ca, { usages, lifetimeSeconds, now });
  return { key, certificate, certificatePem: certificate.pem, keyPem: await exportPrivateKey(key) };
}
