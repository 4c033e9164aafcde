/**
 * Pages of a list: sorted by name, `limit` objects at a time, each page naming where the next begins.
 * @module
 */
import { fromBase64Url, toBase64Url, toUtf8 } from "../bytes.ts";
import { CertgenError, messageOf } from "../errors.ts";
import { member, parseJsonObject } from "./json.ts";

/** Where a page begins. */
export interface ListPosition {
  /** The revision of the first page: whoever watches from there misses nothing of what the pages do not show. */
  readonly revision: number;
  /** The first name that may be on the page. */
  readonly start: string;
}

const TOKEN_VERSION = "meta.k8s.io/v1";
const MAX_TOKEN = 2_048;

/** The `continue` token of the page that begins at a position. */
export function toContinue({ revision, start }: ListPosition): string {
  return toBase64Url(toUtf8(JSON.stringify({ v: TOKEN_VERSION, rv: revision, start })));
}

/**
 * Reads a `continue` token.
 * @throws CertgenError `malformed-object` where it is not ours
 */
export function parseContinue(token: string): ListPosition {
  const broken = (why: string): CertgenError =>
    new CertgenError("malformed-object", `continue key is not valid: ${why}`);
  if (token.length > MAX_TOKEN) throw broken("it is too long");
  let fields;
  try {
    fields = parseJsonObject(fromBase64Url(token.replace(/=+$/, "")));
  } catch (error) {
    throw broken(messageOf(error));
  }
  const start = member(fields, "start");
  const revision = member(fields, "rv");
  if (member(fields, "v") !== TOKEN_VERSION) throw broken("server does not recognize this encoded version");
  if (typeof start !== "string" || start === "") throw broken("encoded start key empty");
  if (typeof revision !== "number" || !Number.isSafeInteger(revision) || revision < 0) {
    throw broken("incorrect encoded start resourceVersion");
  }
  return { revision, start };
}
