import { hashToken, newToken } from "../src/auth/bootstrap_token.ts";
import {
  commonNameFault,
  descriptionFault,
  MAX_TOKEN_NAMES,
  MAX_TOKEN_USES,
  profileNameFault,
  type TokenDefinition,
  tokenObject,
} from "../src/auth/token_definition.ts";
import { etcdProfileOf } from "../src/ca/etcd.ts";
import { CertgenError } from "../src/errors.ts";
import { isObject } from "../src/k8s/json.ts";
import { secureRandom } from "../src/random.ts";
import { detectRuntime } from "../src/runtime/detect.ts";
import { generalNames } from "../src/x509/general_name.ts";
import { EXIT, UsageError } from "./exit.ts";
import { type CommandDefinition, OUTPUT_FLAG } from "./flag.ts";
import type { Options } from "./options.ts";
import { printable, quoted } from "../src/text.ts";
import type { Context } from "./program.ts";
import { timeOf } from "./request_text.ts";
import { TOKEN_FLAGS, type TokenDirectory, tokenDirectory, tokenDirOf } from "./token_directory.ts";

/** `certgen-signer token create`. */
export const definition: CommandDefinition = {
  program: "certgen-signer",
  name: "token create",
  description: "make a bootstrap token, with which a node gets its first certificate, and print it",
  example: "certgen-signer token create --for system:etcd-peer:etcd1 --dns etcd1 --ip 10.8.89.9",
  flags: [
    {
      name: "for",
      value: "string",
      repeatable: true,
      defaultWords: "any",
      placeholder: "COMMONNAME",
      description: "common name that the token is good for, as system:etcd-peer:etcd1",
    },
    {
      name: "dns",
      value: "list",
      repeatable: true,
      defaultWords: "any",
      placeholder: "NAMES",
      description: "comma separated DNS names that the token is good for",
    },
    {
      name: "ip",
      value: "list",
      repeatable: true,
      defaultWords: "any",
      placeholder: "ADDRESSES",
      description: "comma separated IP addresses that the token is good for",
    },
    {
      name: "profile",
      value: "list",
      repeatable: true,
      defaultWords: "those of --for, as etcd-peer, else any",
      placeholder: "NAMES",
      description: "comma separated profiles that the token is good for",
    },
    {
      name: "ttl",
      value: "duration",
      default: "24h",
      min: "1m",
      max: "365d",
      placeholder: "DURATION",
      description: "how long the token is good",
    },
    {
      name: "uses",
      value: "string",
      default: "1",
      placeholder: "NUMBER",
      description: "how many certificates can be asked for with it, 1000 at most; 0: any number",
    },
    { name: "description", value: "string", placeholder: "TEXT", description: "what the token is for, for token list" },
    ...TOKEN_FLAGS,
    OUTPUT_FLAG,
  ],
};

/** A token and what is kept of it. */
interface NewToken {
  readonly token: string;
  readonly definition: TokenDefinition;
}

/** How often an id may be taken already: there are two thousand million of them. */
const ATTEMPTS = 5;

/** Makes one. */
export async function run(options: Options, context: Context): Promise<number> {
  const limits = limitsOf(options);
  const ttlSeconds = Math.floor(options.seconds("ttl") ?? 0);
  const runtime = await detectRuntime();
  const made = await createToken(tokenDirectory(runtime, tokenDirOf(options)), limits, ttlSeconds, new Date());
  if (options.text("output") === "json") context.stdout(`${jsonOf(made)}\n`);
  else {
    context.stderr(`${printable(sentenceOf(made.definition))}\n`);
    context.stdout(`${made.token}\n`);
  }
  return EXIT.done;
}

async function createToken(
  tokens: TokenDirectory,
  limits: Partial<TokenDefinition>,
  ttlSeconds: number,
  now: Date,
): Promise<NewToken> {
  const createdAt = new Date(Math.floor(now.getTime() / 1000) * 1000);
  const expiresAt = new Date(createdAt.getTime() + ttlSeconds * 1000);
  for (let attempt = 1;; attempt++) {
    const { id, token } = newToken(secureRandom);
    const definition = { id, hash: await hashToken(token), createdAt, expiresAt, ...limits };
    try {
      await tokens.create(definition);
      return { token, definition };
    } catch (error) {
      const isTaken = error instanceof CertgenError && error.code === "already-exists";
      if (!isTaken || attempt === ATTEMPTS) throw error;
    }
  }
}

