/** The rules of design.md's table, over a tree of files in memory; each finding is one line that names the file. */
import { codeOf, type Import, importsOf } from "./source.ts";

/** Sources by path from the checkout. */
export type Tree = ReadonlyMap<string, string>;

/** Import order: a file imports from its own folder and from what stands above. */
const LAYERS: readonly string[] = [
  "src/errors.ts",
  "src/bytes.ts",
  "src/digest.ts",
  "src/text.ts",
  "src/identity.ts",
  "src/ports.ts",
  "src/clock.ts",
  "src/random.ts",
  "src/lock.ts",
  "src/object_name.ts",
  "src/request_body.ts",
  "src/duration.ts",
  "src/address.ts",
  "src/nearest.ts",
  "src/yaml_source.ts",
  "src/config_shape.ts",
  "src/asn1/",
  "src/x509/",
  "src/ca/",
  "src/k8s/",
  "src/policy/",
  "src/audit/",
  "src/store/",
  "src/auth/",
  "src/requests/",
  "src/signer/",
  "src/agent/",
  "src/runtime/",
  "cli/",
  "mod.ts",
];

/** What the order alone would allow. */
const FORBIDDEN: readonly (readonly [from: string, to: readonly string[]])[] = [
  ["src/store/", ["src/asn1/", "src/x509/", "src/ca/", "src/k8s/", "src/policy/", "src/audit/"]],
  ["src/audit/", ["src/asn1/", "src/ca/", "src/k8s/", "src/policy/"]],
  ["src/agent/", ["src/policy/", "src/requests/", "src/signer/"]],
];

