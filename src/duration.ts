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
export const LONGEST_SECONDS: number = 2 ** 63 / 1e9;

/**
 * Seconds of a duration as Go writes it, with `d` for 24 hours; more than {@link LONGEST_SECONDS} are possible. `undefined`
 * where the text is anything else, a sign or a missing unit included (`0` alone is fine).
 */
export function secondsOf(text: string): number | undefined {
  if (text === "0") return 0;
  let seconds = 0;
  PART.lastIndex = 0;
  for (let at = 0; at < text.length; at = PART.lastIndex) {
    const part = PART.exec(text);
    if (part === null) return undefined;
    seconds += Number(part[1]) * (UNITS.get(part[2] ?? "") ?? Number.NaN);
  }
  return text === "" ? undefined : seconds;
}
