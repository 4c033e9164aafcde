/**
 * What a client says in a POST, decoded and validated as kube-apiserver does it (`pkg/apis/certificates/validation`): a body of
 * the wrong shape is refused at once, everything else with all its faults together.
 * @module
 */
import { fromBase64, fromUtf8 } from "../bytes.ts";
import { CertgenError, type FieldCause } from "../errors.ts";
import { nameFault } from "../object_name.ts";
import { type Csr, parseCsr } from "../x509/csr.ts";
import {
  type ApiVersion,
  checkKind,
  LEGACY_SIGNER_NAME,
  MIN_EXPIRATION_SECONDS,
} from "./certificate_signing_request.ts";
import { duplicate, invalid, notSupported, refuse, required } from "./field.ts";
import { integerMember, isObject, type JsonObject, member, objectMember, stringMember, stringsMember } from "./json.ts";
import { metaFaults, OWN_ANNOTATIONS, type OwnerReference, readChangeableMeta } from "./object_meta.ts";
import { signerNameFaults } from "./signer_name.ts";
import { USAGES } from "./usages.ts";

/** What a client may say of an object that it creates; all else it sends is dropped. */
export interface CreateRequest {
  readonly version: ApiVersion;
  /** Made from `generateName` where none was sent. */
  readonly name: string;
  readonly generateName: string | undefined;
  readonly labels: Readonly<Record<string, string>> | undefined;
  /** Without those that only the signer writes. */
  readonly annotations: Readonly<Record<string, string>> | undefined;
  readonly ownerReferences: readonly OwnerReference[] | undefined;
  readonly finalizers: readonly string[] | undefined;
  /** PEM. */
  readonly request: string;
  /** The same, parsed; its signature is not verified yet. */
  readonly csr: Csr;
  /** Always there in v1; in v1beta1 the subject picks the signer where it is not. */
  readonly signerName: string | undefined;
  /** Always there in v1; in v1beta1 the profile's where they are not. */
  readonly usages: readonly string[] | undefined;
  readonly expirationSeconds: number | undefined;
}

/** How a request is decoded. */
export interface CreateOptions {
  /** Makes the five characters that end a `generateName`. */
  readonly suffix: () => string;
}

/** Not in Kubernetes, where etcd's own limit ends such lists. */
const MAX_USAGES = 100;
const REQUEST = "spec.request";
const USAGES_FIELD = "spec.usages";
const SIGNER_NAME = "spec.signerName";

/**
 * Decodes and validates an object that is to be created.
 *
 * @param object the body, parsed
 * @param version that of the path
 * @throws CertgenError `malformed-object` (400), or `invalid-object` with every cause (422)
 */
export function decodeCreate(object: JsonObject, version: ApiVersion, { suffix }: CreateOptions): CreateRequest {
  checkKind(object, version);
  const metadata = objectMember(object, "metadata", "metadata");
  const spec = objectMember(object, "spec", "spec");
  const generateName = stringMember(metadata, "generateName", "metadata.generateName");
  const name = stringMember(metadata, "name", "metadata.name") ?? (generateName && generateName + suffix());
  const resourceVersion = stringMember(metadata, "resourceVersion", "metadata.resourceVersion");
  const meta = readChangeableMeta(object);
  const request = requestBytes(spec);
  const usages = stringsMember(spec, "usages", USAGES_FIELD);
  const signerName = stringMember(spec, "signerName", SIGNER_NAME);
  const expirationSeconds = integerMember(spec, "expirationSeconds", "spec.expirationSeconds");
  const parsed = parseRequest(request);
  refuse([
    ...nameFaults(name, generateName),
    ...metaFaults(meta),
    ...("csr" in parsed ? [] : [parsed]),
    ...usageFaults(usages, version),
    ...signerFaults(signerName, version),
    ...expirationFaults(expirationSeconds),
  ]);
  if (resourceVersion !== undefined) {
    // kube-apiserver says 500, but nothing a client sends is a fault of ours
    throw new CertgenError("malformed-object", "resourceVersion should not be set on objects to be created");
  }
  if (name === undefined || !("csr" in parsed)) throw new Error("unreachable: both were refused");
  const annotations = Object.entries(meta.annotations ?? {}).filter(([key]) => !key.startsWith(OWN_ANNOTATIONS));
  return {
    version,
    name,
    generateName,
    labels: meta.labels,
    annotations: annotations.length === 0 ? undefined : Object.fromEntries(annotations),
    ownerReferences: meta.ownerReferences,
    finalizers: meta.finalizers,
    ...parsed,
    signerName,
    usages,
    expirationSeconds,
  };
}

