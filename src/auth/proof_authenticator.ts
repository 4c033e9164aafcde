import type { Bytes } from "../bytes.ts";
import { sha256Hex } from "../digest.ts";
import { CertgenError, messageOf } from "../errors.ts";
import { EXTRA, type Identity } from "../identity.ts";
import type { Now } from "../ports.ts";
import { readBody } from "../request_body.ts";
import { parseCertificate } from "../x509/certificate.ts";
import { signatureAlgorithmOf } from "../x509/key.ts";
import { verifySignature } from "../x509/public_key.ts";
import { type Authenticator, unauthorized } from "./authenticator.ts";
import { parseProof, type Proof, proofMessage } from "./proof.ts";

/** What the signer recorded of a certificate that it issued to somebody known. */
export interface ProvableCertificate {
  /** SHA-256 of its DER, in hexadecimal. */
  readonly fingerprint: string;
  /** Name of its profile: without a colon or a number sign. */
  readonly profile: string;
  /** The signer that it was asked of. */
  readonly signerName: string;
  /** SHA-256 of the SubjectPublicKeyInfo of the CA that issued it, in hexadecimal. */
  readonly issuerKey: string;
  /** Of its subject; empty where it has none. */
  readonly commonName: string;
  /** SHA-256 of the first certificate of its lineage, in hexadecimal. */
  readonly lineage: string;
  /** When it begins. */
  readonly notBefore: Date;
  /** When it ends. */
  readonly notAfter: Date;
  /** The end of its lineage, if it has one. */
  readonly renewUntil?: Date;
  /** Whether it was revoked. */
  readonly isRevoked: boolean;
}

/** What {@link proofAuthenticator} stands on. */
export interface ProofAuthenticatorOptions {
  /** The record of a certificate by the SHA-256 of its DER; `undefined` where it proves nothing. */
  readonly find: (fingerprint: string) => Promise<ProvableCertificate | undefined>;
  /**
   * Takes a nonce, 64 hexadecimal digits, that nobody can present after a moment; resolves to `false` where it was taken before.
   * Once that is answered, it is kept.
   */
  readonly burn: (nonce: string, until: Date) => Promise<boolean>;
  /** How long after its end a certificate still proves a request, in seconds. */
  readonly graceSeconds: number;
  /** How much clocks may differ, in whole seconds; 120 unless said. */
  readonly windowSeconds?: number;
  /** Largest body taken, in bytes. */
  readonly maxBodyBytes: number;
  /** The clock. */
  readonly now: Now;
  /**
   * Is asked about each request that is proven, before its nonce is taken; throws what is too much. Not before: everybody may
   * have seen a certificate, and would use up what its holder may ask.
   */
  readonly admit?: (identity: Identity, request: Request) => void;
  /** Is told why a proof is refused, which the client is not; without a fingerprint where the header has none to be read. */
  readonly onRefusal?: (because: string, fingerprint?: string) => void;
}

const WINDOW_SECONDS = 120;

/**
 * Knows the holder of a certificate by a signature over the request ({@link createProof}). What costs nothing is looked at
 * first, and the nonce is taken last: who has no key can use up nobody's.
 *
 * @throws CertgenError `unauthorized` where the proof is not good, whatever of it; `too-large` where the body is
 */
export function proofAuthenticator(options: ProofAuthenticatorOptions): Authenticator {
  const windowMs = (options.windowSeconds ?? WINDOW_SECONDS) * 1000;
  return async (request) => {
    const proof = read(request, options);
    if (proof === null) return null;
    const fingerprint = await sha256Hex(proof.certificate);
    const refuse = (because: string): never => {
      options.onRefusal?.(because, fingerprint);
      throw unauthorized();
    };
    const checkTime = (): void => {
      if (!(Math.abs(options.now().getTime() - proof.time * 1000) <= windowMs)) refuse("its time is not now");
    };
    const checkValidity = (known: ProvableCertificate): void => {
      const fault = faultOf(known, options.now(), options.graceSeconds);
      if (fault !== undefined) refuse(fault);
    };
    checkTime();
    const known = await options.find(fingerprint) ?? refuse("its certificate was not issued here to anybody known");
    checkValidity(known);
    // the other half of the body is the handler's
    const body = await readBody(request.clone(), options.maxBodyBytes);
    await verify(proof, known, request, body).catch((error: unknown) => refuse(messageOf(error)));
    // twice the window: clocks of workers differ, and a clock may be put back
    const until = new Date(proof.time * 1000 + 2 * windowMs);
    const name = await sha256Hex(new TextEncoder().encode(`${fingerprint} ${proof.nonce}`));
    const identity = identityOf(known);
    // again: a body may be so long under way that the nonce of the first who sent it is forgotten
    checkTime();
    checkValidity(known);
    options.admit?.(identity, request);
    if (!await options.burn(name, until)) refuse("its nonce was used before");
    return identity;
  };
}

/** The proof of a request, `null` where it has none. */
function read(request: Request, { onRefusal }: ProofAuthenticatorOptions): Proof | null {
  try {
    return parseProof(request.headers.get("authorization"));
  } catch (error) {
    onRefusal?.("its header is malformed");
    throw error;
  }
}

function faultOf(certificate: ProvableCertificate, now: Date, graceSeconds: number): string | undefined {
  const { notBefore, notAfter, renewUntil, isRevoked } = certificate;
  // the last second is one of validity (RFC 5280 §4.1.2.5)
  const second = Math.floor(now.getTime() / 1000) * 1000;
  if (isRevoked) return "its certificate is revoked";
  // turned around, so that a moment that is none is not one of validity
  if (!(second >= notBefore.getTime())) return "its certificate is not valid yet";
  if (!(second <= notAfter.getTime() + graceSeconds * 1000)) return "its certificate has expired too long ago";
  return renewUntil === undefined || second <= renewUntil.getTime() ? undefined : "its lineage has ended";
}

async function verify(proof: Proof, known: ProvableCertificate, request: Request, body: Bytes): Promise<void> {
  const { publicKey } = parseCertificate(proof.certificate);
  const { pathname, search } = new URL(request.url);
  const message = await proofMessage({
    method: request.method,
    path: pathname + search,
    body,
    time: proof.time,
    nonce: proof.nonce,
    audience: known.issuerKey,
    signerName: known.signerName,
  });
  if (publicKey.fault !== undefined) throw new CertgenError("unsupported-algorithm", publicKey.fault);
  await verifySignature(publicKey, signatureAlgorithmOf(publicKey), message, proof.signature, "proof of possession");
}

/**
 * In no group: what a certificate says of one is not asked. Certificates without a common name are not all one identity: each has
 * its own, with a mark that no name of a profile has.
 */
function identityOf({ profile, commonName, fingerprint, lineage }: ProvableCertificate): Identity {
  const name = commonName === "" ? `${profile}#${lineage}` : `${profile}:${commonName}`;
  return {
    username: `certgen:cert:${name}`,
    groups: [],
    proof: "certificate",
    extra: { [EXTRA.certificate]: [fingerprint], [EXTRA.lineage]: [lineage] },
  };
}
