import { cac } from "cac";
import { type CommandDefinition, environmentName, type FlagDefinition, type ProgramName, usageOf } from "./flag.ts";

/** Help as cac lays it out, of one command or, without a definition, of the program. */
export function helpText(
  name: string,
  version: string,
  commands: readonly { readonly name: string; readonly description: string }[],
  definition?: CommandDefinition,
): string {
  const cli = cac(name);
  const title = definition === undefined
    ? `${name} ${version}`
    : `${name} ${definition.name}: ${definition.description}`;
  // cac's own first line is the bare name
  cli.help((sections) => [{ body: title }, ...sections.slice(1)]);
  if (definition === undefined) cli.option("-v, --version", "Display the version");
  for (const { name, description } of commands) cli.command(name, description);
  if (definition === undefined) return printed(() => cli.outputHelp());
  const command = cli.command(definition.name, definition.description).usage(
    usageOf(definition).slice(name.length + 1),
  );
  for (const flag of definition.flags) command.option(flagUsage(flag), flagHelp(definition.program, flag));
  command.example(`  $ ${definition.example}`);
  return printed(() => command.outputHelp());
}

function flagUsage(flag: FlagDefinition): string {
  const short = flag.short === undefined ? "" : `-${flag.short}, `;
  return `${short}--${flag.name}${flag.value === "boolean" ? "" : ` <${flag.placeholder}>`}`;
}

function flagHelp(program: ProgramName, flag: FlagDefinition): string {
  const words = flag.defaultWords ?? (flag.value === "boolean" ? undefined : flag.default);
  const defaults = words === undefined ? "" : ` (default: ${words})`;
  const several = flag.repeatable ? ", repeatable" : "";
  return `${flag.description}${several}${defaults} [${environmentName(program, flag)}]`;
}

/** What a synchronous call prints with `console.info`, which is the one way cac gives its help. */
function printed(print: () => void): string {
  const { info } = console;
  const lines: string[] = [];
  console.info = (text: string): void => void lines.push(text);
  try {
    print();
  } finally {
    console.info = info;
  }
  return lines.map((text) => `${text.replace(/[ \t]+$/gm, "")}\n`).join("");
}
