import http from "node:http";
import https from "node:https";
import type net from "node:net";
import type tls from "node:tls";
import { CertgenError, messageOf } from "../errors.ts";
import { errnoOf } from "./file_error.ts";

/** What a listener is to do. */
export interface ListenerOptions {
  readonly http: http.ServerOptions;
  /** None: plain HTTP. */
  readonly tls: tls.TlsOptions | undefined;
  readonly onRequest: http.RequestListener;
  /** Called with every connection that HTTP can be spoken over, before its first request. */
  readonly onSocket: (socket: net.Socket) => void;
}

/** What listens, not listening yet. */
export interface Listener {
  /** The server whose `listen` and `close` count, and which emits `connection` before any handshake. */
  readonly transport: net.Server;
  /** The server that parses HTTP, and emits `clientError` and `connect`. */
  readonly http: http.Server;
  /** Takes another default certificate for the connections to come; absent from plain HTTP. */
  readonly setSecureContext?: (options: tls.SecureContextOptions) => void;
}

/** Makes a listener in the way of one runtime. */
export type CreateListener = (options: ListenerOptions) => Listener;

/** Over `node:http` and `node:https`, which do all that is needed on Node and Deno. */
export function createListener(options: ListenerOptions): Listener {
  if (options.tls === undefined) {
    const server = http.createServer(options.http, options.onRequest);
    server.on("connection", options.onSocket);
    return { transport: server, http: server };
  }
  const server = https.createServer({ ...options.tls, ...options.http }, options.onRequest);
  server.on("secureConnection", options.onSocket);
  return { transport: server, http: server, setSecureContext: (context) => server.setSecureContext(context) };
}

const WORDS: ReadonlyMap<string, string> = new Map([
  ["EACCES", "permission denied"],
  ["EADDRINUSE", "address already in use"],
  ["EADDRNOTAVAIL", "this host has no such address"],
  ["ENOTFOUND", "no such host name"],
]);

/**
 * Starts to listen; gives the port.
 * @throws CertgenError `io`
 */
export async function listen(transport: net.Server, hostname: string, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    const failed = (cause: Error): void => {
      const errno = errnoOf(cause) ?? "";
      const words = WORDS.get(errno);
      const why = words === undefined ? messageOf(cause) : `${words} (${errno})`;
      reject(new CertgenError("io", `Cannot listen on ${hostname}:${port}: ${why}`, { cause }));
    };
    transport.once("error", failed);
    transport.listen(port, hostname, () => {
      transport.off("error", failed);
      resolve();
    });
  });
  const address = transport.address();
  return typeof address === "object" && address !== null ? address.port : port;
}