/** The name in a body that may be anything, shortened: for the Status of what goes wrong before the body is decoded. */
export function sentName(object: JsonObject): string | undefined {
  const metadata = member(object, "metadata");
  const name = isObject(metadata) ? member(metadata, "name") : undefined;
  return typeof name === "string" && name !== "" ? name.slice(0, 253) : undefined;
}

function nameFaults(name: string | undefined, generateName: string | undefined): FieldCause[] {
  const prefixFault = generateName === undefined ? undefined : nameFault(`${generateName}x`);
  const fault = name === undefined ? undefined : nameFault(name);
  return [
    ...(prefixFault === undefined ? [] : [invalid("metadata.generateName", generateName ?? "", prefixFault)]),
    ...(name === undefined ? [required("metadata.name", "name or generateName is required")] : []),
    ...(fault === undefined ? [] : [invalid("metadata.name", name ?? "", fault)]),
  ];
}

/** Go takes URL-safe base64 and line feeds too. */
function requestBytes(spec: JsonObject): Uint8Array | undefined {
  const text = stringMember(spec, "request", REQUEST);
  if (text === undefined) return undefined;
  try {
    return fromBase64(text.replace(/[\r\n]/g, "").replaceAll("-", "+").replaceAll("_", "/"));
  } catch (cause) {
    throw new CertgenError("malformed-object", `Cannot read ${REQUEST}: it is not base64`, { cause });
  }
}

function parseRequest(bytes: Uint8Array | undefined): Pick<CreateRequest, "request" | "csr"> | FieldCause {
  if (bytes === undefined || bytes.length === 0) return required(REQUEST);
  try {
    const request = fromUtf8(bytes);
    return { request, csr: parseCsr(request) };
  } catch (error) {
    if (!(error instanceof CertgenError)) throw error;
    // not the value, which is long and says nothing
    const message = `Invalid value: "<request data>": ${error.message.slice(0, 300)}`;
    return { field: REQUEST, reason: "FieldValueInvalid", message };
  }
}

/** v1beta1 takes unknown and doubled usages; which are issued is the policy's to say. */
function usageFaults(usages: readonly string[] | undefined, version: ApiVersion): FieldCause[] {
  if (usages === undefined && version === "v1beta1") return [];
  if (usages === undefined || usages.length === 0) return [required(USAGES_FIELD)];
  if (usages.length > MAX_USAGES) return [invalid(USAGES_FIELD, usages.length, `must be at most ${MAX_USAGES}`)];
  if (version === "v1beta1") return [];
  const at = (i: number): string => `${USAGES_FIELD}[${i}]`;
  return [
    ...usages.flatMap((usage, i) => USAGES.includes(usage) ? [] : [notSupported(at(i), usage, USAGES)]),
    ...usages.flatMap((usage, i) => usages.indexOf(usage) === i ? [] : [duplicate(at(i), usage)]),
  ];
}

function signerFaults(signerName: string | undefined, version: ApiVersion): FieldCause[] {
  if (signerName === undefined && version === "v1beta1") return [];
  if (signerName === LEGACY_SIGNER_NAME && version === "v1") {
    return [invalid(SIGNER_NAME, signerName, "the legacy signerName is not allowed via this API version")];
  }
  return signerNameFaults(SIGNER_NAME, signerName ?? "");
}

function expirationFaults(seconds: number | undefined): FieldCause[] {
  if (seconds === undefined || seconds >= MIN_EXPIRATION_SECONDS) return [];
  const detail = "may not specify a duration less than 600 seconds (10 minutes)";
  return [invalid("spec.expirationSeconds", seconds, detail)];
}
