/**
 * OpenAPI: what `kubectl` needs to create, apply and explain. Version 2 is a stub, which lets older clients go on without
 * checking anything themselves; version 3 says that the server validates fields, and describes them.
 * @module
 */
import { type Bytes, concat, toUtf8 } from "../bytes.ts";
import { accepts } from "./accept.ts";
import type { ApiVersion } from "./certificate_signing_request.ts";
import { GIT_VERSION, type JsonDocument, sha512 } from "./discovery.ts";
import { type Schema, schemaName, schemasOf } from "./openapi_schema.ts";
import { GROUP, RESOURCE } from "./status.ts";

/** A document that may be bytes. */
export type OpenApiDocument = Omit<JsonDocument, "body"> & { readonly body: string | Bytes };

const VERSIONS: readonly ApiVersion[] = ["v1", "v1beta1"];

/** `openapi_v2.Document` of gnostic with its required fields: 1 swagger, 2 info {1 title, 2 version}, 8 paths. */
function v2Protobuf(): Bytes {
  const field = (number: number, value: Uint8Array): Bytes =>
    concat([new Uint8Array([number << 3 | 2, value.length]), value]);
  const info = concat([field(1, toUtf8("Kubernetes")), field(2, toUtf8(GIT_VERSION))]);
  return concat([field(1, toUtf8("2.0")), field(2, info), field(8, new Uint8Array())]);
}

const INFO = { title: "Kubernetes", version: GIT_VERSION };

/** All documents by path, built once. */
export class OpenApi {
  readonly #documents: ReadonlyMap<string, OpenApiDocument>;

  private constructor(documents: ReadonlyMap<string, OpenApiDocument>) {
    this.#documents = documents;
  }

  /** Builds the documents and their hashes. */
  static async create(): Promise<OpenApi> {
    const documents = new Map<string, OpenApiDocument>();
    const paths: Record<string, unknown> = {};
    for (const version of VERSIONS) {
      const name = `apis/${GROUP}/${version}`;
      const document = JSON.stringify(v3Document(version)) + "\n";
      const hash = await sha512(document);
      const etag = `"${hash}"`;
      documents.set(`/openapi/v3/${name}`, {
        ...json(document),
        etag,
        headers: { vary: "Accept", "cache-control": "public" },
      });
      paths[name] = { serverRelativeURL: `/openapi/v3/${name}?hash=${hash}` };
    }
    documents.set("/openapi/v3", json(JSON.stringify({ paths }) + "\n"));
    documents.set("/openapi/v2", json(JSON.stringify({ swagger: "2.0", info: INFO, paths: {} }) + "\n"));
    // not the type that was asked for: a "@" in it breaks the clients that ask
    const stub = { contentType: "application/octet-stream", body: v2Protobuf(), headers: { vary: "Accept" } };
    return new OpenApi(documents.set("/openapi/v2 proto", stub));
  }

  /**
   * The document at a path without a slash at its end. The query (`?hash=…`) does not matter.
   *
   * @param accept the Accept header: `/openapi/v2` is protobuf for those who ask for it
   */
  get(path: string, accept: string | null): OpenApiDocument | undefined {
    const isProtobuf = path === "/openapi/v2" && accepts(accept, "proto");
    return this.#documents.get(isProtobuf ? `${path} proto` : path);
  }
}

function json(body: string): OpenApiDocument {
  return { contentType: "application/json", body, headers: { vary: "Accept" } };
}

function v3Document(version: ApiVersion): unknown {
  const collection = `/apis/${GROUP}/${version}/${RESOURCE}`;
  const operate = (action: string, description: string, parameters: readonly string[]): Schema =>
    operation(version, action, description, parameters);
  const WRITE = ["dryRun", "fieldManager", "fieldValidation"];
  const object = (what: string): Schema => ({
    get: operate("get", `read ${what} CertificateSigningRequest`, []),
    put: operate("put", `replace ${what} CertificateSigningRequest`, WRITE),
    patch: operate("patch", `partially update ${what} CertificateSigningRequest`, [...WRITE, "force"]),
    parameters: [{ ...parameter("name", "string"), in: "path", required: true }],
  });
  const item = object("the specified");
  return {
    openapi: "3.0.0",
    info: INFO,
    paths: {
      [collection]: {
        get: operate("list", "list or watch objects of kind CertificateSigningRequest", [
          "continue",
          "fieldSelector",
          "labelSelector",
          "limit",
          "resourceVersion",
          "resourceVersionMatch",
          "timeoutSeconds",
          "watch",
        ]),
        post: operate("post", "create a CertificateSigningRequest", WRITE),
        delete: operate("deletecollection", "delete collection of CertificateSigningRequest", [
          "dryRun",
          "fieldSelector",
          "labelSelector",
        ]),
      },
      [`${collection}/{name}`]: {
        ...item,
        delete: operate("delete", "delete a CertificateSigningRequest", ["dryRun", "propagationPolicy"]),
      },
      [`${collection}/{name}/approval`]: object("approval of the specified"),
      [`${collection}/{name}/status`]: object("status of the specified"),
    },
    components: { schemas: schemasOf(version) },
  };
}

const TYPES: Readonly<Record<string, string>> = {
  force: "boolean",
  watch: "boolean",
  limit: "integer",
  timeoutSeconds: "integer",
};

/** Verbs whose body is the object itself. */
const BODIES: Readonly<Record<string, readonly string[]>> = {
  post: ["application/json", "application/vnd.kubernetes.protobuf"],
  put: ["application/json", "application/vnd.kubernetes.protobuf"],
  patch: [
    "application/apply-patch+yaml",
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
  ],
};

function operation(version: ApiVersion, action: string, description: string, parameters: readonly string[]): Schema {
  const whole = { schema: { $ref: `#/components/schemas/${schemaName(version)}` } };
  const types = BODIES[action];
  const content = Object.fromEntries((types ?? []).map((type) => [type, action === "patch" ? { schema: {} } : whole]));
  return {
    description,
    parameters: parameters.map((name) => parameter(name, TYPES[name] ?? "string")),
    ...(types === undefined ? {} : { requestBody: { content, required: true } }),
    responses: { [action === "post" ? "201" : "200"]: { description: "OK", content: { "application/json": whole } } },
    "x-kubernetes-action": action,
    "x-kubernetes-group-version-kind": { group: GROUP, version, kind: "CertificateSigningRequest" },
  };
}

function parameter(name: string, type: string): Schema {
  return { name, in: "query", schema: { type, uniqueItems: true } };
}
