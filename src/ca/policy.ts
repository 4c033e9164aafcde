/**
 * Whether a request may have what it asks for. Every rule has a name and is judged by itself; a request is approved only
 * where none objects.
 * @module
 */
import { equal } from "../bytes.ts";
import type { Csr } from "../x509/csr.ts";
import type { KeyUsage } from "../x509/extension.ts";
import { dnsNameFault, formatGeneralName, type GeneralName } from "../x509/general_name.ts";
import { formatIp, parseIp } from "../x509/ip.ts";
import { attributeFault, attributeValues, formatName, isSubjectAttribute } from "../x509/name.ts";
import { Tag } from "../asn1/tag.ts";
import type { Profile } from "./profile.ts";

/** The rules, by the reason that a denial gives. */
export type DenialReason =
  | "ProfileUnknown"
  | "SubjectNotAllowed"
  | "KeyNotAllowed"
  | "SignatureAlgorithmNotAllowed"
  | "ExtensionNotAllowed"
  | "UsageNotAllowed"
  | "NameNotAllowed";

/** What is judged. */
export interface PolicyRequest {
  /** Parsed; the signature is verified by whoever asks, before anything is issued. */
  readonly csr: Csr;
  /** The profile that was asked for; without one the subject picks it. */
  readonly profile?: Profile;
  /** Usages that were asked for besides the CSR's own. */
  readonly keyUsage?: readonly KeyUsage[];
  /** Extended usages that were asked for besides the CSR's own, by name or dotted OID. */
  readonly extKeyUsage?: readonly string[];
  /** Keys that no node may have: the CAs' own, as SubjectPublicKeyInfo. */
  readonly caKeys?: readonly Uint8Array[];
  /** Drops empty DNS names, since the older agent sends one where it has none. */
  readonly dropEmptyDnsNames?: boolean;
}

/** What was decided. */
export type Decision =
  | { readonly approved: true; readonly profile: Profile; readonly names: readonly GeneralName[] }
  | { readonly approved: false; readonly reason: DenialReason; readonly message: string };

/** What one rule says. */
export interface RuleFault {
  /** The rule, by the reason that its denial gives. */
  readonly rule: DenialReason;
  /** Why not, in words; absent where the rule has no objection. */
  readonly fault?: string;
}

/** What was decided, and what led to it. */
export type Judgement = Decision & {
  /** The profile that judged, if there is one. */
  readonly profile: Profile | undefined;
  /** The names asked for: DNS names in lower case, each once, in order. */
  readonly names: readonly GeneralName[];
  /** What every rule says, in order; {@link Decision} gives the first fault. */
  readonly rules: readonly RuleFault[];
};

type Rule = (request: PolicyRequest, profile: Profile) => string | undefined;

/** In the order in which they are judged; each says why not, in words, or nothing. */
const RULES: ReadonlyMap<DenialReason, Rule> = new Map<DenialReason, Rule>([
  ["SubjectNotAllowed", subjectRule],
  ["KeyNotAllowed", keyRule],
  ["SignatureAlgorithmNotAllowed", signatureRule],
  ["ExtensionNotAllowed", extensionRule],
  ["UsageNotAllowed", usageRule],
  ["NameNotAllowed", nameRule],
]);

/**
 * Decides about a request. A lifetime is no part of it: one beyond the profile's is cut down where it is issued.
 *
 * @param request what is asked for
 * @param profiles the profiles among which the subject picks, where the request names none
 */
export function decide(request: PolicyRequest, profiles: readonly Profile[]): Judgement {
  const profile = request.profile ?? profileOf(request.csr, profiles);
  const names = wantedNames(request);
  if (profile === undefined) {
    const message = `no profile issues to the subject ${shorten(JSON.stringify(formatName(request.csr.subject)))}`;
    const [reason, rules] = ["ProfileUnknown" as const, [{ rule: "ProfileUnknown" as const, fault: message }]];
    return { approved: false, reason, message, profile, names, rules };
  }
  const rules = [...RULES].map(([rule, judge]): RuleFault => {
    const fault = judge(request, profile);
    return fault === undefined ? { rule } : { rule, fault: shorten(fault) };
  });
  const first = rules.find(({ fault }) => fault !== undefined);
  if (first === undefined) return { approved: true, profile, names, rules };
  const message = `${first.fault} (profile ${profile.name})`;
  return { approved: false, reason: first.rule, message, profile, names, rules };
}

/** A refusal repeats what was asked for, which may be as long as a request can be. */
function shorten(text: string): string {
  return text.length <= 500 ? text : `${text.slice(0, 500)}…`;
}

/** The profile that a subject belongs to: the organization alone picks, so that a denial can say what is wrong with the rest. */
function profileOf(csr: Csr, profiles: readonly Profile[]): Profile | undefined {
  const organizations = attributeValues(csr.subject, "organization");
  const [commonName = ""] = attributeValues(csr.subject, "commonName");
  const byPrefix = profiles.find(({ subject }) =>
    subject !== undefined && commonName.startsWith(subject.commonNamePrefix)
  );
  return byPrefix ??
    profiles.find(({ subject }) => subject !== undefined && organizations.includes(subject.organization));
}

/** What follows a profile's prefix: nothing that a file name, a log line or an eye could take for something else. */
const NODE_NAME = /^[A-Za-z0-9._:@-]+$/;

