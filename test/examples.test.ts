import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { ROOT } from "./runtimes.ts";

/** One ```ts example of a doc comment, and where it stands. */
interface Example {
  readonly place: string;
  readonly source: string;
}

const FENCE = /^ *\* ```ts\n([\s\S]*?)^ *\* ```$/gm;
const IMPORT = /"@certgen\/core(\/[a-z]+)?"/g;
const { exports } = JSON.parse(readFileSync(`${ROOT}deno.json`, "utf8")) as { exports: Record<string, string> };

/** A source with the package's own name replaced by where its files are. */
function resolved(source: string): string {
  return source.replace(IMPORT, (name, entry = "") => {
    const file = exports[`.${entry}`];
    if (file === undefined) throw new Error(`no export ${name}`);
    return JSON.stringify(pathToFileURL(join(ROOT, file)).href);
  });
}

function examplesOf(path: string): Example[] {
  const text = readFileSync(ROOT + path, "utf8");
  return [...text.matchAll(FENCE)].map((match) => ({
    place: `${path}:${text.slice(0, match.index).split("\n").length}`,
    source: (match[1] ?? "").replace(/^ *\* ?/gm, ""),
  })).filter(({ source }) => source.search(IMPORT) >= 0);
}

const sources = readdirSync(`${ROOT}src`, { recursive: true, encoding: "utf8" })
  .map((path) => `src/${path.replaceAll("\\", "/")}`)
  .filter((path) => path.endsWith(".ts"));
const examples = ["mod.ts", ...sources.sort()].flatMap(examplesOf);

/** Runs an action with nothing printed; gives the lines that it would have printed. */
async function quietly(action: () => Promise<unknown>): Promise<string[]> {
  const { log } = console;
  const lines: string[] = [];
  console.log = (...values: unknown[]) => void lines.push(values.map(String).join(" "));
  try {
    await action();
  } finally {
    console.log = log;
  }
  return lines;
}

// .mts, since a temporary directory has no package.json that says what a .ts file is
const directory = mkdtempSync(join(tmpdir(), "certgen-examples-"));
test.after(() => rmSync(directory, { recursive: true, force: true }));

for (const [index, { place, source }] of examples.entries()) {
  test(`the example at ${place} runs`, async () => {
    const file = join(directory, `${index}.mts`);
    writeFileSync(file, resolved(source));
    const lines = await quietly(() => import(pathToFileURL(file).href));
    const printed = source.match(/console\.log\(/g)?.length ?? 0;
    assert.ok(lines.length <= printed, "it printed more than it says");
    for (const line of lines) assert.not.match(line, /undefined/, "it printed something undefined");
  });
}

test("there are examples, among them the one that begins the documentation", () => {
  assert.ok(examples.length >= 10, `${examples.length}`);
  assert.ok(examples.some(({ place }) => place.startsWith("mod.ts:")));
});

test.run();
