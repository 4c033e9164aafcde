/**
 * What there is of a certificate, for somebody who asks; nothing is changed, and nobody is asked.
 * @module
 */
import { CertgenError } from "../errors.ts";
import type { Certificate } from "../x509/certificate.ts";
import { trustedIn } from "./install.ts";
import type { CertificateState } from "./events.ts";
import { lookAt } from "./look.ts";
import type { ManagedCertificate } from "./managed.ts";
import { PairFiles, type PairPorts } from "./pair.ts";
import { type Failure, Staging } from "./staging.ts";

/** How a certificate is. */
export interface CertificateStatus {
  /** Its common name. */
  readonly commonName: string;
  /** Path of the certificate. */
  readonly certificateFile: string;
  /** How it is. */
  readonly state: CertificateState;
  /** Why it is not fresh; empty where it is. */
  readonly reason: string;
  /** Where there is one that can be read. */
  readonly certificate?: Certificate;
  /** The moment from which on it is to be renewed. */
  readonly renewAt?: Date;
  /** Whether its hook and check have still to run. */
  readonly isPending: boolean;
  /** Why the last renewal failed, where it did. */
  readonly failure?: Failure;
}

/**
 * Looks at a certificate on disk. What cannot be read is `broken`, with the reason.
 * @throws CertgenError `unsafe-path` where its name would leave its directory
 */
export async function statusOf(managed: ManagedCertificate, ports: PairPorts): Promise<CertificateStatus> {
  const pair = new PairFiles(ports, managed, managed.commonName);
  const { commonName } = managed;
  const about = { commonName, certificateFile: pair.layout.paths.certificate };
  try {
    const trusted = await trustedIn(ports.files, pair.layout.ca);
    const look = await lookAt(await pair.read(), managed, { trusted }, ports.now());
    const failure = await new Staging(ports.files, pair.layout.home).failure();
    const { state, reason, renewAt } = look;
    return {
      ...about,
      state,
      reason,
      ...look.pair && { certificate: look.pair.certificate },
      ...renewAt && { renewAt },
      isPending: look.pair?.version !== undefined && await pair.isPending(),
      ...failure && { failure },
    };
  } catch (error) {
    if (!(error instanceof CertgenError)) throw error;
    return { ...about, state: "broken", reason: error.message, isPending: false };
  }
}
