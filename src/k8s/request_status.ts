/**
 * The `status` of a CertificateSigningRequest as a client may send it: read, completed and validated as kube-apiserver does
 * (`pkg/registry/certificates/certificates/strategy.go`, `pkg/apis/certificates/validation/validation.go`).
 * @module
 */
import { type Bytes, fromBase64, fromUtf8 } from "../bytes.ts";
import { CertgenError, type FieldCause, messageOf } from "../errors.ts";
import { parseCertificate } from "../x509/certificate.ts";
import { parsePemBlocks } from "../x509/pem.ts";
import { parseTimestamp } from "./certificate_signing_request.ts";
import { duplicate, forbidden, invalid, notSupported, required } from "./field.ts";
import { isObject, type JsonObject, member, objectMember, stringMember } from "./json.ts";

/** A condition of any type. */
export interface RequestCondition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
  readonly lastUpdateTime?: string;
  readonly lastTransitionTime?: string;
}

/** The status of an object; a member is absent rather than empty. */
export interface RequestStatus {
  readonly conditions?: readonly RequestCondition[];
  /** base64 of PEM. */
  readonly certificate?: string;
}

/** Types of which nobody takes one back. */
const DECISIONS: readonly string[] = ["Approved", "Denied"];
const KEPT: readonly string[] = [...DECISIONS, "Failed", "Forked", "Revoked"];
const STATUSES: readonly string[] = ["False", "True", "Unknown"];
/** Not in Kubernetes, where etcd's own limit ends such lists. */
const MAX_CONDITIONS = 100;
const CONDITIONS = "status.conditions";
const CERTIFICATE = "status.certificate";

/**
 * The status of an object, as sent.
 *
 * @param isBeta v1beta1 takes a condition without a status for `True`
 * @throws CertgenError `malformed-object` where a member is of the wrong type
 */
export function readStatus(object: JsonObject, isBeta: boolean): RequestStatus {
  const status = objectMember(object, "status", "status");
  const list = member(status, "conditions") ?? [];
  if (!Array.isArray(list)) throw new CertgenError("malformed-object", `Cannot read ${CONDITIONS}: it is not a list`);
  const conditions = list.map((one: unknown, i) => conditionOf(one, `${CONDITIONS}[${i}]`, isBeta));
  const certificate = stringMember(status, "certificate", CERTIFICATE);
  if (certificate !== undefined) fromBase64(certificate);
  return {
    ...(conditions.length === 0 ? {} : { conditions }),
    ...(certificate === undefined ? {} : { certificate }),
  };
}

function conditionOf(one: unknown, path: string, isBeta: boolean): RequestCondition {
  if (!isObject(one)) throw new CertgenError("malformed-object", `Cannot read ${path}: it is not an object`);
  const text = (key: string): Record<string, string> => {
    const value = stringMember(one, key, `${path}.${key}`);
    return value === undefined ? {} : { [key]: value };
  };
  return {
    type: stringMember(one, "type", `${path}.type`) ?? "",
    status: stringMember(one, "status", `${path}.status`) ?? (isBeta ? "True" : ""),
    ...text("reason"),
    ...text("message"),
    ...timeOf(one, "lastUpdateTime", path),
    ...timeOf(one, "lastTransitionTime", path),
  };
}

function timeOf(one: JsonObject, key: string, path: string): Record<string, string> {
  const text = stringMember(one, key, `${path}.${key}`);
  if (text === undefined) return {};
  const time = parseTimestamp(text);
  if (time === undefined) {
    throw new CertgenError("malformed-object", `Cannot read ${path}.${key}: it is not a time of RFC 3339`);
  }
  return { [key]: time };
}

/** `populateConditionTimestamps`: what the client left out is now, or what it was while the condition was the same. */
export function withTimes(
  conditions: readonly RequestCondition[],
  before: readonly RequestCondition[],
  now: string,
): RequestCondition[] {
  return conditions.map((condition) => {
    const same = before.find(({ type, status, lastTransitionTime }) =>
      type === condition.type && status === condition.status && lastTransitionTime !== undefined
    );
    return {
      ...condition,
      lastUpdateTime: condition.lastUpdateTime ?? now,
      lastTransitionTime: condition.lastTransitionTime ?? same?.lastTransitionTime ?? now,
    };
  });
}

