/**
 * Gets one certificate: stage a key, ask, wait, check, swap.
 * @module
 */
import { equal, fromUtf8, toHex, toUtf8 } from "../bytes.ts";
import { systemNow } from "../clock.ts";
import { CertgenError } from "../errors.ts";
import { kubernetesUsages } from "../k8s/usages.ts";
import type { Fetch, Files, Log, Now, Random, Sleep } from "../ports.ts";
import { secureRandom } from "../random.ts";
import type { Certificate } from "../x509/certificate.ts";
import { createCsr } from "../x509/csr.ts";
import type { ExtKeyUsage, KeyUsage } from "../x509/extension.ts";
import { type GeneralName, generalNames } from "../x509/general_name.ts";
import { generateKey, type KeyPair, type KeyType } from "../x509/key.ts";
import { attributeValues } from "../x509/name.ts";
import { checkIssued } from "./check.ts";
import { SignerClient } from "./client.ts";
import { PairFiles } from "./pair.ts";
import { decodeRequest, encodeRequest, newRequest, type StagedRequest, submit } from "./request.ts";

/** What a certificate is to be, and where its files go. */
export interface RequestOptions {
  /** Profile of the signer, as `etcd-peer`: its last part of the signer name, and what its CA is asked for by. */
  readonly profile: string;
  /** Domain of the signer name; `certgen.internal` unless said. */
  readonly domain?: string;
  /** Subject common name; also the base name of the files. */
  readonly commonName: string;
  /** Subject organization. */
  readonly organization: string;
  /** DNS names. */
  readonly dnsNames: readonly string[];
  /** IP addresses, as text. */
  readonly ipAddresses: readonly string[];
  /** Extended usages that are asked for; server and client unless said. */
  readonly extKeyUsage?: readonly ExtKeyUsage[];
  /** Kind of key; `ec-p256` unless said. */
  readonly keyType?: KeyType;
  /** Directory of the files; made where it is missing. */
  readonly directory: string;
  /** Name of the CA's file in it; `ca.crt` unless said. */
  readonly caFile?: string;
  /** Trusts the signer's CA and no other. */
  readonly fetch: Fetch;
  /** `https://host:port` of the signer. */
  readonly url: string;
  /** Bearer token. */
  readonly token?: string;
  /** PEM of the CA that must have issued the answer; what the signer says it is unless given. */
  readonly issuerCa?: string;
  /** PEM of the CA that must have issued the answer, where it is not given and the signer cannot say. */
  readonly fallbackIssuerCa?: string;
  /** The file system. */
  readonly files: Files;
  /** The clock; the machine's unless said. */
  readonly now?: Now;
  /** How to wait. */
  readonly sleep: Sleep;
  /** Random octets; WebCrypto's unless said. */
  readonly random?: Random;
  /** Takes log lines; dropped unless said. */
  readonly log?: Log;
  /** Gives up when it is aborted; its reason is what is thrown. */
  readonly signal?: AbortSignal;
}

/** A certificate that was taken. */
export interface IssuedPair {
  /** The certificate, checked. */
  readonly certificate: Certificate;
  /** Path of the key, 0600, PKCS #8. */
  readonly keyFile: string;
  /** Path of the certificate, 0644. */
  readonly certificateFile: string;
  /** Path of the CA's certificate, 0644. */
  readonly caFile: string;
}

/**
 * Gets a certificate and puts it, its key and its CA on disk. A pair that is there is replaced only by a whole, checked one.
 *
 * @throws CertgenError `denied` with the signer's reason; `invalid-certificate` for an answer that must not be used;
 * `rejected`, `unauthorized`, `forbidden` by the signer's answer; `invalid-object` for a name, `malformed-object` for a
 * token that is none; the signal's reason
 */
