import type { ClientRequest, IncomingMessage } from "node:http";
import https from "node:https";
import { concat } from "../bytes.ts";
import type { Bytes } from "../bytes.ts";
import { CertgenError } from "../errors.ts";
import type { Connection, ConnectOptions } from "../ports.ts";
import { networkError } from "./network_error.ts";
import { identityCheck } from "./server_identity.ts";
import { answer, streamAnswer } from "./stream.ts";
import { readCertificates, readPair } from "./tls_pair.ts";

const MAX_SOCKETS = 8;

/** What becomes of an answer whose headers are there, within the time of the request. */
type Take = (incoming: IncomingMessage, outgoing: ClientRequest, url: URL) => Response | Promise<Response>;

/**
 * A `fetch` over `node:https`, the one client that trusts the given CA *instead of* the system's on all runtimes. An
 * answer is taken whole, or by `stream` as it arrives; a redirect is an answer like others.
 *
 * Requests reject with a `CertgenError`: `unavailable` where the peer cannot be reached or does not answer in time,
 * `invalid-certificate` where it cannot be trusted, `unauthorized` where it refuses the client's certificate,
 * `too-large`; or with the reason of the request's signal.
 * @throws CertgenError `malformed-pem`, `malformed-key` or `invalid-certificate` where `ca` or `client` cannot be used
 */
export function connect(options: ConnectOptions): Connection {
  const { client, timeoutSeconds = 30, maxBytes = 4 * 1024 * 1024, idleSeconds = 120 } = options;
  const trusted = readCertificates(options.ca, "trust CA");
  if (client !== undefined) readPair(client, "present client certificate");
  const tls: https.AgentOptions = {
    ca: trusted.map((certificate) => certificate.toString()),
    ...(client && { cert: client.certificate, key: client.privateKey }),
    minVersion: "TLSv1.2",
    rejectUnauthorized: true, // said, since NODE_TLS_REJECT_UNAUTHORIZED=0 would be obeyed otherwise
    checkServerIdentity: identityCheck(trusted.map(({ raw }) => new Uint8Array(raw))),
    maxCachedSessions: 0, // Node does not check a server again whose TLS session it resumes
  };
  const agent = new https.Agent({ ...tls, keepAlive: true, maxSockets: MAX_SOCKETS });
  // apart, so that streams, which last, take no socket from requests
  const streams = new https.Agent({ ...tls, keepAlive: false });
  return {
    fetch: (request) => send(agent, request, timeoutSeconds, (incoming, _, url) => readAnswer(incoming, url, maxBytes)),
    stream: (request) =>
      send(streams, request, timeoutSeconds, (incoming, outgoing) => {
        return streamAnswer(outgoing, incoming, request, idleSeconds);
      }),
    close: () => {
      agent.destroy();
      streams.destroy();
    },
  };
}

async function send(agent: https.Agent, request: Request, timeoutSeconds: number, take: Take): Promise<Response> {
  const { method, signal } = request;
  const url = new URL(request.url);
  if (url.protocol !== "https:") throw new TypeError(`Cannot request ${JSON.stringify(url.href)}: not an https: URL`);
  const headers: Record<string, string> = {};
  request.headers.forEach((value, name) => headers[name] = value);
  const body = method === "GET" || method === "HEAD" ? undefined : new Uint8Array(await request.arrayBuffer());
  if (body !== undefined) headers["content-length"] = String(body.byteLength);

  return await new Promise<Response>((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const outgoing = https.request(url, { agent, method, headers });
    const settle = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", abort);
    };
    const fail = (error: unknown): void => {
      settle();
      reject(error);
      outgoing.destroy();
    };
    const abort = (): void => fail(signal.reason);
    const timer = setTimeout(() => {
      const why = `no answer within ${timeoutSeconds} s`;
      fail(new CertgenError("unavailable", `Cannot reach ${url.origin}: ${why}`));
    }, timeoutSeconds * 1000);
    signal.addEventListener("abort", abort, { once: true });
    outgoing.on("error", (error) => fail(networkError(url, error)));
    outgoing.on("response", (incoming) => {
      // what it throws is a rejection, too
      new Promise<Response>((taken) => taken(take(incoming, outgoing, url))).then((response) => {
        settle();
        resolve(response);
      }, fail);
    });
    outgoing.end(body);
  });
}

function readAnswer(incoming: IncomingMessage, url: URL, maxBytes: number): Promise<Response> {
  return new Promise((resolve, reject) => {
    const chunks: Bytes[] = [];
    let length = 0;
    incoming.on("data", (chunk: Bytes) => {
      length += chunk.byteLength;
      if (length <= maxBytes) return void chunks.push(chunk);
      reject(new CertgenError("too-large", `Cannot take the answer of ${url.origin}: larger than ${maxBytes} bytes`));
    });
    incoming.on("error", (error) => reject(networkError(url, error)));
    // comes last; a promise that was kept before does not mind
    incoming.on("close", () => {
      reject(new CertgenError("unavailable", `Cannot reach ${url.origin}: connection closed within the answer`));
    });
    incoming.on("end", () => {
      try {
        resolve(answer(incoming, concat(chunks), url));
      } catch (error) {
        reject(error);
      }
    });
  });
}
