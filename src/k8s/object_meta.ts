/**
 * meta/v1 ObjectMeta as a client may send it: read, and validated as apimachinery's `ValidateObjectMeta` does
 * (`api/validation/objectmeta.go`).
 * @module
 */
import { toUtf8 } from "../bytes.ts";
import { CertgenError, type FieldCause } from "../errors.ts";
import { invalid, tooLong } from "./field.ts";
import { isObject, type JsonObject, mapMember, member, objectMember, stringMember, stringsMember } from "./json.ts";
import { labelValueFault, qualifiedNameFault } from "./qualified_name.ts";

/** Who must go before an object goes. */
export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
}

/** The members of ObjectMeta that a client may change; a member is absent rather than empty. */
export interface ChangeableMeta {
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly OwnerReference[];
  readonly finalizers?: readonly string[];
}

/** ObjectMeta as certgen keeps it, in the order in which Kubernetes writes it. */
export interface ObjectMeta extends ChangeableMeta {
  readonly name: string;
  readonly generateName?: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly generation?: number;
  /** `null` where nobody knows. */
  readonly creationTimestamp: string | null;
  readonly deletionTimestamp?: string;
  readonly deletionGracePeriodSeconds?: number;
}

/** Annotations that only the signer writes begin with this: what a client says of them is passed over. */
export const OWN_ANNOTATIONS = "certgen.internal/";

/** `TotalAnnotationSizeLimitB`. */
const MAX_ANNOTATION_BYTES = 262_144;
/** Not in Kubernetes, where etcd's own limit ends such lists. */
const MAX_ENTRIES = 100;

/**
 * The changeable members of an object's `metadata`, as sent.
 * @throws CertgenError `malformed-object` where one is of the wrong type
 */
export function readChangeableMeta(object: JsonObject): ChangeableMeta {
  const metadata = objectMember(object, "metadata", "metadata");
  const labels = mapMember(metadata, "labels", "metadata.labels");
  const annotations = mapMember(metadata, "annotations", "metadata.annotations");
  const ownerReferences = ownerReferencesOf(metadata);
  const finalizers = stringsMember(metadata, "finalizers", "metadata.finalizers");
  return {
    ...(isEmpty(labels) ? {} : { labels }),
    ...(isEmpty(annotations) ? {} : { annotations }),
    ...(ownerReferences.length === 0 ? {} : { ownerReferences }),
    ...(finalizers === undefined || finalizers.length === 0 ? {} : { finalizers: [...new Set(finalizers)] }),
  };
}

function isEmpty(map: Record<string, string> | undefined): map is undefined {
  return map === undefined || Object.keys(map).length === 0;
}

function ownerReferencesOf(metadata: JsonObject): OwnerReference[] {
  const path = "metadata.ownerReferences";
  const list = member(metadata, "ownerReferences") ?? [];
  if (!Array.isArray(list)) throw new CertgenError("malformed-object", `Cannot read ${path}: it is not a list`);
  return list.map((one: unknown, i) => {
    const at = `${path}[${i}]`;
    if (!isObject(one)) throw new CertgenError("malformed-object", `Cannot read ${at}: it is not an object`);
    const flags = ["controller", "blockOwnerDeletion"].flatMap((key) => {
      const value = member(one, key);
      if (value !== undefined && typeof value !== "boolean") {
        throw new CertgenError("malformed-object", `Cannot read ${at}.${key}: it is not a boolean`);
      }
      return value === undefined ? [] : [[key, value]];
    });
    return {
      apiVersion: stringMember(one, "apiVersion", `${at}.apiVersion`) ?? "",
      kind: stringMember(one, "kind", `${at}.kind`) ?? "",
      name: stringMember(one, "name", `${at}.name`) ?? "",
      uid: stringMember(one, "uid", `${at}.uid`) ?? "",
      ...Object.fromEntries(flags),
    };
  });
}

/** Everything that is wrong with labels, annotations, owners and finalizers, in Kubernetes' order. */
export function metaFaults(meta: ChangeableMeta): FieldCause[] {
  return [
    ...Object.entries(meta.labels ?? {}).flatMap(([key, value]) => labelFaults("metadata.labels", key, value)),
    ...annotationFaults(meta.annotations ?? {}),
    ...ownerFaults(meta.ownerReferences ?? []),
    ...finalizerFaults(meta.finalizers ?? []),
  ];
}

function labelFaults(field: string, key: string, value: string): FieldCause[] {
  const keyFault = qualifiedNameFault(key);
  const valueFault = labelValueFault(value);
  return [
    ...(keyFault === undefined ? [] : [invalid(field, key, keyFault)]),
    ...(valueFault === undefined ? [] : [invalid(field, value, valueFault)]),
  ];
}

function annotationFaults(annotations: Readonly<Record<string, string>>): FieldCause[] {
  const field = "metadata.annotations";
  let bytes = 0;
  const faults = Object.entries(annotations).flatMap(([key, value]) => {
    bytes += toUtf8(key).length + toUtf8(value).length;
    // "the rule is QualifiedName except that case doesn't matter, so convert to lowercase before checking"
    const fault = qualifiedNameFault(key.toLowerCase());
    return fault === undefined ? [] : [invalid(field, key, fault)];
  });
  return bytes > MAX_ANNOTATION_BYTES ? [...faults, tooLong(field, MAX_ANNOTATION_BYTES)] : faults;
}

function ownerFaults(owners: readonly OwnerReference[]): FieldCause[] {
  const field = "metadata.ownerReferences";
  if (owners.length > MAX_ENTRIES) return [invalid(field, owners.length, `must be at most ${MAX_ENTRIES}`)];
  const faults = owners.flatMap((owner) => [
    ...(owner.apiVersion === "" ? [invalid(`${field}.apiVersion`, "", "version must not be empty")] : []),
    ...(["kind", "name", "uid"] as const).filter((key) => owner[key] === "")
      .map((key) => invalid(`${field}.${key}`, "", "must not be empty")),
  ]);
  const controllers = owners.filter((owner) => owner.controller === true).map((owner) => owner.name);
  if (controllers.length < 2) return faults;
  const detail = "Only one reference can have Controller set to true";
  return [...faults, invalid(field, controllers.join(", "), detail)];
}

function finalizerFaults(finalizers: readonly string[]): FieldCause[] {
  const field = "metadata.finalizers";
  if (finalizers.length > MAX_ENTRIES) {
    return [invalid(field, finalizers.length, `must be at most ${MAX_ENTRIES}`)];
  }
  const faults = finalizers.flatMap((name) => {
    const fault = qualifiedNameFault(name);
    return fault === undefined ? [] : [invalid(field, name, fault)];
  });
  if (!finalizers.includes("orphan") || !finalizers.includes("foregroundDeletion")) return faults;
  const detail = "finalizer foregroundDeletion and orphan cannot be both set";
  return [...faults, invalid(field, finalizers.join(", "), detail)];
}
