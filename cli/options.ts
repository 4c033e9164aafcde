import { UsageError } from "./exit.ts";
import { type CommandDefinition, environmentName, type FlagDefinition, takes } from "./flag.ts";
import { nearest } from "../src/nearest.ts";
import { quoted } from "../src/text.ts";
import { parseDuration, parseList } from "./value.ts";

/** Values as typed, and how they were given: `--cacrt`, or `CERTGEN_SIGNER_CACRT`. */
interface Given {
  readonly values: string[];
  readonly origin: string;
}

/**
 * The values of one command line, all of them checked against the definition. Values stay strings as typed: `007` is
 * `007`. Asking for a flag that the definition does not have is a `TypeError`.
 */
export class Options {
  /** The command these belong to. */
  readonly definition: CommandDefinition;
  /** What was given besides flags, in order: at least one where the command takes any. */
  readonly operands: readonly string[];
  readonly #given: ReadonlyMap<string, Given>;

  /** Use {@link parseCommand}. */
  constructor(definition: CommandDefinition, given: ReadonlyMap<string, Given>, operands: readonly string[]) {
    this.definition = definition;
    this.operands = operands;
    this.#given = given;
  }

  /** The value, else the default, else `undefined`. The empty string is a value. */
  text(name: string): string | undefined {
    return this.#given.get(name)?.values[0] ?? this.#flag(name).default;
  }

  /** The value of a flag that the command cannot do without. */
  required(name: string): string {
    const value = this.text(name);
    if (value === undefined) throw new UsageError(`Missing --${name}: it takes ${takes(this.#flag(name))}`);
    return value;
  }

  /** All values of a repeatable flag, or the items of a `list`; empty where neither given nor defaulted. */
  list(name: string): string[] {
    const flag = this.#flag(name);
    const values = this.#given.get(name)?.values ?? (flag.default === undefined ? [] : [flag.default]);
    return flag.value === "list" ? values.flatMap(parseList) : [...values];
  }

  /** Seconds of a `duration`. */
  seconds(name: string): number | undefined {
    const value = this.text(name);
    return value === undefined ? undefined : parseDuration(value, this.origin(name));
  }

  /** Whether a `boolean` is on. */
  isOn(name: string): boolean {
    return this.text(name) === "true";
  }

  /** Whether it was given, as a flag or in the environment, and is no default. */
  given(name: string): boolean {
    return this.#given.has(this.#flag(name).name);
  }

  /** How it was given, for messages: `--cacrt`, or the name of the environment variable. */
  origin(name: string): string {
    return this.#given.get(this.#flag(name).name)?.origin ?? `--${name}`;
  }

  #flag(name: string): FlagDefinition {
    const flag = this.definition.flags.find((flag) => flag.name === name);
    if (flag === undefined) throw new TypeError(`${this.definition.name} has no flag ${name}`);
    return flag;
  }
}

/**
 * Reads the arguments after the command's name, and the environment, where a flag wins. Variables that are no flag of
 * this command are let be: Kubernetes sets `CERTGEN_SIGNER_PORT` and more for a Service named certgen-signer.
 *
 * @throws UsageError for anything the definition does not take, before anything is done
 */
export function parseCommand(
  definition: CommandDefinition,
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Options {
  const given = new Map<string, Given>();
  const operands: string[] = [];
  for (let at = 0; at < argv.length; at++) {
    const argument = argv[at] ?? "";
    if (definition.operand !== undefined && argument === "--") {
      operands.push(...argv.slice(at + 1));
      break;
    }
    if (definition.operand !== undefined && !argument.startsWith("-")) {
      operands.push(argument);
      continue;
    }
    const flag = findFlag(definition, argument);
    const equals = argument.indexOf("=");
    let value: string | undefined = equals < 0 ? undefined : argument.slice(equals + 1);
    if (value === undefined && flag.value === "boolean") value = "true";
    if (value === undefined) {
      value = argv[++at];
      if (value === undefined || /^--?[A-Za-z]|^--$/.test(value)) {
        throw new UsageError(`Missing value of --${flag.name}: it takes ${takes(flag)}`);
      }
    }
    add(given, flag, value);
  }
  for (const flag of definition.flags) {
    const origin = environmentName(definition.program, flag);
    const value = env[origin];
    if (value === undefined || given.has(flag.name)) continue;
    const values = flag.repeatable ? parseList(value) : [value];
    if (values.length > 0) given.set(flag.name, { values, origin });
  }
  for (const flag of definition.flags) {
    const { values, origin } = given.get(flag.name) ?? { values: [flag.default], origin: `--${flag.name}` };
    for (const value of values) if (value !== undefined) checkValue(flag, value, origin);
  }
  checkOperands(definition, operands);
  return new Options(definition, given, operands);
}

function checkOperands({ program, name, operand }: CommandDefinition, operands: readonly string[]): void {
  if (operand === undefined) return;
  const { placeholder, repeatable } = operand;
  const takesWhat = `${program} ${name} takes ${repeatable ? "one or more" : "one"}`;
  if (operands.length === 0) throw new UsageError(`Missing ${placeholder}: ${takesWhat}`);
  const [, second] = operands;
  if (repeatable || second === undefined) return;
  throw new UsageError(`Unexpected argument ${quoted(second)}: ${takesWhat} ${placeholder}`);
}

function findFlag(definition: CommandDefinition, argument: string): FlagDefinition {
  const command = `${definition.program} ${definition.name}`;
  const typed = argument.replace(/=.*$/s, "");
  const name = typed.replace(/^--?/, "");
  if (name === typed || name === "") {
    const takesWhat = definition.operand === undefined ? "flags only" : `flags and ${definition.operand.placeholder}`;
    throw new UsageError(`Unexpected argument ${quoted(argument)}: ${command} takes ${takesWhat}`);
  }
  const flag = definition.flags.find((flag) =>
    typed === `--${flag.name}` || (flag.short && typed === `-${flag.short}`)
  );
  if (flag !== undefined) return flag;
  const near = nearest(name, definition.flags.map((flag) => flag.name));
  const hint = near === undefined ? `${command} --help lists the flags` : `did you mean --${near}?`;
  throw new UsageError(`Unknown flag ${quoted(typed)}: ${hint}`);
}

function add(given: Map<string, Given>, flag: FlagDefinition, value: string): void {
  const before = given.get(flag.name);
  if (before === undefined) given.set(flag.name, { values: [value], origin: `--${flag.name}` });
  else if (flag.repeatable) before.values.push(value);
  else throw new UsageError(`Cannot use --${flag.name} twice: it takes ${takes(flag)} once`);
}

function checkValue(flag: FlagDefinition, value: string, origin: string): void {
  const refuse = (): never => {
    throw new UsageError(`Cannot use ${origin} ${quoted(value)}: it takes ${takes(flag)}`);
  };
  if (flag.value === "choice" && !flag.choices?.includes(value)) refuse();
  if (flag.value === "path" && value === "") refuse();
  if (flag.value === "boolean" && value !== "true" && value !== "false") refuse();
  if (flag.value !== "duration") return;
  const seconds = parseDuration(value, origin);
  if (flag.min !== undefined && seconds < parseDuration(flag.min, origin)) refuse();
  if (flag.max !== undefined && seconds > parseDuration(flag.max, origin)) refuse();
}