/** Where each package may be imported. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  "@peculiar/asn1-schema": ["src/asn1/schema.ts"],
  "@peculiar/asn1-x509": ["src/asn1/schema.ts"],
  "@peculiar/asn1-csr": ["src/asn1/schema.ts"],
  "cac": ["cli/"],
  "yaml": [
    "src/agent/kubeconfig.ts",
    "src/agent/kubeconfig_writer.ts",
    "src/k8s/apply.ts",
    "src/yaml_source.ts",
    "cli/yaml.ts",
  ],
  "@bufbuild/protobuf": ["src/k8s/protobuf_message.ts"],
  "ipaddr.js": ["src/policy/"],
  "jose": ["src/auth/jwt.ts", "src/auth/jwks.ts"],
  "prom-client": ["cli/agent_metrics.ts"],
  "valibot": ["src/config_shape.ts", "src/policy/", "src/agent/config_schema.ts"],
};

/** Words of the language's hosts, and where they may stand. */
const WORDS: readonly (readonly [word: RegExp, what: string, where: readonly string[]])[] = [
  [/(?<![.\w$])(?:Deno|Bun|process|Buffer)\b(?!\s*:)/, "a runtime's global", ["src/runtime/", "cli/"]],
  [/(?<![.\w$])console\b/, "console", ["cli/"]],
  [/\bDate\.now\b|\bnew Date(?:\(\s*\)|(?!\())|\bperformance\.now\b/, "the clock", [
    "src/runtime/",
    "src/clock.ts",
    "cli/",
  ]],
  [/(?<![.\w$])set(?:Timeout|Interval)\b|\bAbortSignal\.timeout\b/, "a timer", [
    "src/runtime/",
    "src/clock.ts",
    "cli/",
  ]],
  [/\bMath\.random\b/, "Math.random", []],
];
/** `ca/` knows no HTTP. */
const HTTP = /(?<![.\w$])(?:fetch|Request|Response|Headers)\b/;

/** The only re-exporting files, and what they must not reach. */
const ENTRIES: Readonly<Record<string, readonly string[]>> = {
  "mod.ts": ["node:", "src/runtime/", "src/agent/", "src/requests/", "src/signer/", "cli/"],
  "src/signer/mod.ts": ["node:", "src/runtime/", "cli/"],
  "src/agent/mod.ts": ["node:", "src/runtime/", "cli/"],
};

/** Files without a unit test of their own: they hold types, or data that others' tests cover. */
const UNTESTED: readonly string[] = [
  "src/ports.ts",
  "src/requests/trace.ts",
  "src/agent/events.ts",
  "src/agent/managed.ts",
];
/** Adapters of a port have that port's contract for a test, on the runtime they are for. */
const CONTRACT: Readonly<Record<string, string>> = { "src/runtime/": "test/unit/runtime/contract.test.ts" };

const LONGEST = 300;

/** All findings. */
export function checkTree(tree: Tree): string[] {
  const files = [...tree.keys()].filter((path) => path === "mod.ts" || /^(?:src|cli)\//.test(path)).sort();
  return [
    ...files.flatMap((path) => checkImports(tree, path)),
    ...files.flatMap((path) => checkWords(path, tree.get(path) ?? "")),
    ...files.flatMap((path) => checkReExports(path, tree.get(path) ?? "")),
    ...Object.keys(ENTRIES).filter((path) => tree.has(path)).flatMap((path) => checkReach(tree, path)),
    ...checkCycles(tree, files),
    ...[...tree].flatMap(([path, source]) => checkShape(path, source)),
    ...checkUnitTests(tree),
  ];
}

function checkImports(tree: Tree, path: string): string[] {
  const rank = layerOf(path);
  if (rank < 0) return [`${path} stands nowhere in the table`];
  return importsOf(tree.get(path) ?? "").flatMap((one) => {
    const { specifier } = one;
    if (specifier === undefined) return [`${path} imports a computed name`];
    if (!specifier.startsWith(".")) return checkPackage(path, specifier);
    const target = resolve(path, specifier);
    const to = layerOf(target);
    if (!tree.has(target)) return [`${path} imports ${specifier}, which is no file`];
    if (target in ENTRIES) return [`${path} imports ${target}: an import names the file where the thing lives`];
    const isForbidden = FORBIDDEN.some(([from, tos]) => isIn(path, [from]) && isIn(target, tos));
    return to > rank || isForbidden ? [`${path} imports ${target}, which the table forbids`] : [];
  });
}

function checkPackage(path: string, specifier: string): string[] {
  if (specifier.startsWith("node:")) {
    return isIn(path, ["src/runtime/", "cli/"]) ? [] : [`${path} imports ${specifier}, which only a runtime has`];
  }
  const name = specifier.split("/").slice(0, specifier.startsWith("@") ? 2 : 1).join("/");
  const where = Object.hasOwn(PACKAGES, name) ? PACKAGES[name] ?? [] : undefined;
  if (where === undefined) return [`${path} imports ${specifier}, which is not in the table of packages`];
  return isIn(path, where) ? [] : [`${path} imports ${specifier}, which only ${where.join(", ")} may`];
}

function checkWords(path: string, source: string): string[] {
  const code = codeOf(source);
  const words = WORDS.filter(([, , where]) => !isIn(path, where));
  const rules = isIn(path, ["src/ca/"]) ? [...words, [HTTP, "HTTP", []] as const] : words;
  return rules.flatMap(([word, what]) => {
    const found = word.exec(code);
    if (found === null) return [];
    return [`${path}:${code.slice(0, found.index).split("\n").length} uses ${what}: ${found[0]}`];
  });
}

function checkReExports(path: string, source: string): string[] {
  const code = codeOf(source);
  if (!(path in ENTRIES)) return importsOf(source).some((one) => one.isReExport) ? [`${path} re-exports`] : [];
  const rest = code.replace(/\bexport\s+(?:type\s+)?\{[^}]*\}\s*from\s*"[^"]*"\s*;?/g, "").trim();
  return rest === "" ? [] : [`${path} holds more than named re-exports: ${rest.split("\n")[0]}`];
}

/** Everything an entry loads, types included, since those stand in its declarations. */
function checkReach(tree: Tree, entry: string): string[] {
  const forbidden = ENTRIES[entry] ?? [];
  const seen = new Map<string, string>([[entry, entry]]);
  const findings: string[] = [];
  for (const [path, way] of seen) {
    for (const target of targetsOf(tree, path)) {
      if (seen.has(target)) continue;
      seen.set(target, `${way} -> ${target}`);
      if (forbidden.some((prefix) => target.startsWith(prefix))) findings.push(`${way} -> ${target} is out of bounds`);
    }
  }
  return findings;
}

function checkCycles(tree: Tree, files: readonly string[]): string[] {
  const done = new Set<string>();
  const findings: string[] = [];
  const visit = (path: string, way: readonly string[]): void => {
    if (way.includes(path)) findings.push(`${[...way.slice(way.indexOf(path)), path].join(" -> ")} is a circle`);
    if (way.includes(path) || done.has(path)) return;
    for (const target of targetsOf(tree, path, (one) => !one.isType)) visit(target, [...way, path]);
    done.add(path);
  };
  for (const path of files) visit(path, []);
  return findings;
}

function checkShape(path: string, source: string): string[] {
  const lines = source.replace(/\n$/, "").split("\n").length;
  const long = lines > LONGEST ? [`${path} has ${lines} lines, more than ${LONGEST}`] : [];
  const name = path.split("/").at(-1) ?? "";
  return /^[a-z0-9_]+(?:\.test)?\.ts$/.test(name) ? long : [...long, `${path} is not named in snake_case`];
}

function checkUnitTests(tree: Tree): string[] {
  const sources = [...tree.keys()].filter((path) => path.startsWith("src/") && !(path in ENTRIES));
  return sources.filter((path) => !UNTESTED.includes(path)).flatMap((path) => {
    const contract = Object.keys(CONTRACT).find((folder) => path.startsWith(folder));
    if (contract !== undefined && tree.has(CONTRACT[contract] ?? "")) return [];
    const test = path.replace(/^src\//, "test/unit/").replace(/\.ts$/, ".test.ts");
    return tree.has(test) ? [] : [`${path} has no ${test}`];
  });
}

function targetsOf(tree: Tree, path: string, isWanted: (one: Import) => boolean = () => true): string[] {
  return importsOf(tree.get(path) ?? "").filter(isWanted).flatMap(({ specifier = "" }) => {
    return specifier.startsWith(".") ? [resolve(path, specifier)] : [specifier];
  });
}

function layerOf(path: string): number {
  return LAYERS.findIndex((layer) => isIn(path, [layer]));
}

function isIn(path: string, where: readonly string[]): boolean {
  return where.some((one) => one.endsWith("/") ? path.startsWith(one) : path === one);
}

function resolve(from: string, specifier: string): string {
  return new URL(specifier, `file:///${from}`).pathname.slice(1);
}
