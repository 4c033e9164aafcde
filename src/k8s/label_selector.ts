/**
 * Label selectors, read as apimachinery's `labels.Parse` does (`labels/selector.go`), its messages included.
 * @module
 */
import { CertgenError } from "../errors.ts";
import { labelValueFault, qualifiedNameFault } from "./qualified_name.ts";

/** What an object's labels must be. */
export type LabelMatcher = (labels: Readonly<Record<string, string>>) => boolean;

/** A token: its text, and whether it is a word or a sign. */
interface Token {
  readonly text: string;
  readonly isWord: boolean;
}

const SIGNS: readonly string[] = ["==", "!=", "=", "!", "(", ")", ",", ">", "<"];
const OPERATORS: readonly string[] = ["in", "notin", "=", "==", "!=", ">", "<"];
const END: Token = { text: "", isWord: false };

/**
 * Reads a label selector; every requirement must hold, and an empty one always does.
 * @throws CertgenError `malformed-object`
 */
export function parseLabelSelector(text: string): LabelMatcher {
  const reader = new Reader(text);
  const matchers: LabelMatcher[] = [];
  while (reader.peek() !== END) {
    const first = reader.peek();
    if (!first.isWord && first.text !== "!") throw unreadable(first, "!, identifier, or 'end of string'");
    matchers.push(requirementOf(reader));
    const next = reader.take();
    if (next === END) break;
    if (next.text !== ",") throw unreadable(next, "',' or 'end of string'");
    const after = reader.peek();
    if (!after.isWord && after.text !== "!") throw unreadable(after, "identifier after ','");
  }
  return (labels) => matchers.every((matches) => matches(labels));
}

class Reader {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(text: string) {
    this.#tokens = tokensOf(text);
  }

  peek(): Token {
    return this.#tokens[this.#at] ?? END;
  }

  take(): Token {
    const token = this.peek();
    this.#at++;
    return token;
  }
}

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  let word = "";
  const endWord = (): void => {
    if (word !== "") tokens.push({ text: word, isWord: true });
    word = "";
  };
  for (let i = 0; i < text.length; i++) {
    const sign = SIGNS.find((one) => text.startsWith(one, i));
    const isSpace = " \t\r\n".includes(text.charAt(i));
    if (sign === undefined && !isSpace) {
      word += text.charAt(i);
      continue;
    }
    endWord();
    if (sign !== undefined) {
      tokens.push({ text: sign, isWord: false });
      i += sign.length - 1;
    }
  }
  endWord();
  return tokens;
}

function requirementOf(reader: Reader): LabelMatcher {
  const isNegated = reader.peek().text === "!";
  if (isNegated) reader.take();
  const { text: key, isWord } = reader.take();
  if (!isWord) throw unparsable(`found '${key}', expected: identifier`);
  const keyFault = qualifiedNameFault(key);
  if (keyFault !== undefined) throw unparsable(`key: Invalid value: ${JSON.stringify(key)}: ${keyFault}`);
  const next = reader.peek();
  if (next === END || next.text === ",") return (labels) => Object.hasOwn(labels, key) !== isNegated;
  const operator = reader.take();
  if (!OPERATORS.includes(operator.text) || isNegated) {
    throw unparsable(`found '${operator.text}', expected: ${OPERATORS.map((one) => `'${one}'`).join(", ")}`);
  }
  const isSet = operator.isWord;
  const values = isSet ? listOf(reader) : [valueOf(reader)];
  for (const [i, value] of values.entries()) {
    const fault = labelValueFault(value);
    if (fault !== undefined) {
      throw unparsable(`values[${i}][${key}]: Invalid value: ${JSON.stringify(value)}: ${fault}`);
    }
  }
  return matcherOf(key, operator.text, values);
}

function matcherOf(key: string, operator: string, values: readonly string[]): LabelMatcher {
  const [bound = ""] = values;
  if (operator === ">" || operator === "<") {
    if (!/^[+-]?\d{1,18}$/.test(bound)) {
      throw unparsable(
        `values[0][${key}]: Invalid value: ${
          JSON.stringify(bound)
        }: for 'Gt', 'Lt' operators, the value must be an integer`,
      );
    }
    return (labels) => {
      const value = Object.hasOwn(labels, key) ? labels[key] ?? "" : "";
      if (!/^[+-]?\d{1,18}$/.test(value)) return false;
      return operator === ">" ? BigInt(value) > BigInt(bound) : BigInt(value) < BigInt(bound);
    };
  }
  const wanted = new Set(values);
  // an object without the label is none of the values
  const expected = operator === "in" || operator === "=" || operator === "==";
  return (labels) => (Object.hasOwn(labels, key) && wanted.has(labels[key] ?? "")) === expected;
}

/** `(a,b)`; an empty place between commas is the empty value. */
function listOf(reader: Reader): string[] {
  const open = reader.take();
  if (open.text !== "(") throw unparsable(`found '${open.text}' expected: '('`);
  if (reader.peek().text === ")") throw unparsable("for 'in', 'notin' operators, values set can't be empty");
  const values: string[] = [];
  for (;;) {
    values.push(reader.peek().isWord ? reader.take().text : "");
    const next = reader.take();
    if (next.text === ")") return values;
    if (next.text !== ",") throw unparsable(`found '${next.text}', expected: ',' or ')'`);
  }
}

function valueOf(reader: Reader): string {
  const next = reader.peek();
  if (next === END || next.text === ",") return "";
  if (!next.isWord) throw unparsable(`found '${next.text}', expected: identifier`);
  return reader.take().text;
}

function unparsable(message: string): CertgenError {
  return new CertgenError("malformed-object", `unable to parse requirement: ${message}`);
}

function unreadable(token: Token, expected: string): CertgenError {
  return new CertgenError("malformed-object", `found '${token.text}', expected: ${expected}`);
}
