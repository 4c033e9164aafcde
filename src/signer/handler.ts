/**
 * Request -> Response: who asks, where the path leads, and what every answer has in common.
 * @module
 */
import { bundleOf } from "../ca/issuer.ts";
import { CertgenError, messageOf } from "../errors.ts";
import type { Identity } from "../identity.ts";
import { Discovery } from "../k8s/discovery.ts";
import { OpenApi } from "../k8s/openapi.ts";
import { GROUP, statusOf } from "../k8s/status.ts";
import type { Handler } from "../ports.ts";
import type { Trace } from "../requests/trace.ts";
import type { Admission } from "./admission.ts";
import { documentAnswer, json, statusAnswer, text } from "./answer.ts";
import { noSuchResource, type Services, type Subject } from "./call.ts";
import { onCollection } from "./collection.ts";
import { healthAnswer, type HealthCheck } from "./health.ts";
import { onObject } from "./object.ts";
import { onReview } from "./reviews.ts";
import { isInApi, methodsOf, type Route, routeOf } from "./route.ts";

/** What a handler stands on. */
export interface HandlerOptions extends Services {
  readonly admission: Admission;
}

const BETA_WARNING =
  `299 - "${GROUP}/v1beta1 CertificateSigningRequest is deprecated in v1.19+, unavailable in v1.22+; ` +
  `use ${GROUP}/v1 CertificateSigningRequest"`;

/** A request whose path has been read. */
interface Incoming {
  readonly request: Request;
  readonly url: URL;
  readonly route: Route | undefined;
  readonly isPretty: boolean;
  readonly subject: Subject;
  readonly trace: Trace;
  /** Whether they have proven who they are, as far as it is known yet. */
  readonly caller: { isKnown: boolean };
}

/** The signer's interface as a fetch handler. It answers every request and throws nothing. */
export function createHandler(options: HandlerOptions): Handler {
  const documents = documentsOnce();
  return async (request, info) => {
    const url = new URL(request.url);
    const route = routeOf(url.pathname);
    const subject = { name: route?.to === "object" ? route.name : undefined };
    const trace = { requestId: crypto.randomUUID(), ...info?.remoteAddress && { source: info.remoteAddress } };
    const caller = { isKnown: false };
    const incoming = { request, url, route, subject, isPretty: isForPeople(request, url), trace, caller };
    const answer = await answerOf(incoming, options, documents).catch((error: unknown) =>
      refusal(error, incoming, options)
    );
    answer.headers.set("audit-id", trace.requestId);
    if (route !== undefined && "version" in route && route.version === "v1beta1") {
      answer.headers.append("warning", BETA_WARNING);
    }
    return answer;
  };
}

async function answerOf(incoming: Incoming, options: HandlerOptions, documents: Documents): Promise<Response> {
  const { request, url, route, isPretty, subject, trace } = incoming;
  options.admission.enter(trace.source);
  if (route === undefined) return nothing(url.pathname);
  if (route.to === "document" && await documents(route.path, request) === undefined) return nothing(route.path);
  if (!methodsOf(route).includes(request.method)) {
    const message = "the server does not allow this method on the requested resource";
    throw new CertgenError("method-not-allowed", message);
  }
  switch (route.to) {
    case "health":
      return healthAnswer(route.check, checksOf(route.check, options), url.searchParams.has("verbose"));
    case "ca":
      return text(caOf(route.profile, options), 200, "application/x-pem-file");
    default: {
      const identity = await identify(options, incoming);
      const call = { request, query: url.searchParams, identity, isPretty, subject, trace };
      return await answerTo(route, call, options, documents);
    }
  }
}

/** A request of somebody who is known, or known to be nobody. */
interface Identified {
  readonly request: Request;
  readonly query: URLSearchParams;
  readonly identity: Identity;
  readonly isPretty: boolean;
  readonly subject: Subject;
  readonly trace: Trace;
}

