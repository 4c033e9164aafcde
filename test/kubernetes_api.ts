/**
 * An API server as a Kubernetes cluster has one, as far as an agent sees it: authentication, RBAC, certificates.k8s.io/v1 as
 * strict as the real one's, watches; with the controllers that approve and sign apart, as there. It is not certgen's signer:
 * no v1beta1, no decision in the POST, no `/ca`.
 */
import type { Issuer } from "../src/ca/issuer.ts";
import { signCsr } from "../src/ca/sign_csr.ts";
import type { Handler, Now, Sleep } from "../src/ports.ts";
import { createFaults } from "./kubernetes_validation.ts";
import { type ChangeType, KubernetesWatches } from "./kubernetes_watches.ts";

/** A user that the server knows by a bearer token. */
export interface KubernetesUser {
  readonly token: string;
  readonly username: string;
  /** What it may do with certificatesigningrequests, at the cluster scope. */
  readonly verbs: readonly string[];
}

/** How the server is set up. */
export interface KubernetesOptions {
  readonly users: readonly KubernetesUser[];
  /** Whether requests without a credential that is known are system:anonymous' (`--anonymous-auth`, on by default there). */
  readonly anonymous?: boolean;
  /** The signer's clock. */
  readonly now?: Now;
  /** Waits for the end of a watch's time. */
  readonly sleep?: Sleep;
}

/** An object of the API. */
export interface KubernetesObject {
  readonly kind: "CertificateSigningRequest";
  readonly apiVersion: "certificates.k8s.io/v1";
  readonly metadata: Readonly<Record<string, unknown>> & {
    readonly name: string;
    readonly uid: string;
    readonly resourceVersion: string;
  };
  readonly spec: Readonly<Record<string, unknown>> & { readonly request: string };
  readonly status: { readonly conditions?: readonly Condition[]; readonly certificate?: string };
}

type Json = Readonly<Record<string, unknown>>;

interface Condition {
  readonly type: string;
  readonly status: "True";
  readonly reason: string;
  readonly message: string;
}

/** Looks at a request before the server does, and may answer in its place. */
export type Intercept = (request: Request) => Response | undefined | Promise<Response | undefined>;

const GROUP = "certificates.k8s.io";
const RESOURCE = "certificatesigningrequests";
const PATH = `/apis/${GROUP}/v1/${RESOURCE}`;

/** One API server with its objects in memory. */
export class KubernetesApi {
  /** What there is, by name. */
  readonly objects: Map<string, KubernetesObject> = new Map();
  /** Requests as `GET /apis/…?watch=true&…`, in order. */
  readonly seen: string[] = [];
  /** Asked in turn, each once. */
  readonly intercepts: Intercept[] = [];
  /** Who watches. */
  readonly watches: KubernetesWatches<KubernetesObject>;
  readonly #options: KubernetesOptions;
  readonly #waiting = new Set<() => void>();

  /** Makes one without an object. */
  constructor(options: KubernetesOptions) {
    this.#options = options;
    this.watches = new KubernetesWatches(options.sleep);
  }

  /** Answers one request. */
  readonly handler: Handler = async (request) => {
    const { pathname, search } = new URL(request.url);
    this.seen.push(`${request.method} ${pathname}${search}`);
    const intercepted = await this.intercepts.shift()?.(request);
    const answer = intercepted ?? await this.#answer(request);
    for (const check of [...this.#waiting]) check();
    return answer;
  };

  /** Resolves once this is true of what was asked; it is looked at after each request. */
  until(isTrue: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const check = (): void => {
        if (!isTrue()) return;
        this.#waiting.delete(check);
        resolve();
      };
      this.#waiting.add(check);
      check();
    });
  }

  /** The only object that there is. */
  only(): KubernetesObject {
    const [object, ...more] = this.objects.values();
    if (object === undefined || more.length > 0) throw new Error(`there are ${this.objects.size} objects, not one`);
    return object;
  }

  /** Somebody's object, whatever it says. */
  put(name: string, spec: Readonly<Record<string, unknown>> & { request: string }): void {
    this.#store("ADDED", this.#newObject({ name }, spec, "somebody"));
  }

