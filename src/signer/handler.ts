/**
 * Request -> Response: routes, methods, limits and content types of the signer's HTTP interface.
 * @module
 */
import { type Bytes, concat } from "../bytes.ts";
import { CertgenError, messageOf } from "../errors.ts";
import type { Identity } from "../identity.ts";
import { type ApiVersion, decodeCreate, encode } from "../k8s/certificate_signing_request.ts";
import { GROUP, RESOURCE, statusOf } from "../k8s/status.ts";
import type { Handler, Log, Random } from "../ports.ts";
import type { SigningService } from "./signer.ts";

/** What a handler stands on. */
export interface HandlerOptions {
  readonly service: SigningService;
  /** Who asks; throws `unauthorized`. */
  readonly authenticate: (request: Request) => Promise<Identity>;
  /** Largest body taken, in bytes. */
  readonly maxBodyBytes: number;
  readonly random: Random;
  readonly log: Log;
}

/** Where a path leads. */
type Route =
  | { readonly to: "collection"; readonly version: ApiVersion }
  | { readonly to: "object"; readonly version: ApiVersion; readonly name: string }
  | { readonly to: "ca"; readonly profile: string }
  | { readonly to: "readyz" };

const METHODS: Readonly<Record<Route["to"], readonly string[]>> = {
  collection: ["POST"],
  object: ["GET"],
  ca: ["GET"],
  readyz: ["GET", "HEAD"],
};

const BETA_WARNING =
  `299 - "${GROUP}/v1beta1 CertificateSigningRequest is deprecated in v1.19+, unavailable in v1.22+; ` +
  `use ${GROUP}/v1 CertificateSigningRequest"`;

/** The signer's interface as a fetch handler. It answers every request and throws nothing. */
export function createHandler(options: HandlerOptions): Handler {
  const { service, log } = options;
  return async (request, info) => {
    const route = routeOf(new URL(request.url).pathname);
    const about: Subject = { name: route?.to === "object" ? route.name : undefined };
    const beta = route !== undefined && "version" in route && route.version === "v1beta1";
    try {
      if (route === undefined) return text("404 page not found\n", 404);
      if (!METHODS[route.to].includes(request.method)) {
        throw new CertgenError("method-not-allowed", "the server does not allow this method on the requested resource");
      }
      switch (route.to) {
        case "readyz":
          return readyz(service.fault());
        case "ca":
          return text(service.caOf(route.profile), 200, "application/x-pem-file");
        case "object":
          checkAccept(request);
          return json(
            encode(await service.get(route.name, await identify(options, request)), route.version),
            200,
            beta,
          );
        case "collection":
          checkAccept(request);
          return await create(options, request, route.version, about);
      }
    } catch (error) {
      const status = statusOf(error, about.name);
      const facts = {
        method: request.method,
        path: new URL(request.url).pathname.slice(0, 300),
        code: status.code,
        from: info?.remoteAddress,
      };
      if (request.signal.aborted) log("debug", "client gone", facts);
      else if (status.code >= 500) log("error", "request failed", { ...facts, because: messageOf(error) });
      else log("info", "request refused", { ...facts, because: status.message.slice(0, 500) });
      return json(JSON.stringify(status) + "\n", status.code, beta, status.details?.retryAfterSeconds);
    }
  };
}

/** The object that a request is about, as soon as its name is known: for the Status of what goes wrong then. */
interface Subject {
  name: string | undefined;
}

/** `POST` on the collection. */
async function create(
  options: HandlerOptions,
  request: Request,
  version: ApiVersion,
  about: Subject,
): Promise<Response> {
  const identity = await identify(options, request);
  // before the body is read: who may not create need not be listened to
  options.service.checkMayCreate(identity);
  const dryRun = dryRunOf(new URL(request.url).searchParams.getAll("dryRun"));
  checkContentType(request);
  const create = decodeCreate(await readBody(request, options.maxBodyBytes), version, () => nameSuffix(options.random));
  about.name = create.name;
  return json(encode(await options.service.create(create, identity, dryRun), version), 201, version === "v1beta1");
}

