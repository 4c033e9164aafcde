import { LONGEST_SECONDS, secondsOf } from "../src/duration.ts";
import { UsageError } from "./exit.ts";
import { quoted } from "../src/text.ts";

/** What a duration flag takes, for messages. */
export const DURATION_WORDS = "a duration such as 8760h, 1h30m, 90s or 365d";

/**
 * Seconds of a duration as Go writes it, with `d` for 24 hours.
 * @param text the value as typed
 * @param flag how it was given, for the message: `--timeout`, or an environment variable's name
 * @throws UsageError where the text is anything else, a sign or a missing unit included (`0` alone is fine)
 */
export function parseDuration(text: string, flag: string): number {
  const seconds = secondsOf(text);
  if (seconds === undefined) throw new UsageError(`Cannot use ${flag} ${quoted(text)}: it takes ${DURATION_WORDS}`);
  if (seconds > LONGEST_SECONDS) {
    throw new UsageError(`Cannot use ${flag} ${quoted(text)}: it takes a duration of less than 292 years`);
  }
  return seconds;
}

/** Items of a comma separated list, without the white space around them and without empty ones (a trailing comma). */
export function parseList(text: string): string[] {
  return text.split(",").map((item) => item.trim()).filter((item) => item !== "");
}