  /** What `kubectl certificate approve` does. */
  approve(name: string): void {
    this.#addCondition(name, {
      type: "Approved",
      reason: "KubectlApprove",
      message: "by kubectl certificate approve.",
    });
  }

  /** What `kubectl certificate deny` does. */
  deny(name: string, reason = "KubectlDeny", message = "by kubectl certificate deny."): void {
    this.#addCondition(name, { type: "Denied", reason, message });
  }

  /** What a signer's controller does with an approved object. */
  async sign(name: string, issuer: Issuer): Promise<void> {
    const object = this.#object(name);
    if (!object.status.conditions?.some(({ type }) => type === "Approved")) throw new Error(`${name} is not approved`);
    const { request, expirationSeconds } = object.spec;
    const certificate = await signCsr(atob(request), issuer, {
      profile: "etcd-peer",
      ...typeof expirationSeconds === "number" ? { lifetimeSeconds: expirationSeconds } : {},
      ...this.#options.now === undefined ? {} : { now: this.#options.now },
    });
    this.#change(object, { ...object.status, certificate: btoa(certificate.pem) });
  }

  /** What the cleaner does with an old object. */
  remove(name: string): void {
    const object = this.#object(name);
    this.objects.delete(name);
    this.watches.record("DELETED", object);
  }

  async #answer(request: Request): Promise<Response> {
    const user = this.#userOf(request.headers.get("authorization"));
    if (user === undefined) return failure(401, "Unauthorized", "Unauthorized");
    const { pathname, searchParams } = new URL(request.url);
    const isBeta = pathname.startsWith(`/apis/${GROUP}/v1beta1/${RESOURCE}`);
    if (pathname !== PATH && !pathname.startsWith(`${PATH}/`) && !isBeta) {
      // a path that is no resource: whether there is one is nobody's business
      const message = `forbidden: User "${user.username}" cannot ${request.method.toLowerCase()} path "${pathname}"`;
      return failure(403, "Forbidden", message, {});
    }
    const name = decodeURIComponent(pathname.split("/")[5] ?? "");
    const verb = verbOf(request.method, name, searchParams);
    if (!user.verbs.includes(verb)) return refused(user, verb, name);
    // removed in Kubernetes 1.22; RBAC knows no versions
    if (isBeta) return new Response("404 page not found\n", { status: 404 });
    if (verb === "create") return await this.#create(request, user);
    if (verb === "watch") return this.#watch(searchParams);
    const object = this.objects.get(name);
    return object === undefined
      ? failure(404, "NotFound", `${RESOURCE}.${GROUP} "${name}" not found`, { name, group: GROUP, kind: RESOURCE })
      : json(200, object);
  }

  /** The union of the authenticators: a scheme that none knows is no credential, a bearer token that none knows is a bad one. */
  #userOf(authorization: string | null): KubernetesUser | undefined {
    const [scheme = "", token] = (authorization ?? "").split(" ");
    if (scheme.toLowerCase() === "bearer" && token) return this.#options.users.find((user) => user.token === token);
    return this.#options.anonymous ? { token: "", username: "system:anonymous", verbs: [] } : undefined;
  }

  async #create(request: Request, user: KubernetesUser): Promise<Response> {
    if (request.headers.get("content-type")?.split(";")[0] !== "application/json") {
      return failure(415, "UnsupportedMediaType", "the body of the request was in an unknown format");
    }
    const sent = parsed(await request.text());
    if (sent === undefined) return failure(400, "BadRequest", "the object provided is unrecognized");
    const { metadata, spec } = sent;
    const faults = await createFaults({ metadata, spec });
    const name = String(metadata["name"]);
    if (faults.length > 0) {
      const list = faults.map(({ field, message }) => `${field}: ${message}`).join(", ");
      const message = `CertificateSigningRequest.${GROUP} "${name}" is invalid: ${list}`;
      return failure(422, "Invalid", message, {
        name,
        group: GROUP,
        kind: "CertificateSigningRequest",
        causes: faults,
      });
    }
    if (this.objects.has(name)) {
      const details = { name, group: GROUP, kind: RESOURCE };
      return failure(409, "AlreadyExists", `${RESOURCE}.${GROUP} "${name}" already exists`, details);
    }
    const object = this.#newObject({ name }, spec as KubernetesObject["spec"], user.username);
    return json(201, this.#store("ADDED", object));
  }

  /** `PrepareForCreate`: of what a client says of itself and of the status nothing is kept. */
  #newObject(metadata: { name: string }, spec: KubernetesObject["spec"], username: string): KubernetesObject {
    const { request, signerName, expirationSeconds, usages } = spec;
    return {
      kind: "CertificateSigningRequest",
      apiVersion: `${GROUP}/v1`,
      metadata: {
        ...metadata,
        uid: crypto.randomUUID(),
        resourceVersion: "",
        creationTimestamp: "2026-03-01T12:00:00Z",
      },
      spec: {
        request,
        signerName,
        ...expirationSeconds === undefined ? {} : { expirationSeconds },
        usages,
        username,
        uid: "0c2fbf3e-7a4b-4a9b-8f5d-1d1f2f3b4c5d",
        groups: ["system:serviceaccounts", "system:authenticated"],
      },
      status: {},
    };
  }

  #watch(query: URLSearchParams): Response {
    const selector = query.get("fieldSelector");
    const [, name] = /^metadata\.name=([^,=]+)$/.exec(selector ?? "") ?? [];
    if (name === undefined && selector !== null) {
      return failure(400, "BadRequest", `field label not supported: ${selector}`);
    }
    return this.watches.start(query, name, this.objects.values());
  }

  #object(name: string): KubernetesObject {
    const object = this.objects.get(name);
    if (object === undefined) throw new Error(`there is no ${name}`);
    return object;
  }

  #addCondition(name: string, condition: Omit<Condition, "status">): void {
    const object = this.#object(name);
    const conditions = [...object.status.conditions ?? [], { ...condition, status: "True" as const }];
    this.#change(object, { ...object.status, conditions });
  }

  #change(object: KubernetesObject, status: KubernetesObject["status"]): void {
    this.#store("MODIFIED", { ...object, status });
  }

  #store(type: ChangeType, object: KubernetesObject): KubernetesObject {
    const stored = this.watches.record(type, object);
    this.objects.set(stored.metadata.name, stored);
    return stored;
  }
}

