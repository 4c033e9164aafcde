import tls from "node:tls";
import type { TlsPair } from "../ports.ts";
import { dnsNamesOf, readPair } from "./tls_pair.ts";

/** The TLS side of a server. */
export interface SecureContexts {
  /** The first pair: for clients that name no host. */
  readonly first: tls.SecureContextOptions;
  /** The pair for a host name; the first one for a name that no certificate has. */
  readonly choose: (serverName: string) => tls.SecureContext;
}

/**
 * TLS 1.2 or newer with each of the pairs, chosen by the DNS names of their certificates.
 * @throws CertgenError `malformed-pem`, `malformed-key` or `invalid-certificate` where one of them cannot serve
 * @throws TypeError where there is none
 */
export function secureContexts(pairs: readonly TlsPair[]): SecureContexts {
  const byName = new Map<string, tls.SecureContext>();
  const made = pairs.map((pair) => {
    const [certificate] = readPair(pair, "serve with certificate");
    const options = { cert: pair.certificate, key: pair.privateKey, minVersion: "TLSv1.2" } as const;
    const context = tls.createSecureContext(options);
    for (const name of dnsNamesOf(certificate)) if (!byName.has(name)) byName.set(name, context);
    return { options, context };
  });
  const [first] = made;
  if (first === undefined) throw new TypeError("A server of HTTPS needs at least one certificate");
  const choose = (serverName: string): tls.SecureContext => {
    const name = serverName.toLowerCase();
    // RFC 6125 §6.4.3: a wildcard stands for the leftmost label
    return byName.get(name) ?? byName.get(name.replace(/^[^.]+/, "*")) ?? first.context;
  };
  return { first: first.options, choose };
}
