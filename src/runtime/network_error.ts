import { CertgenError, messageOf } from "../errors.ts";
import { errnoOf } from "./file_error.ts";

const UNREACHABLE: ReadonlyMap<string, string> = new Map([
  ["EAI_AGAIN", "name lookup failed, try again later"],
  ["ECONNREFUSED", "connection refused"],
  ["ECONNRESET", "connection closed by the peer"],
  ["ERR_SOCKET_CLOSED", "connection closed by the peer"], // Bun's word for a reset before the handshake
  ["EHOSTUNREACH", "no route to the host"],
  ["ENETUNREACH", "no route to the network"],
  ["ENOTFOUND", "no such host name"],
  ["EPIPE", "connection closed by the peer"],
  ["ETIMEDOUT", "connection timed out"],
]);

/** OpenSSL's verification results that mean: no chain to a CA that is trusted here. */
const OTHER_CA: readonly string[] = [
  "CERT_SIGNATURE_FAILURE",
  "CERT_UNTRUSTED",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
];
/** Other results of it, besides those named in {@link networkError}. Node has no name for some, as for a weak digest. */
const BAD_CERTIFICATE =
  /^(?:CERT_|CRL_|INVALID_|UNABLE_TO_|ERROR_IN_CERT_|PATH_LENGTH_EXCEEDED|HOSTNAME_MISMATCH|UNSPECIFIED$)/;
/** Alerts by which a server refuses the client's certificate, or the lack of one (RFC 8446 §6.2). */
const CLIENT_REFUSED =
  /ALERT_(?:BAD_CERTIFICATE|CERTIFICATE_(?:REQUIRED|EXPIRED|REVOKED|UNKNOWN)|UNKNOWN_CA|ACCESS_DENIED|UNSUPPORTED_CERTIFICATE)/;

/** What a failed HTTPS request becomes: `invalid-certificate`, `unauthorized`, or else `unavailable`. */
export function networkError(url: URL, error: unknown): CertgenError {
  if (error instanceof CertgenError) return error;
  const details = { cause: error };
  const errno = errnoOf(error) ?? "";
  const distrusted = distrust(url, errno, error);
  if (distrusted !== undefined) {
    return new CertgenError("invalid-certificate", `Cannot trust ${url.origin}: ${distrusted}`, details);
  }
  if (CLIENT_REFUSED.test(errno)) {
    const why = "it refuses this client's certificate, or wants one";
    return new CertgenError("unauthorized", `Cannot connect to ${url.origin}: ${why} (${errno})`, details);
  }
  const why = UNREACHABLE.get(errno) ??
    (isTlsFault(errno) ? `no TLS as certgen speaks it (${errno})` : messageOf(error));
  return new CertgenError("unavailable", `Cannot reach ${url.origin}: ${why}`, details);
}

const isTlsFault = (errno: string): boolean => errno.startsWith("ERR_SSL_") || errno === "EPROTO";

function distrust(url: URL, errno: string, error: unknown): string | undefined {
  if (OTHER_CA.includes(errno)) {
    return "its certificate is not issued by the trusted CA; give the certificate of the CA that issued it";
  }
  if (errno === "CERT_HAS_EXPIRED") return "its certificate has expired, or this host's clock is wrong; renew it";
  if (errno === "CERT_NOT_YET_VALID") return "its certificate is not valid yet; check this host's clock";
  if (errno === "ERR_TLS_CERT_ALTNAME_INVALID") {
    const names = /.*altnames: (.+)$/.exec(messageOf(error))?.[1] ?? "other names";
    const asked = JSON.stringify(url.hostname);
    return `its certificate is not for ${asked} but for ${names}; use one of its names, or issue one that has this name`;
  }
  if (BAD_CERTIFICATE.test(errno)) return `its certificate cannot be used (${errno}: ${messageOf(error)})`;
  return undefined;
}
