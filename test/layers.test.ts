import { readdirSync, readFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { VERSION } from "../cli/program.ts";
import { checkTree } from "./layers.ts";
import { checkManifests, type DenoManifest, type NodeManifest } from "./manifests.ts";
import { ROOT } from "./runtimes.ts";
import { importsOf } from "./source.ts";

const read = (path: string): string => readFileSync(`${ROOT}${path}`, "utf8");
const node = JSON.parse(read("package.json")) as NodeManifest;
const deno = JSON.parse(read("deno.json")) as DenoManifest;

/** Every source file of the checkout. */
function checkout(): Map<string, string> {
  const paths: string[] = readdirSync(ROOT, { encoding: "utf8" }).filter((name) => name === "mod.ts");
  for (const folder of ["src", "cli", "test", "bench"]) {
    const names = readdirSync(`${ROOT}${folder}`, { recursive: true, encoding: "utf8" });
    paths.push(
      ...names.filter((name) => name.endsWith(".ts")).map((name) => `${folder}/${name.replaceAll("\\", "/")}`),
    );
  }
  return new Map(paths.map((path) => [path, read(path)]));
}

test("the tree keeps to the import table", () => {
  assert.equal(checkTree(checkout()), []);
});

test("package.json and deno.json agree", () => {
  assert.equal(checkManifests(node, deno), []);
});

test("the programs print the version of package.json", () => {
  assert.is(VERSION, node.version);
});

test("every dependency is used", () => {
  const sources = [...checkout()].filter(([path]) => !/^(?:test|bench)\//.test(path));
  const used = sources.flatMap(([, source]) => importsOf(source).map((one) => one.specifier ?? ""));
  const isUnused = (name: string): boolean => !used.some((one) => one === name || one.startsWith(`${name}/`));
  assert.equal(Object.keys(node.dependencies).filter(isUnused), []);
});

test.run();
