import type { IncomingMessage, RequestListener } from "node:http";
import type { Server as TransportServer, Socket } from "node:net";
import { setImmediate } from "node:timers/promises";
import type { TLSSocket } from "node:tls";
import { CertgenError, messageOf } from "../errors.ts";
import type { RequestInfo, Serve, ServeOptions, Server, TlsPair } from "../ports.ts";
import { Connections } from "./connections.ts";
import { errnoOf } from "./file_error.ts";
import { bodyOf, toRequest } from "./http_request.ts";
import { type Exchange, plain, readAhead, sendResponse } from "./http_response.ts";
import { type CreateListener, listen } from "./listener.ts";
import { secureContexts } from "./secure_contexts.ts";

const MAX_HEADER_BYTES = 16 * 1024;
/** Long enough for a handshake over a bad line, and never longer than an idle connection lives. */
const MAX_HANDSHAKE_SECONDS = 10;
/** How long a client may go on sending a body that nobody wants, so that it comes to read the answer. */
const LINGER_SECONDS = 2;

/** The {@link Serve} port over a runtime's listener: HTTP/1.1, over TLS 1.2 or newer where there are pairs. */
export function serveWith(createListener: CreateListener): Serve {
  return async (options) => {
    const { idleSeconds = 20, bodySeconds = 30, onError } = options;
    const connections = new Connections(idleSeconds, bodySeconds);
    let contexts = options.tls === undefined ? undefined : secureContexts(options.tls);
    const listener = createListener({
      // what node:http would count itself is switched off: `Connections` counts, on every runtime alike
      http: {
        maxHeaderSize: MAX_HEADER_BYTES,
        keepAliveTimeout: idleSeconds * 1000,
        headersTimeout: 0,
        requestTimeout: 0,
      },
      tls: contexts && {
        ...contexts.first,
        handshakeTimeout: Math.min(MAX_HANDSHAKE_SECONDS, idleSeconds) * 1000,
        // Deno asks for an empty name where the client sends none
        SNICallback: (name, done) => done(null, contexts?.choose(name)),
      },
      onRequest: onRequest(options, connections),
      onSocket: (socket) => connections.add(socket),
    });
    const { transport, http } = listener;
    transport.on("connection", (socket: Socket) => connections.addRaw(socket));
    transport.on("tlsClientError", (cause: Error, socket: TLSSocket) => {
      socket.destroy();
      if (connections.stopping) return;
      onError?.(new CertgenError("io", `Cannot complete a TLS handshake: ${messageOf(cause)}`, { cause }));
    });
    http.on("clientError", (error: Error, socket: Socket) => {
      const status = errnoOf(error) === "HPE_HEADER_OVERFLOW"
        ? "431 Request Header Fields Too Large"
        : "400 Bad Request";
      refuse(connections, socket, status);
    });
    // without a listener, a CONNECT would be cut off unanswered
    http.on("connect", (_: IncomingMessage, socket: Socket) => refuse(connections, socket, "405 Method Not Allowed"));
    const port = await listen(transport, options.hostname, options.port);
    transport.on("error", (error) => onError?.(error));

    const reload = (pairs: readonly TlsPair[]): void => {
      const { setSecureContext } = listener;
      if (setSecureContext === undefined) throw new TypeError("A server of plain HTTP takes no certificates");
      const fresh = secureContexts(pairs);
      setSecureContext(fresh.first);
      contexts = fresh;
    };
    let stopped: Promise<void> | undefined;
    const server: Server = {
      port,
      reload: (pairs) => new Promise((resolve) => resolve(reload(pairs))),
      stop: (graceSeconds = 10) => stopped ??= stop(transport, connections, graceSeconds),
    };
    return server;
  };
}

function onRequest(options: ServeOptions, connections: Connections): RequestListener {
  const scheme = options.tls === undefined ? "http" : "https";
  const stallSeconds = options.bodySeconds ?? 30;
  return (incoming, outgoing) => {
    connections.begin(incoming, outgoing);
    incoming.on("error", () => {}); // told to whoever reads the body
    answer({ incoming, outgoing, scheme, stallSeconds }, options, connections).catch((error) => {
      outgoing.destroy();
      options.onError?.(error);
    });
  };
}

async function answer(exchange: Exchange, options: ServeOptions, connections: Connections): Promise<void> {
  const { incoming } = exchange;
  const body = bodyOf(incoming);
  const received = toRequest(exchange, body);
  const refused = received instanceof Response;
  let response = refused ? received : await handle(received, incoming, options);
  const ahead = await readAhead(response).catch((error) => {
    options.onError?.(error);
    response = plain(500, "internal error");
    return readAhead(response);
  });
  // a handler that does not wait is done before the parser has come to the end of a body that arrived with its headers
  if (!incoming.complete) await setImmediate(undefined);
  // a body that was not read to its end would be taken for the next request
  const unread = !incoming.complete;
  await sendResponse(exchange, response, ahead, {
    close: unread || refused || connections.stopping,
    // a socket closed on unread bytes is reset, and the client might lose the answer with it
    beforeEnd: () => unread ? body.discard(LINGER_SECONDS) : Promise.resolve(),
  });
}

async function handle(request: Request, incoming: IncomingMessage, options: ServeOptions): Promise<Response> {
  const address = incoming.socket.remoteAddress?.replace(/^::ffff:(?=\d+\.)/, "");
  const info: RequestInfo = address === undefined ? {} : { remoteAddress: address };
  try {
    return await options.handler(request, info);
  } catch (error) {
    // a client that went away explains an error well enough
    if (!request.signal.aborted && (incoming.complete || !incoming.destroyed)) options.onError?.(error);
    return plain(500, "internal error");
  }
}

function refuse(connections: Connections, socket: Socket, status: string): void {
  if (!connections.canRefuse(socket)) return void socket.destroy();
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

async function stop(transport: TransportServer, connections: Connections, graceSeconds: number): Promise<void> {
  const closed = new Promise<void>((resolve) => transport.close(() => resolve()));
  await connections.stop(graceSeconds);
  await closed;
}
