/**
 * Reads back what the store has under a name: an object of the signer's own, of which nothing may be odd, or one that the older
 * system left, of which everything may.
 * @module
 */
import { fromBase64, toUtf8 } from "../bytes.ts";
import { CertgenError } from "../errors.ts";
import { type CertificateSigningRequest, encode, isOwn, parseTimestamp } from "./certificate_signing_request.ts";
import { foreignObject } from "./foreign_object.ts";
import {
  integerMember,
  isObject,
  type JsonObject,
  listsMember,
  member,
  objectMember,
  parseJsonObject,
  stringMember,
  stringsMember,
} from "./json.ts";
import { jsonEqual } from "./json_patch.ts";
import { type ObjectMeta, readChangeableMeta } from "./object_meta.ts";
import { readStatus } from "./request_status.ts";
import { GROUP } from "./status.ts";

const OWN_VERSION = `${GROUP}/v1`;

/**
 * Reads a stored object. What says v1 was written by the signer; the older system writes v1beta1, whatever its clients say.
 *
 * @param name the name that the store has it under
 * @returns an object that {@link isOwn} knows for the signer's or for the older system's
 * @throws CertgenError `io` where the text is no such object, or one of another name
 */
export function decodeStored(text: string, name: string): CertificateSigningRequest {
  try {
    const object = parseJsonObject(toUtf8(text));
    const metadata = member(object, "metadata");
    const isNamed = isObject(metadata) && member(metadata, "name") === name;
    if (!isNamed || member(object, "kind") !== "CertificateSigningRequest") throw odd("kind or name");
    return member(object, "apiVersion") === OWN_VERSION ? ownObject(object) : foreignObject(object, name);
  } catch (cause) {
    const message = `Cannot read stored object ${
      JSON.stringify(name)
    }: it is no CertificateSigningRequest of this name`;
    throw new CertgenError("io", message, { cause });
  }
}

/**
 * The text of an object for the store.
 * @throws TypeError for what the older system left: written anew it would pass for the signer's own
 */
export function encodeStored(object: CertificateSigningRequest): string {
  if (!isOwn(object)) {
    throw new TypeError(`Cannot store ${JSON.stringify(object.metadata.name)}: it is not the signer's own`);
  }
  return encode(object, "v1");
}

/** Reads every member that the signer writes; what they do not make up was not written by it. */
function ownObject(sent: JsonObject): CertificateSigningRequest {
  const spec = objectMember(sent, "spec", "spec");
  const expirationSeconds = integerMember(spec, "expirationSeconds", "spec.expirationSeconds");
  const extra = listsMember(spec, "extra", "spec.extra");
  const object: CertificateSigningRequest = {
    kind: "CertificateSigningRequest",
    apiVersion: OWN_VERSION,
    metadata: ownMeta(sent),
    spec: {
      request: wanted(stringMember(spec, "request", "spec.request"), "spec.request"),
      signerName: wanted(stringMember(spec, "signerName", "spec.signerName"), "spec.signerName"),
      ...(expirationSeconds === undefined ? {} : { expirationSeconds }),
      usages: wanted(stringsMember(spec, "usages", "spec.usages"), "spec.usages"),
      username: wanted(stringMember(spec, "username", "spec.username"), "spec.username"),
      groups: wanted(stringsMember(spec, "groups", "spec.groups"), "spec.groups"),
      ...(extra === undefined ? {} : { extra }),
    },
    status: readStatus(sent, false),
  };
  fromBase64(object.spec.request);
  if (!jsonEqual(object, sent)) throw odd("a member");
  return object;
}

function ownMeta(sent: JsonObject): ObjectMeta {
  const metadata = objectMember(sent, "metadata", "metadata");
  const text = (key: string): string | undefined => stringMember(metadata, key, `metadata.${key}`);
  const time = (key: string): string | undefined => parseTimestamp(text(key) ?? "");
  const count = (key: string): number | undefined => integerMember(metadata, key, `metadata.${key}`);
  const generateName = text("generateName");
  const generation = count("generation");
  const deletionTimestamp = time("deletionTimestamp");
  const deletionGracePeriodSeconds = count("deletionGracePeriodSeconds");
  const resourceVersion = wanted(text("resourceVersion"), "metadata.resourceVersion");
  if (!/^[1-9]\d{0,15}$/.test(resourceVersion)) throw odd("metadata.resourceVersion");
  return {
    name: wanted(text("name"), "metadata.name"),
    ...(generateName === undefined ? {} : { generateName }),
    uid: wanted(text("uid"), "metadata.uid"),
    resourceVersion,
    ...(generation === undefined ? {} : { generation }),
    creationTimestamp: wanted(time("creationTimestamp"), "metadata.creationTimestamp"),
    ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }),
    ...(deletionGracePeriodSeconds === undefined ? {} : { deletionGracePeriodSeconds }),
    ...readChangeableMeta(sent),
  };
}

function wanted<T>(value: T | undefined, path: string): T {
  if (value === undefined) throw odd(path);
  return value;
}

function odd(path: string): CertgenError {
  return new CertgenError("malformed-object", `${path} is not as the signer writes it`);
}
