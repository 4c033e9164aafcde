/** The API of a signer as administrators use it, over objects in memory; served for commands that are run in this process. */
import { encodeKubeconfig } from "../src/agent/kubeconfig_writer.ts";
import type { JsonObject } from "../src/k8s/json.ts";
import type { Handler } from "../src/ports.ts";
import { detectRuntime } from "../src/runtime/detect.ts";
import { newCa, newLeaf } from "../cli/credentials.ts";
import { failure, jsonAnswer } from "./agent_world.ts";
import { objectIn, objectJson, pathOf, peerRequest, post, testSigner } from "./signing.ts";

/** The token of the administrator. */
export const ADMIN_TOKEN = "adm1n.token";

type FakeObject = Record<string, unknown> & { metadata: Record<string, unknown> };

/** An API, and what was asked of it. */
export interface FakeApi {
  readonly handler: Handler;
  /** What there is, by name. */
  readonly objects: Map<string, FakeObject>;
  /** Requests as `PUT /apis/…`. */
  readonly seen: string[];
  /** Tells every watch. */
  readonly emit: (type: string, object: unknown) => void;
  /** Resolves once so many watches have begun. */
  readonly watches: (count: number) => Promise<void>;
}

/** Makes one. */
export function fakeApi(...objects: readonly unknown[]): FakeApi {
  const stored = new Map<string, FakeObject>();
  for (const object of objects as readonly FakeObject[]) stored.set(String(object.metadata["name"]), object);
  const seen: string[] = [];
  const watching: ReadableStreamDefaultController[] = [];
  let begun = 0;
  let revision = 100;
  const watch = (): Response => {
    begun++;
    return new Response(new ReadableStream({ start: (controller) => void watching.push(controller) }));
  };
  const decide = async (request: Request, object: FakeObject): Promise<Response> => {
    const sent = await request.json() as FakeObject;
    const { uid, resourceVersion } = sent.metadata;
    if (uid !== object.metadata["uid"] || resourceVersion !== object.metadata["resourceVersion"]) {
      return failure(409, "Conflict");
    }
    const decided = { ...sent, metadata: { ...sent.metadata, resourceVersion: String(++revision) } };
    stored.set(String(object.metadata["name"]), decided);
    return jsonAnswer(200, decided);
  };
  const handler: Handler = async (request) => {
    const { pathname, search, searchParams } = new URL(request.url);
    seen.push(`${request.method} ${pathname}${search}`);
    const authorization = request.headers.get("authorization");
    if (authorization !== `Bearer ${ADMIN_TOKEN}`) return failure(authorization === null ? 403 : 401, "Unauthorized");
    const [name, subresource] = pathname.slice(pathOf("v1").length + 1).split("/").map(decodeURIComponent);
    if (name === undefined || name === "") {
      if (searchParams.has("watch")) return watch();
      return jsonAnswer(200, { metadata: { resourceVersion: String(revision) }, items: [...stored.values()] });
    }
    const object = stored.get(name);
    if (object === undefined) return failure(404, `NotFound ${name}`);
    if (subresource === "approval") return await decide(request, object);
    if (request.method === "DELETE") stored.delete(name);
    return jsonAnswer(200, object);
  };
  return {
    handler,
    objects: stored,
    seen,
    emit: (type, object) => {
      const line = new TextEncoder().encode(`${JSON.stringify({ type, object })}\n`);
      for (const controller of watching) controller.enqueue(line);
    },
    watches: async (count) => {
      while (begun < count) await new Promise((resolve) => setTimeout(resolve, 5));
    },
  };
}

/** A server of it. */
export interface ServedApi {
  readonly port: number;
  /** PEM. */
  readonly ca: string;
  readonly kubeconfig: string;
  readonly stop: () => Promise<void>;
}

/** Serves an API on this machine. */
export async function serveApi({ handler }: Pick<FakeApi, "handler">): Promise<ServedApi> {
  const runtime = await detectRuntime();
  const ca = await newCa("serving CA");
  const options = { commonName: "s", usages: ["serverAuth"], names: ["localhost"], lifetimeSeconds: 3600 } as const;
  const tls = [await newLeaf(ca.issuer, options)];
  const server = await runtime.serve({ hostname: "127.0.0.1", port: 0, tls, handler });
  const url = `https://localhost:${server.port}`;
  return {
    port: server.port,
    ca: ca.pem.certificate,
    kubeconfig: encodeKubeconfig({ server: url, ca: ca.pem.certificate, user: "u", token: ADMIN_TOKEN }),
    stop: () => server.stop(0),
  };
}

/** An object that a signer has issued for, as it answered it. */
export async function issuedObject(node = "etcd1", parts: Parameters<typeof objectJson>[1] = {}): Promise<JsonObject> {
  const { signer } = await testSigner();
  const body = objectJson(await peerRequest(node), { name: `system:etcd-peer:${node}`, ...parts });
  return { ...await objectIn(await post(signer, body)) };
}

/** The same before anybody decided. */
export async function pendingObject(node = "etcd1", parts: Parameters<typeof objectJson>[1] = {}): Promise<JsonObject> {
  return { ...await issuedObject(node, parts), status: {} };
}
