/**
 * What a common name and a signer name make of a certificate: the profile, the organization, the file of its CA.
 * @module
 */
import { etcdProfileOf, isEtcdProfile } from "../ca/etcd.ts";
import { signerNameFaults } from "../k8s/signer_name.ts";
import { nameFault } from "../object_name.ts";
import { attributeFault } from "../x509/name.ts";
import type { CertificatePlace, WantedCertificate } from "./managed.ts";

/** What somebody says of a certificate. */
export interface SaidOfCertificate {
  readonly commonName: string;
  readonly organization?: string | undefined;
  readonly signerName?: string | undefined;
}

/** What it is by that. */
export type CertificateKind =
  & Pick<WantedCertificate, "profile" | "signerName" | "commonName" | "organization">
  & Required<Pick<CertificatePlace, "caFile">>;

/** What is wrong with what was said, as the end of a sentence. */
export interface KindFault {
  readonly of: keyof SaidOfCertificate;
  readonly why: string;
}

/** The longest that an API server takes. */
const MAX_SIGNER_NAME = 571;

/** The kind, or what is wrong: names of etcd's kinds say everything else; any other needs a signer name and an organization. */
export function kindOf(said: SaidOfCertificate): CertificateKind | KindFault {
  const { commonName, signerName } = said;
  const subject = etcdProfileOf(commonName)?.subject;
  const isKind = subject !== undefined && commonName !== subject.commonNamePrefix;
  if (signerName === undefined && !isKind) return { of: "commonName", why: KINDS };
  const fault = commonNameFault(commonName);
  if (fault !== undefined) return { of: "commonName", why: fault };
  const signerFault = signerName === undefined ? undefined : signerNameFault(signerName);
  if (signerFault !== undefined) return { of: "signerName", why: signerFault };
  const organization = said.organization ?? (isKind ? subject.organization : undefined);
  if (organization === undefined) {
    return { of: "organization", why: "is needed: the common name is of none of etcd's kinds, which have one" };
  }
  const organizationFault = withoutName(attributeFault("organization", organization));
  if (organizationFault !== undefined) return { of: "organization", why: organizationFault };
  const profile = signerName?.slice(signerName.indexOf("/") + 1) ?? etcdProfileOf(commonName)?.name ?? "";
  return {
    profile,
    ...signerName === undefined ? {} : { signerName },
    commonName,
    organization,
    // never in one file with the others' CA: etcd takes any client certificate under its peer CA for a peer
    caFile: profile === "etcd-metric" ? "metric-ca.crt" : "ca.crt",
  };
}

const KINDS =
  "takes system:etcd-peer:NAME, system:etcd-server:NAME or system:etcd-metric:NAME, and any other with a signer name";

/** Why files cannot be named for a common name, or a certificate cannot have it, as the end of a sentence. */
export function commonNameFault(commonName: string): string | undefined {
  const fault = nameFault(commonName);
  if (fault !== undefined) return fault;
  if (commonName.startsWith(".") || commonName.includes("\\")) return "may not begin with '.' or contain '\\'";
  return withoutName(attributeFault("commonName", commonName));
}

function withoutName(fault: string | undefined): string | undefined {
  return fault?.replace(/^\w+ /, "");
}

function signerNameFault(signerName: string): string | undefined {
  if (signerName.length > MAX_SIGNER_NAME) return `has more than ${MAX_SIGNER_NAME} characters`;
  return signerNameFaults("signerName", signerName).length === 0
    ? undefined
    : "is not DOMAIN/NAME in lower case, as example.com/serving";
}

/** Certificates of the same group are issued by one CA; of others that is not known. */
export function caGroupOf({ profile, signerName }: Pick<WantedCertificate, "profile" | "signerName">): string {
  const [domain = "", name = ""] = (signerName ?? `certgen.internal/${profile}`).split("/");
  if (!isEtcdProfile(name)) return `${domain}/${name}`;
  return `${domain} ${name === "etcd-metric" ? "metric" : "etcd"}`;
}
