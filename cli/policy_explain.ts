import { detectRuntime } from "../src/runtime/detect.ts";
import type { Explanation } from "../src/policy/explain.ts";
import { EXIT, UsageError } from "./exit.ts";
import { type CommandDefinition, OUTPUT_FLAG } from "./flag.ts";
import type { Options } from "./options.ts";
import { CONFIG_FLAG, identityOf, judge, readCsr, readJudging } from "./policy_judge.ts";
import { printable, quoted } from "../src/text.ts";
import type { Context } from "./program.ts";

/** `certgen-signer policy explain`. */
export const definition: CommandDefinition = {
  program: "certgen-signer",
  name: "policy explain",
  description: "say whether somebody may have what a CSR asks for, and why, without asking the signer",
  example: "certgen-signer policy explain etcd1.csr --as etcd:etcd1 --config signer.yaml",
  operand: { placeholder: "CSR" },
  flags: [
    { name: "as", value: "string", placeholder: "USER", description: "user name of whoever would ask" },
    {
      name: "group",
      value: "string",
      repeatable: true,
      placeholder: "GROUP",
      description: "a group that the user is in",
    },
    {
      name: "claim",
      value: "string",
      repeatable: true,
      placeholder: "NAME=VALUE",
      description: "a claim of the user's JWT",
    },
    { name: "token", value: "string", placeholder: "ID", description: "id of the bootstrap token, without its secret" },
    CONFIG_FLAG,
    {
      name: "profile",
      value: "string",
      defaultWords: "the one that the subject belongs to",
      placeholder: "NAME",
      description: "the profile that would be asked for",
    },
    OUTPUT_FLAG,
  ],
};

/** Explains; a denial has its own exit code. */
export async function run(options: Options, context: Context): Promise<number> {
  const user = options.required("as");
  const identity = identityOf({
    user,
    groups: options.list("group"),
    claims: claimsOf(options),
    token: options.text("token"),
  });
  const { files } = await detectRuntime();
  const judging = await readJudging(files, options.text("config"));
  const csr = await readCsr(files, options.operands[0] ?? "");
  const explanation = judge(judging, { csr, identity, profile: options.text("profile") });
  const isJson = options.text("output") === "json";
  context.stdout(isJson ? `${printable(JSON.stringify(explanation))}\n` : textOf(explanation));
  return explanation.allowed ? EXIT.done : EXIT.denied;
}

function claimsOf(options: Options): Record<string, string[]> {
  const claims = new Map<string, string[]>();
  for (const text of options.list("claim")) {
    const at = text.indexOf("=");
    if (at < 1) throw new UsageError(`Cannot use ${options.origin("claim")} ${quoted(text)}: it takes NAME=VALUE`);
    const name = text.slice(0, at);
    claims.set(name, [...claims.get(name) ?? [], text.slice(at + 1)]);
  }
  return Object.fromEntries(claims);
}

function textOf({ allowed, reason, message, results }: Explanation): string {
  const head = `${allowed ? "" : "denied: "}${message}\n${reason === undefined ? "" : `reason: ${reason}\n`}\n`;
  const rows = [
    ["RESULT", "OF", "RULE", "WHY"],
    ...results.map(({ of, rule, pass, reason = "" }) => [pass ? "pass" : "fail", of, rule, reason].map(printable)),
  ];
  const widths = [0, 1, 2].map((i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)) + 3);
  const lines = rows.map((row) => row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join("").trimEnd());
  return `${head}${lines.join("\n")}\n`;
}