async function answerTo(
  route: Exclude<Route, { readonly to: "health" | "ca" }>,
  call: Identified,
  services: HandlerOptions,
  documents: Documents,
): Promise<Response> {
  switch (route.to) {
    case "document":
      return await documents(route.path, call.request) ?? nothing(route.path);
    case "events": {
      // `kubectl describe` asks; nobody writes any
      const metadata = { resourceVersion: String(services.objects.revision) };
      return json({ kind: "EventList", apiVersion: "v1", metadata, items: [] }, 200, call.isPretty);
    }
    case "review":
      return await onReview({ ...call, ...route }, services);
    case "collection":
      return await onCollection({ ...call, ...route, subresource: "" }, services);
    case "object":
      return await onObject({ ...call, ...route }, services);
  }
}

async function identify({ admission }: HandlerOptions, { request, trace, caller }: Incoming): Promise<Identity> {
  const identity = await admission.identify(request, trace.source);
  caller.isKnown = identity.proof !== "none";
  for (const header of request.headers.keys()) {
    if (header.startsWith("impersonate-")) throw new CertgenError("forbidden", "impersonation is not allowed");
  }
  return identity;
}

/** The Status of what went wrong, and a line in the log. */
function refusal(error: unknown, incoming: Incoming, options: HandlerOptions): Response {
  const { request, url, route, subject, isPretty, trace, caller } = incoming;
  const isAboutObjects = route?.to === "object" || route?.to === "collection";
  const status = statusOf(error, isAboutObjects ? subject : undefined);
  const facts = {
    method: request.method,
    path: url.pathname.slice(0, 300),
    code: status.code,
    from: trace.source,
    requestId: trace.requestId,
  };
  if (request.signal.aborted) options.log("debug", "client gone", facts);
  // 401 has a budget of its own
  else if (status.code === 401 || status.code === 429) options.log("debug", "request refused", facts);
  else if (status.code >= 500) options.log("error", "request failed", { ...facts, because: messageOf(error) });
  else logRefusal({ ...facts, because: status.message.slice(0, 500) }, caller, options);
  return statusAnswer(status, isPretty);
}

/** Who is unknown must not fill the log. */
function logRefusal(
  facts: Readonly<Record<string, unknown>>,
  { isKnown }: Incoming["caller"],
  { admission, log }: HandlerOptions,
): void {
  if (isKnown) log("info", "request refused", facts);
  else if (!admission.refused(facts)) log("debug", "request refused", facts);
}

/** The answer to a document's path; `undefined` where there is none. */
type Documents = (path: string, request: Request) => Promise<Response | undefined>;

/** The documents are made when the first of them is asked for. */
function documentsOnce(): Documents {
  let made: Promise<readonly [Discovery, OpenApi]> | undefined;
  return async (path, request) => {
    const [discovery, openApi] = await (made ??= Promise.all([Discovery.create(), OpenApi.create()]));
    const accept = request.headers.get("accept");
    const document = discovery.get(path, accept) ?? openApi.get(path, accept);
    return document && documentAnswer(request, document);
  };
}

function nothing(path: string): Response {
  if (isInApi(path)) throw noSuchResource();
  return text("404 page not found\n", 404);
}

function checksOf(check: "healthz" | "livez" | "readyz", { judge, now }: HandlerOptions): HealthCheck[] {
  return [{ name: "ping", fault: undefined }, ...check === "readyz" ? [{ name: "ca", fault: judge.fault(now()) }] : []];
}

function caOf(profile: string, { judge, now }: HandlerOptions): string {
  const issuer = judge.issuerOf(profile);
  if (issuer === undefined) throw noSuchResource();
  return bundleOf(issuer, now());
}

/** `?pretty`, and whoever asks with a tool for people, as kube-apiserver has it. */
function isForPeople(request: Request, url: URL): boolean {
  const wanted = url.searchParams.get("pretty");
  if (wanted !== null) return wanted !== "0" && wanted !== "false";
  return /^(?:curl|Wget|Mozilla)\b/.test(request.headers.get("user-agent") ?? "");
}
