import { readDer } from "../src/asn1/der.ts";
import { fileNumbers } from "../src/audit/directory.ts";
import { AuditLog, type AuditLogOptions } from "../src/audit/log.ts";
import { toUtf8 } from "../src/bytes.ts";
import { CertgenError, messageOf } from "../src/errors.ts";
import type { Files, Log, Runtime } from "../src/ports.ts";
import { exportPrivateKey, generateKey, importPrivateKey, type KeyPair } from "../src/x509/key.ts";
import { parsePem, toPem } from "../src/x509/pem.ts";
import { parsePublicKey, type PublicKey } from "../src/x509/public_key.ts";
import { readText } from "./credentials.ts";
import { checkSafePath } from "./safe_path.ts";

/** The files of an audit directory besides the log's own. */
export interface AuditPaths {
  /** Signs the heads: PKCS #8, 0600. */
  readonly key: string;
  /** What they are verified with: SubjectPublicKeyInfo, PEM. */
  readonly publicKey: string;
  /** A copy of the last head. */
  readonly head: string;
}

/** Where they are. */
export function auditPaths(directory: string): AuditPaths {
  return { key: `${directory}/audit.key`, publicKey: `${directory}/audit.pub`, head: `${directory}/head` };
}

/**
 * Opens the audit log in a directory; directory and key are made where they are missing. Whoever has the key can write the
 * log anew, so that heads and `audit.pub` should be copied to another machine.
 *
 * @param options how the log is kept; `parents: false` where it stands in a directory that others may write to as well
 * @throws CertgenError `unsafe-path` where somebody else could have planted something; `malformed-object` where the log cannot
 * be gone on with, or its key is not there any more
 */
export async function openAuditDirectory(
  runtime: Pick<Runtime, "files" | "userId" | "sleep">,
  directory: string,
  log: Log,
  options: AuditLogOptions & { readonly parents?: boolean } = {},
): Promise<AuditLog> {
  const { files, sleep } = runtime;
  const { parents = true } = options;
  await checkSafePath(runtime, directory, { parents });
  await files.makeDirectory(directory, 0o700);
  // again, now that it is there: from here on nobody else can put another in its place
  await checkSafePath(runtime, directory, { mustExist: true, parents });
  for (const path of Object.values(auditPaths(directory))) await checkSafePath(runtime, path, { parents });
  const key = await ensureKey(files, directory, log);
  return await AuditLog.open(files, directory, key, { log, sleep, ...options });
}

async function ensureKey(files: Files, directory: string, log: Log): Promise<KeyPair> {
  const paths = auditPaths(directory);
  if (await files.stat(paths.key) === undefined) {
    if ((await fileNumbers(files, directory)).length > 0) {
      throw new CertgenError(
        "malformed-object",
        `Cannot go on with audit log ${JSON.stringify(directory)}: its key ${JSON.stringify(paths.key)} is not there`,
      );
    }
    const key = await generateKey("ec-p256", { extractable: true });
    await files.create(paths.key, toUtf8(await exportPrivateKey(key)), 0o600);
    await files.replace(paths.publicKey, toUtf8(publicKeyPem(key.publicKey)), 0o644);
    log("info", "made a key for the audit log", { file: paths.publicKey });
  }
  const key = await readKey(paths.key, async () => await importPrivateKey(await readText(files, paths.key)));
  // a crash may have come between the two
  const pem = publicKeyPem(key.publicKey);
  if (await files.stat(paths.publicKey) === undefined) await files.replace(paths.publicKey, toUtf8(pem), 0o644);
  if (await readText(files, paths.publicKey) === pem) return key;
  throw new CertgenError(
    "malformed-key",
    `Cannot use ${JSON.stringify(paths.publicKey)}: it is not the public half of ${JSON.stringify(paths.key)}`,
  );
}

/**
 * The key that an audit log's heads are verified with, from the file of either half.
 * @throws CertgenError as the halves are wrong, naming the file
 */
export async function readAuditKey(files: Files, path: string): Promise<PublicKey> {
  const text = await readText(files, path);
  return await readKey(path, async () => {
    if (text.includes("PRIVATE KEY-----")) return (await importPrivateKey(text)).publicKey;
    return parsePublicKey(readDer(parsePem(text, ["PUBLIC KEY"], "public key"), "public key"));
  });
}

async function readKey<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof CertgenError) || error.code === "not-found" || error.code === "io") throw error;
    throw new CertgenError(error.code, `Cannot use audit key ${JSON.stringify(path)}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

function publicKeyPem({ spki }: PublicKey): string {
  return toPem("PUBLIC KEY", spki);
}