/** `RequestInfo` of the API server. */
function verbOf(method: string, name: string, query: URLSearchParams): string {
  if (method === "POST") return "create";
  if (method !== "GET") return method.toLowerCase();
  if (name !== "") return "get";
  return query.get("watch") === "true" ? "watch" : "list";
}

function refused({ username }: KubernetesUser, verb: string, name: string): Response {
  const object = `${RESOURCE}.${GROUP}${name && ` "${name}"`}`;
  const message =
    `${object} is forbidden: User "${username}" cannot ${verb} resource "${RESOURCE}" in API group "${GROUP}" at the cluster scope`;
  return failure(403, "Forbidden", message, { ...name && { name }, group: GROUP, kind: RESOURCE });
}

/** What a body is where it is an object of the right kind, as Go decodes it. */
function parsed(text: string): { metadata: Json; spec: Json } | undefined {
  try {
    const { kind, apiVersion, metadata, spec } = JSON.parse(text);
    atob(spec.request ?? "");
    const isInteger = ["undefined", "number"].includes(typeof spec.expirationSeconds);
    const isKind = kind === "CertificateSigningRequest" && apiVersion === `${GROUP}/v1`;
    return isKind && isInteger ? { metadata: metadata ?? {}, spec } : undefined;
  } catch {
    return undefined;
  }
}

function json(status: number, body: unknown): Response {
  const headers = { "content-type": "application/json", "cache-control": "no-cache, private" };
  return new Response(JSON.stringify(body) + "\n", { status, headers });
}

function failure(code: number, reason: string, message: string, details?: unknown): Response {
  const status = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", message, reason };
  return json(code, { ...status, ...details === undefined ? {} : { details }, code });
}
