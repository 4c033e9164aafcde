import type { Bytes } from "../bytes.ts";
import { bodyFormat } from "../k8s/accept.ts";
import { type JsonObject, parseJsonObject } from "../k8s/json.ts";
import { decodeProtobuf, type ProtobufKind } from "../k8s/protobuf.ts";
import { readBody } from "../request_body.ts";

/** An object that was sent, whatever it was encoded in. */
export interface SentObject {
  readonly object: JsonObject;
  /** The text that it was read from, where that can hold what the object does not show: a member twice. */
  readonly json: Bytes | undefined;
}

/**
 * Reads an object from the body of a POST, PUT or DELETE.
 * @throws CertgenError `unsupported-media-type`, `too-large`, `malformed-object`
 */
export async function readObject(request: Request, limit: number, kind: ProtobufKind): Promise<SentObject> {
  const format = bodyFormat(request.headers.get("content-type"));
  const body = await readBody(request, limit);
  return format === "json"
    ? { object: parseJsonObject(body), json: body }
    : { object: decodeProtobuf(body, kind), json: undefined };
}

/** The options in the body of a DELETE; no body is no options. */
export async function readDeleteOptions(request: Request, limit: number): Promise<JsonObject> {
  const format = bodyFormat(request.headers.get("content-type"));
  const body = await readBody(request, limit);
  if (body.length === 0) return {};
  return format === "json" ? parseJsonObject(body) : decodeProtobuf(body, "DeleteOptions");
}
