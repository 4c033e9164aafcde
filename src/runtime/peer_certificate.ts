import { isIP } from "node:net";
import { connect, type ConnectionOptions, type TLSSocket } from "node:tls";
import type { Bytes } from "../bytes.ts";
import { CertgenError } from "../errors.ts";
import type { PeerCertificateOptions } from "../ports.ts";
import { networkError } from "./network_error.ts";
import { readPair } from "./tls_pair.ts";

const LEAVE_SECONDS = 1;

/**
 * Asks over `node:tls`; see `PeerCertificate`. A handshake that is complete is the proof: Node, Deno and Bun verify the
 * server's signature whatever they are told about its certificate.
 * @throws CertgenError `malformed-pem`, `malformed-key` or `invalid-certificate` where `client` cannot be used
 */
export async function peerCertificate(options: PeerCertificateOptions): Promise<Bytes> {
  const { host, port, client, timeoutSeconds, signal } = options;
  const url = new URL(`https://${host.includes(":") ? `[${host}]` : host}:${port}`);
  if (client !== undefined) readPair(client, "present client certificate");
  const tls: ConnectionOptions = {
    host,
    port,
    ...isIP(host) === 0 && { servername: host },
    ...client && { cert: client.certificate, key: client.privateKey },
    minVersion: "TLSv1.2",
    rejectUnauthorized: false, // whoever issued it: the caller compares it with the one that it must be
  };
  return await new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const socket = connect(tls);
    const settle = (finish: () => void): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
      finish();
    };
    const give = (certificate: Bytes): void => {
      settle(() => resolve(certificate));
      leave(socket);
    };
    const fail = (reason: unknown): void => {
      settle(() => reject(reason));
      socket.destroy();
    };
    const abort = (): void => fail(signal?.reason);
    const timer = setTimeout(() => {
      fail(unreachable(url, `no TLS within ${timeoutSeconds} s`));
    }, timeoutSeconds * 1000);
    signal?.addEventListener("abort", abort, { once: true });
    socket.on("error", (error) => fail(failure(url, error)));
    socket.on("close", () => fail(unreachable(url, "connection closed by the peer")));
    socket.on("secureConnect", () => {
      const { raw } = socket.getPeerCertificate();
      if (raw === undefined) return fail(unreachable(url, "it shows no certificate"));
      // an old session shows the certificate of its first handshake, and proves nothing about it
      if (socket.isSessionReused()) return fail(unreachable(url, "it resumed a session"));
      give(new Uint8Array(raw));
    });
  });
}

/** Lets the handshake's last message go first, or a TLS 1.3 server would complain of a client that hung up. */
function leave(socket: TLSSocket): void {
  socket.setTimeout(LEAVE_SECONDS * 1000, () => socket.destroy());
  socket.end(() => socket.destroy());
}

const unreachable = (url: URL, why: string, cause?: unknown): CertgenError =>
  new CertgenError("unavailable", `Cannot reach ${url.origin}: ${why}`, { cause });

/**
 * No certificate is verified here. Where Deno names a fault of one all the same, something else of the handshake went wrong
 * after it was shown: the proof of its key, say.
 */
function failure(url: URL, cause: unknown): CertgenError {
  const { code, message } = networkError(url, cause);
  if (code !== "invalid-certificate") return new CertgenError("unavailable", message, { cause });
  return unreachable(url, "the TLS handshake failed after its certificate was shown", cause);
}
