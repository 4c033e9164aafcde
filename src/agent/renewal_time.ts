/**
 * When a certificate is renewed: a function of the certificate alone, so that it needs no state and a fleet spreads.
 * @module
 */
import { sha256 } from "../digest.ts";
import type { Random } from "../ports.ts";
import type { Certificate } from "../x509/certificate.ts";

/** Renewals are spread over this part of the lifetime. */
const FIRST = 0.6;
const LAST = 0.75;
/** Two certificates for one pair are this far apart at least: a tenth of the lifetime, and a minute at most. */
const MAX_INTERVAL_SECONDS = 60;

/** Seconds from a certificate's first moment to its last. */
export function lifetimeOf({ notBefore, notAfter }: Pick<Certificate, "notBefore" | "notAfter">): number {
  return (notAfter.getTime() - notBefore.getTime()) / 1000;
}

/** The moment from which on a certificate is to be renewed: between 60 and 75 % of its lifetime, by its own hash. */
export async function renewalTime(certificate: Pick<Certificate, "der" | "notBefore" | "notAfter">): Promise<Date> {
  const [a = 0, b = 0, c = 0, d = 0] = await sha256(certificate.der);
  const point = ((a << 24 | b << 16 | c << 8 | d) >>> 0) / 2 ** 32;
  const after = lifetimeOf(certificate) * (FIRST + (LAST - FIRST) * point);
  return new Date(certificate.notBefore.getTime() + after * 1000);
}

/** Seconds that pass between two certificates for one pair, whatever is due. */
export function minimumInterval(lifetimeSeconds: number): number {
  return Math.min(lifetimeSeconds / 10, MAX_INTERVAL_SECONDS);
}

const FIRST_PAUSE_SECONDS = 10;
/** A signer that comes back is to be found soon. */
const SOFT: readonly string[] = ["unavailable", "timed-out"];
const MAX_SOFT_PAUSE_SECONDS = 60;
const MAX_PAUSE_SECONDS = 3600;
/** A certificate that ends as it begins, or before, as somebody may have put there, makes no loop without pauses. */
const LEAST_LIFETIME_SECONDS = 20;

/**
 * Seconds to wait after so many failures in a row: twice as many each time, up to a minute where the signer did not answer, up
 * to an hour otherwise, and less where the lifetime is short; up to half of it by chance.
 */
export function retryPause(random: Random, code: string, failures: number, lifetimeSeconds: number): number {
  const lifetime = Math.max(lifetimeSeconds, LEAST_LIFETIME_SECONDS);
  const most = Math.min(SOFT.includes(code) ? MAX_SOFT_PAUSE_SECONDS : MAX_PAUSE_SECONDS, lifetime / 20);
  const grown = Math.min(FIRST_PAUSE_SECONDS, lifetime / 60) * 2 ** Math.max(0, Math.min(failures - 1, 16));
  const [octet = 0] = random(1);
  const pause = Math.min(grown, most) * (0.5 + octet / 510);
  // the answer was a certificate, though one that must not be used
  return code === "invalid-certificate" ? Math.max(pause, minimumInterval(lifetime)) : pause;
}
