/**
 * Proofs of possession over what is recorded of certificates.
 * @module
 */
import { proofAuthenticator, type ProvableCertificate } from "../auth/proof_authenticator.ts";
import type { Authenticator } from "../auth/authenticator.ts";
import type { Identity } from "../identity.ts";
import type { Log, Now } from "../ports.ts";
import type { Store } from "../store/store.ts";
import { attributeValues } from "../x509/name.ts";
import type { CertificateRecords, StoredRecord } from "./certificate_records.ts";
import { takeNonce } from "./nonces.ts";

/** What it stands on. */
export interface CertificateAuthenticatorOptions {
  readonly store: Store;
  readonly records: CertificateRecords;
  /** How long after its end a certificate may prove a request, in seconds. */
  readonly graceSeconds: number;
  /** Largest body taken, in bytes. */
  readonly maxBodyBytes: number;
  /** Is asked about each request that is proven, before its nonce is kept; throws what is too much. */
  readonly admit?: (identity: Identity, request: Request) => void;
  readonly now: Now;
  readonly log: Log;
}

/** Knows the holders of certificates that this signer issued to somebody known. */
export function certificateAuthenticator(options: CertificateAuthenticatorOptions): Authenticator {
  const { store, records, graceSeconds, maxBodyBytes, admit, now, log } = options;
  return proofAuthenticator({
    find: async (fingerprint) => {
      const stored = await records.get(fingerprint);
      return stored && provable(stored);
    },
    burn: async (nonce, until) => await takeNonce(store, nonce, until),
    graceSeconds,
    maxBodyBytes,
    now,
    ...admit === undefined ? {} : { admit },
    onRefusal: (because, fingerprint) =>
      log("debug", "proof of possession refused", { because, ...fingerprint === undefined ? {} : { fingerprint } }),
  });
}

function provable({ fingerprint, record }: StoredRecord): ProvableCertificate {
  const { certificate, profile, signerName, issuerKey, lineage, renewUntil, revoked } = record;
  const [commonName = ""] = attributeValues(certificate.subject, "commonName");
  return {
    fingerprint,
    profile,
    signerName,
    issuerKey,
    commonName,
    lineage,
    notBefore: certificate.notBefore,
    notAfter: certificate.notAfter,
    ...renewUntil === undefined ? {} : { renewUntil },
    isRevoked: revoked !== undefined,
  };
}
