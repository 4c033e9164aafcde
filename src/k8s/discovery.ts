/**
 * Discovery: which groups, versions and resources there are. Legacy documents are one per group and version, aggregated ones
 * (`apidiscovery.k8s.io`) say everything at once; `/version` says which Kubernetes the signer looks like to its clients.
 * @module
 */
import { toHex, toUtf8 } from "../bytes.ts";
import { negotiateDiscovery } from "./accept.ts";
import { REVIEWS } from "./review.ts";
import { GROUP, RESOURCE } from "./status.ts";

/** A document that is answered as it is. */
export interface JsonDocument {
  readonly contentType: string;
  readonly body: string;
  /** With its quotes, where the document has one: a request whose If-None-Match is this is answered 304. */
  readonly etag?: string;
  /** Header fields besides the content type. */
  readonly headers: Readonly<Record<string, string>>;
}

/** A resource or subresource, as it is discovered. */
interface Resource {
  /** A subresource is `<resource>/<subresource>`. */
  readonly name: string;
  readonly singularName: string;
  readonly kind: string;
  readonly verbs: readonly string[];
  readonly shortNames?: readonly string[];
}

/** A group with the same resources in each version, the preferred one first. */
interface Group {
  readonly name: string;
  readonly versions: readonly string[];
  readonly resources: readonly Resource[];
}

/** What `kubectl` is told; a dispatching kubectl runs the client of this minor version. */
export const GIT_VERSION = "v1.32.5";

const VERSION = {
  major: "1",
  minor: "32",
  gitVersion: GIT_VERSION,
  gitCommit: "",
  gitTreeState: "clean",
  buildDate: "1970-01-01T00:00:00Z",
  goVersion: "",
  compiler: "",
  platform: "certgen",
};

const SUBRESOURCE_VERBS: readonly string[] = ["get", "patch", "update"];
const KIND = "CertificateSigningRequest";

const GROUPS: readonly Group[] = [
  ...[...new Set(REVIEWS.map(({ group }) => group))].sort().map((name) => {
    const reviews = REVIEWS.filter(({ group }) => group === name);
    return {
      name,
      versions: reviews[0]?.versions ?? [],
      resources: reviews.map(({ kind, resource }) => ({
        name: resource,
        singularName: kind.toLowerCase(),
        kind,
        verbs: ["create"],
      })),
    };
  }),
  {
    name: GROUP,
    versions: ["v1", "v1beta1"],
    resources: [
      {
        name: RESOURCE,
        singularName: KIND.toLowerCase(),
        kind: KIND,
        verbs: ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"],
        shortNames: ["csr"],
      },
      { name: `${RESOURCE}/approval`, singularName: "", kind: KIND, verbs: SUBRESOURCE_VERBS },
      { name: `${RESOURCE}/status`, singularName: "", kind: KIND, verbs: SUBRESOURCE_VERBS },
    ],
  },
];

/** All documents by path, built once. */
export class Discovery {
  readonly #legacy: ReadonlyMap<string, JsonDocument>;
  readonly #aggregated: ReadonlyMap<string, JsonDocument>;

  private constructor(legacy: ReadonlyMap<string, JsonDocument>, aggregated: ReadonlyMap<string, JsonDocument>) {
    this.#legacy = legacy;
    this.#aggregated = aggregated;
  }

  /** Builds the documents and their entity tags. */
  static async create(): Promise<Discovery> {
    const aggregated = new Map<string, JsonDocument>();
    for (const version of ["v2", "v2beta1"]) {
      for (const [path, groups] of [["/api", []], ["/apis", GROUPS]] as const) {
        aggregated.set(`${path} ${version}`, await aggregatedDocument(groups, version));
      }
    }
    return new Discovery(legacyDocuments(), aggregated);
  }

  /**
   * The document at a path without a slash at its end: `/version`, `/api`, `/apis`, `/apis/<group>`, `/apis/<group>/<version>`.
   *
   * @param accept the Accept header; only `/api` and `/apis` have two forms
   * @throws CertgenError `not-acceptable`
   */
  get(path: string, accept: string | null): JsonDocument | undefined {
    const legacy = this.#legacy.get(path);
    if (legacy === undefined) return undefined;
    const form = path === "/api" || path === "/apis" ? negotiateDiscovery(accept) : "legacy";
    return this.#aggregated.get(`${path} ${form}`) ?? legacy;
  }
}

/** Upper-case hexadecimal SHA-512, by which clients know whether a document has changed. */
export async function sha512(text: string): Promise<string> {
  return toHex(new Uint8Array(await crypto.subtle.digest("SHA-512", toUtf8(text)))).toUpperCase();
}

function legacyDocuments(): ReadonlyMap<string, JsonDocument> {
  const documents = new Map<string, JsonDocument>();
  const set = (path: string, value: unknown, headers: JsonDocument["headers"] = {}): void => {
    documents.set(path, { contentType: "application/json", body: JSON.stringify(value) + "\n", headers });
  };
  set("/version", VERSION);
  // no version of the core group: whatever is named here must be served
  set("/api", { kind: "APIVersions", versions: [], serverAddressByClientCIDRs: [] }, { vary: "Accept" });
  set("/apis", { kind: "APIGroupList", apiVersion: "v1", groups: GROUPS.map(groupOf) }, { vary: "Accept" });
  for (const group of GROUPS) {
    set(`/apis/${group.name}`, { kind: "APIGroup", apiVersion: "v1", ...groupOf(group) });
    for (const version of group.versions) {
      const groupVersion = `${group.name}/${version}`;
      const resources = group.resources.map(({ name, singularName, kind, verbs, shortNames }) => ({
        name,
        singularName,
        namespaced: false,
        kind,
        verbs,
        ...(shortNames === undefined ? {} : { shortNames }),
      }));
      set(`/apis/${groupVersion}`, { kind: "APIResourceList", apiVersion: "v1", groupVersion, resources });
    }
  }
  return documents;
}

function groupOf({ name, versions }: Group): Record<string, unknown> {
  const all = versions.map((version) => ({ groupVersion: `${name}/${version}`, version }));
  return { name, versions: all, preferredVersion: all[0] };
}

async function aggregatedDocument(groups: readonly Group[], version: string): Promise<JsonDocument> {
  const value = {
    kind: "APIGroupDiscoveryList",
    apiVersion: `apidiscovery.k8s.io/${version}`,
    metadata: {},
    items: groups.map((group) => ({
      metadata: { name: group.name, creationTimestamp: null },
      versions: group.versions.map((one) => ({
        version: one,
        resources: group.resources.filter(({ name }) => !name.includes("/")).map((resource) =>
          aggregatedResource(resource, group)
        ),
        freshness: "Current",
      })),
    })),
  };
  const body = JSON.stringify(value) + "\n";
  return {
    contentType: `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`,
    body,
    etag: `"${await sha512(body)}"`,
    headers: { vary: "Accept", "cache-control": "public" },
  };
}

function aggregatedResource({ name, singularName, kind, verbs, shortNames }: Resource, group: Group): unknown {
  const responseKind = { group: "", version: "", kind };
  const subresources = group.resources.filter((other) => other.name.startsWith(`${name}/`)).map((other) => ({
    subresource: other.name.slice(name.length + 1),
    responseKind,
    verbs: other.verbs,
  }));
  return {
    resource: name,
    responseKind,
    scope: "Cluster",
    singularResource: singularName,
    verbs,
    ...(shortNames === undefined ? {} : { shortNames }),
    ...(subresources.length === 0 ? {} : { subresources }),
  };
}
