import { checkServerIdentity, type DetailedPeerCertificate, type PeerCertificate } from "node:tls";
import { equal } from "../bytes.ts";
import { messageOf } from "../errors.ts";
import { type Certificate, parseCertificate } from "../x509/certificate.ts";
import type { KeyUsage } from "../x509/extension.ts";

/** Whether a certificate whose chain a runtime has verified is that of a host; an error with a `code` where it is not. */
export type IdentityCheck = (host: string, certificate: PeerCertificate) => Error | undefined;

/** More than any chain has; a runtime that shows a circle would hold us for ever. */
const MAX_CHAIN = 16;
/** RFC 8446 §4.4.2.2 and RFC 5246 §7.4.2: what a server does with its key, for one way of the key exchange or another. */
const SERVER_KEY_USAGES: readonly KeyUsage[] = ["digitalSignature", "keyEncipherment", "keyAgreement"];

/**
 * A `checkServerIdentity` that also refuses what some runtime's TLS takes and another's does not, so that all of them trust
 * the same servers: SHA-1 and RSA keys under 2048 bits in a chain (Bun takes both, Node such keys), a name that is
 * nowhere but in the common name (all three), a key usage that is none of a server's (Deno).
 *
 * @param trusted DER of the CAs; how those are signed does not matter
 */
export function identityCheck(trusted: readonly Uint8Array[]): IdentityCheck {
  return (host, certificate) => {
    try {
      const chain = chainOf(certificate).map((der) => parseCertificate(der));
      const fault = leafFault(chain[0], host) ?? chain.map((one) => weakness(one, trusted)).find(Boolean);
      return fault === undefined ? checkServerIdentity(host, certificate) : rejected(fault);
    } catch (error) {
      return rejected(messageOf(error));
    }
  };
}

/** DER of the certificates from the server's own to the CA's. */
function chainOf(certificate: PeerCertificate): Uint8Array[] {
  const chain: Uint8Array[] = [];
  let one: Partial<DetailedPeerCertificate> | undefined = certificate;
  while (one?.raw !== undefined && chain.length < MAX_CHAIN) {
    chain.push(new Uint8Array(one.raw));
    const issuer: DetailedPeerCertificate | undefined = one.issuerCertificate;
    one = issuer === one ? undefined : issuer;
  }
  return chain;
}

function leafFault(leaf: Certificate | undefined, host: string): string | undefined {
  if (leaf === undefined) return "the server shows none";
  const { keyUsage, subjectAltName = [] } = leaf.extensions;
  if (keyUsage !== undefined && !SERVER_KEY_USAGES.some((usage) => keyUsage.includes(usage))) {
    return "its key usage is none of a server's";
  }
  // RFC 9525 §6.3; an address was never looked for anywhere else
  if (!isAddress(host) && !subjectAltName.some(({ type }) => type === "dns")) {
    return "no DNS name is in its subjectAltName, and a common name does not count";
  }
  return undefined;
}

function weakness(
  { der, publicKey, signatureAlgorithm }: Certificate,
  trusted: readonly Uint8Array[],
): string | undefined {
  if (publicKey.fault !== undefined) {
    return `the key of a certificate in its chain must not be used: ${publicKey.fault}`;
  }
  if (signatureAlgorithm.family !== "unsupported" || trusted.some((one) => equal(one, der))) return undefined;
  return `a certificate in its chain is signed with ${signatureAlgorithm.name}, which must not be used`;
}

const isAddress = (host: string): boolean => host.includes(":") || /^[\d.]+$/.test(host);

/** OpenSSL's word for a certificate that the application refuses (X509_V_ERR_CERT_REJECTED). */
function rejected(fault: string): Error {
  return Object.assign(new Error(fault), { code: "CERT_REJECTED" });
}
