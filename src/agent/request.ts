/**
 * The CertificateSigningRequest that an agent sends, and what comes of it.
 * @module
 */
import { CertgenError } from "../errors.ts";
import { type ApiVersion, fromBase64Pem, toBase64Pem } from "../k8s/certificate_signing_request.ts";
import {
  isObject,
  type JsonObject,
  member,
  objectMember,
  parseJsonObject,
  stringMember,
  stringsMember,
} from "../k8s/json.ts";
import { GROUP } from "../k8s/status.ts";
import { toUtf8 } from "../bytes.ts";
import type { Log } from "../ports.ts";
import { type Csr, parseCsr } from "../x509/csr.ts";
import { attributeValues } from "../x509/name.ts";
import type { SignerClient } from "./client.ts";

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
}

/** The object as JSON. v1beta1 is for the older server, which knows neither signer names nor usages. */
export function encodeRequest({ name, signerName, usages, request, csr }: StagedRequest, version: ApiVersion): string {
  const [commonName = name] = attributeValues(csr.subject, "commonName");
  const object = { kind: "CertificateSigningRequest", apiVersion: `${GROUP}/${version}` };
  return JSON.stringify(
    version === "v1"
      ? { ...object, metadata: { name }, spec: { request, signerName, usages } }
      : { ...object, metadata: { name: commonName }, spec: { request } },
  );
}

/** A request around a CSR. */
export function newRequest(name: string, signerName: string, usages: readonly string[], csrPem: string): StagedRequest {
  return { name, signerName, usages, request: toBase64Pem(csrPem), csr: parseCsr(csrPem) };
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
    return newRequest(name, signerName, usages, fromBase64Pem(stringMember(spec, "request", "spec.request") ?? ""));
  } catch (error) {
    if (error instanceof CertgenError) return undefined;
    throw error;
  }
}

/**
 * Sends a request and waits until it is decided.
 *
 * @returns the certificate, as the signer sent it
 * @throws CertgenError `denied` with the signer's reason, or what ends it besides
 */
export async function submit(client: SignerClient, request: StagedRequest, log: Log): Promise<string> {
  try {
    return await submitAsKnown(client, request, log);
  } catch (cause) {
    if (!(cause instanceof CertgenError) || cause.code !== "malformed-object") throw cause;
    throw new CertgenError("rejected", `Cannot understand the signer: ${cause.message}`, { cause });
  }
}

/** As v1, or as v1beta1 where the signer does not know v1. */
async function submitAsKnown(client: SignerClient, request: StagedRequest, log: Log): Promise<string> {
  try {
    return await submitAs(client, request, "v1", log);
  } catch (error) {
    if (!(error instanceof CertgenError) || error.code !== "not-found") throw error;
    log("info", "the signer does not know v1: going on with v1beta1", {});
    return await submitAs(client, request, "v1beta1", log);
  }
}

async function submitAs(client: SignerClient, request: StagedRequest, version: ApiVersion, log: Log): Promise<string> {
  const json = encodeRequest(request, version);
  const name = nameIn(json);
  let object: JsonObject;
  try {
    object = await client.create(version, json);
  } catch (error) {
    if (!(error instanceof CertgenError) || error.code !== "already-exists") throw error;
    object = await client.get(version, name);
    // the name is taken: by this very request, sent before a crash, or by somebody else's
    if (objectMember(object, "spec", "spec")["request"] !== request.request) throw error;
  }
  for (let attempt = 0;; attempt++) {
    const certificate = certificateIn(object);
    if (certificate !== undefined) return certificate;
    if (attempt === 0) log("info", "waiting for the signer's decision", { name });
    await client.pause(attempt);
    object = await getAgain(client, version, name);
  }
}

/** An object that was there and is gone will not come back. */
async function getAgain(client: SignerClient, version: ApiVersion, name: string): Promise<JsonObject> {
  try {
    return await client.get(version, name);
  } catch (error) {
    if (!(error instanceof CertgenError) || error.code !== "not-found") throw error;
    throw new CertgenError("rejected", `the request ${JSON.stringify(name)} is no longer at the signer`, {
      cause: error,
    });
  }
}

function nameIn(json: string): string {
  return stringMember(objectMember(parseJsonObject(toUtf8(json)), "metadata", "metadata"), "name", "metadata.name") ??
    "";
}

/** The certificate of an object that has one; `undefined` where it is not decided or not issued yet. */
function certificateIn(object: JsonObject): string | undefined {
  const status = objectMember(object, "status", "status");
  const conditions = member(status, "conditions");
  for (const condition of Array.isArray(conditions) ? conditions.filter(isObject) : []) {
    const type = condition["type"];
    if (type !== "Denied" && type !== "Failed") continue;
    const reason = stringMember(condition, "reason", "reason") ?? "no reason given";
    const message = stringMember(condition, "message", "message") ?? "";
    throw new CertgenError(
      "denied",
      `${type === "Denied" ? "Denied" : "Failed"} by the signer: ${reason}: ${message.slice(0, 2000)}`,
      { reason },
    );
  }
  const certificate = stringMember(status, "certificate", "status.certificate");
  return certificate === undefined ? undefined : fromBase64Pem(certificate);
}
