import { fromBase64, toBase64, toUtf8 } from "../bytes.ts";
import type { Bytes } from "../bytes.ts";
import { CertgenError } from "../errors.ts";
import { signatureAlgorithm } from "../x509/algorithm.ts";
import { type KeyPair, sign } from "../x509/key.ts";
import { type PublicKey, verifySignature } from "../x509/public_key.ts";
import { sha256Hex } from "../digest.ts";
import type { AuditLine, HeadSignature } from "./line.ts";

/** Begins everything that is signed, so that no signature is ever good for something else. */
const LABEL = "certgen-audit-head-v1";
const ALGORITHM = signatureAlgorithm("ecdsa", "SHA-256");

/** The key that signs the heads of a log. */
export interface HeadKey {
  readonly key: Pick<KeyPair, "privateKey" | "publicKey" | "signatureAlgorithm">;
  /** SHA-256 of its SubjectPublicKeyInfo, in hexadecimal. */
  readonly keyId: string;
}

/**
 * A key with its identifier.
 * @throws CertgenError `unsupported-algorithm` where it is no ECDSA key over P-256
 */
export async function headKey(key: HeadKey["key"]): Promise<HeadKey> {
  return { key, keyId: await keyIdOf(key.publicKey) };
}

/**
 * SHA-256 of a key's SubjectPublicKeyInfo, in hexadecimal.
 * @throws CertgenError `unsupported-algorithm` where no head is ever signed with such a key
 */
export async function keyIdOf(key: PublicKey): Promise<string> {
  if (key.algorithm === "ec-p256") return await sha256Hex(key.spki);
  throw new CertgenError("unsupported-algorithm", `Cannot use audit key: it is ${key.name}, not EC P-256`);
}

/** Signs where a line stands, what comes before it, and when. */
export async function signHead({ key, keyId }: HeadKey, line: AuditLine): Promise<HeadSignature> {
  const signature = toBase64(await sign(key, signedBytes(line)));
  return { algorithm: ALGORITHM.name, keyId, signature };
}

/** Whether a line is a head that this key has signed. */
export async function isSigned(line: AuditLine, publicKey: PublicKey, keyId: string): Promise<boolean> {
  const { head } = line;
  if (head?.keyId !== keyId || head.algorithm !== ALGORITHM.name) return false;
  try {
    await verifySignature(publicKey, ALGORITHM, signedBytes(line), fromBase64(head.signature), "audit head");
    return true;
  } catch (error) {
    if (error instanceof CertgenError) return false;
    throw error;
  }
}

function signedBytes({ sequence, time, previous }: AuditLine): Bytes {
  return toUtf8(`${LABEL}\n${sequence}\n${previous}\n${time}`);
}
