/**
 * What an agent that keeps certificates fresh tells of them: types only. Whoever counts, shows or alarms listens.
 * @module
 */

/**
 * How a certificate on disk is: `fresh`; `due` for renewal; `expired`; `missing`; or `broken`, which is what cannot be read or
 * does not match its key.
 */
export type CertificateState = "fresh" | "due" | "expired" | "missing" | "broken";

/** What was seen of a certificate on disk. */
export interface CertificateLook {
  /** Until when it is valid; `undefined` where there is none that can be read. */
  readonly notAfter: Date | undefined;
  /** From when on it is to be renewed; `undefined` where there is none that can be read. */
  readonly renewAt: Date | undefined;
  /** How it is. */
  readonly state: CertificateState;
}

/** Takes what happens to certificates; each is named by the path of its file. A listener throws nothing. */
export interface AgentEvents {
  /** The certificate on disk, each time it was looked at. */
  onLook(name: string, look: CertificateLook): void;
  /** A new certificate is in place, and was found to work. */
  onRenewed(name: string, at: Date): void;
  /**
   * A renewal failed.
   *
   * @param code the `CertgenError` code of the failure; `forked`, where somebody else renewed with our key, is an alarm of its own
   */
  onFailure(name: string, code: string, at: Date): void;
  /** A new pair did not work, and the last good one is back. */
  onRolledBack(name: string, at: Date): void;
}
