/** Just enough of TypeScript's lexical grammar to tell code from comments, strings and regular expressions. */

/** One import or re-export. */
export interface Import {
  /** As written between the quotes; `undefined` for `import(expression)`. */
  readonly specifier: string | undefined;
  /** `import type` or `export type`: nothing of it is left at run time. */
  readonly isType: boolean;
  readonly isReExport: boolean;
}

/** A word or bracket after which a slash divides; after anything else it begins a regular expression. */
const ENDS_VALUE = /[\w$)\]}"'`]$/;
const KEYWORD_BEFORE_VALUE = /\b(?:return|typeof|case|in|of|do|else|void|delete|throw|new|await|yield)$/;

/**
 * The source with comments and the insides of strings, templates and regular expressions made blank. Offsets, line
 * feeds and quotes stay where they are; what stands in a template's `${}` is code.
 */
export function codeOf(source: string): string {
  let code = "";
  /** Depth of braces at which each open `${` closes. */
  const templates: number[] = [];
  let depth = 0;
  const blank = (end: number): void => {
    code += source.slice(code.length, end).replace(/[^\n]/g, " ");
  };
  const keep = (): void => {
    code += source[code.length] ?? "";
  };
  /** From an opening quote, or a template's next part, to what ends it. */
  const text = (stop: RegExp): void => {
    keep();
    stop.lastIndex = code.length;
    const end = stop.exec(source);
    blank(end === null ? source.length : stop.lastIndex - (end[1]?.length ?? 0));
    for (let i = end?.[1]?.length ?? 0; i > 0; i--) keep();
    if (end?.[1] === "${") templates.push(depth);
  };
  while (code.length < source.length) {
    const at = code.length;
    const next = source.slice(at, at + 2);
    const one = next[0] ?? "";
    if (next === "//") blank(endOf(source, "\n", at));
    else if (next === "/*") blank(endOf(source, "*/", at + 2) + 2);
    else if (one === '"') text(/(?:\\.|[^"\\])*?(")/sy);
    else if (one === "'") text(/(?:\\.|[^'\\])*?(')/sy);
    else if (one === "`") text(/(?:\\.|[^`\\])*?(`|\$\{)/sy);
    else if (one === "/" && beginsRegExp(code)) text(/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\[\n])*?(\/)/sy);
    else if (one === "}" && templates.at(-1) === depth) {
      templates.pop();
      text(/(?:\\.|[^`\\])*?(`|\$\{)/sy);
    } else {
      if (one === "{") depth++;
      if (one === "}") depth--;
      keep();
    }
  }
  return code;
}

function endOf(source: string, mark: string, from: number): number {
  const end = source.indexOf(mark, from);
  return end < 0 ? source.length : end;
}

function beginsRegExp(before: string): boolean {
  const code = before.slice(-200).trimEnd();
  return !ENDS_VALUE.test(code) || KEYWORD_BEFORE_VALUE.test(code);
}

/** Everything a file imports or re-exports. */
export function importsOf(source: string): Import[] {
  const code = codeOf(source);
  const found: Import[] = [];
  const specifierAt = (at: number): string => source.slice(at, code.indexOf(source[at - 1] ?? "", at));
  for (const match of code.matchAll(/\b(import|export)\b(\s+type\b(?!\s*from))?[\s\w$*{},]*?\bfrom\s*["']/g)) {
    const specifier = specifierAt(match.index + match[0].length);
    found.push({ specifier, isType: match[2] !== undefined, isReExport: match[1] === "export" });
  }
  for (const match of code.matchAll(/\bimport\s*["']/g)) {
    found.push({ specifier: specifierAt(match.index + match[0].length), isType: false, isReExport: false });
  }
  for (const match of code.matchAll(/(?<!\.)\bimport\s*\(\s*(["'])?/g)) {
    const specifier = match[1] === undefined ? undefined : specifierAt(match.index + match[0].length);
    found.push({ specifier, isType: false, isReExport: false });
  }
  return found;
}
