import { checkMayDo } from "../k8s/authorization.ts";
import type { CertificateSigningRequest } from "../k8s/certificate_signing_request.ts";
import { isObject } from "../k8s/json.ts";
import { review, type ReviewKind } from "../k8s/review.ts";
import type { Identity } from "../identity.ts";
import { isOwner } from "../requests/object.ts";
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
  const named = await objectNamedIn(object["spec"], services);
  const isOwn = (): boolean => named !== undefined && isOwner(named, identity);
  return json(review(kind, object, { identity, mode: services.mode, apiVersion, isOwn }), 201, isPretty);
}

/** The object that a review names, if it names one that is there. */
async function objectNamedIn(spec: unknown, { objects }: Services): Promise<CertificateSigningRequest | undefined> {
  const attributes = isObject(spec) ? spec["resourceAttributes"] : undefined;
  const name = isObject(attributes) ? attributes["name"] : undefined;
  return typeof name === "string" ? (await objects.get(name))?.object : undefined;
}
