/**
 * What a JWT's claims make of its bearer. They are somebody else's words: all names get a prefix that the configuration
 * gives, so that none of them can be a name of certgen's own.
 * @module
 */
import { EXTRA, type Identity } from "../identity.ts";
import { isObject, type JsonObject, member } from "../k8s/json.ts";

/** A claim: a member of the token by its name, or by the names on the way to it, as `["kubernetes.io", "namespace"]`. */
export type ClaimPath = string | readonly string[];

/** A claim that names are made of. */
export interface ClaimMapping {
  readonly claim: ClaimPath;
  /** Stands before every name. Ends with `:`, `/` or `#`, and begins with neither `certgen:` nor `system:`. */
  readonly prefix: string;
}

/** Which claims say what. */
export interface ClaimOptions {
  /** The user name: a string of 1 to 253 characters. */
  readonly user: ClaimMapping;
  /** Groups: a string, or a list of 100 at most; a token without the claim has none. */
  readonly groups?: ClaimMapping;
  /**
   * Claims that are kept as further facts, under `claim.certgen.internal/` and their name (a path's names have `/` between
   * them), where they are strings, whole numbers, booleans or lists of strings; what is neither is left out.
   */
  readonly claims?: readonly ClaimPath[];
}

const AUTHENTICATED = "system:authenticated";
const MAX_NAME = 253;
const MAX_ITEMS = 100;
/** Longest claim that is kept as a fact, in UTF-16 units. */
const MAX_FACT = 1000;
const OWN_NAMES = /^(?:certgen|system):/i;
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

/**
 * Checks what a configuration says.
 * @throws TypeError naming what is wrong
 */
export function checkClaimOptions({ user, groups, claims = [] }: ClaimOptions): void {
  for (const [what, mapping] of [["user", user], ["groups", groups]] as const) {
    if (mapping === undefined) continue;
    checkPath(mapping.claim, `${what}.claim`);
    if (!/^[!-~]{0,99}[:/#]$/.test(mapping.prefix)) {
      throw new TypeError(`${what}.prefix must be printable and end with ":", "/" or "#"`);
    }
    if (OWN_NAMES.test(mapping.prefix)) throw new TypeError(`${what}.prefix begins with certgen: or system:`);
  }
  if (claims.length > MAX_ITEMS) throw new TypeError(`claims has more than ${MAX_ITEMS} items`);
  claims.forEach((path, index) => checkPath(path, `claims[${index}]`));
  if (new Set(claims.map(factKey)).size < claims.length) throw new TypeError("claims has two of one name");
}

function checkPath(path: ClaimPath, what: string): void {
  const names = namesOf(path);
  const isGood = names.length > 0 && names.length <= 10 &&
    names.every((name) =>
      typeof name === "string" && name !== "" && name.length <= MAX_NAME && !UNPRINTABLE.test(name)
    );
  if (!isGood) throw new TypeError(`${what} is no claim: a name, or one to ten names`);
}

/** The identity, or why there is none: a text that repeats nothing of the token. */
export function identityOfClaims(token: JsonObject, { user, groups, claims = [] }: ClaimOptions): Identity | string {
  const username = nameOf(claimOf(token, user.claim), user.prefix);
  if (username === undefined) return "the user claim is no name";
  const names = groups === undefined ? [] : groupsOf(claimOf(token, groups.claim), groups.prefix);
  if (names === undefined) return "the groups claim is no list of names";
  const extra = Object.fromEntries(claims.flatMap((path) => {
    const values = factsOf(claimOf(token, path));
    return values === undefined ? [] : [[factKey(path), values]];
  }));
  return {
    username,
    groups: [...new Set([...names, AUTHENTICATED])],
    proof: "jwt",
    ...Object.keys(extra).length === 0 ? {} : { extra },
  };
}

function claimOf(token: JsonObject, path: ClaimPath): unknown {
  let value: unknown = token;
  for (const name of namesOf(path)) value = isObject(value) ? member(value, name) : undefined;
  return value;
}

function groupsOf(value: unknown, prefix: string): string[] | undefined {
  if (value === undefined) return [];
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  const names = list.map((item) => nameOf(item, prefix)).filter((name) => name !== undefined);
  return list.length <= MAX_ITEMS && names.length === list.length ? names : undefined;
}

function nameOf(value: unknown, prefix: string): string | undefined {
  if (typeof value !== "string" || value === "" || value.length > MAX_NAME || UNPRINTABLE.test(value)) return undefined;
  const name = prefix + value;
  return OWN_NAMES.test(name) ? undefined : name;
}

function factsOf(value: unknown): string[] | undefined {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  const isScalar = list !== value;
  const texts = list.map((item) => {
    if (typeof item === "string" && item.length <= MAX_FACT && !UNPRINTABLE.test(item)) return item;
    if (isScalar && typeof item === "boolean") return String(item);
    // above it two numbers of a token can be one here
    return isScalar && Number.isSafeInteger(item) ? String(item) : undefined;
  }).filter((text) => text !== undefined);
  return list.length <= MAX_ITEMS && list.length > 0 && texts.length === list.length ? texts : undefined;
}

function factKey(path: ClaimPath): string {
  return EXTRA.claim + namesOf(path).join("/");
}

function namesOf(path: ClaimPath): readonly string[] {
  return typeof path === "string" ? [path] : path;
}
