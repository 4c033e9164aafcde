/**
 * Who asks for something, with what is recorded of the certificate that has proven it.
 * @module
 */
import { CertgenError } from "../errors.ts";
import { EXTRA, factOf, type Identity } from "../identity.ts";
import { askedSubject, type Renewal } from "../policy/question.ts";
import type { CertificateRecords, StoredRecord } from "./certificate_records.ts";

/** Who asks. */
export interface Requester {
  readonly identity: Identity;
  /** The certificate that is to be renewed, where its key has proven the identity. */
  readonly predecessor?: StoredRecord;
}

/**
 * Who asks, with the record of the certificate that has proven it.
 * @throws CertgenError `forbidden` where that is not there any more, or was revoked since
 */
export async function requesterOf(identity: Identity, records: CertificateRecords, now: Date): Promise<Requester> {
  if (identity.proof !== "certificate") return { identity };
  const predecessor = await records.get(factOf(identity, EXTRA.certificate) ?? "");
  if (predecessor === undefined || predecessor.record.revoked !== undefined) throw notGoodAnyMore();
  // what has waited for an administrator may have waited too long
  const { renewUntil } = predecessor.record;
  if (renewUntil !== undefined && now.getTime() >= renewUntil.getTime() + 1000) throw notGoodAnyMore();
  return { identity, predecessor };
}

/** The error for a proof by a certificate that was revoked since, or is no longer known. */
export function notGoodAnyMore(): CertgenError {
  return new CertgenError("forbidden", "the certificate that it was proven by is not good for it any more");
}

/** What is renewed, as the policy judges it. */
export function renewalOf({ predecessor }: Requester): Renewal | undefined {
  if (predecessor === undefined) return undefined;
  const { certificate: { subject, extensions }, profile, origin } = predecessor.record;
  return { profile, subject: askedSubject(subject), names: extensions.subjectAltName ?? [], origin };
}
