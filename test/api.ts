/** The Kubernetes API of a signer in this process, as an administrator and as nodes see it. */
import * as assert from "uvu/assert";
import { tokenAuthenticator } from "../src/auth/token.ts";
import type { CertificateSigningRequest } from "../src/k8s/certificate_signing_request.ts";
import type { Signer, SignerOptions } from "../src/signer/create_signer.ts";
import {
  objectIn,
  objectJson,
  type ObjectParts,
  pathOf,
  peerRequest,
  sharedKey,
  type TestSigner,
  testSigner,
} from "./signing.ts";

/** Sends requests as somebody. */
export interface Client {
  /** A request; a body that is no string or bytes is sent as JSON. */
  readonly send: (
    method: string,
    path: string,
    body?: unknown,
    headers?: Readonly<Record<string, string>>,
  ) => Promise<Response>;
  /** Creates a good peer's object. */
  readonly create: (parts?: ObjectParts) => Promise<CertificateSigningRequest>;
}

/** A signer that knows an administrator and two nodes. */
export interface ApiWorld extends TestSigner {
  readonly admin: Client;
  readonly node: Client;
  readonly other: Client;
  /** Without a credential. */
  readonly nobody: Client;
}

/** Makes one. */
export async function apiWorld(options: Partial<SignerOptions> = {}): Promise<ApiWorld> {
  const entry = (token: string, username: string, groups: readonly string[]) => ({
    token,
    identity: { username, groups: [...groups, "system:authenticated"], proof: "bootstrap-token" as const },
  });
  const authenticators = [
    tokenAuthenticator([
      entry("admin-token", "alice", ["certgen:admins"]),
      entry("node-token", "node1", []),
      entry("other-token", "node2", []),
    ]),
  ];
  const world = await testSigner({ authenticators, ...options });
  const client = (token?: string): Client => clientOf(world.signer, token);
  return {
    ...world,
    admin: client("admin-token"),
    node: client("node-token"),
    other: client("other-token"),
    nobody: client(),
  };
}

/** Sends requests to a signer with a bearer token, or without a credential. */
export function clientOf(signer: Signer, token: string | undefined): Client {
  const send: Client["send"] = async (method, path, body, headers = {}) => {
    const isRaw = body === undefined || typeof body === "string" || body instanceof Uint8Array;
    return await signer.fetch(
      new Request(`https://signer${path}`, {
        method,
        headers: {
          ...token === undefined ? {} : { authorization: `Bearer ${token}` },
          ...body === undefined ? {} : { "content-type": "application/json" },
          ...headers,
        },
        ...body === undefined ? {} : { body: isRaw ? body as string : JSON.stringify(body) },
      }),
    );
  };
  return {
    send,
    create: async (parts = {}) => {
      const body = objectJson(await peerRequest("etcd1", await sharedKey()), parts);
      return await objectIn(await send("POST", pathOf(parts.version ?? "v1"), body));
    },
  };
}

/** An event of a watch. */
export interface WatchEvent {
  readonly type: string;
  // what an event holds depends on how it was asked for
  readonly object: Readonly<Record<string, unknown>> & {
    readonly metadata: { readonly name: string; readonly resourceVersion: string };
  };
}

/** Reads the events of a watch, one after the other. */
export interface EventReader {
  /** The next one; fails where the watch has ended. */
  readonly next: () => Promise<WatchEvent>;
  /** All up to the end of the watch. */
  readonly rest: () => Promise<WatchEvent[]>;
  /** Stops watching. */
  readonly cancel: () => Promise<void>;
}

/** The events of an answer to a watch. */
export function eventsOf(response: Response): EventReader {
  assert.is(response.status, 200);
  assert.is(response.headers.get("content-type"), "application/json");
  const reader = response.body?.getReader();
  const decoder = new TextDecoder();
  let text = "";
  const line = async (): Promise<WatchEvent | undefined> => {
    while (!text.includes("\n")) {
      const chunk = await reader?.read();
      if (chunk === undefined || chunk.done) {
        assert.is(text, "", "a watch ends after a whole line");
        return undefined;
      }
      text += decoder.decode(chunk.value, { stream: true });
    }
    const end = text.indexOf("\n");
    const event = JSON.parse(text.slice(0, end)) as WatchEvent;
    text = text.slice(end + 1);
    return event;
  };
  return {
    next: async () => {
      const event = await line();
      if (event === undefined) throw new Error("the watch has ended");
      return event;
    },
    rest: async () => {
      const events: WatchEvent[] = [];
      for (let event = await line(); event !== undefined; event = await line()) events.push(event);
      return events;
    },
    cancel: async () => await reader?.cancel(),
  };
}
