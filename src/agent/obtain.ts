/**
 * Gets one certificate from a signer: stage a key and a request, ask, wait, check. What is on disk of the pair is not touched.
 * @module
 */
import { createProof } from "../auth/proof.ts";
import { equal } from "../bytes.ts";
import { CertgenError } from "../errors.ts";
import type { Fetch, Log, Now, Random, Sleep } from "../ports.ts";
import { type Certificate, parseCertificate, parseCertificates } from "../x509/certificate.ts";
import { generalNames } from "../x509/general_name.ts";
import { issuerOf } from "./ca_bundle.ts";
import { checkIssued, DEFAULT_USAGES } from "./check.ts";
import { SignerClient } from "./client.ts";
import { lifetimeOf, minimumInterval, renewalTime } from "./renewal_time.ts";
import { encodeRequest, type StagedRequest, submit } from "./request.ts";
import { newName, type Order, type Prover, signerNameOf, stage, type Staged } from "./stage.ts";
import type { Prove } from "./transport.ts";

/** How a signer is reached. */
export interface Reach {
  /** Trusts the signer's CA and no other. */
  readonly fetch: Fetch;
  /** The same for answers that come as they arrive. */
  readonly stream?: Fetch;
  /** `https://host:port` of the signer. */
  readonly url: string;
  /** Bearer token. */
  readonly token?: string;
  /** PEM of the CA that must have issued the answer; what the signer says it is unless given. */
  readonly issuerCa?: string;
  /** PEM of the CA that must have issued the answer, where it is not given and the signer cannot say. */
  readonly fallbackIssuerCa?: string;
  /** Seconds of trying and waiting; without end unless said. */
  readonly patienceSeconds?: number;
}

/** What asking needs of the outside. */
export interface ObtainPorts {
  readonly now: Now;
  readonly sleep: Sleep;
  readonly random: Random;
  readonly log: Log;
  readonly signal?: AbortSignal;
}

/** A certificate that was issued and checked. */
export interface Obtained {
  readonly certificate: Certificate;
  /** PEM of its key. */
  readonly keyPem: string;
  /** What the signer, or whoever knows better, says of the CA: the one that issues comes first. */
  readonly cas: readonly Certificate[];
}

/** After these the same request would only get the same answer. */
const ENDINGS: readonly string[] = ["denied", "rejected", "forbidden", "already-exists", "not-found", "too-large"];
/** So many certificates that nobody took are gone through at most. */
const MAX_SUCCESSORS = 16;

/**
 * Gets a certificate. Where a request was answered long ago and nobody took the answer, a signer gives it again and no other: then
 * that certificate asks for the next one.
 *
 * @throws CertgenError `denied` with the signer's reason; `forked`; `invalid-certificate` for an answer that must not be used;
 * `rejected`, `unauthorized`, `forbidden` by the signer's answer; `unavailable`, `timed-out` where patience ends;
 * `invalid-object` for a name, `malformed-object` for a token that is none; the signal's reason
 */
export async function obtain(order: Order, reach: Reach, ports: ObtainPorts): Promise<Obtained> {
  let { prover } = order;
  for (let successors = 0;; successors++) {
    const mayFollow = successors < MAX_SUCCESSORS;
    const got = await obtainOnce({ ...order, ...prover && { prover } }, reach, ports, mayFollow);
    if ("certificate" in got) return got;
    prover = got.prover ?? prover;
  }
}

/** A certificate, or who is to ask for another. */
async function obtainOnce(
  order: Order,
  reach: Reach,
  ports: ObtainPorts,
  mayFollow: boolean,
): Promise<Obtained | { readonly prover: Prover | undefined }> {
  const { staging, wanted } = order;
  const names = generalNames(wanted.dnsNames, wanted.ipAddresses);
  const staged = await stage(order, names, ports.random);
  let next: Prover | undefined;
  let answered = false;
  try {
    const { client, pem } = await ask(order, staged.request, reach, ports);
    answered = true;
    const ca = await issuingCa(client, wanted.profile, reach);
    if (ca === undefined) {
      throw new CertgenError(
        "invalid-certificate",
        "Cannot check the certificate: the signer does not say which CA issued it, and none was given (--issuer-cacrt)",
      );
    }
    if (mayFollow) next = await successorIn(pem, ca, staged, order.prover, ports.now());
    const { commonName, organization, extKeyUsage = DEFAULT_USAGES } = wanted;
    const expected = { publicKey: staged.key.publicKey, commonName, organization, names, extKeyUsage };
    const { certificate, cas } = await checkIssued(pem, ca, expected, ports.now());
    // what was issued long ago, for a request that could not be finished, is no news
    if (!staged.isReused || await renewalTime(certificate) > ports.now()) {
      return { certificate, keyPem: staged.keyPem, cas };
    }
  } catch (error) {
    if (!(error instanceof CertgenError)) throw error;
    // what may still come to a good end is kept for the next try; a signer that cannot be trusted has answered nothing
    const isAnswer = answered && error.code === "invalid-certificate";
    if (isAnswer || ENDINGS.includes(error.code)) {
      // to the signer another key for the same certificate is a fork, but where it has denied the first
      await (order.prover === undefined || error.code === "denied" ? staging.discard() : staging.discardRequest());
    }
    if (!isAnswer || !(staged.isReused || next !== undefined)) throw error;
  }
  await staging.discardRequest();
  return { prover: next };
}

