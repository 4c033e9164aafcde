/**
 * The shape of a signer's configuration. What depends on more than one place of it is checked in `config.ts`.
 * @module
 */
import * as v from "valibot";
import { KEY_ALGORITHMS } from "../ca/profile.ts";
import { choice, duration, flag, list, may, members, name, record, type Shape, text, whole } from "../config_shape.ts";
import { USAGES } from "../k8s/usages.ts";
import { JWT_ALGORITHMS, type JwtFile } from "./jwt_config.ts";

/** The file as it is written. */
export interface ConfigFile {
  readonly $schema?: string;
  readonly domain?: string;
  readonly issuers?: Readonly<Record<string, { readonly certificate: string; readonly key: string }>>;
  readonly profiles?: readonly ProfileFile[];
  readonly rules?: readonly RuleFile[];
  readonly jwt?: readonly JwtFile[];
  readonly limits?: LimitsFile;
  readonly renewal?: { readonly grace?: string };
}

/** A profile as it is written. */
export interface ProfileFile {
  readonly name: string;
  readonly issuer: string;
  readonly subject?: { readonly organization: string; readonly commonNamePrefix: string };
  readonly usages: readonly string[];
  readonly lifetime: string;
  readonly maxLifetime?: string;
  readonly keys?: readonly (typeof KEY_ALGORITHMS)[number][];
  readonly maxNames?: number;
  readonly wildcards?: boolean;
  readonly peerEquivalent?: boolean;
  readonly renewFor?: string;
}

/** A rule as it is written. */
export interface RuleFile {
  readonly name?: string;
  readonly who: WhoFile | readonly WhoFile[];
  readonly mayHave: {
    readonly profiles: readonly string[];
    readonly commonNames: readonly string[];
    readonly organizations?: readonly string[];
    readonly dnsNames?: readonly string[];
    readonly ipAddresses?: readonly string[];
    readonly wildcards?: readonly string[];
    readonly maxLifetime?: string;
  };
  readonly widen?: boolean;
}

/** Whom a rule is for, as it is written. */
export interface WhoFile {
  readonly user?: string;
  readonly group?: string;
  readonly token?: string;
  readonly claim?: Readonly<Record<string, string>>;
}

/** How much an identity may ask for. */
export interface LimitsFile {
  readonly requestsPerSecond?: number;
  readonly burst?: number;
  readonly pending?: number;
  readonly storedBytes?: number;
}

/** Cases that a policy is tested with. */
export interface CasesFile {
  readonly cases: readonly CaseFile[];
}

/** One case as it is written. */
export interface CaseFile {
  readonly name: string;
  readonly as: string;
  readonly groups?: readonly string[];
  readonly claims?: Readonly<Record<string, string | readonly string[]>>;
  readonly token?: string;
  readonly csr?: string;
  readonly request?: {
    readonly commonName?: string;
    readonly organization?: string;
    readonly dnsNames?: readonly string[];
    readonly ipAddresses?: readonly string[];
    readonly profile?: string;
    readonly lifetime?: string;
  };
  readonly profile?: string;
  readonly expect: "allowed" | "denied";
  readonly because?: string;
}

const who = members({ user: may(text), group: may(text), token: may(text), claim: may(record(text, text)) });
const rule = members({
  name: may(text),
  who: v.union([who, list(who, 1)], "is neither a map nor a list of maps"),
  mayHave: members({
    profiles: list(name, 1),
    commonNames: list(text),
    organizations: may(list(text)),
    dnsNames: may(list(text)),
    ipAddresses: may(list(text)),
    wildcards: may(list(text)),
    maxLifetime: may(duration),
  }),
  widen: may(flag),
});
const profile = members({
  name,
  issuer: name,
  subject: may(members({ organization: text, commonNamePrefix: text })),
  usages: list(choice(USAGES, 100), 1),
  lifetime: duration,
  maxLifetime: may(duration),
  keys: may(list(choice(KEY_ALGORITHMS), 1)),
  maxNames: may(whole(0, 1000)),
  wildcards: may(flag),
  peerEquivalent: may(flag),
  renewFor: may(duration),
});
const claimText = v.pipe(
  v.string("is not a text"),
  v.minLength(1, "is empty"),
  v.maxLength(253, "has more than 253 characters"),
  v.check((name) => !/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.test(name), "has a control or format character"),
);
const claimPath = v.union(
  [
    claimText,
    v.pipe(v.array(claimText, "is not a list"), v.minLength(1, "is empty"), v.maxLength(8, "has more than 8 entries")),
  ],
  "is neither a text nor a list of texts",
);
const mapping = members({
  claim: claimPath,
  prefix: v.pipe(
    v.string("is not a text"),
    v.regex(/^[\x21-\x7e]{0,127}[:/#]$/, "does not end with one of : / #, or has a character that is not ASCII"),
  ),
});
const jwt = members({
  issuer: text,
  audiences: list(text, 1),
  jwksFile: may(text),
  jwksUrl: may(v.pipe(text, v.regex(/^https:\/\//, "does not begin with https://"))),
  caFile: may(text),
  algorithms: may(list(choice(JWT_ALGORITHMS, 20), 1)),
  user: mapping,
  groups: may(mapping),
  claims: may(list(claimPath)),
});
const config = members({
  $schema: may(text),
  domain: may(text),
  issuers: may(record(name, members({ certificate: text, key: text }))),
  profiles: may(list(profile)),
  rules: may(list(rule)),
  jwt: may(list(jwt)),
  limits: may(members({
    requestsPerSecond: may(
      v.pipe(v.number("is not a number"), v.gtValue(0, "is not more than 0"), v.maxValue(1e6, "is more than 1000000")),
    ),
    burst: may(whole(1, 1e6)),
    pending: may(whole(1, 1e6)),
    storedBytes: may(whole(1, 2 ** 40)),
  })),
  renewal: may(members({ grace: may(duration) })),
});

/** The schema of the whole file; `schema/signer.schema.json` is made from it. */
export const CONFIG_SCHEMA: Shape<ConfigFile> = config;

/** The schema of a file of cases. */
export const CASES_SCHEMA: Shape<CasesFile> = members({
  cases: list(
    members({
      name: text,
      as: text,
      groups: may(list(text)),
      claims: may(record(text, v.union([text, list(text)], "is neither a text nor a list"))),
      token: may(text),
      csr: may(text),
      request: may(members({
        commonName: may(text),
        organization: may(text),
        dnsNames: may(list(text)),
        ipAddresses: may(list(text)),
        profile: may(name),
        lifetime: may(duration),
      })),
      profile: may(name),
      expect: choice(["allowed", "denied"]),
      because: may(text),
    }),
    1,
  ),
});
