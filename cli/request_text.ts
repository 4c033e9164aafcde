/**
 * What a CertificateSigningRequest says, in words for people. All of it is somebody else's: nothing of it is to be printed
 * before it is made printable.
 * @module
 */
import { fromBase64Pem } from "../src/k8s/certificate_signing_request.ts";
import { humanDuration } from "../src/k8s/human_duration.ts";
import type { RequestView } from "../src/k8s/request_view.ts";
import { type Certificate, parseCertificates } from "../src/x509/certificate.ts";
import { type Csr, parseCsr } from "../src/x509/csr.ts";

/** Domain of the signer names of certgen's own profiles. */
const OWN_DOMAIN = "certgen.internal/";
/** What stands where there is nothing. */
export const NONE = "<none>";

/** The CSR of a request; `undefined` where it is none that certgen reads. */
export function csrOf({ spec }: RequestView): Csr | undefined {
  try {
    return parseCsr(fromBase64Pem(spec.request));
  } catch {
    return undefined;
  }
}

/** The certificate that a request was answered with; `undefined` where there is none, or none that certgen reads. */
export function certificateOf({ status }: RequestView): Certificate | undefined {
  try {
    return status.certificate === undefined ? undefined : parseCertificates(fromBase64Pem(status.certificate))[0];
  } catch {
    return undefined;
  }
}

/** The profile that a signer's name stands for; the whole name where it is another's. */
export function profileOf(signerName: string): string {
  return signerName.startsWith(OWN_DOMAIN) ? signerName.slice(OWN_DOMAIN.length) : signerName || NONE;
}

/** How long ago a moment was. */
export function ageOf(moment: string | undefined, now: Date): string {
  const time = Date.parse(moment ?? "");
  return Number.isNaN(time) ? "<unknown>" : humanDuration((now.getTime() - time) / 1000);
}

/** How long a moment is away: `364d`, or `3d ago`. */
export function distanceOf(moment: Date, now: Date): string {
  const seconds = (moment.getTime() - now.getTime()) / 1000;
  return seconds >= 0 ? humanDuration(seconds) : `${humanDuration(-seconds)} ago`;
}

/** RFC 3339, whole seconds. */
export function timeOf(moment: Date): string {
  return moment.toISOString().replace(/\.\d+/, "");
}
