/**
 * What certgen needs of Bun, 1.4 or newer.
 * @module
 */
import http from "node:http";
import net from "node:net";
import tls from "node:tls";
import type { Runtime } from "../ports.ts";
import { connect } from "./connect.ts";
import { execute } from "./execute.ts";
import { files } from "./files.ts";
import type { CreateListener } from "./listener.ts";
import { peerCertificate } from "./peer_certificate.ts";
import { serveWith } from "./serve.ts";
import { systemSleep } from "../clock.ts";
import { host, onStopSignal, userId } from "./system.ts";

/**
 * Bun's `node:https` never calls an SNICallback and cannot take another certificate, and its `node:http` does not show a
 * connection before its first request; its `node:tls` and `node:net` do all that, so HTTP is spoken over their sockets.
 */
const createListener: CreateListener = (options) => {
  const server = http.createServer(options.http, options.onRequest);
  const speak = (socket: net.Socket): void => {
    socket.setNoDelay(true); // as node:http does for the sockets of its own
    options.onSocket(socket);
    server.emit("connection", socket);
  };
  if (options.tls === undefined) return { transport: net.createServer(speak), http: server };
  const transport = tls.createServer({ ...options.tls, ALPNProtocols: ["http/1.1"] }, speak);
  return { transport, http: server, setSecureContext: (context) => transport.setSecureContext(context) };
};

/** The runtime of a program that runs on Bun. */
export const bun: Runtime = {
  name: "bun",
  files,
  serve: serveWith(createListener),
  connect,
  sleep: systemSleep,
  execute,
  peerCertificate,
  host,
  userId,
  onStopSignal,
};
