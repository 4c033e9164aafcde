/**
 * Kubernetes' usage strings <-> KeyUsage and ExtKeyUsage.
 * @module
 */
import type { KeyUsage } from "../x509/extension.ts";

/** certificates.k8s.io KeyUsage: those that are bits of the key usage extension. `signing` is an older word for the first. */
const KEY_USAGE: ReadonlyMap<string, KeyUsage> = new Map<string, KeyUsage>([
  ["signing", "digitalSignature"],
  ["digital signature", "digitalSignature"],
  ["content commitment", "contentCommitment"],
  ["key encipherment", "keyEncipherment"],
  ["data encipherment", "dataEncipherment"],
  ["key agreement", "keyAgreement"],
  ["cert sign", "keyCertSign"],
  ["crl sign", "cRLSign"],
  ["encipher only", "encipherOnly"],
  ["decipher only", "decipherOnly"],
]);

/** Those that are extended usages: the name of the X.509 usage, or Kubernetes' own where certgen has no other. */
const EXT_KEY_USAGE: ReadonlyMap<string, string> = new Map([
  ["any", "anyExtendedKeyUsage"],
  ["server auth", "serverAuth"],
  ["client auth", "clientAuth"],
  ["code signing", "codeSigning"],
  ["email protection", "emailProtection"],
  ["s/mime", "s/mime"],
  ["ipsec end system", "ipsec end system"],
  ["ipsec tunnel", "ipsec tunnel"],
  ["ipsec user", "ipsec user"],
  ["timestamping", "timeStamping"],
  ["ocsp signing", "ocspSigning"],
  ["microsoft sgc", "microsoft sgc"],
  ["netscape sgc", "netscape sgc"],
]);

/** Every usage string that Kubernetes knows, sorted. */
export const USAGES: readonly string[] = [...KEY_USAGE.keys(), ...EXT_KEY_USAGE.keys()].sort();

/** Usage strings as X.509 usages; strings that Kubernetes does not know come back as extended usages nobody issues. */
export function x509Usages(usages: readonly string[]): { keyUsage: KeyUsage[]; extKeyUsage: string[] } {
  const keyUsage: KeyUsage[] = [];
  const extKeyUsage: string[] = [];
  for (const usage of usages) {
    const bit = KEY_USAGE.get(usage);
    if (bit !== undefined) keyUsage.push(bit);
    else extKeyUsage.push(EXT_KEY_USAGE.get(usage) ?? usage);
  }
  return { keyUsage, extKeyUsage };
}

/** X.509 usages as usage strings. */
export function kubernetesUsages(keyUsage: readonly KeyUsage[], extKeyUsage: readonly string[]): string[] {
  const name = (table: ReadonlyMap<string, string>, usage: string): string[] => {
    // the last, since "signing" stands before "digital signature"
    const found = [...table].filter(([, value]) => value === usage).map(([key]) => key).pop();
    return found === undefined ? [] : [found];
  };
  return [
    ...keyUsage.flatMap((usage) => name(KEY_USAGE, usage)),
    ...extKeyUsage.flatMap((usage) => name(EXT_KEY_USAGE, usage)),
  ];
}
