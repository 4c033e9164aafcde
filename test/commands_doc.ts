/**
 * docs/commands.md from the commands' own definitions: `tsx test/commands_doc.ts` writes it, and a test compares it.
 */
import { writeFileSync } from "node:fs";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { definition as approve } from "../cli/approve.ts";
import { definition as auditVerify } from "../cli/audit_verify.ts";
import { definition as remove } from "../cli/delete.ts";
import { definition as deny } from "../cli/deny.ts";
import { definition as destroy } from "../cli/destroy.ts";
import { type CommandDefinition, environmentName, type FlagDefinition, usageOf } from "../cli/flag.ts";
import { definition as init } from "../cli/init.ts";
import { definition as kubeconfig } from "../cli/kubeconfig.ts";
import { definition as list } from "../cli/list.ts";
import { definition as policyExplain } from "../cli/policy_explain.ts";
import { definition as policyTest } from "../cli/policy_test.ts";
import { definition as renew } from "../cli/renew.ts";
import { definition as request } from "../cli/request.ts";
import { definition as revoke } from "../cli/revoke.ts";
import { definition as run } from "../cli/run.ts";
import { definition as serve } from "../cli/serve.ts";
import { definition as show } from "../cli/show.ts";
import { definition as status } from "../cli/status.ts";
import { definition as tokenCreate } from "../cli/token_create.ts";
import { definition as tokenList } from "../cli/token_list.ts";
import { definition as tokenRevoke } from "../cli/token_revoke.ts";
import { ROOT } from "./runtimes.ts";

const COMMANDS: readonly CommandDefinition[] = [
  serve,
  list,
  show,
  approve,
  deny,
  revoke,
  remove,
  kubeconfig,
  tokenCreate,
  tokenList,
  tokenRevoke,
  policyExplain,
  policyTest,
  auditVerify,
  init,
  destroy,
  request,
  run,
  renew,
  status,
];

const HEAD = `# Commands

Every flag can be given as \`--flag value\` or \`--flag=value\`, or as an environment variable; the flag wins. Values stay as typed, and
the empty string is one. Flags that may be repeated are comma separated in the environment. Durations are Go's, and \`d\` for a day:
\`8760h\`, \`1h30m\`, \`90s\`, \`365d\`. Answers go to stdout, everything else to stderr. Exit codes: 0 done, 1 failed, 2 wrong usage,
3 denied by the signer, 4 timed out, 5 forked: somebody else has renewed with this node's key.
`;

/** The whole document. */
export function commandsDoc(): string {
  return [HEAD, ...COMMANDS.map(section)].join("\n");
}

function section(definition: CommandDefinition): string {
  const { program, description, example, flags } = definition;
  const rows = flags.map((flag) => row(program, flag)).join("\n");
  return `## \`${usageOf(definition).replace(" [flags]", "")}\`\n\n${
    sentence(description)
  }\n\n\`\`\`sh\n${example}\n\`\`\`\n\n| flag | default | meaning | environment |\n|---|---|---|---|\n${rows}\n`;
}

function row(program: CommandDefinition["program"], flag: FlagDefinition): string {
  const short = flag.short === undefined ? "" : `-${flag.short}, `;
  const value = flag.value === "boolean" ? "" : ` ${flag.placeholder}`;
  const fallback = flag.default === undefined ? flag.defaultWords ?? "none" : `\`${flag.default}\``;
  const cells = [
    `\`${short}--${flag.name}${value}\`${flag.repeatable ? " (repeatable)" : ""}`,
    fallback,
    meaning(flag),
    `\`${environmentName(program, flag)}\``,
  ];
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|").replace(/<(\w+)>/g, "&lt;$1&gt;")).join(" | ")} |`;
}

function meaning({ description, choices }: FlagDefinition): string {
  return choices === undefined || choices.every((choice) => description.includes(choice))
    ? description
    : `${description}: ${choices.join(", ")}`;
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  writeFileSync(`${ROOT}docs/commands.md`, commandsDoc());
}
