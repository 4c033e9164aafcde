import type { ApiVersion } from "../k8s/certificate_signing_request.ts";
import { type ReviewKind, REVIEWS } from "../k8s/review.ts";
import { GROUP, RESOURCE } from "../k8s/status.ts";
import type { Subresource } from "../k8s/validation.ts";

/** Where a path leads. */
export type Route =
  | { readonly to: "collection"; readonly version: ApiVersion }
  | { readonly to: "object"; readonly version: ApiVersion; readonly name: string; readonly subresource: Subresource }
  | { readonly to: "review"; readonly kind: ReviewKind; readonly apiVersion: string }
  | { readonly to: "events" }
  | { readonly to: "health"; readonly check: "healthz" | "livez" | "readyz" }
  | { readonly to: "ca"; readonly profile: string }
  /** A document that is the same for everybody, or nothing at all: without a slash at its end. */
  | { readonly to: "document"; readonly path: string };

const CHECKS = ["healthz", "livez", "readyz"] as const;
const SUBRESOURCES = ["approval", "status"] as const;

/** The methods that each way takes. */
export function methodsOf(route: Route): readonly string[] {
  switch (route.to) {
    case "collection":
      return ["GET", "POST", "DELETE"];
    case "object":
      return route.subresource === "" ? ["GET", "PUT", "PATCH", "DELETE"] : ["GET", "PUT", "PATCH"];
    case "review":
      return ["POST"];
    case "health":
      return ["GET", "HEAD"];
    default:
      return ["GET"];
  }
}

/**
 * Where a path leads; `undefined` for one that can lead nowhere. Segments are decoded after they are split, so that an encoded
 * slash never makes another path.
 */
export function routeOf(path: string): Route | undefined {
  const segments = path.replace(/^\/|\/$/g, "").split("/").map(decode);
  if (segments.some((segment) => segment === "" || segment.includes("/"))) return undefined;
  const [first = "", second = "", third = "", resource, name, last, ...rest] = segments;
  const check = CHECKS.find((known) => known === first);
  if (check !== undefined && segments.length === 1) return { to: "health", check };
  if (first === "ca" && segments.length === 2) return { to: "ca", profile: second };
  if (segments.join("/") === "api/v1/events") return { to: "events" };
  const plain: Route = { to: "document", path: `/${segments.join("/")}` };
  if (first !== "apis" || resource === undefined || rest.length > 0) return plain;
  const review = REVIEWS.find(({ group, versions, resource: reviews }) =>
    group === second && versions.includes(third) && reviews === resource && name === undefined
  );
  if (review !== undefined) return { to: "review", kind: review.kind, apiVersion: `${second}/${third}` };
  if (second !== GROUP || resource !== RESOURCE || (third !== "v1" && third !== "v1beta1")) return plain;
  if (name === undefined) return { to: "collection", version: third };
  const subresource = SUBRESOURCES.find((known) => known === last) ?? "";
  return last !== undefined && subresource === "" ? plain : { to: "object", version: third, name, subresource };
}

/** Whether a path is inside of an API, where even a 404 is a Status. */
export function isInApi(path: string): boolean {
  const groups = [GROUP, ...REVIEWS.map(({ group }) => group)];
  return path === "/api" || path.startsWith("/api/") || groups.some((group) => path.startsWith(`/apis/${group}/`));
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return "";
  }
}
