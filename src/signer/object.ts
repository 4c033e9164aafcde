/**
 * One object and its subresources: get, update, patch, delete.
 * @module
 */
import { CertgenError } from "../errors.ts";
import { patchType } from "../k8s/accept.ts";
import { type CertificateSigningRequest, checkKind } from "../k8s/certificate_signing_request.ts";
import { decodeCreate } from "../k8s/create_request.ts";
import { parseDeleteOptions } from "../k8s/delete_options.ts";
import { type FieldValidation, parseFieldValidation } from "../k8s/field_validation.ts";
import { type JsonObject, objectMember, stringMember } from "../k8s/json.ts";
import { applyPatch, checkPatchOptions, parsePatch, type Patch, patchedFault } from "../k8s/patch.ts";
import { deletedStatus, GROUP, PRECONDITION } from "../k8s/status.ts";
import { checkName } from "../k8s/validation.ts";
import { readBody } from "../request_body.ts";
import { isOwner } from "../requests/object.ts";
import { addWarnings, json } from "./answer.ts";
import { readDeleteOptions, readObject } from "./body.ts";
import { type Call, checkMay, dryRunOf, type Services } from "./call.ts";
import { checkBody, checkMade, checkPatch } from "./fields.ts";
import { showObject, type View, viewOf } from "./view.ts";

/** A call about an object of a name. */
export interface ObjectCall extends Call {
  readonly name: string;
}

/** Answers a request to an object or one of its subresources. */
export async function onObject(call: ObjectCall, services: Services): Promise<Response> {
  switch (call.request.method) {
    case "PUT":
      return await put(call, services);
    case "PATCH":
      return await patch(call, services);
    case "DELETE":
      return await remove(call, services);
    default:
      return await get(call, services);
  }
}

async function get(call: ObjectCall, services: Services): Promise<Response> {
  const { objects, signing, now } = services;
  const { name, identity } = call;
  const view = viewOf(call, "object");
  // who could not get even an object of their own is not looked for one
  checkMay("get", call, services, true);
  const stored = await objects.get(name);
  // who may not look at anything is not told what there is
  const isOwn = stored === undefined || isOwner(stored.object, identity);
  checkMay("get", call, services, isOwn);
  if (stored === undefined) throw notFound(name);
  const finish = async (): Promise<CertificateSigningRequest> => {
    const present = await objects.get(name);
    // another one in its place has another owner, perhaps
    if (present === undefined || present.object.metadata.uid !== stored.object.metadata.uid) throw notFound(name);
    return await signing.finish(present);
  };
  const object = signing.isFinished(stored) ? stored.object : await objects.exclusively(name, finish);
  return json(showObject(object, view, now), 200, call.isPretty);
}

async function put(call: ObjectCall, services: Services): Promise<Response> {
  const { request, query, name, version, subresource, identity } = call;
  checkMay("update", call, services);
  const view = viewOf(call, "object");
  const dryRun = dryRunOf(query.getAll("dryRun"), "UpdateOptions");
  const validation = parseFieldValidation(query, "UpdateOptions");
  const sent = await readObject(request, services.maxBodyBytes, "CertificateSigningRequest");
  const warnings = checkBody(sent, version, validation);
  checkKind(sent.object, version);
  checkName(sent.object, name);
  const make = (): JsonObject => sent.object;
  const update = { subresource, version, dryRun, make, trace: call.trace };
  const object = await services.administration.update(name, update, identity).catch((error: unknown) => {
    throw missingFault(error, sent.object);
  });
  return addWarnings(json(showObject(object, view, services.now), 200, call.isPretty), warnings);
}

/** Whoever names the uid of what is not there meant an object that is gone. */
function missingFault(error: unknown, sent: JsonObject): unknown {
  if (!(error instanceof CertgenError) || error.code !== "not-found") return error;
  const uid = stringMember(objectMember(sent, "metadata", "metadata"), "uid", "metadata.uid");
  if (uid === undefined) return error;
  const message = `Precondition failed: UID in precondition: ${uid.slice(0, 100)}, UID in object meta: `;
  return new CertgenError("conflict", message, { reason: PRECONDITION });
}

/** A PATCH that has been read. */
interface SentPatch {
  readonly patch: Patch;
  readonly view: View;
  readonly dryRun: boolean;
  readonly validation: FieldValidation;
  readonly warnings: string[];
}

async function patch(call: ObjectCall, services: Services): Promise<Response> {
  const { request, query, name, version, subresource, identity } = call;
  checkMay("patch", call, services);
  const view = viewOf(call, "object");
  const type = patchType(request.headers.get("content-type"));
  checkPatchOptions(type, query);
  const dryRun = dryRunOf(query.getAll("dryRun"), "PatchOptions");
  const validation = parseFieldValidation(query, "PatchOptions");
  const body = await readBody(request, services.maxBodyBytes);
  const patch = parsePatch(type, body);
  const sent: SentPatch = { view, dryRun, validation, patch, warnings: checkPatch(type, body, validation) };
  if (type === "apply" && subresource === "" && await services.objects.get(name) === undefined) {
    return await applyNew(call, sent, services);
  }
  const make = (object: CertificateSigningRequest): JsonObject => patched(sent, call, object);
  const update = { subresource, version, dryRun: sent.dryRun, make, trace: call.trace };
  const object = await services.administration.update(name, update, identity).catch((error) => {
    throw patchedFault(error);
  });
  return addWarnings(json(showObject(object, view, services.now), 200, call.isPretty), sent.warnings);
}

/** Applying what is not there makes it. */
async function applyNew(call: ObjectCall, sent: SentPatch, services: Services): Promise<Response> {
  const { name, version, identity } = call;
  checkMay("create", call, services);
  const named = {
    kind: "CertificateSigningRequest",
    apiVersion: `${GROUP}/${version}`,
    ...applyPatch(sent.patch, undefined),
  };
  sent.warnings.push(...checkMade(named, sent.validation));
  checkName(named, name);
  // a generated name cannot be the name of the path
  const create = decodeCreate(named, version, { suffix: () => "" });
  const object = await services.creation.create(create, identity, { dryRun: sent.dryRun, trace: call.trace });
  return addWarnings(json(showObject(object, sent.view, services.now), 201, call.isPretty), sent.warnings);
}

/** The object that a patch makes of another. */
function patched(sent: SentPatch, { version, subresource }: ObjectCall, object: CertificateSigningRequest): JsonObject {
  const { uid: _, resourceVersion: __, ...unidentified } = object.metadata;
  // an approval says itself which object it is for: what the patch does not name is not taken from what is there
  const metadata = subresource === "approval" ? unidentified : object.metadata;
  const made = applyPatch(sent.patch, { ...object, apiVersion: `${GROUP}/${version}`, metadata });
  sent.warnings.push(...checkMade(made, sent.validation));
  checkKind(made, version);
  return made;
}

async function remove(call: ObjectCall, services: Services): Promise<Response> {
  const { request, query, name, identity } = call;
  checkMay("delete", call, services);
  const view = viewOf(call, "object");
  const options = parseDeleteOptions(query, await readDeleteOptions(request, services.maxBodyBytes));
  const { object, isGone } = await services.administration.delete(name, identity, { ...options, trace: call.trace });
  const answer = isGone ? deletedStatus(object.metadata) : showObject(object, view, services.now);
  return json(answer, 200, call.isPretty);
}

function notFound(name: string): CertgenError {
  return new CertgenError("not-found", `${JSON.stringify(name)} not found`);
}
