/** package.json and deno.json say the same thing twice; this compares them. */

/** The parts of package.json that deno.json repeats. */
export interface NodeManifest {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  readonly exports: Readonly<Record<string, string | { readonly types: string; readonly default: string }>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

/** The parts of deno.json that package.json repeats. */
export interface DenoManifest {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  readonly exports: Readonly<Record<string, string>>;
  readonly imports: Readonly<Record<string, string>>;
}

/** Each difference in one line. */
export function checkManifests(node: NodeManifest, deno: DenoManifest): string[] {
  const findings: string[] = [];
  const same = (what: string, inNode: string | undefined, inDeno: string | undefined): void => {
    if (inNode !== inDeno) findings.push(`${what}: package.json has ${inNode}, deno.json has ${inDeno}`);
  };
  for (const field of ["name", "version", "license"] as const) same(field, node[field], deno[field]);
  for (const key of union(node.exports, deno.exports)) {
    const target = node.exports[key];
    if (typeof target === "string") continue; // "./package.json", which JSR has no need of
    const built = deno.exports[key]?.replace(/^\.\/(.*)\.ts$/, "./dist/$1");
    same(`exports["${key}"]`, target?.default, built && `${built}.js`);
    same(`exports["${key}"].types`, target?.types, built && `${built}.d.ts`);
  }
  const all = { ...node.devDependencies, ...node.dependencies };
  for (const name of union(node.dependencies, deno.imports)) {
    same(`dependency ${name}`, all[name] === undefined ? undefined : `npm:${name}@${all[name]}`, deno.imports[name]);
  }
  return findings;
}

function union(a: Readonly<Record<string, unknown>>, b: Readonly<Record<string, unknown>>): string[] {
  return [...new Set([...Object.keys(a), ...Object.keys(b)])];
}
