/**
 * The CertificateSigningRequest that an agent sends, and what comes of it.
 * @module
 */
import { CertgenError, type ErrorCode } from "../errors.ts";
import { type ApiVersion, fromBase64Pem, toBase64Pem } from "../k8s/certificate_signing_request.ts";
import {
  integerMember,
  type JsonObject,
  objectMember,
  parseJsonObject,
  stringMember,
  stringsMember,
} from "../k8s/json.ts";
import { GROUP } from "../k8s/status.ts";
import { toUtf8 } from "../bytes.ts";
import type { Fetch, Log } from "../ports.ts";
import { type Csr, parseCsr } from "../x509/csr.ts";
import { attributeValues } from "../x509/name.ts";
import type { SignerClient } from "./client.ts";
import { certificateIn, isApproved, isDecided } from "./decision.ts";
import type { Peer } from "./transport.ts";
import { waitForDecision } from "./wait.ts";

/** A request as it is staged: the same one is sent again after a crash. */
export interface StagedRequest {
  /** Name of the object in v1; in v1beta1 it is the common name alone, as the older agent has it. */
  readonly name: string;
  readonly signerName: string;
  /** Kubernetes usage strings. */
  readonly usages: readonly string[];
  /** base64 of the CSR's PEM, as `spec.request`. */
  readonly request: string;
  readonly csr: Csr;
  /** Lifetime that is asked for, in seconds; the signer's own unless said. kube-apiserver takes 600 at least. */
  readonly expirationSeconds?: number;
}

/** What a request is for, besides what its CSR says. */
export type RequestTerms = Pick<StagedRequest, "signerName" | "usages" | "expirationSeconds">;

/** How a request is sent, and its decision waited for. */
export interface SubmitOptions extends Peer {
  /** Takes an answer as it arrives: then the decision is told by a watch, where there are any. */
  readonly stream?: Fetch;
  /** Stages the same request under another name, where the first is somebody else's; without it that ends the request. */
  readonly rename?: () => Promise<StagedRequest>;
  readonly log: Log;
}

/** So many names in a row are no accident. */
const MAX_RENAMES = 3;

/**
 * The object as JSON. v1beta1 is for the older server, which knows neither signer names nor usages nor lifetimes.
 */
export function encodeRequest(staged: StagedRequest, version: ApiVersion): string {
  const { name, signerName, usages, request, csr, expirationSeconds } = staged;
  const [commonName = name] = attributeValues(csr.subject, "commonName");
  const object = { kind: "CertificateSigningRequest", apiVersion: `${GROUP}/${version}` };
  return JSON.stringify(
    version === "v1"
      ? { ...object, metadata: { name }, spec: { request, signerName, expirationSeconds, usages } }
      : { ...object, metadata: { name: commonName }, spec: { request } },
  );
}

/** A request around a CSR. */
export function newRequest(
  name: string,
  signerName: string,
  usages: readonly string[],
  csrPem: string,
  expirationSeconds?: number,
): StagedRequest {
  const lifetime = expirationSeconds === undefined ? {} : { expirationSeconds };
  return { name, signerName, usages, request: toBase64Pem(csrPem), csr: parseCsr(csrPem), ...lifetime };
}

/** Whether a staged request is for the same signer, usages and lifetime as one that would be made now. */
export function hasTerms(staged: StagedRequest, wanted: RequestTerms): boolean {
  const sorted = ({ usages }: RequestTerms): string => JSON.stringify([...usages].sort());
  return staged.signerName === wanted.signerName && staged.expirationSeconds === wanted.expirationSeconds &&
    sorted(staged) === sorted(wanted);
}

/** Reads a staged request back; `undefined` where it is none, or was cut off. */
export function decodeRequest(json: string | undefined): StagedRequest | undefined {
  if (json === undefined) return undefined;
  try {
    const object = parseJsonObject(toUtf8(json));
    const spec = objectMember(object, "spec", "spec");
    const name = stringMember(objectMember(object, "metadata", "metadata"), "name", "metadata.name") ?? "";
    const signerName = stringMember(spec, "signerName", "spec.signerName") ?? "";
    const usages = stringsMember(spec, "usages", "spec.usages") ?? [];
    const csrPem = fromBase64Pem(stringMember(spec, "request", "spec.request") ?? "");
    const expirationSeconds = integerMember(spec, "expirationSeconds", "spec.expirationSeconds");
    return newRequest(name, signerName, usages, csrPem, expirationSeconds);
  } catch (error) {
    if (error instanceof CertgenError) return undefined;
    throw error;
  }
}

