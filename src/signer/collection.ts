/**
 * The collection: create, list, watch, delete.
 * @module
 */
import { randomSuffix } from "../random.ts";
import type { CertificateSigningRequest } from "../k8s/certificate_signing_request.ts";
import { decodeCreate, sentName } from "../k8s/create_request.ts";
import { parseFieldValidation } from "../k8s/field_validation.ts";
import { parseDeleteOptions } from "../k8s/delete_options.ts";
import { parseContinue } from "../k8s/list.ts";
import { checkListRevision, parseListOptions } from "../k8s/list_options.ts";
import { CertgenError, messageOf } from "../errors.ts";
import { addWarnings, json } from "./answer.ts";
import { readDeleteOptions, readObject } from "./body.ts";
import { type Call, checkMay, dryRunOf, type Services } from "./call.ts";
import { checkBody } from "./fields.ts";
import { showList, showObject, viewOf } from "./view.ts";
import { wholeList } from "./whole_list.ts";

/** Answers a request to the collection. */
export async function onCollection(call: Call, services: Services): Promise<Response> {
  switch (call.request.method) {
    case "POST":
      return await create(call, services);
    case "DELETE":
      return await deleteCollection(call, services);
    default:
      return await list(call, services);
  }
}

async function create(call: Call, services: Services): Promise<Response> {
  const { request, query, identity, version, subject } = call;
  // before the body is read: who may not create need not be listened to
  checkMay("create", call, services);
  const view = viewOf(call, "object");
  const dryRun = dryRunOf(query.getAll("dryRun"), "CreateOptions");
  const validation = parseFieldValidation(query, "CreateOptions");
  const sent = await readObject(request, services.maxBodyBytes, "CertificateSigningRequest");
  subject.name = sentName(sent.object);
  const warnings = checkBody(sent, version, validation);
  const create = decodeCreate(sent.object, version, { suffix: () => randomSuffix(services.random) });
  subject.name = create.name;
  const object = await services.creation.create(create, identity, { dryRun, trace: call.trace });
  return addWarnings(json(showObject(object, view, services.now), 201, call.isPretty), warnings);
}

async function list(call: Call, services: Services): Promise<Response> {
  const { objects, now } = services;
  const options = parseListOptions(call.query);
  checkMay(options.watch ? "watch" : "list", call, services);
  if (options.watch) return services.watches.start(options, viewOf(call, "object"), services);
  const view = viewOf(call, "list");
  checkListRevision(options.resourceVersion, objects.revision);
  if (options.limit === 0) return wholeList(options, view, call.isPretty, services);
  const { items, metadata } = await objects.page(options);
  return json(showList(items.map(({ object }) => object), metadata, view, now), 200, call.isPretty);
}

/** More characters than these of what was deleted are not shown: clients do not look at it. */
const MAX_SHOWN = 32 << 20;

async function deleteCollection(call: Call, services: Services): Promise<Response> {
  const { request, query, identity } = call;
  const { objects, administration, now, log } = services;
  checkMay("deletecollection", call, services);
  const options = parseListOptions(query);
  const view = viewOf(call, "list");
  const { preconditions, dryRun } = parseDeleteOptions(query, await readDeleteOptions(request, services.maxBodyBytes));
  checkListRevision(options.resourceVersion, objects.revision);
  const page = options.limit === 0 ? undefined : await objects.page(options);
  const metadata = page?.metadata ?? { resourceVersion: String(objects.revision) };
  const start = options.continueToken === undefined ? "" : parseContinue(options.continueToken).start;
  const deleted: CertificateSigningRequest[] = [];
  let length = 0;
  for await (const stored of page?.items ?? objects.all(start)) {
    const { object } = stored;
    if (!options.selectors.matches(object)) continue;
    const { name, uid } = object.metadata;
    try {
      await administration.delete(name, identity, {
        dryRun,
        trace: call.trace,
        preconditions: { ...preconditions, uid: preconditions.uid ?? uid },
      });
      length += stored.length;
      if (length <= MAX_SHOWN) deleted.push(object);
    } catch (error) {
      if (!(error instanceof CertgenError && (error.code === "conflict" || error.code === "not-found"))) throw error;
      // somebody else was faster: gone is gone, and what has changed stays
      log("debug", "not deleted", { name, because: messageOf(error) });
    }
  }
  return json(showList(deleted, metadata, view, now), 200, call.isPretty);
}
