/**
 * Objects that the older system left, whose files are what its clients sent: made into whole objects that clients of today can
 * read, with nothing in them that their requesters said of themselves.
 * @module
 */
import { fromBase64, toUtf8 } from "../bytes.ts";
import { ANONYMOUS } from "../identity.ts";
import {
  type CertificateSigningRequest,
  LEGACY_SIGNER_NAME,
  LEGACY_USAGES,
  parseTimestamp,
  type RequestSpec,
} from "./certificate_signing_request.ts";
import { integerMember, isObject, type JsonObject, mapMember, member, stringMember, stringsMember } from "./json.ts";
import { type ObjectMeta, OWN_ANNOTATIONS } from "./object_meta.ts";
import type { RequestCondition, RequestStatus } from "./request_status.ts";
import { signerNameFaults } from "./signer_name.ts";

/**
 * The resourceVersion of objects that the store did not write. No change has this number, so that nothing else is told by it;
 * sent back in an update it compares equal, and a watch from it begins with what is there, which kubectl does anyway.
 */
export const FOREIGN_RESOURCE_VERSION = "0";

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/**
 * An object of the older system. Nobody proved anything to that system, so it belongs to `system:anonymous`; what is of the
 * wrong type is as if it were not there, and so is whatever could hold up a deletion.
 *
 * @param name the name that the store has it under
 */
export function foreignObject(object: JsonObject, name: string): CertificateSigningRequest {
  return {
    kind: "CertificateSigningRequest",
    apiVersion: "certificates.k8s.io/v1beta1",
    metadata: metaOf(part(object, "metadata"), name),
    spec: specOf(part(object, "spec")),
    status: statusOf(part(object, "status")),
  };
}

function metaOf(metadata: JsonObject, name: string): ObjectMeta {
  const labels = soft(() => mapMember(metadata, "labels", "")) ?? {};
  const annotations = Object.entries(soft(() => mapMember(metadata, "annotations", "")) ?? {})
    .filter(([key]) => !key.startsWith(OWN_ANNOTATIONS));
  const uid = text(metadata, "uid");
  return {
    name,
    uid: uid !== undefined && UUID.test(uid) ? uid : uidOf(name),
    resourceVersion: FOREIGN_RESOURCE_VERSION,
    creationTimestamp: parseTimestamp(text(metadata, "creationTimestamp") ?? "") ?? null,
    ...(Object.keys(labels).length === 0 ? {} : { labels }),
    ...(annotations.length === 0 ? {} : { annotations: Object.fromEntries(annotations) }),
  };
}

function specOf(spec: JsonObject): RequestSpec {
  const signerName = text(spec, "signerName") ?? "";
  const expirationSeconds = soft(() => integerMember(spec, "expirationSeconds", ""));
  const usages = soft(() => stringsMember(spec, "usages", "")) ?? [];
  return {
    request: base64(spec, "request") ?? "",
    signerName: signerNameFaults("", signerName).length === 0 ? signerName : LEGACY_SIGNER_NAME,
    ...(expirationSeconds === undefined ? {} : { expirationSeconds }),
    usages: usages.length === 0 ? LEGACY_USAGES : usages,
    username: ANONYMOUS.username,
    groups: ANONYMOUS.groups,
  };
}

function statusOf(status: JsonObject): RequestStatus {
  const list = member(status, "conditions");
  const conditions = (Array.isArray(list) ? list : []).filter(isObject).map(conditionOf);
  const certificate = base64(status, "certificate");
  return {
    ...(conditions.length === 0 ? {} : { conditions }),
    ...(certificate === undefined ? {} : { certificate }),
  };
}

function conditionOf(condition: JsonObject): RequestCondition {
  const texts = ["reason", "message"].map((key) => [key, text(condition, key)]);
  const times = ["lastUpdateTime", "lastTransitionTime"]
    .map((key) => [key, parseTimestamp(text(condition, key) ?? "")]);
  return {
    type: text(condition, "type") ?? "",
    status: text(condition, "status") ?? "True",
    ...Object.fromEntries([...texts, ...times].filter(([, value]) => value !== undefined)),
  };
}

function part(object: JsonObject, key: string): JsonObject {
  const value = member(object, key);
  return isObject(value) ? value : {};
}

function text(object: JsonObject, key: string): string | undefined {
  return soft(() => stringMember(object, key, ""));
}

/** One object that is not base64 would keep Go's clients from reading a whole list. */
function base64(object: JsonObject, key: string): string | undefined {
  const value = text(object, key);
  return soft(() => value === undefined || fromBase64(value).length === 0 ? undefined : value);
}

/** What cannot be read is not there. */
function soft<T>(read: () => T | undefined): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

/**
 * A UUID of its own kind (RFC 9562 §5.8) made from the name by FNV-1a of 128 bits: the same after every restart. It need not
 * resist anybody, since an object is found by its name, and the older system kept whatever uid it was sent.
 */
function uidOf(name: string): string {
  let hash = 0x6c62272e07bb014262b821756295c58dn;
  for (const octet of toUtf8(name)) hash = BigInt.asUintN(128, (hash ^ BigInt(octet)) * 0x1000000000000000000013bn);
  const digits = hash.toString(16).padStart(32, "0");
  return digits.replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12})$/, "$1-$2-8$3-8$4-$5");
}
