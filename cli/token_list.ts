import { type TokenDefinition, tokenObject } from "../src/auth/token_definition.ts";
import { isObject } from "../src/k8s/json.ts";
import { detectRuntime } from "../src/runtime/detect.ts";
import { columns } from "./columns.ts";
import { EXIT } from "./exit.ts";
import { type CommandDefinition, OUTPUT_FLAG } from "./flag.ts";
import type { Options } from "./options.ts";
import { printable } from "../src/text.ts";
import { type Context, report } from "./program.ts";
import { distanceOf, NONE, timeOf } from "./request_text.ts";
import { TOKEN_FLAGS, tokenDirectory, tokenDirOf } from "./token_directory.ts";
import { toYaml } from "./yaml.ts";

/** `certgen-signer token list`. */
export const definition: CommandDefinition = {
  program: "certgen-signer",
  name: "token list",
  description: "list the bootstrap tokens that were made: what they are good for, and until when",
  example: "certgen-signer token list",
  flags: [
    {
      ...OUTPUT_FLAG,
      choices: ["text", "wide", "json", "yaml"],
      description: "text, wide, json or yaml: how the answer looks; wide has all names, moments and descriptions",
    },
    ...TOKEN_FLAGS,
  ],
};

const HEADER: readonly string[] = ["ID", "FOR", "NAMES", "PROFILES", "USES", "EXPIRES"];
/** What stands where a token is good for any. */
const ANY = "<any>";
/** Names that a narrow table shows, in characters; the first is shown in any case. */
const WIDTH = 40;

/** Lists them; what is wrong with a file is said after it, and keeps no other from being listed. */
export async function run(options: Options, context: Context): Promise<number> {
  const { tokens, broken } = await tokenDirectory(await detectRuntime(), tokenDirOf(options)).list();
  const output = options.required("output");
  if (output === "json") context.stdout(`${printable(JSON.stringify(listObject(tokens)))}\n`);
  else if (output === "yaml") context.stdout(toYaml(listObject(tokens)));
  else if (tokens.length > 0) context.stdout(tableOf(tokens, new Date(), output === "wide"));
  else if (broken.length === 0) context.stderr("No tokens found\n");
  for (const error of broken) report(error, context);
  return broken.length === 0 ? EXIT.done : EXIT.failed;
}

/** Without the digests: nobody needs them to look at the list. */
function listObject(tokens: readonly TokenDefinition[]): unknown {
  const items = tokens.map((token) => {
    const object = tokenObject(token);
    const { hash: _, ...spec } = isObject(object["spec"]) ? object["spec"] : {};
    return { ...object, spec };
  });
  return { apiVersion: "certgen.internal/v1", kind: "BootstrapTokenList", items };
}

/** Rows as lines, with a header before them. */
export function tableOf(tokens: readonly TokenDefinition[], now: Date, isWide: boolean): string {
  const header = isWide ? [...HEADER, "CREATED", "DESCRIPTION"] : HEADER;
  return columns([header, ...tokens.map((token) => cellsOf(token, now, isWide))]);
}

function cellsOf(token: TokenDefinition, now: Date, isWide: boolean): string[] {
  const { id, commonNames = [], dnsNames = [], ipAddresses = [], profiles = [], uses, expiresAt } = token;
  const distance = distanceOf(expiresAt, now);
  const expires = expiresAt <= now ? `expired ${distance.replace(/ ago$/, "")} ago` : distance;
  const cells = [
    id,
    some(commonNames, isWide),
    some([...dnsNames, ...ipAddresses], isWide),
    some(profiles, isWide),
    uses === undefined ? ANY : String(uses),
    isWide ? `${expires} (${timeOf(expiresAt)})` : expires,
  ];
  return isWide ? [...cells, timeOf(token.createdAt), token.description ?? NONE] : cells;
}

function some(names: readonly string[], isWide: boolean): string {
  if (names.length === 0) return ANY;
  let count = isWide ? names.length : 1;
  while (count < names.length && names.slice(0, count + 1).join(",").length <= WIDTH) count++;
  const shown = names.slice(0, count).join(",");
  return count < names.length ? `${shown},+${names.length - count}` : shown;
}
