/** Makes CSRs and certificates that certgen itself would not write. */
import * as write from "../../src/asn1/der_writer.ts";
import { Oid } from "../../src/asn1/oid.ts";
import { type Bytes, compare } from "../../src/bytes.ts";
import { type KeyPair, sign } from "../../src/x509/key.ts";
import { encodeName, type Subject } from "../../src/x509/name.ts";

/** Parts of a CSR; the usual ones unless given. */
export interface CraftedCsr {
  readonly key: KeyPair;
  /** Stands in the CSR instead of the key's own. */
  readonly spki?: Bytes;
  readonly version?: Bytes;
  readonly subject?: Subject | Bytes;
  /** Extensions of the extensionRequest attribute. */
  readonly extensions?: readonly Bytes[];
  /** Whole attributes, besides that. */
  readonly attributes?: readonly Bytes[];
  /** What stands where the attributes stand. */
  readonly attributesField?: Bytes;
  /** The AlgorithmIdentifier that the CSR names. */
  readonly algorithm?: Bytes;
  /** The BIT STRING. */
  readonly signature?: Bytes;
}

const nameOf = (subject: Subject | Bytes): Bytes => subject instanceof Uint8Array ? subject : encodeName(subject);

/** An attribute of a CSR. */
export function attribute(type: string, ...values: readonly Bytes[]): Bytes {
  return write.sequence(write.oid(type), write.setOf(...values));
}

/** A CSR, signed. */
export async function craftCsr(parts: CraftedCsr): Promise<Bytes> {
  const { key, subject = { commonName: "a" }, extensions, attributes = [] } = parts;
  const requested = extensions === undefined ? [] : [attribute(Oid.extensionRequest, write.sequence(...extensions))];
  const all = [...attributes, ...requested].sort(compare);
  const info = write.sequence(
    parts.version ?? write.integer(0),
    nameOf(subject),
    parts.spki ?? key.publicKey.spki,
    parts.attributesField ?? write.explicit(0, ...all),
  );
  const signature = parts.signature ?? write.bitStringOf(await sign(key, info));
  return write.sequence(info, parts.algorithm ?? key.signatureAlgorithm.der, signature);
}

/** One extension, of any type and value. */
export function extension(type: string, value: Bytes, ...flag: readonly Bytes[]): Bytes {
  return write.sequence(write.oid(type), ...flag, write.octetString(value));
}

/** subjectAltName around general names. */
export function altNames(...names: readonly Bytes[]): Bytes {
  return extension(Oid.subjectAltName, write.sequence(...names));
}

/** Parts of a certificate; those of a CA that signs itself unless given. */
export interface CraftedCertificate {
  /** The key that signs. */
  readonly key: KeyPair;
  readonly spki?: Bytes;
  /** The whole [0]; nothing: version 1. */
  readonly version?: Bytes;
  readonly serialNumber?: Bytes;
  readonly innerAlgorithm?: Bytes;
  readonly algorithm?: Bytes;
  readonly issuer?: Subject | Bytes;
  readonly subject?: Subject | Bytes;
  readonly notBefore?: Bytes;
  readonly notAfter?: Bytes;
  readonly extensions?: readonly Bytes[];
  /** What stands where the extensions stand. */
  readonly tail?: readonly Bytes[];
  readonly signature?: Bytes;
}

const VERSION_3 = write.explicit(0, write.integer(2));

/** A certificate, signed. */
export async function craftCertificate(parts: CraftedCertificate): Promise<Bytes> {
  const { key, issuer = { commonName: "CA" }, extensions = [] } = parts;
  const tbs = write.sequence(
    parts.version ?? VERSION_3,
    parts.serialNumber ?? write.integer(1),
    parts.innerAlgorithm ?? parts.algorithm ?? key.signatureAlgorithm.der,
    nameOf(issuer),
    write.sequence(
      parts.notBefore ?? write.time(new Date("2024-01-01T00:00:00Z")),
      parts.notAfter ?? write.time(new Date("2034-01-01T00:00:00Z")),
    ),
    nameOf(parts.subject ?? issuer),
    parts.spki ?? key.publicKey.spki,
    ...parts.tail ?? (extensions.length === 0 ? [] : [write.explicit(3, write.sequence(...extensions))]),
  );
  const signature = parts.signature ?? write.bitStringOf(await sign(key, tbs));
  return write.sequence(tbs, parts.algorithm ?? key.signatureAlgorithm.der, signature);
}
