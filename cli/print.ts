/**
 * What a terminal may act on instead of showing it: controls, format characters (the bidirectional ones, zero-width
 * ones and tags), line and paragraph separators, halves of surrogate pairs. A peer's message could rewrite the screen
 * or forge a line with them.
 */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;
const SHORT: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/** The text on one line, with nothing in it that a terminal acts on: such characters become `\n` or `\u202e`. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (character) => SHORT[character] ?? escapeUnits(character));
}

/** JSON escapes of the UTF-16 units, so that JSON made printable is still the same JSON. */
function escapeUnits(character: string): string {
  let out = "";
  for (let i = 0; i < character.length; i++) out += `\\u${character.charCodeAt(i).toString(16).padStart(4, "0")}`;
  return out;
}

/** Longest value an error repeats: enough to find it in a command line, short enough for one line. */
const QUOTE_LENGTH = 80;

/** A value in quotes, for an error message. */
export function quote(text: string): string {
  return printable(JSON.stringify(text.length > QUOTE_LENGTH ? `${text.slice(0, QUOTE_LENGTH)}…` : text));
}