function subjectRule({ csr }: PolicyRequest, profile: Profile): string | undefined {
  const { attributes } = csr.subject;
  const rdns = new Set(attributes.map((attribute) => attribute.rdn));
  if (rdns.size !== attributes.length) return "the subject has an RDN of several attributes";
  const odd = attributes.find(({ tag }) => tag !== Tag.utf8String && tag !== Tag.printableString);
  if (odd !== undefined) return `the subject's ${odd.type} is neither UTF8String nor PrintableString`;
  for (const { type, value } of attributes) {
    if (!isSubjectAttribute(type)) return `the subject has an attribute that is not issued: ${type}`;
    const fault = attributeFault(type, value);
    if (fault !== undefined) return `the subject's ${fault}`;
    if (/[\p{Cc}\p{Cf}]/u.test(value)) return `the subject's ${type} has a control or format character`;
    if (attributes.filter((other) => other.type === type).length > 1) return `the subject has more than one ${type}`;
  }
  const rule = profile.subject;
  if (rule === undefined) {
    const nameless = attributes.length === 0 && (csr.extensions.subjectAltName ?? []).length === 0;
    return nameless ? "the request names nobody: it has neither a subject nor alternative names" : undefined;
  }
  const extra = attributes.find(({ type }) => type !== "organization" && type !== "commonName");
  if (extra !== undefined) return `the subject has ${extra.type} besides organization and common name`;
  const [organization] = attributeValues(csr.subject, "organization");
  const [commonName = ""] = attributeValues(csr.subject, "commonName");
  if (organization !== rule.organization) {
    return `the subject's organization is ${JSON.stringify(organization ?? null)}, not ${
      JSON.stringify(rule.organization)
    }`;
  }
  if (!commonName.startsWith(rule.commonNamePrefix)) {
    return `the subject's common name ${JSON.stringify(commonName)} does not begin with ${
      JSON.stringify(rule.commonNamePrefix)
    }`;
  }
  return NODE_NAME.test(commonName.slice(rule.commonNamePrefix.length))
    ? undefined
    : `the subject's common name must have a name of letters, digits and ._:@- after ${
      JSON.stringify(rule.commonNamePrefix)
    }`;
}

function keyRule({ csr, caKeys = [] }: PolicyRequest, profile: Profile): string | undefined {
  const { publicKey } = csr;
  if (publicKey.fault !== undefined) return publicKey.fault;
  if (!profile.keys.some((algorithm) => algorithm === publicKey.algorithm)) {
    return `keys of type ${publicKey.name} are not certified`;
  }
  return caKeys.some((key) => equal(key, publicKey.spki)) ? "the key is a CA's" : undefined;
}

function signatureRule({ csr }: PolicyRequest): string | undefined {
  const { family, name } = csr.signatureAlgorithm;
  return family === "unsupported" ? `the request is signed with ${name}, which is not accepted` : undefined;
}

/** Known ones are judged by the rules for usages and names; of the others, those that are not critical are not issued. */
const JUDGED = ["basicConstraints", "keyUsage", "extKeyUsage", "subjectAltName", "subjectKeyIdentifier"];

function extensionRule({ csr }: PolicyRequest): string | undefined {
  if (csr.extensions.basicConstraints?.ca === true) {
    return "the request asks for a CA certificate (basicConstraints CA:TRUE)";
  }
  const critical = csr.extensions.all.find((extension) => extension.critical && !JUDGED.includes(extension.type));
  return critical && `the request asks for a critical extension that is not issued: ${critical.type}`;
}

function usageRule({ csr, keyUsage = [], extKeyUsage = [] }: PolicyRequest, profile: Profile): string | undefined {
  const wanted = [...csr.extensions.keyUsage ?? [], ...keyUsage];
  const wantedExtended = [...csr.extensions.extKeyUsage ?? [], ...extKeyUsage];
  const beyond = wanted.find((usage) => !profile.keyUsage.includes(usage)) ??
    wantedExtended.find((usage) => !profile.extKeyUsage.some((allowed) => allowed === usage));
  return beyond && `the request asks for the usage ${beyond}`;
}

function nameRule(request: PolicyRequest, profile: Profile): string | undefined {
  const names = wantedNames(request);
  if (names.length > profile.maxNames) return `the request has ${names.length} names: ${profile.maxNames} are allowed`;
  for (const name of names) {
    const fault = nameFault(name, profile);
    if (fault !== undefined) return `the name ${JSON.stringify(formatGeneralName(name))} is not issued: ${fault}`;
  }
  return undefined;
}

function nameFault({ type, value }: GeneralName, { wildcards }: Profile): string | undefined {
  if (type === "dns") return dnsNameFault(value, wildcards);
  if (type !== "ip") return `names of type ${type} are not allowed`;
  const octets = parseIp(value);
  return octets !== undefined && formatIp(octets) === value ? undefined : "it is an IPv4 address in IPv6 form";
}

/** The names asked for: DNS names in lower case, each once, in order. */
function wantedNames({ csr, dropEmptyDnsNames = false }: PolicyRequest): GeneralName[] {
  const names = new Map<string, GeneralName>();
  for (const { type, value } of csr.extensions.subjectAltName ?? []) {
    if (dropEmptyDnsNames && type === "dns" && value === "") continue;
    const name = { type, value: type === "dns" ? value.toLowerCase() : value };
    // a type that is read by name only has no value to be told apart by
    names.set(value === "" ? `${type} ${names.size}` : `${type}:${name.value}`, name);
  }
  return [...names.values()];
}