async function identify({ authenticate }: HandlerOptions, request: Request): Promise<Identity> {
  const identity = await authenticate(request);
  for (const header of request.headers.keys()) {
    if (header.startsWith("impersonate-")) throw new CertgenError("forbidden", "impersonation is not allowed");
  }
  return identity;
}

/** Segments are decoded after they are split, so that an encoded slash never makes another path. */
function routeOf(path: string): Route | undefined {
  const segments = path.replace(/^\/|\/$/g, "").split("/").map((segment) => {
    try {
      return decodeURIComponent(segment);
    } catch {
      return "";
    }
  });
  if (segments.some((segment) => segment === "" || segment.includes("/"))) return undefined;
  const [first, second = "", version, resource, name, ...rest] = segments;
  if (first === "readyz" && segments.length === 1) return { to: "readyz" };
  if (first === "ca" && segments.length === 2) return { to: "ca", profile: second };
  if (first !== "apis" || second !== GROUP || resource !== RESOURCE || rest.length > 0) return undefined;
  if (version !== "v1" && version !== "v1beta1") return undefined;
  return name === undefined ? { to: "collection", version } : { to: "object", version, name };
}

function checkAccept(request: Request): void {
  const clauses = (request.headers.get("accept") ?? "*/*").toLowerCase().split(",");
  const good = clauses.some((clause) =>
    /^\s*(?:\*\/\*|application\/\*|application\/json)\s*(?:;|$)/.test(clause) && !/;\s*as=/.test(clause)
  );
  if (!good) throw new CertgenError("not-acceptable", "only the following media types are accepted: application/json");
}

function checkContentType(request: Request): void {
  const type = request.headers.get("content-type") ?? "application/json";
  if (/^application\/json\s*(?:;|$)/i.test(type)) return;
  throw new CertgenError(
    "unsupported-media-type",
    "the body of the request was in an unknown format - accepted media types include: application/json",
  );
}

function dryRunOf(values: readonly string[]): boolean {
  const other = values.find((value) => value !== "All");
  if (other === undefined) return values.length > 0;
  const message = `Unsupported value: ${JSON.stringify(other)}: supported values: "All"`;
  throw new CertgenError("invalid-object", message, { field: "dryRun", fieldReason: "FieldValueNotSupported" });
}

/** The body, as long as it is no longer than the limit: what says it is longer is not read at all. */
async function readBody(request: Request, limit: number): Promise<Bytes> {
  const tooLarge = new CertgenError("too-large", `Request entity too large: limit is ${limit}`);
  if (Number(request.headers.get("content-length") ?? 0) > limit) throw tooLarge;
  const chunks: Uint8Array[] = [];
  let length = 0;
  const reader = request.body?.getReader();
  for (let chunk = await reader?.read(); chunk !== undefined && !chunk.done; chunk = await reader?.read()) {
    length += chunk.value.length;
    if (length > limit) {
      await reader?.cancel().catch(() => {});
      throw tooLarge;
    }
    chunks.push(chunk.value);
  }
  return concat(chunks);
}

/** Kubernetes' alphabet of generated names: no vowels, so no words. */
const SUFFIX_ALPHABET = "bcdfghjklmnpqrstvwxz2456789";

function nameSuffix(random: Random): string {
  return Array.from(random(5), (octet) => SUFFIX_ALPHABET[octet % SUFFIX_ALPHABET.length]).join("");
}

function readyz(fault: string | undefined): Response {
  return fault === undefined ? text("ok", 200) : text(`not ready: ${fault}\n`, 503);
}

function text(body: string, status: number, type = "text/plain; charset=utf-8"): Response {
  return new Response(body, {
    status,
    headers: { "content-type": type, "x-content-type-options": "nosniff", "cache-control": "no-cache, private" },
  });
}

function json(body: string, status: number, beta: boolean, retryAfterSeconds?: number): Response {
  const headers: Record<string, string> = { "content-type": "application/json", "cache-control": "no-cache, private" };
  if (beta) headers["warning"] = BETA_WARNING;
  if (retryAfterSeconds !== undefined) headers["retry-after"] = String(retryAfterSeconds);
  return new Response(body, { status, headers });
}
