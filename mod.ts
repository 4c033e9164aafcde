/**
 * certgen's core: certification requests, certificates and issuing over WebCrypto, on Node, Deno, Bun, browsers and workers.
 *
 * @example
 * ```ts
 * import { createCa, createCsr, generateKey, signCsr } from "@certgen/core";
 *
 * const ca = await createCa({ commonName: "our CA" });
 * const csr = await createCsr({
 *   key: await generateKey("ec-p256"),
 *   subject: { organization: "system:etcd-peers", commonName: "system:etcd-peer:etcd1" },
 *   dnsNames: ["etcd1"],
 *   ipAddresses: ["10.8.89.9"],
 * });
 * const certificate = await signCsr(csr.pem, ca, { profile: "etcd-peer" });
 * console.log(certificate.pem);
 * ```
 * @module
 */
export type { Bytes } from "./src/bytes.ts";
export { CertgenError, type ErrorCode, type ErrorDetails, type FieldCause, type FieldReason } from "./src/errors.ts";
export type { Now, Random } from "./src/ports.ts";
export { createProof, type CreateProofOptions } from "./src/auth/proof.ts";
export type { ForeignAlgorithm, Hash, SignatureAlgorithm, SignatureFamily } from "./src/x509/algorithm.ts";
export {
  type Certificate,
  parseCertificate,
  parseCertificates,
  type TbsCertificate,
  verifyCertificate,
  type VerifyOptions,
} from "./src/x509/certificate.ts";
export { createCsr, type CreatedCsr, type Csr, type CsrOptions, parseCsr, verifyCsr } from "./src/x509/csr.ts";
export {
  EXT_KEY_USAGES,
  type Extension,
  type Extensions,
  type ExtKeyUsage,
  KEY_USAGES,
  type KeyUsage,
} from "./src/x509/extension.ts";
export { formatGeneralName, type GeneralName, type GeneralNameType } from "./src/x509/general_name.ts";
export {
  exportPrivateKey,
  generateKey,
  importPrivateKey,
  KEY_TYPES,
  type KeyOptions,
  type KeyPair,
  type KeyType,
} from "./src/x509/key.ts";
export {
  attributeValues,
  formatName,
  type Name,
  type NameAttribute,
  type Subject,
  type SubjectAttribute,
} from "./src/x509/name.ts";
export type { KeyAlgorithm, PublicKey } from "./src/x509/public_key.ts";
export { type CaOptions, createCa } from "./src/ca/create_ca.ts";
export { type EtcdProfileName, etcdProfiles } from "./src/ca/etcd.ts";
export { type Issuer, loadIssuer } from "./src/ca/issuer.ts";
export {
  decide,
  type Decision,
  type DenialReason,
  type Judgement,
  type PolicyRequest,
  type RuleFault,
} from "./src/ca/policy.ts";
export { defineProfile, type Profile, type ProfileConfig, type SubjectRule } from "./src/ca/profile.ts";
export { signCsr, type SignOptions } from "./src/ca/sign_csr.ts";
