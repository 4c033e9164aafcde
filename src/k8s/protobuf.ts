/**
 * Kubernetes' protobuf bodies, which kubectl from 1.32 on sends: decoded into the objects that JSON bodies are parsed into.
 * Answers are JSON, which every client takes. Field numbers are those of the `generated.proto` files of k8s.io/api and
 * k8s.io/apimachinery; v1 and v1beta1 have the same.
 * @module
 */
import { equal, fromBase64 } from "../bytes.ts";
import { CertgenError } from "../errors.ts";
import type { JsonObject } from "./json.ts";
import { decodeMessage, type Message, message } from "./protobuf_message.ts";

/** The kinds that are read. */
export type ProtobufKind =
  | "CertificateSigningRequest"
  | "DeleteOptions"
  | "SelfSubjectAccessReview"
  | "SelfSubjectRulesReview"
  | "SelfSubjectReview";

/** "k8s" and a zero: the first four bytes of every encoded object (apimachinery, `serializer/protobuf`). */
const PREFIX: Uint8Array = new Uint8Array([0x6b, 0x38, 0x73, 0x00]);

/** `runtime.Unknown`. */
const ENVELOPE: Message = message({
  1: ["typeMeta", message({ 1: ["apiVersion", "string"], 2: ["kind", "string"] })],
  2: ["raw", "bytes"],
  3: ["contentEncoding", "string"],
  4: ["contentType", "string"],
});

const OWNER_REFERENCE: Message = message({
  1: ["kind", "string"],
  3: ["name", "string"],
  4: ["uid", "string"],
  5: ["apiVersion", "string"],
  6: ["controller", "boolean"],
  7: ["blockOwnerDeletion", "boolean"],
});

/** Without managedFields (17), which certgen does not keep. */
const OBJECT_META: Message = message({
  1: ["name", "string"],
  2: ["generateName", "string"],
  3: ["namespace", "string"],
  4: ["selfLink", "string"],
  5: ["uid", "string"],
  6: ["resourceVersion", "string"],
  7: ["generation", "size"],
  8: ["creationTimestamp", "time"],
  9: ["deletionTimestamp", "time"],
  10: ["deletionGracePeriodSeconds", "integer"],
  11: ["labels", "map"],
  12: ["annotations", "map"],
  13: ["ownerReferences", [OWNER_REFERENCE]],
  14: ["finalizers", "strings"],
});

const CONDITION: Message = message({
  1: ["type", "string"],
  2: ["reason", "string"],
  3: ["message", "string"],
  4: ["lastUpdateTime", "time"],
  5: ["lastTransitionTime", "time"],
  6: ["status", "string"],
});

const MESSAGES: Readonly<Record<ProtobufKind, Message>> = {
  CertificateSigningRequest: message({
    1: ["metadata", OBJECT_META],
    2: [
      "spec",
      message({
        1: ["request", "bytes"],
        2: ["username", "string"],
        3: ["uid", "string"],
        4: ["groups", "strings"],
        5: ["usages", "strings"],
        6: ["extra", "lists"],
        7: ["signerName", "string"],
        8: ["expirationSeconds", "integer"],
      }),
    ],
    3: ["status", message({ 1: ["conditions", [CONDITION]], 2: ["certificate", "bytes"] })],
  }),
  DeleteOptions: message({
    1: ["gracePeriodSeconds", "integer"],
    2: ["preconditions", message({ 1: ["uid", "string"], 2: ["resourceVersion", "string"] })],
    3: ["orphanDependents", "boolean"],
    4: ["propagationPolicy", "string"],
    5: ["dryRun", "strings"],
  }),
  SelfSubjectAccessReview: message({
    1: ["metadata", OBJECT_META],
    2: [
      "spec",
      message({
        1: [
          "resourceAttributes",
          message({
            1: ["namespace", "string"],
            2: ["verb", "string"],
            3: ["group", "string"],
            4: ["version", "string"],
            5: ["resource", "string"],
            6: ["subresource", "string"],
            7: ["name", "string"],
          }),
        ],
        2: ["nonResourceAttributes", message({ 1: ["path", "string"], 2: ["verb", "string"] })],
      }),
    ],
  }),
  SelfSubjectRulesReview: message({
    1: ["metadata", OBJECT_META],
    2: ["spec", message({ 1: ["namespace", "string"] })],
  }),
  SelfSubjectReview: message({ 1: ["metadata", OBJECT_META] }),
};

/**
 * Decodes a body.
 *
 * @param body the whole body, whose length is bounded already
 * @param expected the kind that the path takes; a body of another kind is refused
 * @returns the object as JSON has it: bytes in base64, times in RFC 3339, what is empty left out
 * @throws CertgenError `malformed-object`
 */
export function decodeProtobuf(body: Uint8Array, expected: ProtobufKind): JsonObject {
  if (!equal(body.subarray(0, PREFIX.length), PREFIX)) {
    throw new CertgenError(
      "malformed-object",
      "Cannot read protobuf: it does not begin with the bytes of Kubernetes' own",
    );
  }
  const { typeMeta, raw = "", contentEncoding, contentType } = decodeMessage(
    body.subarray(PREFIX.length),
    ENVELOPE,
    "envelope",
  );
  const isPlain = contentEncoding === undefined &&
    (contentType === undefined || contentType === "application/vnd.kubernetes.protobuf");
  if (!isPlain) throw new CertgenError("malformed-object", "Cannot read protobuf: its content has another encoding");
  const { kind = expected, apiVersion } = (typeMeta ?? {}) as { kind?: string; apiVersion?: string };
  if (kind !== expected) {
    const version = JSON.stringify((apiVersion ?? "").slice(0, 100));
    const message = `${kind.slice(0, 100)} in version ${version} cannot be handled as a ${expected}`;
    throw new CertgenError("malformed-object", message);
  }
  const object = decodeMessage(fromBase64(raw as string), MESSAGES[expected], expected);
  return { kind, ...(apiVersion === undefined ? {} : { apiVersion }), ...object };
}
