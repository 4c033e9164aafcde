/**
 * The one door to @peculiar/asn1-schema: it writes what is not hot, and is the second opinion in tests. It reads BER, so
 * nothing that comes from outside is read through it. Loading it takes a tenth of a second on Node: import it when needed.
 * @module
 */
import { CertificationRequestInfo } from "@peculiar/asn1-csr";
import { AsnConvert } from "@peculiar/asn1-schema";
import { Attribute, Name, SubjectPublicKeyInfo } from "@peculiar/asn1-x509";
import type { Bytes } from "../bytes.ts";

/** The parts of a CertificationRequestInfo, each in DER but for the OID. */
export interface RequestInfoParts {
  readonly subject: Bytes;
  readonly subjectPublicKeyInfo: Bytes;
  /** In the order they are given: DER's order of a SET OF is the caller's. */
  readonly attributes: readonly { readonly type: string; readonly values: readonly Bytes[] }[];
}

/** Writes a CertificationRequestInfo (RFC 2986 §4.1). */
export function encodeCertificationRequestInfo(parts: RequestInfoParts): Bytes {
  const info = new CertificationRequestInfo({
    version: 0,
    subject: AsnConvert.parse(parts.subject, Name),
    subjectPKInfo: AsnConvert.parse(parts.subjectPublicKeyInfo, SubjectPublicKeyInfo),
  });
  for (const { type, values } of parts.attributes) {
    info.attributes.push(new Attribute({ type, values: values.map((value) => value.buffer) }));
  }
  return new Uint8Array(AsnConvert.serialize(info));
}
