/**
 * What certgen needs of Node, 20 or newer.
 * @module
 */
import type { Runtime } from "../ports.ts";
import { connect } from "./connect.ts";
import { execute } from "./execute.ts";
import { files } from "./files.ts";
import { createListener } from "./listener.ts";
import { peerCertificate } from "./peer_certificate.ts";
import { serveWith } from "./serve.ts";
import { systemSleep } from "../clock.ts";
import { host, onStopSignal, userId } from "./system.ts";

/** The runtime of a program that runs on Node. */
export const node: Runtime = {
  name: "node",
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
