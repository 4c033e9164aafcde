/**
 * How objects are shown: whole, their metadata only, or as a table, as the client asks.
 * @module
 */
import { negotiate, type Representation } from "../k8s/accept.ts";
import type { ApiVersion, CertificateSigningRequest } from "../k8s/certificate_signing_request.ts";
import type { ObjectMeta } from "../k8s/object_meta.ts";
import { GROUP } from "../k8s/status.ts";
import {
  type IncludeObject,
  type ListMeta,
  parseIncludeObject,
  partialMetadata,
  partialMetadataList,
  tableOfList,
  tableOfObject,
} from "../k8s/table.ts";
import type { Now } from "../ports.ts";
import type { Call } from "./call.ts";

/** One way of showing objects. */
export interface View {
  readonly representation: Representation;
  readonly version: ApiVersion;
  readonly includeObject: IncludeObject;
}

/**
 * The way that a client asks for.
 * @throws CertgenError `not-acceptable`, `malformed-object`
 */
export function viewOf({ request, query, version }: Call, of: "object" | "list"): View {
  const representation = negotiate(request.headers.get("accept"), of);
  const includeObject = representation === "Table" ? parseIncludeObject(query.get("includeObject")) : "Metadata";
  return { representation, version, includeObject };
}

/**
 * One object.
 * @param hasColumns whether a table says its columns: in a watch only the first does
 */
export function showObject(object: CertificateSigningRequest, view: View, now: Now, hasColumns = true): unknown {
  const apiVersion = `${GROUP}/${view.version}`;
  const shown = { ...object, apiVersion };
  switch (view.representation) {
    case "Table":
      return tableOfObject(shown, { now: now(), includeObject: view.includeObject, apiVersion }, hasColumns);
    case "Object":
      return whole(shown);
    default:
      return partialMetadata(shown);
  }
}

/** What was only tried has no version. */
function whole(object: { readonly metadata: ObjectMeta }): unknown {
  const { resourceVersion, ...metadata } = object.metadata;
  return resourceVersion === "" ? { ...object, metadata } : object;
}

/** A page of objects. */
export function showList(
  objects: readonly CertificateSigningRequest[],
  metadata: ListMeta,
  view: View,
  now: Now,
): unknown {
  const apiVersion = `${GROUP}/${view.version}`;
  switch (view.representation) {
    case "Table":
      return tableOfList(objects, metadata, { now: now(), includeObject: view.includeObject, apiVersion });
    case "Object":
      // the items of a list say neither kind nor version
      return {
        kind: "CertificateSigningRequestList",
        apiVersion,
        metadata,
        items: objects.map(({ kind: _, apiVersion: __, ...object }) => object),
      };
    default:
      return partialMetadataList(objects, metadata);
  }
}
