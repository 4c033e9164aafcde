import { UsageError } from "./exit.ts";
import { quote } from "./print.ts";

/** Seconds of Go's units (`time.ParseDuration`), and of a day. */
const UNITS: ReadonlyMap<string, number> = new Map([
  ["ns", 1e-9],
  ["us", 1e-6],
  ["µs", 1e-6], // U+00B5, micro sign
  ["μs", 1e-6], // U+03BC, Greek mu
  ["ms", 1e-3],
  ["s", 1],
  ["m", 60],
  ["h", 3600],
  ["d", 86_400],
]);
const PART = /(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h|d)/y;
/** Go's longest, 2^63 nanoseconds: about 292 years. */
const LONGEST_SECONDS = 2 ** 63 / 1e9;

/** What a duration flag takes, for messages. */
export const DURATION_WORDS = "a duration such as 8760h, 1h30m, 90s or 365d";

/**
 * Seconds of a duration as Go writes it, with `d` for 24 hours.
 * @param text the value as typed
 * @param flag how it was given, for the message: `--timeout`, or an environment variable's name
 * @throws UsageError where the text is anything else, a sign or a missing unit included (`0` alone is fine)
 */
export function parseDuration(text: string, flag: string): number {
  const seconds = text === "0" ? 0 : sumOfParts(text);
  if (seconds === undefined) throw new UsageError(`Cannot use ${flag} ${quote(text)}: it takes ${DURATION_WORDS}`);
  if (seconds > LONGEST_SECONDS) {
    throw new UsageError(`Cannot use ${flag} ${quote(text)}: it takes a duration of less than 292 years`);
  }
  return seconds;
}

function sumOfParts(text: string): number | undefined {
  let seconds = 0;
  PART.lastIndex = 0;
  for (let at = 0; at < text.length; at = PART.lastIndex) {
    const part = PART.exec(text);
    if (part === null) return undefined;
    seconds += Number(part[1]) * (UNITS.get(part[2] ?? "") ?? Number.NaN);
  }
  return text === "" ? undefined : seconds;
}

/** Items of a comma separated list, without the white space around them and without empty ones (a trailing comma). */
export function parseList(text: string): string[] {
  return text.split(",").map((item) => item.trim()).filter((item) => item !== "");
}
