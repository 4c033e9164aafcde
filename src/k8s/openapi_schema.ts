/**
 * OpenAPI schemas of the CertificateSigningRequest and what it holds, short in words: `kubectl explain` shows them.
 * @module
 */
import type { ApiVersion } from "./certificate_signing_request.ts";
import { GROUP } from "./status.ts";
import { USAGES } from "./usages.ts";

/** An OpenAPI 3.0 schema. */
export type Schema = Readonly<Record<string, unknown>>;

/** Of the names of schemas: what Kubernetes calls its Go packages. */
const META = "io.k8s.apimachinery.pkg.apis.meta.v1";

/** The name of the schema of one of our types. */
export function schemaName(version: ApiVersion, type = ""): string {
  return `io.k8s.api.certificates.${version}.CertificateSigningRequest${type}`;
}

/** All schemas of a version by name. */
export function schemasOf(version: ApiVersion): Readonly<Record<string, Schema>> {
  return {
    [schemaName(version)]: {
      ...object(
        "CertificateSigningRequest objects provide a mechanism to obtain x509 certificates by submitting a certificate " +
          "signing request, and having it asynchronously approved and issued.",
        {
          ...typeMeta(),
          metadata: reference(`${META}.ObjectMeta`, "Standard object metadata."),
          spec: reference(schemaName(version, "Spec"), "The request; immutable after creation."),
          status: reference(schemaName(version, "Status"), "The decision about the request, and the certificate."),
        },
        ["spec"],
      ),
      "x-kubernetes-group-version-kind": [{ group: GROUP, kind: "CertificateSigningRequest", version }],
    },
    [schemaName(version, "Spec")]: spec(version),
    [schemaName(version, "Status")]: object("The decision about a request, and its certificate.", {
      certificate: text("The issued certificate chain: base64 of PEM.", "byte"),
      conditions: {
        ...list(
          "The conditions that hold: Approved, Denied, Failed.",
          reference(schemaName(version, "Condition"), ""),
          "map",
        ),
        "x-kubernetes-list-map-keys": ["type"],
      },
    }),
    [schemaName(version, "Condition")]: object("A condition of a request.", {
      lastTransitionTime: time("When the condition's status last changed; set by the server where it is left out."),
      lastUpdateTime: time("When the condition was last updated; set by the server where it is left out."),
      message: text("Details of the state, for people."),
      reason: text("A short reason of the state, for programs."),
      status: text('True, False or Unknown; Approved, Denied and Failed may only be "True".'),
      type: text("Approved, Denied, Failed, or another."),
    }, version === "v1" ? ["type", "status"] : ["type"]),
    ...metaSchemas(),
  };
}

function spec(version: ApiVersion): Schema {
  return object("The request, who made it, and for which signer.", {
    expirationSeconds: {
      description: "The lifetime that is asked for, in seconds, 600 at least. The signer may issue a shorter one.",
      type: "integer",
      format: "int32",
    },
    extra: {
      description: "Attributes of the user who made the request; set by the server.",
      type: "object",
      additionalProperties: { type: "array", items: { type: "string", default: "" } },
    },
    groups: list(
      "Groups of the user who made the request; set by the server.",
      { type: "string", default: "" },
      "atomic",
    ),
    request: text("The PKCS #10 request: base64 of PEM with one block, CERTIFICATE REQUEST.", "byte"),
    signerName: text(
      "Which signer, and so which profile, the certificate is asked of, as in certgen.internal/etcd-peer.",
    ),
    uid: text("UID of the user who made the request; set by the server."),
    usages: list(
      `The key usages that the certificate shall have. Known are: ${
        USAGES.map((usage) => JSON.stringify(usage)).join(", ")
      }.`,
      { type: "string", default: "" },
      "atomic",
    ),
    username: text("The user who made the request; set by the server."),
  }, version === "v1" ? ["request", "signerName"] : ["request"]);
}

function metaSchemas(): Record<string, Schema> {
  const strings = (description: string): Schema => ({
    description,
    type: "object",
    additionalProperties: { type: "string", default: "" },
  });
  return {
    [`${META}.ObjectMeta`]: object("ObjectMeta is metadata that all persisted resources must have.", {
      annotations: strings("Arbitrary data that tools attach; not queryable."),
      creationTimestamp: time("When the object was created; set by the server."),
      deletionGracePeriodSeconds: { description: "Set with deletionTimestamp.", type: "integer", format: "int64" },
      deletionTimestamp: time("When the object will be deleted; set by the server while finalizers keep it."),
      finalizers: {
        ...list("What must be done before the object is deleted.", { type: "string", default: "" }, "set"),
        "x-kubernetes-patch-strategy": "merge",
      },
      generateName: text("A prefix from which the server makes a unique name, where none is given."),
      generation: { description: "A sequence number of the desired state.", type: "integer", format: "int64" },
      labels: strings("Keys and values by which objects are organized and selected."),
      managedFields: list("Not kept.", { type: "object" }, "atomic"),
      name: text("The name, unique among requests; it cannot be changed."),
      namespace: text("Empty: requests belong to no namespace."),
      ownerReferences: {
        ...list("Objects that this one depends on.", reference(`${META}.OwnerReference`, ""), "map"),
        "x-kubernetes-list-map-keys": ["uid"],
        "x-kubernetes-patch-merge-key": "uid",
        "x-kubernetes-patch-strategy": "merge",
      },
      resourceVersion: text("Changes with the object; an update that carries an older one is refused."),
      selfLink: text("Not kept."),
      uid: text("Unique in time and space; set by the server."),
    }),
    [`${META}.OwnerReference`]: object("An object that another depends on.", {
      apiVersion: text("API version of the owner."),
      blockOwnerDeletion: { description: "Whether the owner waits for this object.", type: "boolean" },
      controller: { description: "Whether the owner manages this object.", type: "boolean" },
      kind: text("Kind of the owner."),
      name: text("Name of the owner."),
      uid: text("UID of the owner."),
    }, ["apiVersion", "kind", "name", "uid"]),
    [`${META}.Time`]: { description: "A time of RFC 3339, in whole seconds.", type: "string", format: "date-time" },
  };
}

function typeMeta(): Record<string, Schema> {
  return {
    apiVersion: text("The versioned schema of this representation of an object."),
    kind: text("The REST resource that this object represents."),
  };
}

function object(description: string, properties: Record<string, Schema>, required: readonly string[] = []): Schema {
  return { description, type: "object", ...(required.length === 0 ? {} : { required }), properties };
}

function text(description: string, format?: string): Schema {
  return { description, type: "string", ...(format === undefined ? {} : { format }) };
}

function time(description: string): Schema {
  return reference(`${META}.Time`, description);
}

function list(description: string, items: Schema, type: "atomic" | "map" | "set"): Schema {
  return { description, type: "array", items, "x-kubernetes-list-type": type };
}

/** OpenAPI 3.0 passes over what stands beside a `$ref`, so that it is wrapped. */
function reference(name: string, description: string): Schema {
  const allOf = [{ $ref: `#/components/schemas/${name}` }];
  return { ...(description === "" ? {} : { description }), allOf, default: {} };
}
