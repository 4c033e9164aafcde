/**
 * Where identities come from: issuers of JSON Web Tokens, and which names their claims may give.
 * @module
 */
import type { CertgenError } from "../errors.ts";
import type { Path } from "../yaml_source.ts";
import { quoted } from "../text.ts";

/** Most claims of an issuer that are kept. */
const MAX_CLAIMS = 100;

/** Signature algorithms that may be accepted: none with a shared secret. */
export const JWT_ALGORITHMS = [
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "ES512",
  "EdDSA",
] as const;

/** A claim by its name, or by the names on the way to it, as `["kubernetes.io", "pod", "name"]`. */
export type ClaimPath = string | readonly string[];

/** A claim that gives a name, and what is put before it. */
export interface ClaimMapping {
  /** The claim. */
  readonly claim: ClaimPath;
  /** Ends with `:`, `/` or `#`; never one of certgen's or Kubernetes' own, nor such that another issuer's names begin with it. */
  readonly prefix: string;
}

/** One issuer of JWTs. */
export interface JwtFile {
  /** `iss`, exactly. */
  readonly issuer: string;
  /** One of them must be in `aud`. */
  readonly audiences: readonly string[];
  /** Path of the issuer's keys, or … */
  readonly jwksFile?: string;
  /** … where they are fetched from. */
  readonly jwksUrl?: string;
  /** Path of the CAs that vouch for that server; the machine's unless said. */
  readonly caFile?: string;
  /** Signature algorithms; what fits the keys unless said. */
  readonly algorithms?: readonly (typeof JWT_ALGORITHMS)[number][];
  /** The user name. */
  readonly user: ClaimMapping;
  /** The groups: a text or a list of texts; none unless said. */
  readonly groups?: ClaimMapping;
  /** Claims that are kept with a request, for rules to look at: one of several names with `/` between them. */
  readonly claims?: readonly ClaimPath[];
}

/** The name by which a rule knows a claim. */
export function claimName(path: ClaimPath): string {
  return typeof path === "string" ? path : path.join("/");
}

/**
 * Checks what the shape alone does not say.
 * @throws CertgenError `malformed-object`
 */
export function checkJwt(entries: readonly JwtFile[], fault: (path: Path, why: string) => CertgenError): void {
  const issuers = new Set<string>();
  entries.forEach((entry, i) => {
    const { issuer, jwksFile, jwksUrl, caFile } = entry;
    if (issuers.has(issuer)) throw fault(["jwt", i, "issuer"], "is the issuer of an entry before");
    issuers.add(issuer);
    if ((jwksFile === undefined) === (jwksUrl === undefined)) {
      throw fault(["jwt", i], "needs one of jwksFile and jwksUrl");
    }
    if (jwksUrl !== undefined && !isPlainUrl(jwksUrl)) throw fault(["jwt", i, "jwksUrl"], "is no https:// address");
    if (caFile !== undefined && jwksUrl === undefined) {
      throw fault(["jwt", i, "caFile"], "is for jwksUrl alone");
    }
    for (const key of ["user", "groups"] as const) {
      const prefix = entry[key]?.prefix ?? "";
      if (!/^(?:certgen|system):/i.test(prefix)) continue;
      throw fault(["jwt", i, key, "prefix"], "begins with certgen: or system:, which no claim may give");
    }
    checkClaims(entry, i, fault);
  });
  checkPrefixes(entries, fault);
}

/** A name that two claims share would be either's. */
function checkClaims({ claims = [] }: JwtFile, index: number, fault: (path: Path, why: string) => CertgenError): void {
  if (claims.length > MAX_CLAIMS) {
    throw fault(["jwt", index, "claims"], `has ${claims.length} entries: ${MAX_CLAIMS} are possible`);
  }
  const names = new Set<string>();
  claims.forEach((claim, i) => {
    const name = claimName(claim);
    if (names.has(name)) throw fault(["jwt", index, "claims", i], `is a claim before, ${quoted(name)}`);
    names.add(name);
  });
}

/** With `a:` and `a:b:`, the first issuer's `b:x` would be the second's `x`. */
function checkPrefixes(entries: readonly JwtFile[], fault: (path: Path, why: string) => CertgenError): void {
  const before: { readonly prefix: string; readonly index: number }[] = [];
  entries.forEach((entry, index) => {
    for (const key of ["user", "groups"] as const) {
      const prefix = entry[key]?.prefix;
      if (prefix === undefined) continue;
      const other = before.find((one) =>
        one.index !== index && (one.prefix.startsWith(prefix) || prefix.startsWith(one.prefix))
      );
      if (other !== undefined) {
        const why = `${quoted(prefix)} and ${quoted(other.prefix)} of jwt[${other.index}] begin alike`;
        throw fault(["jwt", index, key, "prefix"], `${why}, so that one issuer could give the other's names`);
      }
      before.push({ prefix, index });
    }
  });
}

function isPlainUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password, hash } = new URL(text);
  return protocol === "https:" && username === "" && password === "" && hash === "";
}