/** `preserveConditionInstances`: a decision that is only worded anew keeps its words; one more or less is a fault later. */
export function withDecisionsOf(
  conditions: readonly RequestCondition[],
  before: readonly RequestCondition[],
): RequestCondition[] {
  const kept = new Map(DECISIONS.map((type) => [type, before.filter((condition) => condition.type === type)]));
  return conditions.map((condition) => {
    const stored = kept.get(condition.type);
    const sent = conditions.filter((one) => one.type === condition.type);
    return stored?.length === sent.length ? stored[sent.indexOf(condition)] ?? condition : condition;
  });
}

/**
 * Everything that is wrong with conditions; what was wrong before may stay.
 *
 * @param isBeta v1beta1 tolerates duplicates and conditions without a type
 */
export function conditionFaults(
  conditions: readonly RequestCondition[],
  before: readonly RequestCondition[],
  isBeta: boolean,
): FieldCause[] {
  if (conditions.length > MAX_CONDITIONS) {
    return [invalid(CONDITIONS, conditions.length, `must be at most ${MAX_CONDITIONS}`)];
  }
  const toleratesBoth = DECISIONS.every((type) => before.some((condition) => condition.type === type));
  const toleratesDuplicates = isBeta || new Set(before.map(({ type }) => type)).size < before.length;
  const toleratesEmpty = isBeta || before.some(({ type }) => type === "");
  const toleratesStatus = before.some(({ type, status }) => KEPT.includes(type) && status !== "True");
  const seen = new Set<string>();
  return conditions.flatMap(({ type, status }, i) => {
    const path = `${CONDITIONS}[${i}]`;
    const faults: FieldCause[] = [];
    const other = DECISIONS.find((one) => DECISIONS.includes(type) && one !== type && seen.has(one));
    if (type === "" && !toleratesEmpty) faults.push(required(`${path}.type`));
    const allowed = KEPT.includes(type) ? ["True"] : STATUSES;
    if (status === "") faults.push(required(`${path}.status`));
    else if (!allowed.includes(status) && !toleratesStatus) {
      faults.push(notSupported(`${path}.status`, status, allowed));
    }
    if (other !== undefined && !toleratesBoth) {
      faults.push(invalid(`${path}.type`, type, "Approved and Denied conditions are mutually exclusive"));
    }
    if (seen.has(type) && !toleratesDuplicates) faults.push(duplicate(`${path}.type`, type));
    seen.add(type);
    return faults;
  });
}

/** What an update may not do to decisions: take one back ever, or make one outside of /approval. */
export function transitionFaults(
  conditions: readonly RequestCondition[],
  before: readonly RequestCondition[],
  isApproval: boolean,
): FieldCause[] {
  return KEPT.flatMap((type) => {
    const count = (list: readonly RequestCondition[]): number => list.filter((one) => one.type === type).length;
    const difference = count(conditions) - count(before);
    if (difference < 0) return [forbidden(CONDITIONS, `updates may not remove a condition of type "${type}"`)];
    return difference > 0 && !isApproval && DECISIONS.includes(type)
      ? [forbidden(CONDITIONS, `updates may not add a condition of type "${type}"`)]
      : [];
  });
}

/** What is wrong with a certificate that takes the place of another or of none. */
export function certificateFaults(certificate: string | undefined, before: string | undefined): FieldCause[] {
  if (certificate === before) return [];
  if (before !== undefined) return [forbidden(CERTIFICATE, "updates may not modify existing certificate content")];
  const fault = (detail: string): FieldCause => ({
    field: CERTIFICATE,
    reason: "FieldValueInvalid",
    message: `Invalid value: "<certificate data>": ${detail}`,
  });
  try {
    const blocks = parsePemBlocks(fromUtf8(fromBase64(certificate ?? "") as Bytes), "certificate");
    if (blocks.length === 0) return [fault("must contain at least one CERTIFICATE PEM block")];
    if (blocks.some(({ label }) => label !== "CERTIFICATE")) {
      return [fault("only CERTIFICATE PEM blocks are allowed")];
    }
    for (const { der } of blocks) parseCertificate(der);
    return [];
  } catch (error) {
    return [fault(messageOf(error).slice(0, 300))];
  }
}
