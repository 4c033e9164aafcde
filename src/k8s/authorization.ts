/**
 * Who may do what, as one table of rules: the handler asks it, and so does `kubectl auth can-i`.
 * @module
 */
import { CertgenError } from "../errors.ts";
import type { Identity } from "../identity.ts";
import { GROUP, RESOURCE } from "./status.ts";

/** Members of this group administer. */
export const ADMINISTRATORS = "certgen:admins";

/** What a signer's configuration says of rights. */
export interface AuthorizationMode {
  /** Whether no credentials are configured: then everybody creates and gets, and nobody administers. */
  readonly open: boolean;
  /** Whether administrators may act as others. */
  readonly mayImpersonate?: boolean;
}

/** What somebody would do to a resource. */
export interface ResourceAttributes {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource: string;
  readonly name: string;
}

/** A right to do each of some verbs to each of some resources; `*` is all of them. */
export interface ResourceRule {
  readonly verbs: readonly string[];
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
}

/** A right to some paths; a last `*` is any rest. */
export interface NonResourceRule {
  readonly verbs: readonly string[];
  readonly nonResourceURLs: readonly string[];
}

/** Everything an identity may do, but for getting what it created: that depends on the object. */
export interface Rules {
  readonly resourceRules: readonly ResourceRule[];
  readonly nonResourceRules: readonly NonResourceRule[];
}

/** What answers everybody, credentials or not. */
const PUBLIC_PATHS: NonResourceRule = {
  verbs: ["get"],
  nonResourceURLs: [
    "/api",
    "/api/*",
    "/apis",
    "/apis/*",
    "/ca/*",
    "/healthz",
    "/livez",
    "/openapi",
    "/openapi/*",
    "/readyz",
    "/version",
    "/version/",
  ],
};

const REVIEWS: readonly ResourceRule[] = [
  {
    verbs: ["create"],
    apiGroups: ["authorization.k8s.io"],
    resources: ["selfsubjectaccessreviews", "selfsubjectrulesreviews"],
  },
  { verbs: ["create"], apiGroups: ["authentication.k8s.io"], resources: ["selfsubjectreviews"] },
];

const CREATE: ResourceRule = { verbs: ["create"], apiGroups: [GROUP], resources: [RESOURCE] };
const CREATE_AND_GET: ResourceRule = { ...CREATE, verbs: ["create", "get"] };

const ADMINISTRATION: readonly ResourceRule[] = [
  {
    verbs: ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"],
    apiGroups: [GROUP],
    resources: [RESOURCE],
  },
  { verbs: ["get", "patch", "update"], apiGroups: [GROUP], resources: [`${RESOURCE}/approval`, `${RESOURCE}/status`] },
  { verbs: ["approve", "sign"], apiGroups: [GROUP], resources: ["signers"] },
];
const IMPERSONATION: ResourceRule = { verbs: ["impersonate"], apiGroups: [""], resources: ["users", "groups"] };

/** The rules that hold for an identity. */
export function rulesOf(identity: Identity, mode: AuthorizationMode): Rules {
  const nonResourceRules = [PUBLIC_PATHS];
  if (mode.open) return { resourceRules: [...REVIEWS, CREATE_AND_GET], nonResourceRules };
  if (identity.proof === "none") return { resourceRules: [], nonResourceRules };
  if (!identity.groups.includes(ADMINISTRATORS)) return { resourceRules: [...REVIEWS, CREATE], nonResourceRules };
  const impersonation = mode.mayImpersonate === true ? [IMPERSONATION] : [];
  return { resourceRules: [...REVIEWS, ...ADMINISTRATION, ...impersonation], nonResourceRules };
}

/**
 * Whether an identity may do something.
 *
 * @param isOwn whether the object was created by this identity, which then may get it
 */
export function mayDo(
  identity: Identity,
  attributes: ResourceAttributes,
  mode: AuthorizationMode,
  isOwn = false,
): boolean {
  const { verb, group, subresource } = attributes;
  const resource = resourceOf(attributes);
  const matches = (list: readonly string[], word: string): boolean => list.includes(word) || list.includes("*");
  const { resourceRules } = rulesOf(identity, mode);
  const isKnown = mode.open || identity.proof !== "none";
  const getsOwn = isKnown && isOwn && verb === "get" && group === GROUP && subresource === "" && resource === RESOURCE;
  return getsOwn ||
    resourceRules.some((rule) =>
      matches(rule.verbs, verb) && matches(rule.apiGroups, group) && matches(rule.resources, resource)
    );
}

/** Whether an identity may use a path that is no resource. */
export function mayUsePath(identity: Identity, path: string, verb: string, mode: AuthorizationMode): boolean {
  return rulesOf(identity, mode).nonResourceRules.some(({ verbs, nonResourceURLs }) =>
    verbs.includes(verb) &&
    nonResourceURLs.some((url) => url.endsWith("*") ? path.startsWith(url.slice(0, -1)) : path === url)
  );
}

/**
 * Refuses what an identity may not do, in kube-apiserver's words; `k8s/status.ts` puts the object before them.
 * @throws CertgenError `forbidden`
 */
export function checkMayDo(
  identity: Identity,
  attributes: ResourceAttributes,
  mode: AuthorizationMode,
  isOwn = false,
): void {
  if (mayDo(identity, attributes, mode, isOwn)) return;
  const advice = identity.proof === "none" && !mode.open ? ": a token is needed" : "";
  throw new CertgenError(
    "forbidden",
    `User ${JSON.stringify(identity.username)} cannot ${attributes.verb} resource ${
      JSON.stringify(resourceOf(attributes))
    } in API group ${JSON.stringify(attributes.group)} at the cluster scope${advice}`,
  );
}

function resourceOf({ resource, subresource }: ResourceAttributes): string {
  return subresource === "" ? resource : `${resource}/${subresource}`;
}
