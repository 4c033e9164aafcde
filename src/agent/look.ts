/**
 * What an agent sees of a certificate: whether it is there, and whether it is time for another one.
 * @module
 */
import { equal } from "../bytes.ts";
import { quoted } from "../text.ts";
import { type Certificate, isIssuedBy, validityFault } from "../x509/certificate.ts";
import { formatName } from "../x509/name.ts";
import { differenceFrom } from "./check.ts";
import type { CertificateState } from "./events.ts";
import type { WantedCertificate } from "./managed.ts";
import type { Pair, PairState } from "./pair.ts";
import { renewalTime } from "./renewal_time.ts";

/** What was seen. */
export interface Look {
  /** How it is. */
  readonly state: CertificateState;
  /** Why it is not fresh; empty where it is. */
  readonly reason: string;
  /** Whether another certificate is to be asked for. */
  readonly isDue: boolean;
  /** Where the certificate is not what is wanted any more, so that it may not speak for what is. */
  readonly isOther: boolean;
  /** Where it is whole. */
  readonly pair?: Pair;
  /** The moment from which on it is to be renewed. */
  readonly renewAt?: Date;
}

/** The CAs of a certificate. */
export interface Issuers {
  /** Those that are trusted here; where there are none, nothing is said about them. */
  readonly trusted: readonly Certificate[];
  /** The one that issues now, where somebody has asked. */
  readonly issuing?: Certificate | undefined;
}

/** Looks at a certificate: a function of what is on disk, what is wanted, and the moment. */
export async function lookAt(
  found: PairState,
  wanted: WantedCertificate,
  issuers: Issuers,
  at: Date,
): Promise<Look> {
  if (found.state !== "whole") return { state: found.state, reason: found.reason, isDue: true, isOther: false };
  const { pair } = found;
  const renewAt = await renewalTime(pair.certificate);
  const difference = differenceFrom(pair.certificate, wanted);
  const seen = { pair, renewAt, isOther: difference !== undefined };
  const fault = validityFault(pair.certificate, at);
  if (fault !== undefined) {
    const isExpired = at > pair.certificate.notBefore;
    // before its time a clock is wrong, and another certificate would come too early as well
    return { ...seen, state: isExpired ? "expired" : "broken", reason: fault, isDue: isExpired };
  }
  const reason = difference ?? await issuerFault(pair.certificate, issuers) ??
    (at >= renewAt ? "it is in the last part of its lifetime" : undefined);
  return { ...seen, state: reason === undefined ? "fresh" : "due", reason: reason ?? "", isDue: reason !== undefined };
}

async function issuerFault(certificate: Certificate, { trusted, issuing }: Issuers): Promise<string | undefined> {
  if (issuing !== undefined && !await isIssuedBy(certificate, issuing)) {
    return `its CA was another than the one that issues now, ${quoted(formatName(issuing.subject))}`;
  }
  if (trusted.length === 0) return undefined;
  for (const ca of trusted) if (await isIssuedBy(certificate, ca)) return undefined;
  return "its CA is not among those that are trusted here";
}

/** Whether two lists hold the same certificates: what order they are in makes no difference to whom one trusts. */
export function sameCertificates(a: readonly Certificate[], b: readonly Certificate[]): boolean {
  const holds = (list: readonly Certificate[], one: Certificate): boolean =>
    list.some(({ der }) => equal(der, one.der));
  return a.every((one) => holds(b, one)) && b.every((one) => holds(a, one));
}
