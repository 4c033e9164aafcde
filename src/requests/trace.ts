/** Which request it was that asked: for the audit log. */
export interface Trace {
  /** The answer's `Audit-Id`. */
  readonly requestId: string;
  /** Address of the peer, where it is known. */
  readonly source?: string;
}
