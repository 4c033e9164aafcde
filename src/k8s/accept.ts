/**
 * What a client can read and what it sends: the Accept and Content-Type headers (RFC 9110 §12.5.1 and §8.3) with the parameters
 * that Kubernetes gives to `application/json`.
 * @module
 */
import { CertgenError } from "../errors.ts";

/** How an answer is shown. */
export type Representation = "Object" | "Table" | "PartialObjectMetadata" | "PartialObjectMetadataList";
/** How a body is encoded. */
export type BodyFormat = "json" | "protobuf";
/** How a PATCH says what changes. */
export type PatchType = "json" | "merge" | "strategic" | "apply";

/** One clause of an Accept header. */
interface Clause {
  readonly type: string;
  readonly parameters: ReadonlyMap<string, string>;
}

/** Longer headers are no client's. */
const MAX_CLAUSES = 64;
const JSON_TYPES: readonly string[] = ["application/json", "application/*", "*/*"];
const PARTIAL: readonly string[] = ["PartialObjectMetadata", "PartialObjectMetadataList"];

/**
 * Picks the first clause that can be answered. Quality values are not looked at: Kubernetes' clients list what they want most
 * first. Protobuf and YAML are passed over, since each client that asks for them also takes JSON.
 *
 * @param accept the header, or `null` where there is none
 * @param of what is asked for: a list cannot be one object's metadata, nor the other way; a watch sends objects
 * @throws CertgenError `not-acceptable`
 */
export function negotiate(accept: string | null, of: "object" | "list"): Representation {
  for (const { type, parameters } of clausesOf(accept)) {
    const stream = parameters.get("stream");
    if (!JSON_TYPES.includes(type) || (stream !== undefined && stream !== "watch")) continue;
    const as = parameters.get("as");
    if (as === undefined) return "Object";
    if (parameters.get("g") !== "meta.k8s.io" || parameters.get("v") !== "v1") continue;
    if (as === "Table") return as;
    if (!PARTIAL.includes(as)) continue;
    // kube-apiserver settles on the kind before it sees what the answer is, so no later clause is tried
    if ((as === "PartialObjectMetadataList") !== (of === "list")) {
      const is = of === "list" ? "is" : "is not";
      throw new CertgenError("not-acceptable", `you requested ${as}, but the requested object ${is} a list`);
    }
    return as as Representation;
  }
  throw new CertgenError("not-acceptable", "only the following media types are accepted: application/json");
}

/**
 * Which form of the discovery documents a client takes; aggregated ones say everything in one answer.
 * @throws CertgenError `not-acceptable`
 */
export function negotiateDiscovery(accept: string | null): "v2" | "v2beta1" | "legacy" {
  for (const { type, parameters } of clausesOf(accept)) {
    if (!JSON_TYPES.includes(type)) continue;
    if (!parameters.has("as")) return "legacy";
    const version = parameters.get("v");
    const known = parameters.get("g") === "apidiscovery.k8s.io" && parameters.get("as") === "APIGroupDiscoveryList";
    if (known && (version === "v2" || version === "v2beta1")) return version;
  }
  throw new CertgenError("not-acceptable", "only the following media types are accepted: application/json");
}

/** Whether some clause names a media type that holds a word, as `proto`. */
export function accepts(accept: string | null, word: string): boolean {
  return accept !== null && clausesOf(accept).some(({ type }) => type.includes(word));
}

function clausesOf(accept: string | null): Clause[] {
  if (accept === null || accept.trim() === "") return [{ type: "*/*", parameters: new Map() }];
  return accept.split(",", MAX_CLAUSES).map((clause) => {
    const [type = "", ...parameters] = clause.split(";").map((part) => part.trim());
    return { type: type.toLowerCase(), parameters: new Map(parameters.map(parameterOf)) };
  });
}

function parameterOf(text: string): [string, string] {
  const [key = "", ...value] = text.split("=");
  return [key.trim().toLowerCase(), value.join("=").trim().replace(/^"(.*)"$/, "$1")];
}

/**
 * How the body of a POST, PUT or DELETE is encoded. No Content-Type means JSON, as in kube-apiserver.
 * @throws CertgenError `unsupported-media-type`
 */
export function bodyFormat(contentType: string | null): BodyFormat {
  switch (mediaType(contentType)) {
    case "":
    case "application/json":
      return "json";
    case "application/vnd.kubernetes.protobuf":
      return "protobuf";
  }
  throw new CertgenError(
    "unsupported-media-type",
    "the body of the request was in an unknown format - accepted media types include: " +
      "application/json, application/vnd.kubernetes.protobuf",
  );
}

/**
 * What a PATCH is written in.
 * @throws CertgenError `unsupported-media-type`
 */
export function patchType(contentType: string | null): PatchType {
  switch (mediaType(contentType)) {
    case "application/json-patch+json":
      return "json";
    case "application/merge-patch+json":
      return "merge";
    case "application/strategic-merge-patch+json":
      return "strategic";
    case "application/apply-patch+yaml":
      return "apply";
  }
  throw new CertgenError("unsupported-media-type", "415: Unsupported Media Type", { causes: [] });
}

function mediaType(contentType: string | null): string {
  return (contentType ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "";
}
