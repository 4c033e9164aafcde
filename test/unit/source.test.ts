import { test } from "uvu";
import * as assert from "uvu/assert";
import { codeOf, importsOf } from "../source.ts";

/** The code with runs of blanks made one. */
function code(source: string): string {
  const out = codeOf(source);
  assert.is(out.length, source.length, "offsets stay");
  assert.is(out.split("\n").length, source.split("\n").length, "lines stay");
  return out.replace(/\s+/g, " ").trim();
}

test("codeOf blanks comments", () => {
  assert.is(code("a; // process.env 'x\nb;"), "a; b;");
  assert.is(code("a; /* ` process\n */ b; /** Date.now( */ c"), "a; b; c");
  assert.is(code("a /* never closed"), "a");
});

test("codeOf blanks strings and keeps their quotes", () => {
  assert.is(code(`f("pro\\"cess", 'it''s')`), `f(" ", ' '' ')`);
  assert.is(code(`f("// no comment") + process`), `f(" ") + process`);
  assert.is(code(`"never closed`), `"`);
});

test("codeOf blanks templates, but not the code in them", () => {
  assert.is(code("`a process ${process.env} b ${`in ${Deno} ner`} c` + d"), "` ${process.env} ${` ${Deno} `} ` + d");
  assert.is(code("`a ${f({ b: `}` })} process` + c"), "` ${f({ b: ` ` })} ` + c");
});

test("codeOf tells regular expressions from divisions", () => {
  assert.is(code(`x = /["'\`]/g; process`), "x = / /g; process");
  assert.is(code("x = /[/]'\\/\"/; process"), "x = / /; process");
  assert.is(code("return /'/.test(a)"), "return / /.test(a)");
  assert.is(code("a / b; 'c' / d; (e) / f; g[0] / h"), "a / b; ' ' / d; (e) / f; g[0] / h");
});

test("importsOf finds every form", () => {
  const source = `
    import "a1";
    import x from "a2";
    import * as y from 'a3';
    import { type z, w as v } from "./a4.ts";
    import type { t } from "./a5.ts";
    export { q } from "./a6.ts";
    export type { r } from "./a7.ts";
    export * from "./a8.ts";
    const lazy = () => import("./a9.ts");
    const bad = import(name);
    import type from "a10";
  `;
  const found = importsOf(source);
  const names = found.map((one) => one.specifier);
  assert.equal([...names].sort(), [
    "./a4.ts",
    "./a5.ts",
    "./a6.ts",
    "./a7.ts",
    "./a8.ts",
    "./a9.ts",
    "a1",
    "a10",
    "a2",
    "a3",
    undefined,
  ]);
  const types = found.filter((one) => one.isType).map((one) => one.specifier);
  assert.equal(types, ["./a5.ts", "./a7.ts"]);
  const reExports = found.filter((one) => one.isReExport).map((one) => one.specifier);
  assert.equal(reExports, ["./a6.ts", "./a7.ts", "./a8.ts"]);
});

test("importsOf finds nothing in comments, strings and plain exports", () => {
  const source = `
    /** import { a } from "./b.ts"; */
    // import "c";
    const text = 'import "d" from "e"';
    export const from = "f";
    export interface From { readonly from: "g" }
    export function f(from = "h") { return import.meta.url + from; }
  `;
  assert.equal(importsOf(source), []);
});

test.run();
