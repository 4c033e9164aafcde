/**
 * CertificateSigningRequest of certificates.k8s.io, v1 and v1beta1: decode and validate what a client sends, encode what
 * is stored and answered.
 * @module
 */
import { type Bytes, fromBase64, fromUtf8, toBase64, toUtf8 } from "../bytes.ts";
import { CertgenError, type FieldReason } from "../errors.ts";
import { nameFault } from "../object_name.ts";
import {
  integerMember,
  isObject,
  type JsonObject,
  mapMember,
  member,
  objectMember,
  parseJsonObject,
  stringMember,
  stringsMember,
} from "./json.ts";
import { GROUP } from "./status.ts";
import { USAGES } from "./usages.ts";

/** The versions of the API that are served. */
export type ApiVersion = "v1" | "v1beta1";

/** A condition of a CertificateSigningRequest. */
export interface Condition {
  readonly type: "Approved" | "Denied" | "Failed";
  readonly status: "True";
  /** Machine-readable, in CamelCase. */
  readonly reason: string;
  readonly message: string;
  /** RFC 3339, whole seconds. */
  readonly lastUpdateTime: string;
  readonly lastTransitionTime: string;
}

/** An object as it is stored and answered; members in the order in which Kubernetes writes them. */
export interface CertificateSigningRequest {
  readonly kind: "CertificateSigningRequest";
  readonly apiVersion: string;
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly creationTimestamp: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec: {
    /** base64 of PEM. */
    readonly request: string;
    readonly signerName: string;
    readonly expirationSeconds?: number;
    readonly usages: readonly string[];
    readonly username: string;
    readonly groups: readonly string[];
  };
  readonly status: {
    readonly conditions?: readonly Condition[];
    /** base64 of PEM. */
    readonly certificate?: string;
  };
}

/** What a client may say of an object that it creates; all else it sends is dropped. */
export interface CreateRequest {
  readonly version: ApiVersion;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>> | undefined;
  readonly annotations: Readonly<Record<string, string>> | undefined;
  /** PEM. */
  readonly request: string;
  /** Always there in v1. */
  readonly signerName: string | undefined;
  /** Always there in v1. */
  readonly usages: readonly string[] | undefined;
  readonly expirationSeconds: number | undefined;
}

/** Annotations that only the signer writes begin with this. */
const OWN_ANNOTATIONS = "certgen.internal/";
const MAX_METADATA_BYTES = 65_536;

/**
 * Decodes and validates the body of a POST.
 *
 * @param suffix makes the five characters that end a `generateName`
 * @throws CertgenError `malformed-object` (400) or `invalid-object` with the field (422)
 */
export function decodeCreate(body: Uint8Array, version: ApiVersion, suffix: () => string): CreateRequest {
  const object = parseJsonObject(body);
  checkKind(object, version);
  const metadata = objectMember(object, "metadata", "metadata");
  const spec = objectMember(object, "spec", "spec");
  const labels = mapMember(metadata, "labels", "metadata.labels");
  const annotations = mapMember(metadata, "annotations", "metadata.annotations");
  if (JSON.stringify([labels, annotations]).length > MAX_METADATA_BYTES) {
    throw invalid("metadata.annotations", `must have at most ${MAX_METADATA_BYTES} bytes`, "FieldValueTooLong");
  }
  const kept = Object.entries(annotations ?? {}).filter(([key]) => !key.startsWith(OWN_ANNOTATIONS));
  return {
    version,
    name: nameOf(metadata, suffix),
    labels,
    annotations: kept.length === 0 ? undefined : Object.fromEntries(kept),
    request: requestOf(spec),
    usages: usagesOf(spec, version),
    signerName: signerNameOf(spec, version),
    expirationSeconds: expirationOf(spec),
  };
}

function checkKind(object: JsonObject, version: ApiVersion): void {
  const kind = stringMember(object, "kind", "kind") ?? "CertificateSigningRequest";
  const expected = `${GROUP}/${version}`;
  const apiVersion = stringMember(object, "apiVersion", "apiVersion") ?? expected;
  if (kind !== "CertificateSigningRequest") {
    throw new CertgenError(
      "malformed-object",
      `${kind} in version ${JSON.stringify(version)} cannot be handled as a CertificateSigningRequest`,
    );
  }
  if (apiVersion !== expected) {
    const message = `the API version in the data (${apiVersion}) does not match the expected API version (${expected})`;
    throw new CertgenError("malformed-object", message);
  }
}

function nameOf(metadata: JsonObject, suffix: () => string): string {
  const prefix = stringMember(metadata, "generateName", "metadata.generateName");
  const name = stringMember(metadata, "name", "metadata.name") ?? (prefix && prefix + suffix());
  if (name === undefined) throw invalid("metadata.name", "name or generateName is required", "FieldValueRequired");
  const fault = nameFault(name);
  if (fault !== undefined) throw invalid("metadata.name", `${JSON.stringify(name.slice(0, 100))}: ${fault}`);
  return name;
}