/** What the token is good for. */
function limitsOf(options: Options): Partial<TokenDefinition> {
  const commonNames = checked(options, "for", commonNameFault);
  const dnsNames = namesOf(options, "dns");
  const ipAddresses = namesOf(options, "ip");
  const profiles = profilesOf(options, commonNames);
  const uses = usesOf(options);
  const description = options.text("description") ?? "";
  refuseIf(options, "description", description, descriptionFault(description));
  return {
    ...uses === 0 ? {} : { uses },
    ...commonNames.length === 0 ? {} : { commonNames },
    ...dnsNames.length === 0 ? {} : { dnsNames },
    ...ipAddresses.length === 0 ? {} : { ipAddresses },
    ...profiles.length === 0 ? {} : { profiles },
    ...description === "" ? {} : { description },
  };
}

function checked(options: Options, flag: string, faultOf: (value: string) => string | undefined): string[] {
  const values = [...new Set(options.list(flag))];
  for (const value of values) refuseIf(options, flag, value, faultOf(value));
  return fewEnough(options, flag, values);
}

function fewEnough(options: Options, flag: string, values: string[]): string[] {
  if (options.given(flag) && values.length === 0) {
    throw new UsageError(
      `Cannot use ${options.origin(flag)}: it names nothing, and without it the token is good for any`,
    );
  }
  if (values.length <= MAX_TOKEN_NAMES) return values;
  throw new UsageError(`Cannot use ${options.origin(flag)}: it takes ${MAX_TOKEN_NAMES} at most, not ${values.length}`);
}

function refuseIf(options: Options, flag: string, value: string, fault: string | undefined): void {
  if (fault !== undefined) throw new UsageError(`Cannot use ${options.origin(flag)} ${quoted(value)}: ${fault}`);
}

function namesOf(options: Options, flag: "dns" | "ip"): string[] {
  const values = options.list(flag);
  try {
    const names = flag === "dns" ? generalNames(values, []) : generalNames([], values);
    return fewEnough(options, flag, names.map(({ value }) => value));
  } catch (error) {
    if (error instanceof CertgenError) throw new UsageError(`${options.origin(flag)}: ${error.message}`);
    throw error;
  }
}

/** A common name of a built-in profile is good for that profile; the others' are the administrator's to say. */
function profilesOf(options: Options, commonNames: readonly string[]): string[] {
  const given = checked(options, "profile", profileNameFault);
  const implied = commonNames.map((name) => {
    const profile = etcdProfileOf(name);
    const isBare = name === profile?.subject?.commonNamePrefix;
    refuseIf(options, "for", name, isBare ? "a node's name must follow" : undefined);
    return profile?.name;
  });
  if (given.length > 0) return given;
  const named = implied.filter((name) => name !== undefined);
  const other = commonNames[implied.indexOf(undefined)];
  if (named.length === 0 || other === undefined) return [...new Set(named)];
  throw new UsageError(`Missing --profile: ${quoted(other)} is of no built-in profile, and others of --for are`);
}

function usesOf(options: Options): number {
  const text = options.required("uses");
  const uses = /^\d{1,9}$/.test(text) ? Number(text) : Infinity;
  const fault = uses > MAX_TOKEN_USES ? `it takes a whole number from 0 (any number) to ${MAX_TOKEN_USES}` : undefined;
  refuseIf(options, "uses", text, fault);
  return uses;
}

function sentenceOf({ id, expiresAt, uses, commonNames, dnsNames, ipAddresses, profiles }: TokenDefinition): string {
  const often = uses === undefined ? "any number of requests" : uses === 1 ? "one request" : `${uses} requests`;
  const names = [...dnsNames ?? [], ...ipAddresses ?? []];
  const what = [
    ...commonNames === undefined ? [] : [`for ${commonNames.join(", ")}`],
    ...names.length === 0 ? [] : [`names ${names.join(", ")}`],
    ...profiles === undefined ? [] : [`profile ${profiles.join(", ")}`],
  ];
  const limits = what.length === 0 ? ", whatever they are for" : `, ${what.join("; ")}`;
  return `token ${id} is good until ${timeOf(expiresAt)} for ${often}${limits}`;
}

function jsonOf({ token, definition }: NewToken): string {
  const { spec } = tokenObject(definition);
  const { hash: _, ...facts } = isObject(spec) ? spec : {};
  return printable(JSON.stringify({ token, id: definition.id, ...facts }));
}
