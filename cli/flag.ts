import { DURATION_WORDS } from "./value.ts";

/** A program of certgen; its name in capitals begins its environment variables. */
export type ProgramName = "certgen-signer" | "certgen-agent";

/** One flag, as data: parsing, environment variable and help all come from it. */
export interface FlagDefinition {
  /** Without the dashes, as `servcrt`. */
  readonly name: string;
  /** One letter for `-o`. */
  readonly short?: string;
  /** Its environment variable, where another command of the program has a flag of this name and another meaning. */
  readonly variable?: string;
  /** A `boolean` needs no value; a `list` is comma separated. */
  readonly value: "string" | "path" | "duration" | "choice" | "list" | "boolean";
  /** Value where the flag is not given, as it would be typed. */
  readonly default?: string;
  /** Default in words, for help, where it depends on the machine or on other flags. */
  readonly defaultWords?: string;
  /** May be given several times. In the environment: comma separated. */
  readonly repeatable?: boolean;
  /** What a `choice` can be. */
  readonly choices?: readonly string[];
  /** Shortest `duration` that is taken, as it would be typed. */
  readonly min?: string;
  /** Longest `duration` that is taken, as it would be typed. */
  readonly max?: string;
  /** What stands for the value in help and messages, as `FILE`. */
  readonly placeholder: string;
  /** What it does, in one line. */
  readonly description: string;
}

/** What a command takes besides flags. */
export interface OperandDefinition {
  /** What stands for it in help and messages, as `NAME`. */
  readonly placeholder: string;
  /** Whether it takes several; one is needed in any case. */
  readonly repeatable?: boolean;
}

/** One command and its flags, as data. */
export interface CommandDefinition {
  readonly program: ProgramName;
  readonly name: string;
  /** What it does, in one line. */
  readonly description: string;
  /** A whole command line that works. */
  readonly example: string;
  /** Without one it takes flags only. */
  readonly operand?: OperandDefinition;
  readonly flags: readonly FlagDefinition[];
}

/** Flags of every command that logs. */
export const COMMON_FLAGS: readonly FlagDefinition[] = [
  {
    name: "log-format",
    value: "choice",
    choices: ["text", "json"],
    defaultWords: "text on a terminal, json otherwise",
    placeholder: "FORMAT",
    description: "text or json: how log lines look",
  },
  {
    name: "log-level",
    value: "choice",
    choices: ["error", "warn", "info", "debug"],
    default: "info",
    placeholder: "LEVEL",
    description: "error, warn, info or debug: the least that is logged",
  },
];

/** Flag of every command that prints something a script would read. */
export const OUTPUT_FLAG: FlagDefinition = {
  name: "output",
  short: "o",
  value: "choice",
  choices: ["text", "json"],
  default: "text",
  placeholder: "FORMAT",
  description: "text or json: how the answer looks",
};

/** The environment variable of a flag: `CERTGEN_SIGNER_METRIC_CACRT` for `metric-cacrt`. */
export function environmentName(program: ProgramName, flag: Pick<FlagDefinition, "name" | "variable">): string {
  return flag.variable ?? `${program}_${flag.name}`.toUpperCase().replaceAll("-", "_");
}

/** How a command is called: `certgen-signer approve NAME... [flags]`. */
export function usageOf({ program, name, operand }: CommandDefinition): string {
  const operands = operand === undefined ? "" : ` ${operand.placeholder}${operand.repeatable ? "..." : ""}`;
  return `${program} ${name}${operands} [flags]`;
}

/** What a flag takes, as the end of a sentence. */
export function takes(flag: FlagDefinition): string {
  if (flag.value === "choice") return `one of ${flag.choices?.join(", ")}`;
  if (flag.value === "boolean") return "true, false, or no value";
  if (flag.value !== "duration") return flag.placeholder;
  const least = flag.min === undefined ? "" : `, at least ${flag.min}`;
  return `${DURATION_WORDS}${least}${flag.max === undefined ? "" : `, at most ${flag.max}`}`;
}
