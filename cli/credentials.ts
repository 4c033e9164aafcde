import { resolve } from "node:path";
import { isBearerToken } from "../src/auth/authenticator.ts";
import { toUtf8 } from "../src/bytes.ts";
import { createCa } from "../src/ca/create_ca.ts";
import { type Issuer, loadIssuer } from "../src/ca/issuer.ts";
import { signCsr } from "../src/ca/sign_csr.ts";
import { CertgenError, messageOf } from "../src/errors.ts";
import type { Files } from "../src/ports.ts";
import { createCsr } from "../src/x509/csr.ts";
import type { ExtKeyUsage } from "../src/x509/extension.ts";
import { parseCertificates } from "../src/x509/certificate.ts";
import { exportPrivateKey, generateKey, type KeyType } from "../src/x509/key.ts";
import { parseIp } from "../src/x509/ip.ts";
import { formatName } from "../src/x509/name.ts";

/** A certificate and its key as they are written to files. */
export interface Credentials {
  readonly certificate: string;
  readonly privateKey: string;
}

/** A new CA, and what to write of it. */
export async function newCa(
  commonName: string,
  keyType: KeyType = "ec-p256",
): Promise<{ issuer: Issuer; pem: Credentials }> {
  const issuer = await createCa({ commonName, keyType, extractable: true });
  return { issuer, pem: { certificate: issuer.certificate.pem, privateKey: await exportPrivateKey(issuer) } };
}

/** What a certificate that is no node's is for. */
export interface LeafOptions {
  readonly commonName: string;
  readonly usages: readonly ExtKeyUsage[];
  /** DNS names and IP addresses, told apart here. */
  readonly names: readonly string[];
  readonly lifetimeSeconds: number;
  readonly keyType?: KeyType;
}

/** A new key with a certificate for it. */
export async function newLeaf(ca: Issuer, options: LeafOptions): Promise<Credentials> {
  const { commonName, usages, names, lifetimeSeconds, keyType } = options;
  const key = await generateKey(keyType, { extractable: true });
  const isAddress = (name: string): boolean => parseIp(name) !== undefined;
  const csr = await createCsr({
    key,
    subject: { commonName },
    dnsNames: names.filter((name) => !isAddress(name)),
    ipAddresses: names.filter(isAddress),
  });
  const certificate = await signCsr(csr.der, ca, { usages, lifetimeSeconds });
  return { certificate: certificate.pem, privateKey: await exportPrivateKey(key) };
}

/**
 * Loads a CA from its two files; what is wrong is said with their names. The certificate's file may hold other CAs after the one that
 * issues, which are to be trusted besides.
 */
export async function readIssuer(files: Files, certificatePath: string, keyPath: string): Promise<Issuer> {
  const [certificate, privateKey] = await readPair(files, certificatePath, keyPath);
  try {
    const [first, ...others] = parseCertificates(certificate);
    const issuer = await loadIssuer(first?.der ?? certificate, privateKey, new Date());
    const foreign = others.find(({ extensions }) => extensions.basicConstraints?.ca !== true);
    if (foreign !== undefined) {
      const subject = JSON.stringify(formatName(foreign.subject));
      throw new CertgenError("invalid-certificate", `after the CA it holds a certificate that is no CA's, ${subject}`);
    }
    return others.length === 0 ? issuer : { ...issuer, others };
  } catch (cause) {
    throw new CertgenError(
      "invalid-certificate",
      `Cannot use CA ${JSON.stringify(certificatePath)} with key ${JSON.stringify(keyPath)}: ${messageOf(cause)}`,
      { cause },
    );
  }
}

/** The texts of a certificate's and a key's file. */
export async function readPair(
  files: Files,
  certificatePath: string,
  keyPath: string,
): Promise<[certificate: string, privateKey: string]> {
  return [await readText(files, certificatePath), await readText(files, keyPath)];
}

/** The text of a file. */
export async function readText(files: Files, path: string): Promise<string> {
  const bytes = await files.read(path);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new CertgenError("malformed-pem", `Cannot read ${JSON.stringify(path)}: it is no text; PEM is needed`, {
      cause,
    });
  }
}

/** The token that a file holds; where it holds none, what it does hold is not said. */
export async function readToken(files: Files, path: string): Promise<string> {
  const token = (await readText(files, path)).trim();
  if (isBearerToken(token)) return token;
  throw new CertgenError("malformed-object", `Cannot use ${JSON.stringify(path)}: it holds no bearer token`);
}

/** Writes a key (0600) and then its certificate (0644), so that a certificate never stands without its key. */
export async function writePair(files: Files, base: string, { certificate, privateKey }: Credentials): Promise<void> {
  await files.replace(`${base}.key`, toUtf8(privateKey), 0o600);
  await files.replace(`${base}.crt`, toUtf8(certificate), 0o644);
}

/** A path as a person would paste it into a shell, wherever that is. */
export function absolute(path: string): string {
  return resolve(path);
}