export async function requestCertificate(options: RequestOptions): Promise<IssuedPair> {
  const { files, directory, commonName, random = secureRandom, now = systemNow, log = () => {} } = options;
  const pair = new PairFiles(files, directory, commonName);
  const names = generalNames(options.dnsNames, options.ipAddresses);
  const client = new SignerClient({ ...options, random, log });
  await files.makeDirectory(directory, 0o755);
  await pair.recover();
  const { key, request } = await stage(options, pair, names, random);
  let answered = false;
  try {
    const pem = await submit(client, request, log);
    answered = true;
    const ca = options.issuerCa ?? await client.ca(options.profile) ?? options.fallbackIssuerCa;
    if (ca === undefined) {
      throw new CertgenError(
        "invalid-certificate",
        "Cannot check the certificate: the signer does not say which CA issued it, and none was given",
      );
    }
    const { extKeyUsage = DEFAULT_USAGES, organization } = options;
    const wanted = { publicKey: key.publicKey, commonName, organization, names, extKeyUsage };
    const { certificate, cas } = await checkIssued(pem, ca, wanted, now());
    const caFile = `${directory}/${options.caFile ?? "ca.crt"}`;
    await replaceIfDifferent(files, caFile, cas.map((ca) => ca.pem).join(""));
    await pair.commit(certificate.pem);
    return { certificate, keyFile: pair.paths.key, certificateFile: pair.paths.certificate, caFile };
  } catch (error) {
    // what may still come to a good end is kept for the next try; a signer that cannot be trusted has answered nothing
    const ended = error instanceof CertgenError &&
      (ENDINGS.includes(error.code) || (answered && error.code === "invalid-certificate"));
    if (ended) await pair.discard();
    throw error;
  }
}

const DEFAULT_USAGES: readonly ExtKeyUsage[] = ["serverAuth", "clientAuth"];
/** After these the same request would only get the same answer. */
const ENDINGS: readonly string[] = [
  "denied",
  "rejected",
  "already-exists",
  "not-found",
  "too-large",
];

/** The key and request of an interrupted try where they still are what is wanted; new ones otherwise. */
async function stage(
  options: RequestOptions,
  pair: PairFiles,
  names: readonly GeneralName[],
  random: Random,
): Promise<{ key: KeyPair; request: StagedRequest }> {
  const { commonName, organization, profile, domain = "certgen.internal", extKeyUsage = DEFAULT_USAGES } = options;
  const signerName = `${domain}/${profile}`;
  const staged = await pair.stagedKey();
  const key = staged !== undefined && isOfType(staged, options.keyType) ? staged : undefined;
  const earlier = decodeRequest(await pair.stagedRequest());
  if (key !== undefined && earlier?.signerName === signerName && asks(earlier, key, options, names)) {
    return { key, request: earlier };
  }
  const usable = key ?? await generateKey(options.keyType, { extractable: true });
  if (key === undefined) await pair.stageKey(usable);
  const { dnsNames, ipAddresses } = options;
  const csr = await createCsr({ key: usable, subject: { organization, commonName }, dnsNames, ipAddresses });
  const keyUsage: KeyUsage[] = usable.publicKey.rsa === undefined
    ? ["digitalSignature"]
    : ["digitalSignature", "keyEncipherment"];
  const usages = kubernetesUsages(keyUsage, extKeyUsage);
  const request = newRequest(`${commonName}-${toHex(random(4))}`, signerName, usages, csr.pem);
  await pair.stageRequest(encodeRequest(request, "v1"));
  return { key: usable, request };
}

function isOfType(key: KeyPair, type: KeyType = "ec-p256"): boolean {
  const { algorithm, rsa } = key.publicKey;
  return algorithm === "rsa" ? type === `rsa-${(rsa?.modulus.length ?? 0) * 8}` : algorithm === type;
}

/** Whether a staged request is for this key, this subject and these names. */
function asks(request: StagedRequest, key: KeyPair, options: RequestOptions, names: readonly GeneralName[]): boolean {
  const { csr } = request;
  if (!equal(csr.publicKey.spki, key.publicKey.spki)) return false;
  const text = (list: readonly GeneralName[]): string =>
    list.map(({ type, value }) => `${type}:${value}`).sort().join();
  return attributeValues(csr.subject, "commonName").join() === options.commonName &&
    attributeValues(csr.subject, "organization").join() === options.organization &&
    text(csr.extensions.subjectAltName ?? []) === text(names);
}

async function replaceIfDifferent(files: Files, path: string, text: string): Promise<void> {
  try {
    if (fromUtf8(await files.read(path)) === text) return;
  } catch (error) {
    if (!(error instanceof CertgenError)) throw error;
  }
  await files.replace(path, toUtf8(text), 0o644);
}
