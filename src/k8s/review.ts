/**
 * SelfSubjectAccessReview, SelfSubjectRulesReview and SelfSubjectReview: what `kubectl auth` asks about oneself.
 * @module
 */
import { CertgenError } from "../errors.ts";
import type { Identity } from "../identity.ts";
import { type AuthorizationMode, mayDo, mayUsePath, rulesOf } from "./authorization.ts";
import { invalid, refuse } from "./field.ts";
import { isObject, type JsonObject, member, objectMember, stringMember } from "./json.ts";

/** The kinds of reviews. */
export type ReviewKind = "SelfSubjectAccessReview" | "SelfSubjectRulesReview" | "SelfSubjectReview";

/** Where each kind is posted to, and in which versions. */
export const REVIEWS: readonly {
  readonly kind: ReviewKind;
  readonly group: string;
  readonly versions: readonly string[];
  readonly resource: string;
}[] = [
  {
    kind: "SelfSubjectAccessReview",
    group: "authorization.k8s.io",
    versions: ["v1"],
    resource: "selfsubjectaccessreviews",
  },
  {
    kind: "SelfSubjectRulesReview",
    group: "authorization.k8s.io",
    versions: ["v1"],
    resource: "selfsubjectrulesreviews",
  },
  {
    kind: "SelfSubjectReview",
    group: "authentication.k8s.io",
    versions: ["v1", "v1beta1"],
    resource: "selfsubjectreviews",
  },
];

/** What a review rests on. */
export interface ReviewContext {
  readonly identity: Identity;
  readonly mode: AuthorizationMode;
  /** `<group>/<version>` that the answer is in. */
  readonly apiVersion: string;
  /** Whether an object of a name is the identity's own: only asked about a `get` of one name. */
  readonly isOwn?: (name: string) => boolean;
}

const RESOURCE_ATTRIBUTES: readonly string[] = [
  "namespace",
  "verb",
  "group",
  "version",
  "resource",
  "subresource",
  "name",
];

/**
 * Answers a review.
 *
 * @param sent the decoded body
 * @returns the answer to a POST, which is 201
 * @throws CertgenError `malformed-object`, `invalid-object`
 */
export function review(kind: ReviewKind, sent: JsonObject, context: ReviewContext): JsonObject {
  const { apiVersion } = context;
  const sentKind = stringMember(sent, "kind", "kind") ?? kind;
  const sentVersion = stringMember(sent, "apiVersion", "apiVersion") ?? apiVersion;
  if (sentKind !== kind) {
    const message = `${sentKind.slice(0, 100)} in version ${
      JSON.stringify(sentVersion)
    } cannot be handled as a ${kind}`;
    throw new CertgenError("malformed-object", message);
  }
  if (sentVersion !== apiVersion) {
    const message =
      `the API version in the data (${sentVersion.slice(0, 100)}) does not match the expected API version ` +
      `(${apiVersion})`;
    throw new CertgenError("malformed-object", message);
  }
  const answer = { kind, apiVersion, metadata: { creationTimestamp: null } };
  switch (kind) {
    case "SelfSubjectReview":
      return { ...answer, status: { userInfo: userInfo(context.identity) } };
    case "SelfSubjectRulesReview":
      return { ...answer, spec: {}, status: rules(sent, context) };
    case "SelfSubjectAccessReview":
      return { ...answer, ...access(sent, context) };
  }
}

function userInfo({ username, groups, extra }: Identity): JsonObject {
  return { username, ...(groups.length === 0 ? {} : { groups }), ...(extra === undefined ? {} : { extra }) };
}

function access(sent: JsonObject, { identity, mode, apiVersion, isOwn }: ReviewContext): JsonObject {
  const spec = objectMember(sent, "spec", "spec");
  const resource = attributesOf(spec, "resourceAttributes", RESOURCE_ATTRIBUTES);
  const path = attributesOf(spec, "nonResourceAttributes", ["path", "verb"]);
  if ((resource === undefined) === (path === undefined)) {
    const detail = "exactly one of nonResourceAttributes or resourceAttributes must be specified";
    const [group = ""] = apiVersion.split("/");
    refuse([invalid("spec.resourceAttributes", "null", detail)], { group, kind: "SelfSubjectAccessReview" });
  }
  if (path !== undefined) {
    const allowed = mayUsePath(identity, path["path"] ?? "", (path["verb"] ?? "").toLowerCase(), mode);
    return { spec: { nonResourceAttributes: path }, status: { allowed } };
  }
  const { verb = "", group = "", subresource = "", name = "" } = resource ?? {};
  const attributes = { verb, group, resource: resource?.["resource"] ?? "", subresource, name };
  const own = verb === "get" && name !== "" && isOwn?.(name) === true;
  return {
    spec: { resourceAttributes: resource },
    status: { allowed: mayDo(identity, attributes, mode, own) },
  };
}

function attributesOf(spec: JsonObject, key: string, names: readonly string[]): Record<string, string> | undefined {
  const attributes = member(spec, key);
  if (attributes === undefined) return undefined;
  const path = `spec.${key}`;
  if (!isObject(attributes)) throw new CertgenError("malformed-object", `Cannot read ${path}: it is not an object`);
  return Object.fromEntries(names.flatMap((name) => {
    const value = stringMember(attributes, name, `${path}.${name}`);
    return value === undefined ? [] : [[name, value]];
  }));
}

function rules(sent: JsonObject, { identity, mode }: ReviewContext): JsonObject {
  if (stringMember(objectMember(sent, "spec", "spec"), "namespace", "spec.namespace") === undefined) {
    throw new CertgenError("malformed-object", "no namespace on request");
  }
  return { ...rulesOf(identity, mode), incomplete: false };
}
