/**
 * What an update makes of an object: each of the resource and its two subresources changes its own part, and passes over the
 * rest without a word, as kube-apiserver does.
 * @module
 */
import { CertgenError } from "../errors.ts";
import { type ApiVersion, timestamp } from "./certificate_signing_request.ts";
import { forbidden, refuse } from "./field.ts";
import { type JsonObject, objectMember, stringMember } from "./json.ts";
import { jsonEqual } from "./json_patch.ts";
import {
  type ChangeableMeta,
  metaFaults,
  type ObjectMeta,
  OWN_ANNOTATIONS,
  readChangeableMeta,
} from "./object_meta.ts";
import {
  certificateFaults,
  conditionFaults,
  readStatus,
  type RequestStatus,
  transitionFaults,
  withDecisionsOf,
  withTimes,
} from "./request_status.ts";
import { PRECONDITION } from "./status.ts";

/** An object with everything that an update looks at; whatever else it holds stays in it. */
export interface Updatable {
  readonly metadata: ObjectMeta;
  readonly spec: unknown;
  readonly status: RequestStatus;
}

/** The part of an object that a path is about: `""` is the resource itself. */
export type Subresource = "" | "approval" | "status";

/** How an update is made. */
export interface UpdateOptions {
  readonly subresource: Subresource;
  /** The version that the object was sent in. */
  readonly version: ApiVersion;
  readonly now: Date;
}

/**
 * Checks that what was sent is about the object at a path, and not about an older one.
 *
 * @param nameInPath the object's name in the URL
 * @param stored what is there
 * @throws CertgenError `malformed-object` (400) for another name, `conflict` (409) for another uid or resourceVersion
 */
export function checkSameObject(sent: JsonObject, nameInPath: string, stored: Pick<Updatable, "metadata">): void {
  checkName(sent, nameInPath);
  const metadata = objectMember(sent, "metadata", "metadata");
  checkPreconditions({
    uid: stringMember(metadata, "uid", "metadata.uid"),
    resourceVersion: stringMember(metadata, "resourceVersion", "metadata.resourceVersion"),
  }, stored);
}

/** The reason of a `malformed-object` whose fault is the name alone: of a patch too, it is the request that is wrong. */
export const MISNAMED = "Misnamed";

/**
 * Checks the name in a body against that in the URL, which needs no stored object.
 * @throws CertgenError `malformed-object`
 */
export function checkName(sent: JsonObject, nameInPath: string): void {
  const name = stringMember(objectMember(sent, "metadata", "metadata"), "name", "metadata.name");
  if (name === undefined) {
    const message = `the name of the object (${nameInPath} based on URL) was undeterminable: name must be provided`;
    throw new CertgenError("malformed-object", message, { reason: MISNAMED });
  }
  if (name !== nameInPath) {
    const message = `the name of the object (${name.slice(0, 300)}) does not match the name on the URL (${nameInPath})`;
    throw new CertgenError("malformed-object", message, { reason: MISNAMED });
  }
}

/** What an object must be for a change to be made. */
export interface Preconditions {
  readonly uid: string | undefined;
  readonly resourceVersion: string | undefined;
}

/**
 * Checks an object against what an update or a DELETE presumes of it.
 * @throws CertgenError `conflict`
 */
export function checkPreconditions(wanted: Preconditions, { metadata }: Pick<Updatable, "metadata">): void {
  const { uid, resourceVersion } = wanted;
  if (uid !== undefined && uid !== metadata.uid) {
    const message = `Precondition failed: UID in precondition: ${
      uid.slice(0, 100)
    }, UID in object meta: ${metadata.uid}`;
    throw new CertgenError("conflict", message, { reason: PRECONDITION });
  }
  if (resourceVersion !== undefined && resourceVersion !== metadata.resourceVersion) {
    throw new CertgenError("conflict", "the object has been modified");
  }
}

/**
 * An approval must say which object was looked at (api.md §0): somebody may have put another in its place.
 * @throws CertgenError `conflict`
 */
export function checkApprovalNamesVersion(sent: JsonObject): void {
  const metadata = objectMember(sent, "metadata", "metadata");
  for (const key of ["uid", "resourceVersion"]) {
    if (stringMember(metadata, key, `metadata.${key}`) !== undefined) continue;
    const message = `Precondition failed: an approval must carry the object's metadata.${key}`;
    throw new CertgenError("conflict", message, { reason: PRECONDITION });
  }
}

/**
 * The object that an update makes. Whether it is about this object is checked before (`checkSameObject`).
 *
 * @param stored what is there
 * @param sent the whole object that was sent, or that a patch made
 * @returns `stored` itself where nothing changes: then nothing is written and no event is sent
 * @throws CertgenError `malformed-object` (400), or `invalid-object` with every cause (422)
 */
export function updateObject<T extends Updatable>(stored: T, sent: JsonObject, options: UpdateOptions): T {
  const updated = options.subresource === ""
    ? { ...stored, metadata: updateMeta(stored.metadata, readChangeableMeta(sent)) }
    : { ...stored, status: updateStatus(stored.status, sent, options) };
  return jsonEqual(stored, updated) ? stored : updated;
}

function updateMeta(stored: ObjectMeta, sent: ChangeableMeta): ObjectMeta {
  const { labels: _, annotations: stale, ownerReferences: __, finalizers: before = [], ...rest } = stored;
  const isOwn = ([key]: [string, string]): boolean => key.startsWith(OWN_ANNOTATIONS);
  const annotations = [
    ...Object.entries(sent.annotations ?? {}).filter((entry) => !isOwn(entry)),
    ...Object.entries(stale ?? {}).filter(isOwn),
  ];
  const added = (sent.finalizers ?? []).filter((name) => !before.includes(name));
  const detail = "no new finalizers can be added if the object is being deleted, found new finalizers []string{" +
    `${added.map((name) => JSON.stringify(name)).join(", ")}}`;
  refuse([
    ...metaFaults(sent),
    ...(stored.deletionTimestamp !== undefined && added.length > 0 ? [forbidden("metadata.finalizers", detail)] : []),
  ]);
  return {
    ...rest,
    ...(sent.labels === undefined ? {} : { labels: sent.labels }),
    ...(annotations.length === 0 ? {} : { annotations: Object.fromEntries(annotations) }),
    ...(sent.ownerReferences === undefined ? {} : { ownerReferences: sent.ownerReferences }),
    ...(sent.finalizers === undefined ? {} : { finalizers: sent.finalizers }),
  };
}

function updateStatus(stored: RequestStatus, object: JsonObject, options: UpdateOptions): RequestStatus {
  const isApproval = options.subresource === "approval";
  const isBeta = options.version === "v1beta1";
  const sent = readStatus(object, isBeta);
  const { conditions: before = [], certificate: _, ...rest } = stored;
  const now = timestamp(options.now);
  const wanted = isApproval ? sent.conditions ?? [] : withDecisionsOf(sent.conditions ?? [], before);
  const conditions = withTimes(wanted, before, now);
  const certificate = isApproval ? stored.certificate : sent.certificate;
  refuse([
    ...conditionFaults(conditions, before, isBeta),
    ...transitionFaults(conditions, before, isApproval),
    ...certificateFaults(certificate, stored.certificate),
  ]);
  return {
    ...rest,
    ...(conditions.length === 0 ? {} : { conditions }),
    ...(certificate === undefined ? {} : { certificate }),
  };
}
