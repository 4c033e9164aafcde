/**
 * Puts a certificate in place: the CA's file first, since it only adds trust, and then the pair by one rename.
 * @module
 */
import { equal, fromUtf8, toUtf8 } from "../bytes.ts";
import { CertgenError } from "../errors.ts";
import type { Files } from "../ports.ts";
import { type Certificate, parseCertificates } from "../x509/certificate.ts";
import { bundleText, nextBundle } from "./ca_bundle.ts";
import { sameCertificates } from "./look.ts";
import type { CertificatePlace } from "./managed.ts";
import type { Pair, PairFiles } from "./pair.ts";

/** What of a pair's files is another than it was. */
export type ChangedPart = "certificate" | "key" | "ca";

/** What is to be in place. */
export interface Installation {
  readonly certificate: Certificate;
  readonly certificatePem: string;
  readonly keyPem: string;
  /** The CAs that are to be trusted, by the signer or whoever knows better. */
  readonly cas: readonly Certificate[];
  /** Whether the CAs are the user's own word, which needs no CA that was there before. */
  readonly isPinned: boolean;
}

/**
 * Puts it in place, pending.
 *
 * @param over the version in use when it was asked for
 * @returns the version, or `undefined` where all of it is in place already
 * @throws CertgenError `invalid-certificate` where the CAs are not those that are trusted here, nor certified by one of them;
 * `conflict` where another agent was faster; `unsafe-path`, `io`
 */
export async function install(
  files: Files,
  pairFiles: PairFiles,
  place: CertificatePlace,
  wanted: Installation,
  over: string | undefined,
  at: Date,
): Promise<string | undefined> {
  const { certificate, certificatePem, keyPem, cas, isPinned } = wanted;
  const { ca: path } = pairFiles.layout;
  await pairFiles.layout.checkFile(path);
  const found = await pairFiles.read();
  const pair = found.state === "whole" ? found.pair : undefined;
  // the last good pair is not always the one before: others may have failed since
  const others = [pair, await pairFiles.good(), await pairFiles.previous()];
  const kept = [certificate, ...others.flatMap((other) => other === undefined ? [] : [other.certificate])];
  const present = await trustedIn(files, path);
  const bundle = await nextBundle({ present, said: cas, kept, isPinned, at });
  if (!sameCertificates(present, bundle)) {
    await files.replace(path, toUtf8(bundleText(bundle)), place.certificateMode ?? 0o644, place.owner);
  }
  const isSame = pair?.version !== undefined && pair.keyPem === keyPem && pair.certificatePem === certificatePem &&
    sameCertificates(casOf(pair.caPem), bundle);
  if (isSame) return undefined;
  return await pairFiles.commit({ keyPem, certificatePem, caPem: bundleText(bundle) }, over);
}

/**
 * The CAs that are trusted here.
 * @throws CertgenError where the file cannot be read: what it held nobody knows, and so whom to trust instead
 */
export async function trustedIn(files: Files, path: string): Promise<Certificate[]> {
  try {
    return parseCertificates(fromUtf8(await files.read(path)));
  } catch (cause) {
    if (!(cause instanceof CertgenError) || cause.code === "io") throw cause;
    if (cause.code === "not-found") return [];
    throw new CertgenError(
      "invalid-certificate",
      `Cannot use the CA's file ${
        JSON.stringify(path)
      }: ${cause.message}; repair it, or remove it to take the signer's word`,
      { cause },
    );
  }
}

/** What differs between a pair and the one that its readers had before. */
export function changedParts(now: Pair, before: Pair | undefined): ChangedPart[] {
  const changed: ChangedPart[] = [];
  if (before === undefined || !equal(now.certificate.der, before.certificate.der)) changed.push("certificate");
  if (before === undefined || !equal(now.key.publicKey.spki, before.key.publicKey.spki)) changed.push("key");
  if (before === undefined || !sameCertificates(casOf(now.caPem), casOf(before.caPem))) changed.push("ca");
  return changed;
}

/** The CAs of a text that a pair was put in place with; none where it has none that can be read. */
export function casOf(pem: string | undefined): Certificate[] {
  try {
    return pem === undefined ? [] : parseCertificates(pem);
  } catch (error) {
    if (error instanceof CertgenError) return [];
    throw error;
  }
}
