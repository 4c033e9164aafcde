import { test } from "uvu";
import * as assert from "uvu/assert";
import type { CertgenError } from "../../../src/errors.ts";
import { networkError } from "../../../src/runtime/network_error.ts";

const url = new URL("https://localhost:6443/apis?token=no");
const from = (code: string, message = "own words"): CertgenError =>
  networkError(url, Object.assign(new Error(message), { code }));

test("networkError names the origin, never the rest of the URL", () => {
  assert.is(from("ECONNREFUSED").message, "Cannot reach https://localhost:6443: connection refused");
  for (const code of ["ECONNREFUSED", "CERT_HAS_EXPIRED", "EPROTO", "X", "ERR_SSL_TLSV1_ALERT_UNKNOWN_CA"]) {
    assert.not.match(from(code).message, /token/);
  }
});

test("networkError tells distrust, refusal and mere absence apart", () => {
  const codes: Record<string, readonly string[]> = {
    "invalid-certificate": [
      "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
      "SELF_SIGNED_CERT_IN_CHAIN",
      "DEPTH_ZERO_SELF_SIGNED_CERT",
      "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
      "CERT_SIGNATURE_FAILURE",
      "CERT_HAS_EXPIRED",
      "CERT_NOT_YET_VALID",
      "CERT_REVOKED",
      "INVALID_PURPOSE",
      "INVALID_CA",
      "ERR_TLS_CERT_ALTNAME_INVALID",
      "HOSTNAME_MISMATCH",
      "UNSPECIFIED",
      "CERT_REJECTED",
    ],
    "unauthorized": [
      "ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED",
      "ERR_SSL_TLSV1_ALERT_CERTIFICATE_REQUIRED",
      "ERR_SSL_TLSV1_ALERT_UNKNOWN_CA",
      "ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE",
      "ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED",
    ],
    "unavailable": ["ECONNREFUSED", "ENOTFOUND", "ECONNRESET", "EPROTO", "ERR_SSL_WRONG_VERSION_NUMBER", "EWEIRD", ""],
  };
  for (const [code, errnos] of Object.entries(codes)) {
    for (const errno of errnos) assert.is(from(errno).code, code, errno);
  }
  assert.is(networkError(url, new Error("own words")).message, "Cannot reach https://localhost:6443: own words");
});

test("networkError gives the certificate's names where the name is wrong", () => {
  const words =
    "Hostname/IP does not match certificate's altnames: Host: localhost. is not in the cert's altnames: DNS:a, DNS:b";
  const expected =
    'Cannot trust https://localhost:6443: its certificate is not for "localhost" but for DNS:a, DNS:b; ' +
    "use one of its names, or issue one that has this name";
  assert.is(from("ERR_TLS_CERT_ALTNAME_INVALID", words).message, expected);
  assert.match(from("ERR_TLS_CERT_ALTNAME_INVALID", "?").message, /but for other names;/);
});

test.run();
