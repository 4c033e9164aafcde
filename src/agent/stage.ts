/**
 * The key and the request of a certificate that is asked for: on disk before anybody hears of them, so that an interrupted try goes on with
 * both.
 * @module
 */
import { equal, toHex } from "../bytes.ts";
import { kubernetesUsages } from "../k8s/usages.ts";
import type { Random } from "../ports.ts";
import type { Certificate } from "../x509/certificate.ts";
import { createCsr } from "../x509/csr.ts";
import type { KeyUsage } from "../x509/extension.ts";
import type { GeneralName } from "../x509/general_name.ts";
import { exportPrivateKey, generateKey, type KeyPair } from "../x509/key.ts";
import { attributeValues } from "../x509/name.ts";
import { DEFAULT_USAGES, isOfType } from "./check.ts";
import type { WantedCertificate } from "./managed.ts";
import type { Pair } from "./pair.ts";
import {
  decodeRequest,
  encodeRequest,
  hasTerms,
  newRequest,
  type RequestTerms,
  type StagedRequest,
} from "./request.ts";
import type { Staging } from "./staging.ts";

/** A pair that can speak for itself, and the CA that issued it. */
export interface Prover {
  readonly pair: Pick<Pair, "certificate" | "key" | "keyPem">;
  readonly issuer: Certificate;
}

/** One certificate that is asked for. */
export interface Order {
  readonly wanted: WantedCertificate;
  readonly staging: Staging;
  /** The pair whose key is kept; a new key is made unless said. */
  readonly keep?: Pair;
  /** The pair that asks; the token does unless said, and where the signer does not take it. */
  readonly prover?: Prover;
}

/** `spec.signerName` of what is wanted. */
export function signerNameOf({ signerName, profile }: WantedCertificate): string {
  return signerName ?? `certgen.internal/${profile}`;
}

/** A key with a request for it that stand on disk before anybody hears of them. */
export interface Staged {
  readonly key: KeyPair;
  readonly keyPem: string;
  readonly request: StagedRequest;
  /** Whether the request is of an earlier, interrupted try. */
  readonly isReused: boolean;
}

/** The request of an interrupted try where it still is what is wanted; a new one otherwise. */
export async function stage(order: Order, names: readonly GeneralName[], random: Random): Promise<Staged> {
  const { wanted, staging } = order;
  const earlier = decodeRequest(await staging.request());
  // with whichever key it was begun: the signer may have answered it, and would take another key now for a thief's
  for (const begun of await keysAtHand(order)) {
    if (earlier !== undefined && asks(earlier, begun.key, wanted, names)) {
      return { ...begun, request: earlier, isReused: true };
    }
  }
  const { key, keyPem } = await keyFor(order);
  const { commonName, organization, dnsNames, ipAddresses } = wanted;
  const csr = await createCsr({ key, subject: { organization, commonName }, dnsNames, ipAddresses });
  const { signerName, usages, expirationSeconds } = termsOf(wanted, key);
  const request = newRequest(newName(commonName, random), signerName, usages, csr.pem, expirationSeconds);
  await staging.putRequest(encodeRequest(request, "v1"));
  return { key, keyPem, request, isReused: false };
}

/** A key, and its PEM. */
type HeldKey = Pick<Staged, "key" | "keyPem">;

/** The keys that a request may have been staged for: the one in use, and the one that was staged. */
async function keysAtHand({ wanted, staging, keep, prover }: Order): Promise<HeldKey[]> {
  const [present, staged] = [keep ?? prover?.pair, await staging.key()];
  const held: HeldKey[] = present === undefined ? [] : [{ key: present.key, keyPem: present.keyPem }];
  if (staged !== undefined) held.push({ key: staged, keyPem: await exportPrivateKey(staged) });
  return held.filter(({ key }) => isOfType(key.publicKey, wanted.keyType));
}

/** The key that is kept, the one that was staged, or a new one, staged. */
async function keyFor({ wanted, staging, keep }: Order): Promise<HeldKey> {
  if (keep !== undefined) return { key: keep.key, keyPem: keep.keyPem };
  const staged = await staging.key();
  const isUsable = staged !== undefined && isOfType(staged.publicKey, wanted.keyType);
  const key = isUsable ? staged : await generateKey(wanted.keyType, { extractable: true });
  if (!isUsable) await staging.putKey(key);
  return { key, keyPem: await exportPrivateKey(key) };
}

/** A name of an object that nobody has taken yet. */
export function newName(commonName: string, random: Random): string {
  return `${commonName}-${toHex(random(4))}`;
}

/** What a request for a certificate is for, besides what its CSR says. */
function termsOf(wanted: WantedCertificate, { publicKey }: KeyPair): RequestTerms {
  const { extKeyUsage = DEFAULT_USAGES, lifetimeSeconds } = wanted;
  const keyUsage: KeyUsage[] = publicKey.rsa === undefined
    ? ["digitalSignature"]
    : ["digitalSignature", "keyEncipherment"];
  return {
    signerName: signerNameOf(wanted),
    usages: kubernetesUsages(keyUsage, extKeyUsage),
    ...lifetimeSeconds !== undefined && { expirationSeconds: lifetimeSeconds },
  };
}

/** Whether a staged request is for this key and for what is wanted. */
function asks(request: StagedRequest, key: KeyPair, wanted: WantedCertificate, names: readonly GeneralName[]): boolean {
  const { csr } = request;
  const text = (list: readonly GeneralName[]): string =>
    list.map(({ type, value }) => `${type}:${value}`).sort().join();
  return hasTerms(request, termsOf(wanted, key)) && equal(csr.publicKey.spki, key.publicKey.spki) &&
    attributeValues(csr.subject, "commonName").join() === wanted.commonName &&
    attributeValues(csr.subject, "organization").join() === wanted.organization &&
    text(csr.extensions.subjectAltName ?? []) === text(names);
}