function requestOf(spec: JsonObject): string {
  const request = stringMember(spec, "request", "spec.request");
  if (request === undefined) {
    throw invalid("spec.request", "a PEM certification request is required", "FieldValueRequired");
  }
  // Go takes URL-safe base64 and line feeds too
  return fromUtf8(fromBase64(request.replace(/[\r\n]/g, "").replaceAll("-", "+").replaceAll("_", "/")));
}

function usagesOf(spec: JsonObject, version: ApiVersion): readonly string[] | undefined {
  const usages = stringsMember(spec, "usages", "spec.usages");
  if (usages === undefined && version === "v1beta1") return undefined;
  if (usages === undefined || usages.length === 0) {
    throw invalid("spec.usages", "at least one usage is required", "FieldValueRequired");
  }
  for (const [index, usage] of version === "v1" ? usages.entries() : []) {
    const field = `spec.usages[${index}]`;
    if (!USAGES.includes(usage)) {
      const supported = USAGES.map((known) => JSON.stringify(known)).join(", ");
      throw invalid(
        field,
        `Unsupported value: ${JSON.stringify(usage)}: supported values: ${supported}`,
        "FieldValueNotSupported",
      );
    }
    if (usages.indexOf(usage) < index) {
      throw invalid(field, `Duplicate value: ${JSON.stringify(usage)}`, "FieldValueDuplicate");
    }
  }
  return usages;
}

/** `domain/path`: a DNS domain of two labels at least, and a DNS-1123 subdomain. */
const SIGNER_NAME =
  /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+\/[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/;
/** The signer name of objects that name none and that no profile is for. */
export const LEGACY_SIGNER_NAME = "kubernetes.io/legacy-unknown";

function signerNameOf(spec: JsonObject, version: ApiVersion): string | undefined {
  const signerName = stringMember(spec, "signerName", "spec.signerName");
  if (signerName === undefined) {
    if (version === "v1beta1") return undefined;
    throw invalid("spec.signerName", "a signer name is required", "FieldValueRequired");
  }
  if (signerName.length > 571 || !SIGNER_NAME.test(signerName)) {
    throw invalid("spec.signerName", "must be a fully qualified domain and path of the form 'example.com/signer-name'");
  }
  if (signerName === LEGACY_SIGNER_NAME && version === "v1") {
    throw invalid("spec.signerName", "the legacy signerName is not allowed via this API version");
  }
  return signerName;
}

/** Shortest lifetime that may be asked for, as in Kubernetes. */
export const MIN_EXPIRATION_SECONDS = 600;

function expirationOf(spec: JsonObject): number | undefined {
  const seconds = integerMember(spec, "expirationSeconds", "spec.expirationSeconds");
  if (seconds !== undefined && seconds < MIN_EXPIRATION_SECONDS) {
    throw invalid("spec.expirationSeconds", "may not specify a duration less than 600 seconds (10 minutes)");
  }
  return seconds;
}

function invalid(field: string, message: string, fieldReason: FieldReason = "FieldValueInvalid"): CertgenError {
  return new CertgenError("invalid-object", message, { field, fieldReason });
}

/**
 * Reads back what the store has under a name: an object of the signer's own, or one that the older system left (v1beta1,
 * whatever it says of itself being its requester's word).
 *
 * @throws CertgenError `io` where the text is no such object, or one of another name
 */
export function decodeStored(text: string, name: string): CertificateSigningRequest {
  const broken = (cause?: unknown): CertgenError =>
    new CertgenError(
      "io",
      `Cannot read stored object ${JSON.stringify(name)}: it is no CertificateSigningRequest of this name`,
      { cause },
    );
  let object: JsonObject;
  try {
    object = parseJsonObject(toUtf8(text));
  } catch (cause) {
    throw broken(cause);
  }
  const { kind, metadata, spec, status = {} } = object;
  const conditions = isObject(status) ? status["conditions"] ?? [] : undefined;
  const whole = kind === "CertificateSigningRequest" && isObject(metadata) && member(metadata, "name") === name &&
    isObject(spec) &&
    Array.isArray(conditions) && conditions.every(isObject);
  if (!whole) throw broken();
  return { ...object, status } as unknown as CertificateSigningRequest;
}

/** Whether the signer itself stored an object; it stores v1, the older system v1beta1. */
export function isOwn(object: CertificateSigningRequest): boolean {
  return object.apiVersion === `${GROUP}/v1`;
}

/** The object as JSON, read through one version of the API. */
export function encode(object: CertificateSigningRequest, version: ApiVersion): string {
  return JSON.stringify({ ...object, apiVersion: `${GROUP}/${version}` }) + "\n";
}

/** The condition of a type, where the object has it. */
export function conditionOf(object: CertificateSigningRequest, type: Condition["type"]): Condition | undefined {
  return object.status.conditions?.find((condition) => condition.type === type);
}

/** PEM as `spec.request` and `status.certificate` carry it. */
export function toBase64Pem(pem: string): string {
  return toBase64(toUtf8(pem));
}

/** The other way. */
export function fromBase64Pem(text: string): string {
  return fromUtf8(fromBase64(text) as Bytes);
}

/** A time as Kubernetes writes it: RFC 3339, whole seconds. */
export function timestamp(moment: Date): string {
  return moment.toISOString().replace(/\.\d+/, "");
}
