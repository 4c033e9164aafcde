import { integerMember, type JsonObject, mapMember, objectMember, stringMember, stringsMember } from "./json.ts";
import { readStatus, type RequestStatus } from "./request_status.ts";

/** A CertificateSigningRequest of somebody else's as far as it is shown; what it does not say is empty. */
export interface RequestView {
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly resourceVersion: string;
    /** RFC 3339. */
    readonly creationTimestamp: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations: Readonly<Record<string, string>>;
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
  readonly status: RequestStatus;
}

/**
 * Reads an object that a signer answered.
 * @throws CertgenError `malformed-object` where a member is of the wrong type
 */
export function viewOf(object: JsonObject): RequestView {
  const metadata = objectMember(object, "metadata", "metadata");
  const spec = objectMember(object, "spec", "spec");
  const meta = (key: string): string => stringMember(metadata, key, `metadata.${key}`) ?? "";
  const text = (key: string): string => stringMember(spec, key, `spec.${key}`) ?? "";
  const expirationSeconds = integerMember(spec, "expirationSeconds", "spec.expirationSeconds");
  return {
    metadata: {
      name: meta("name"),
      uid: meta("uid"),
      resourceVersion: meta("resourceVersion"),
      creationTimestamp: meta("creationTimestamp"),
      labels: mapMember(metadata, "labels", "metadata.labels") ?? {},
      annotations: mapMember(metadata, "annotations", "metadata.annotations") ?? {},
    },
    spec: {
      request: text("request"),
      signerName: text("signerName"),
      ...expirationSeconds === undefined ? {} : { expirationSeconds },
      usages: stringsMember(spec, "usages", "spec.usages") ?? [],
      username: text("username"),
      groups: stringsMember(spec, "groups", "spec.groups") ?? [],
    },
    // lenient in what it leaves out, since it is only shown
    status: readStatus(object, true),
  };
}
