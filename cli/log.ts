import type { Log, LogLevel } from "../src/ports.ts";
import type { Options } from "./options.ts";
import { printable } from "../src/text.ts";

/** How log lines look and where they go. */
export interface LogOptions {
  /** `auto` is text on a terminal, JSON otherwise. */
  readonly format: "text" | "json" | "auto";
  /** The least that is logged. */
  readonly level: LogLevel;
  readonly isTerminal: boolean;
  readonly noColor: boolean;
  /** Takes one line with its line feed. */
  readonly write: (line: string) => void;
  readonly now?: () => Date;
}

const LEVELS: readonly LogLevel[] = ["error", "warn", "info", "debug"];
/** SGR codes: red, yellow, green, grey. */
const COLORS: Readonly<Record<LogLevel, number>> = { error: 31, warn: 33, info: 32, debug: 90 };
/** Keys of every JSON line, which a fact cannot take. */
const RESERVED: readonly string[] = ["time", "level", "message"];

/** A log of one line per event, with its facts; no message or fact can begin a second line. */
export function createLog(options: LogOptions): Log {
  const { level: least, isTerminal, noColor, write, now = () => new Date() } = options;
  const isText = options.format === "text" || (options.format === "auto" && isTerminal);
  const hasColor = isText && isTerminal && !noColor;
  return (level, message, facts = {}) => {
    if (LEVELS.indexOf(level) > LEVELS.indexOf(least)) return;
    const time = now().toISOString();
    write(isText ? textLine(time, level, message, facts, hasColor) : jsonLine(time, level, message, facts));
  };
}

/** The log that a command's `--log-format` and `--log-level` ask for. */
export function commandLog(
  options: Options,
  context: Pick<LogOptions, "isTerminal" | "noColor"> & { stderr: (text: string) => void },
): Log {
  const asked = options.text("log-format");
  const format = asked === "text" || asked === "json" ? asked : "auto";
  const level = LEVELS.find((level) => level === options.text("log-level")) ?? "info";
  const { isTerminal, noColor, stderr } = context;
  return createLog({ format, level, isTerminal, noColor, write: stderr });
}

type Facts = Readonly<Record<string, unknown>>;

function textLine(time: string, level: LogLevel, message: string, facts: Facts, hasColor: boolean): string {
  const paint = (code: number, text: string): string => hasColor ? `\x1b[${code}m${text}\x1b[0m` : text;
  let line = `${time.slice(0, 19)}Z ${paint(COLORS[level], level.padEnd(5))} ${printable(message)}`;
  for (const [key, fact] of Object.entries(facts)) {
    const value = plain(fact);
    if (value !== undefined) line += ` ${paint(90, `${key}=`)}${textValue(value)}`;
  }
  return `${line}\n`;
}

/** As typed where that is one word; else as a JSON string, so that no value can look like a second fact. */
function textValue(value: unknown): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return printable(/^[^\s"'=\\]+$/u.test(text) && printable(text) === text ? text : JSON.stringify(text));
}

function jsonLine(time: string, level: LogLevel, message: string, facts: Facts): string {
  const entry: Record<string, unknown> = { time, level, message };
  for (const [key, fact] of Object.entries(facts)) entry[RESERVED.includes(key) ? `${key}_` : key] = plain(fact);
  // JSON.stringify leaves C1 controls and bidirectional characters as they are
  return `${printable(JSON.stringify(entry))}\n`;
}

/** A value that JSON can hold: errors are their messages, dates their ISO form; a fact never makes logging throw. */
function plain(fact: unknown): unknown {
  if (fact instanceof Error) return fact.message;
  if (typeof fact === "bigint" || typeof fact === "symbol") return String(fact);
  if (typeof fact === "function") return "function";
  if (typeof fact !== "object" || fact === null) return fact;
  try {
    return JSON.parse(JSON.stringify(fact, (_, value: unknown) => isSpecial(value) ? plain(value) : value));
  } catch {
    return Object.prototype.toString.call(fact);
  }
}

function isSpecial(value: unknown): boolean {
  return value instanceof Error || typeof value === "bigint";
}
