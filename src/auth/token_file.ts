/**
 * Kubernetes' static token file: CSV of `token,user,uid[,"group1,group2"]`, one token a line.
 * @module
 */
import { fromUtf8 } from "../bytes.ts";
import { CertgenError } from "../errors.ts";
import { ANONYMOUS } from "../identity.ts";
import { isBearerToken } from "./authenticator.ts";
import type { TokenEntry } from "./token.ts";

/** Every identity that was proven is in it. */
const AUTHENTICATED = "system:authenticated";
/** A token with a hundred groups is shorter. */
const MAX_LINE = 16_384;

/**
 * Reads a token file strictly: fields in quotes as RFC 4180 has them, none over several lines, blank lines skipped. The uid
 * is read and dropped, since an identity has none.
 *
 * @param path for messages, which name file and line and never a token
 * @throws CertgenError `malformed-object`
 */
export function parseTokenFile(content: Uint8Array, path: string): TokenEntry[] {
  const fault = (line: number, why: string): CertgenError =>
    new CertgenError("malformed-object", `Cannot use token file ${JSON.stringify(path)}: line ${line} ${why}`);
  const lineOf = new Map<string, number>();
  return textOf(content, path).split(/\r?\n/).flatMap((text, i): TokenEntry[] => {
    const line = i + 1;
    if (text === "") return [];
    if (text.length > MAX_LINE) throw fault(line, `is longer than ${MAX_LINE} characters`);
    const fields = fieldsOf(text);
    if (typeof fields === "string") throw fault(line, fields);
    const [token, username, uid, groups = "", ...rest] = fields;
    if (token === undefined || username === undefined || uid === undefined) {
      throw fault(line, `has ${fields.length} of the three fields that are needed: token,user,uid`);
    }
    if (rest.length > 0) throw fault(line, `has ${fields.length} fields: several groups go in quotes, "group1,group2"`);
    if (!isBearerToken(token)) throw fault(line, "begins with no bearer token: letters, digits and -._~+/ are taken");
    if (username === "") throw fault(line, "has no user");
    if (username === ANONYMOUS.username) throw fault(line, `has the user of those without a credential, ${username}`);
    const before = lineOf.get(token);
    if (before !== undefined) throw fault(line, `has the same token as line ${before}`);
    lineOf.set(token, line);
    return [{ token, identity: { username, groups: groupsOf(groups), proof: "token" } }];
  });
}

function textOf(content: Uint8Array, path: string): string {
  try {
    return fromUtf8(content).replace(/^\ufeff/, "");
  } catch (cause) {
    const message = `Cannot use token file ${JSON.stringify(path)}: it is not UTF-8`;
    throw new CertgenError("malformed-object", message, { cause });
  }
}

function groupsOf(text: string): string[] {
  return [...new Set([...text.split(",").map((group) => group.trim()).filter((group) => group !== ""), AUTHENTICATED])];
}

/**
 * The fields of one line, or what is wrong with it.
 *
 * ```abnf
 * record = field *("," field)
 * field = DQUOTE *(TEXTDATA / COMMA / 2DQUOTE) DQUOTE / *TEXTDATA
 * ```
 */
function fieldsOf(line: string): string[] | string {
  const fields: string[] = [];
  const field = /(?:"((?:[^"]|"")*)"|([^",]*))(,|$)/y;
  while (true) {
    const at = field.lastIndex;
    const match = field.exec(line);
    if (match === null) {
      const isOpen = /^"(?:[^"]|"")*$/.test(line.slice(at));
      return isOpen
        ? "has a quote that does not end"
        : 'has a quote at a wrong place: a field in quotes is quoted whole, and "" is a quote in it';
    }
    const [, quoted, plain = "", end] = match;
    fields.push(quoted?.replaceAll('""', '"') ?? plain);
    if (end === "") return fields;
  }
}
