/**
 * Text of others, for people: on one line, printable, not too long. A peer's message could rewrite the screen or forge a line.
 * @module
 */

/** What a reader's screen may act on instead of showing it: controls, format characters (bidirectional ones among them), separators of lines and paragraphs, halves of surrogate pairs. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;
const SHORT: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/**
 * The text on one line, with nothing in it that a terminal acts on: such characters become `\n` or `\u202e`. JSON stays the
 * same JSON.
 */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (character) => SHORT[character] ?? escapeUnits(character));
}

/** JSON escapes of the UTF-16 units. */
function escapeUnits(character: string): string {
  let escaped = "";
  for (let i = 0; i < character.length; i++) escaped += `\\u${character.charCodeAt(i).toString(16).padStart(4, "0")}`;
  return escaped;
}

/** The text with at most `most` characters, and a sign of what was left out. */
export function shortened(text: string, most: number): string {
  if (text.length <= most) return text;
  const cut = text.slice(0, most - 1);
  // half a surrogate pair would be another character
  return `${/[\ud800-\udbff]$/.test(cut) ? cut.slice(0, -1) : cut}…`;
}

/** Longest value that is repeated. */
const QUOTE_LENGTH = 100;
/** Most values of a list that are repeated. */
const LIST_LENGTH = 8;

/** A value in quotes, short and printable. */
export function quoted(text: string): string {
  return printable(JSON.stringify(shortened(text, QUOTE_LENGTH)));
}

/** Values in quotes with commas between them; of many the first. */
export function quotedList(texts: readonly string[]): string {
  const list = texts.slice(0, LIST_LENGTH).map(quoted).join(", ");
  return texts.length <= LIST_LENGTH ? list : `${list} and ${texts.length - LIST_LENGTH} more`;
}

/** Says that a value is none of those that are given. */
export function noneOf(value: string, given: readonly string[]): string {
  return given.length === 0
    ? `${quoted(value)} is not given: none is`
    : `${quoted(value)} is none of ${quotedList(given)}`;
}