/**
 * Who asks next where a signer answers with a certificate that is past its time: that certificate itself, as the successor of the one
 * that asked. One that was issued just now is none: a clock is wrong, and so would be the next.
 */
async function successorIn(
  pem: string,
  ca: string,
  { key, keyPem }: Staged,
  prover: Prover | undefined,
  at: Date,
): Promise<Prover | undefined> {
  if (prover === undefined) return undefined;
  const { pair: { certificate: before } } = prover;
  try {
    const certificate = parseCertificate(pem);
    const issuer = await issuerOf(certificate, parseCertificates(ca));
    const isOurs = equal(certificate.publicKey.spki, key.publicKey.spki);
    if (issuer === undefined || !isOurs || await renewalTime(certificate) > at) return undefined;
    const apart = (certificate.notBefore.getTime() - before.notBefore.getTime()) / 1000;
    return apart < minimumInterval(lifetimeOf(certificate))
      ? undefined
      : { pair: { certificate, key, keyPem }, issuer };
  } catch (error) {
    if (error instanceof CertgenError) return undefined;
    throw error;
  }
}

/** PEM of the CA that issues: what was given, what the signer says, or what was given for a signer that does not. */
export async function issuingCa(client: SignerClient, profile: string, reach: Reach): Promise<string | undefined> {
  return reach.issuerCa ?? await client.ca(profile) ?? reach.fallbackIssuerCa;
}

/** What the signer says of its CA, nothing else being asked; `undefined` where it does not, and nobody else knows. */
export async function askForCa(profile: string, reach: Reach, ports: ObtainPorts): Promise<Certificate[] | undefined> {
  const ca = await issuingCa(new SignerClient({ ...reach, ...ports }), profile, reach);
  return ca === undefined ? undefined : parseCertificates(ca);
}

/** Asks with the certificate's own proof first, and then with the token, or with nothing where there is none. */
async function ask(
  { wanted, prover, staging }: Order,
  request: StagedRequest,
  reach: Reach,
  ports: ObtainPorts,
): Promise<{ client: SignerClient; pem: string }> {
  const rename = async (): Promise<StagedRequest> => {
    const renamed = { ...request, name: newName(wanted.commonName, ports.random) };
    await staging.putRequest(encodeRequest(renamed, "v1"));
    return renamed;
  };
  const submitBy = async (prove?: Prove): Promise<{ client: SignerClient; pem: string }> => {
    const peer = { ...reach, ...ports, ...prove && { prove } };
    const client = new SignerClient(peer);
    return { client, pem: await submit(client, request, { ...peer, rename }) };
  };
  if (prover === undefined) return await submitBy();
  try {
    return await submitBy(proverOf(prover, signerNameOf(wanted), ports));
  } catch (error) {
    if (!(error instanceof CertgenError) || !isNotKnown(error)) throw error;
    const why =
      "it may be revoked, unknown there, or expired longer ago than the signer's grace time; or a clock is wrong";
    const next = reach.token === undefined ? "without a credential, since no token is given" : "with the token";
    ports.log("warn", `the signer does not take the certificate in use as proof; asking ${next}`, { because: why });
    try {
      return await submitBy();
    } catch (again) {
      const isRefused = again instanceof CertgenError && ["unauthorized", "forbidden"].includes(again.code);
      if (reach.token !== undefined || !isRefused) throw again;
      throw new CertgenError(
        "unauthorized",
        `The signer does not take the certificate in use as proof (${why}), and no token is given: ` +
          `give --token-file (${again.message})`,
        { cause: again },
      );
    }
  }
}

/**
 * Whether a proof is refused for what it is. Where it is the request that is refused (403), no token is to get past that; but a
 * Kubernetes API server takes who proves in this way for nobody, and says so.
 */
function isNotKnown({ code, message }: CertgenError): boolean {
  return code === "unauthorized" || (code === "forbidden" && message.includes("system:anonymous"));
}

function proverOf({ pair, issuer }: Prover, signerName: string, { now, random }: ObtainPorts): Prove {
  const { certificate: { der: certificate }, key } = pair;
  const issuerKey = issuer.publicKey.spki;
  return ({ method, url, body }) =>
    createProof({ certificate, key, issuerKey, signerName, method, url, body, now, random });
}