/**
 * Sends a request and waits until it is decided.
 *
 * @returns the certificate, as the signer sent it
 * @throws CertgenError `denied` with the signer's reason; `forked` where another key has renewed the certificate that proved
 * the request; what ends it besides
 */
export async function submit(client: SignerClient, request: StagedRequest, options: SubmitOptions): Promise<string> {
  try {
    return await submitUnderAName(client, request, options);
  } catch (cause) {
    if (!(cause instanceof CertgenError) || cause.code !== "malformed-object") throw cause;
    throw new CertgenError("rejected", `Cannot understand the signer: ${cause.message}`, { cause });
  }
}

/** Under its own name, or another where that is somebody else's. */
async function submitUnderAName(client: SignerClient, first: StagedRequest, options: SubmitOptions): Promise<string> {
  let request = first;
  for (let renames = 0;; renames++) {
    try {
      return await submitAsKnown(client, request, options);
    } catch (error) {
      if (!hasCode(error, "already-exists")) throw error;
      if (options.rename === undefined || renames === MAX_RENAMES) throw error;
      options.log("warn", "the request's name is somebody else's; asking under another", { name: request.name });
      request = await options.rename();
    }
  }
}

/** As v1, or as v1beta1 where the signer does not know v1. */
async function submitAsKnown(client: SignerClient, request: StagedRequest, options: SubmitOptions): Promise<string> {
  try {
    return await submitAs(client, request, "v1", options);
  } catch (error) {
    if (!hasCode(error, "not-found")) throw error;
    options.log("info", "the signer does not know v1: going on with v1beta1", {});
    return await submitAs(client, request, "v1beta1", options);
  }
}

async function submitAs(
  client: SignerClient,
  request: StagedRequest,
  version: ApiVersion,
  options: SubmitOptions,
): Promise<string> {
  const json = encodeRequest(request, version);
  const name = nameIn(json);
  const created = await createOrGet(client, request, version, json);
  const waiting = { ...options, client, version, isDecided: noticing(options.log, request.signerName) };
  const object = await waitForDecision(waiting, name, created);
  const certificate = certificateIn(object);
  if (certificate === undefined) throw new Error("unreachable: it was not decided");
  return certificate;
}

/** A new object, or the one that is there where it is of this very request, sent before a crash. */
async function createOrGet(
  client: SignerClient,
  request: StagedRequest,
  version: ApiVersion,
  json: string,
): Promise<JsonObject> {
  try {
    return await client.create(version, json);
  } catch (error) {
    if (!hasCode(error, "already-exists")) throw error;
    const object = await getIfMine(client, version, nameIn(json));
    if (object === undefined || !isOf(request, object, version)) throw error;
    return object;
  }
}

/** The object of a name that is taken; `undefined` where it is somebody else's, who alone may see it, or gone again. */
async function getIfMine(client: SignerClient, version: ApiVersion, name: string): Promise<JsonObject | undefined> {
  try {
    return await client.get(version, name);
  } catch (error) {
    if (hasCode(error, "forbidden") || hasCode(error, "not-found")) return undefined;
    throw error;
  }
}

function isOf(request: StagedRequest, object: JsonObject, version: ApiVersion): boolean {
  const spec = objectMember(object, "spec", "spec");
  return spec["request"] === request.request && (version === "v1beta1" || spec["signerName"] === request.signerName);
}

function nameIn(json: string): string {
  return stringMember(objectMember(parseJsonObject(toUtf8(json)), "metadata", "metadata"), "name", "metadata.name") ??
    "";
}

/** Whether an object is decided; says once that it is approved and waits for its signer, who may be another. */
function noticing(log: Log, signerName: string): (object: JsonObject) => boolean {
  let isNoticed = false;
  return (object) => {
    if (isDecided(object)) return true;
    if (!isNoticed && isApproved(object)) {
      isNoticed = true;
      log("info", "the request is approved; waiting for the certificate", { signerName });
    }
    return false;
  };
}

function hasCode(error: unknown, code: ErrorCode): boolean {
  return error instanceof CertgenError && error.code === code;
}
