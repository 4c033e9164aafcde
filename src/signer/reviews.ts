import { checkMayDo } from "../k8s/authorization.ts";
import { isObject } from "../k8s/json.ts";
import { review, type ReviewKind } from "../k8s/review.ts";
import type { Identity } from "../identity.ts";
import { json } from "./answer.ts";
import { readObject } from "./body.ts";
import type { Services } from "./call.ts";

/** A review that was asked for. */
export interface ReviewCall {
  readonly request: Request;
  readonly identity: Identity;
  readonly kind: ReviewKind;
  /** `<group>/<version>` of the path. */
  readonly apiVersion: string;
  readonly isPretty: boolean;
}

/** Answers what somebody asks about themselves. */
export async function onReview(call: ReviewCall, services: Services): Promise<Response> {
  const { request, identity, kind, apiVersion, isPretty } = call;
  // before the body is read, as everywhere
  const [group = ""] = apiVersion.split("/");
  const resource = `${kind.toLowerCase()}s`;
  checkMayDo(identity, { verb: "create", group, resource, subresource: "", name: "" }, services.mode);
  const { object } = await readObject(request, services.maxBodyBytes, kind);
  const owner = await ownerOf(object["spec"], services);
  const isOwn = (): boolean => owner === identity.username;
  return json(review(kind, object, { identity, mode: services.mode, apiVersion, isOwn }), 201, isPretty);
}

/** Who created the object that a review names, if it names one that is there. */
async function ownerOf(spec: unknown, { objects }: Services): Promise<string | undefined> {
  const attributes = isObject(spec) ? spec["resourceAttributes"] : undefined;
  const name = isObject(attributes) ? attributes["name"] : undefined;
  return typeof name === "string" ? (await objects.get(name))?.object.spec.username : undefined;
}
