/**
 * What a signer has decided about a request, read from its object.
 * @module
 */
import { CertgenError } from "../errors.ts";
import { fromBase64Pem } from "../k8s/certificate_signing_request.ts";
import { isObject, type JsonObject, member, objectMember, stringMember } from "../k8s/json.ts";

/** Whether there is nothing more to wait for: a certificate, a refusal, or an object that cannot be read. */
export function isDecided(object: JsonObject): boolean {
  try {
    return certificateIn(object) !== undefined;
  } catch (error) {
    if (error instanceof CertgenError) return true;
    throw error;
  }
}

/**
 * The certificate of an object that has one; `undefined` where it is not decided or not issued yet.
 * @throws CertgenError `denied`, `forked`, or `malformed-object` where it is none that can be read
 */
export function certificateIn(object: JsonObject): string | undefined {
  const conditions = conditionsOf(object);
  const refusal = conditions.find(isOfType("Denied", "Failed"));
  if (refusal !== undefined) throw denied(refusal);
  const status = objectMember(object, "status", "status");
  const certificate = stringMember(status, "certificate", "status.certificate");
  if (certificate !== undefined) return fromBase64Pem(certificate);
  const fork = conditions.find(isOfType("Forked"));
  // an administrator's approval after that holds, and the certificate is on its way
  if (fork !== undefined && !isApproved(object)) throw forked(fork);
  return undefined;
}

/** Whether somebody has approved it, whoever issues the certificate. */
export function isApproved(object: JsonObject): boolean {
  return conditionsOf(object).some(isOfType("Approved"));
}

function conditionsOf(object: JsonObject): readonly JsonObject[] {
  const conditions = member(objectMember(object, "status", "status"), "conditions");
  return Array.isArray(conditions) ? conditions.filter(isObject) : [];
}

function isOfType(...types: readonly string[]): (condition: JsonObject) => boolean {
  return ({ type }) => typeof type === "string" && types.includes(type);
}

const MAX_MESSAGE_LENGTH = 2000;

function denied(condition: JsonObject): CertgenError {
  const { reason = "no reason given", message } = wordsOf(condition);
  const verb = condition["type"] === "Denied" ? "Denied" : "Failed";
  return new CertgenError("denied", `${verb} by the signer: ${reason}: ${message}`, { reason });
}

function forked(condition: JsonObject): CertgenError {
  const { reason, message } = wordsOf(condition);
  return new CertgenError(
    "forked",
    "Forked: another key has renewed this certificate; somebody else may have this node's key: revoke the certificate and " +
      `what was renewed with it, then ask with a new key and a token (the signer says: ${message})`,
    reason === undefined ? {} : { reason },
  );
}

function wordsOf(condition: JsonObject): { reason: string | undefined; message: string } {
  return {
    reason: stringMember(condition, "reason", "reason"),
    message: (stringMember(condition, "message", "message") ?? "").slice(0, MAX_MESSAGE_LENGTH),
  };
}
