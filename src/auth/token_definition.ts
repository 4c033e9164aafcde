/**
 * What is kept of a bootstrap token: a file that says what it is good for, and a digest that knows it when it is presented.
 * @module
 */
import { toUtf8 } from "../bytes.ts";
import { CertgenError } from "../errors.ts";
import {
  integerMember,
  type JsonObject,
  objectMember,
  parseJsonObject,
  stringMember,
  stringsMember,
} from "../k8s/json.ts";
import { dnsNameFault } from "../x509/general_name.ts";
import { formatIp, parseIp } from "../x509/ip.ts";

/** A bootstrap token without the token. Once made it never changes; how often it was used is kept elsewhere. */
export interface TokenDefinition {
  /** The public half: six lower-case letters and digits. */
  readonly id: string;
  /** SHA-256 of the whole token, in 64 lower-case hexadecimal digits. */
  readonly hash: string;
  /** When it was made; whole seconds. */
  readonly createdAt: Date;
  /** From this moment on it is good for nothing; whole seconds. */
  readonly expiresAt: Date;
  /** How many requests it is good for; any number without it. */
  readonly uses?: number;
  /** Subjects' common names that it is good for. */
  readonly commonNames?: readonly string[];
  /** DNS names, in lower case. */
  readonly dnsNames?: readonly string[];
  /** IP addresses, in their shortest form. */
  readonly ipAddresses?: readonly string[];
  /** Names of profiles. */
  readonly profiles?: readonly string[];
  /** What it is for, in words. */
  readonly description?: string;
}

/** Most bytes of a definition. */
export const MAX_DEFINITION_BYTES = 65_536;
/** Most names of each kind. */
export const MAX_TOKEN_NAMES = 100;
/** Most uses that can be said; more are any number. */
export const MAX_TOKEN_USES = 1000;
/** Longest description, in UTF-16 units. */
export const MAX_DESCRIPTION = 200;

const VERSION = "certgen.internal/v1";
const KIND = "BootstrapToken";
/** The lists of a definition, and why a text cannot stand in one, if it cannot. */
const LISTS = {
  commonNames: commonNameFault,
  dnsNames: (name: string) => name === name.toLowerCase() ? dnsNameFault(name) : "it is not in lower case",
  ipAddresses: (text: string) => {
    const address = parseIp(text);
    if (address === undefined) return "it is no IP address";
    return formatIp(address) === text ? undefined : `it is not in its shortest form, ${formatIp(address)}`;
  },
  profiles: profileNameFault,
} as const;
type ListName = keyof typeof LISTS;
const LIST_NAMES = Object.keys(LISTS) as readonly ListName[];

/** Whether a text is the id of a token. */
export function isTokenId(text: string): boolean {
  return /^[a-z0-9]{6}$/.test(text);
}

/** Why a text cannot be a subject's common name, if it cannot: 1 to 64 printable ASCII characters (RFC 5280, ub-common-name). */
export function commonNameFault(name: string): string | undefined {
  if (name === "") return "it is empty";
  if (name.length > 64) return "it has more than 64 characters";
  return /^[!-~](?:[ -~]*[!-~])?$/.test(name) ? undefined : "it has other characters than printable ASCII ones";
}

/** Why a text cannot be the name of a profile, if it cannot. */
export function profileNameFault(name: string): string | undefined {
  return /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(name)
    ? undefined
    : "it is not lower-case letters, digits and hyphens";
}

/** Why a text cannot be a description, if it cannot. */
export function descriptionFault(text: string): string | undefined {
  if (text.length > MAX_DESCRIPTION) return `it has more than ${MAX_DESCRIPTION} characters`;
  return /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.test(text) ? "it has control or format characters" : undefined;
}

/** The object that stands in a definition's file. */
export function tokenObject(definition: TokenDefinition): JsonObject {
  const { id, hash, createdAt, expiresAt, uses, description } = definition;
  return {
    apiVersion: VERSION,
    kind: KIND,
    metadata: { name: id, creationTimestamp: timestamp(createdAt) },
    spec: {
      hash: `sha256:${hash}`,
      expirationTimestamp: timestamp(expiresAt),
      ...uses === undefined ? {} : { uses },
      ...Object.fromEntries(LIST_NAMES.flatMap((name) => {
        const list = definition[name];
        return list === undefined ? [] : [[name, list]];
      })),
      ...description === undefined ? {} : { description },
    },
  };
}

/** Bytes of a definition's file. */
export function encodeTokenDefinition(definition: TokenDefinition): Uint8Array<ArrayBuffer> {
  return toUtf8(`${JSON.stringify(tokenObject(definition), null, 2)}\n`);
}

