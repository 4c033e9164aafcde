/**
 * One certificate that an agent looks after: what it is to be, where it goes, and who hears of a change. Plain data, made by
 * the flags or by the configuration file.
 * @module
 */
import type { Owner, Program } from "../ports.ts";
import type { ExtKeyUsage } from "../x509/extension.ts";
import type { KeyType } from "../x509/key.ts";

/** What a certificate is to be. */
export interface WantedCertificate {
  /** Profile of the signer, as `etcd-peer`: what its CA is asked for by, and the last part of the signer name. */
  readonly profile: string;
  /** `spec.signerName`; `certgen.internal/` and the profile unless said. */
  readonly signerName?: string;
  /** Subject common name; also the base name of the files. */
  readonly commonName: string;
  /** Subject organization. */
  readonly organization: string;
  /** DNS names. */
  readonly dnsNames: readonly string[];
  /** IP addresses, as text. */
  readonly ipAddresses: readonly string[];
  /** Extended usages that are asked for; server and client unless said. */
  readonly extKeyUsage?: readonly ExtKeyUsage[];
  /** Kind of key; `ec-p256` unless said. */
  readonly keyType?: KeyType;
  /** Lifetime that is asked for, `spec.expirationSeconds`; the profile's unless said. */
  readonly lifetimeSeconds?: number;
}

/** Where the files of a certificate go, and whom they belong to. */
export interface CertificatePlace {
  /** Directory of the files; made where it is missing. */
  readonly directory: string;
  /** Name of the CA's file in it; `ca.crt` unless said. */
  readonly caFile?: string;
  /** Permission bits of the key; 0600 unless said. */
  readonly keyMode?: number;
  /** Permission bits of the certificate and the CA's file; 0644 unless said. */
  readonly certificateMode?: number;
  /** Whom the files are given to; the agent's own user unless said. */
  readonly owner?: Owner;
}

/** A certificate that is kept fresh. */
export interface ManagedCertificate extends WantedCertificate, CertificatePlace {
  /**
   * `never` keeps the key when the certificate is renewed: a program that opens the two files one after the other, as etcd does
   * at each handshake, always reads a pair that matches. `always` makes a new key each time; readers must be told (`onChange`).
   * `never` unless said.
   */
  readonly rotateKey?: "never" | "always";
  /** Runs after the files have changed. */
  readonly onChange?: Program;
  /** Runs after that, and says by its exit code whether the new files work. */
  readonly check?: Program;
  /** A TLS server that must show the new certificate. */
  readonly checkTls?: { readonly host: string; readonly port: number };
}