/**
 * Reads a definition strictly: no members that are unknown, no list that is empty, since it would say both nothing and
 * anything, and no value in another form than {@link encodeTokenDefinition} writes.
 *
 * @param path for messages
 * @throws CertgenError `malformed-object`
 */
export function parseTokenDefinition(bytes: Uint8Array, path: string): TokenDefinition {
  try {
    if (bytes.length > MAX_DEFINITION_BYTES) throw fault(`it is larger than ${MAX_DEFINITION_BYTES} bytes`);
    return readDefinition(parseJsonObject(bytes));
  } catch (cause) {
    if (!(cause instanceof CertgenError)) throw cause;
    const why = cause.message.replace(/^Cannot read /, "");
    throw fault(`Cannot use token definition ${JSON.stringify(path)}: ${why}`, cause);
  }
}

function readDefinition(object: JsonObject): TokenDefinition {
  checkMembers(object, "", ["apiVersion", "kind", "metadata", "spec"]);
  const [version, kind] = [object["apiVersion"], object["kind"]];
  if (version !== VERSION || kind !== KIND) throw fault(`it is no ${KIND} of ${VERSION}`);
  const metadata = objectMember(object, "metadata", "metadata");
  const spec = objectMember(object, "spec", "spec");
  checkMembers(metadata, "metadata.", ["name", "creationTimestamp"]);
  checkMembers(spec, "spec.", ["hash", "expirationTimestamp", "uses", "description", ...LIST_NAMES]);
  const id = required(metadata, "name", "metadata.name");
  if (!isTokenId(id)) throw fault("metadata.name: it is not six lower-case letters and digits");
  const [, hash] = /^sha256:([0-9a-f]{64})$/.exec(required(spec, "hash", "spec.hash")) ?? [];
  if (hash === undefined) throw fault("spec.hash: it is not sha256: and 64 lower-case hexadecimal digits");
  const createdAt = moment(metadata, "creationTimestamp", "metadata.creationTimestamp");
  const expiresAt = moment(spec, "expirationTimestamp", "spec.expirationTimestamp");
  if (expiresAt <= createdAt) throw fault("spec.expirationTimestamp: it is not after metadata.creationTimestamp");
  return { id, hash, createdAt, expiresAt, ...optionalOf(spec) };
}

function optionalOf(spec: JsonObject): Partial<TokenDefinition> {
  const uses = integerMember(spec, "uses", "spec.uses");
  if (uses !== undefined && (uses < 1 || uses > MAX_TOKEN_USES)) {
    throw fault(`spec.uses: it is not from 1 to ${MAX_TOKEN_USES}`);
  }
  const description = stringMember(spec, "description", "spec.description");
  const because = descriptionFault(description ?? "");
  if (because !== undefined) throw fault(`spec.description: ${because}`);
  const lists = LIST_NAMES.flatMap((name) => {
    const list = stringsMember(spec, name, `spec.${name}`);
    if (list === undefined) return [];
    checkList(list, name);
    return [[name, list] as const];
  });
  return {
    ...uses === undefined ? {} : { uses },
    ...Object.fromEntries(lists),
    ...description === undefined ? {} : { description },
  };
}

function checkList(list: readonly string[], name: ListName): void {
  if (list.length === 0) throw fault(`spec.${name}: it is empty; without it the token is good for any`);
  if (list.length > MAX_TOKEN_NAMES) throw fault(`spec.${name}: it has more than ${MAX_TOKEN_NAMES} items`);
  for (const [index, item] of list.entries()) {
    const because = LISTS[name](item);
    if (because !== undefined) throw fault(`spec.${name}[${index}]: ${because}`);
  }
}

function checkMembers(object: JsonObject, path: string, known: readonly string[]): void {
  const unknown = Object.keys(object).find((key) => !known.includes(key));
  if (unknown === undefined) return;
  throw fault(`${path}${JSON.stringify(unknown.slice(0, 80))}: there is no such member`);
}

function required(object: JsonObject, key: string, path: string): string {
  const value = stringMember(object, key, path);
  if (value === undefined) throw fault(`${path}: it is missing`);
  return value;
}

function moment(object: JsonObject, key: string, path: string): Date {
  const text = required(object, key, path);
  const date = new Date(text);
  if (Number.isNaN(date.getTime()) || timestamp(date) !== text) {
    throw fault(`${path}: it is no moment as 2026-03-01T12:00:00Z`);
  }
  return date;
}

/** RFC 3339, whole seconds. */
function timestamp(date: Date): string {
  return date.toISOString().replace(/\.\d+/, "");
}

function fault(message: string, cause?: unknown): CertgenError {
  return new CertgenError("malformed-object", message, { cause });
}
