/** The files under `examples/`, and the command lines in them. */
import { readdirSync, readFileSync } from "node:fs";
import { parseAllDocuments } from "yaml";
import { ROOT } from "./runtimes.ts";

/** What a YAML file holds. */
export type Yaml = Readonly<Record<string, unknown>>;

/** A command line of certgen, and where it stands. */
export interface CommandLine {
  readonly place: string;
  /** The program first. */
  readonly words: readonly string[];
}

/** Paths from the checkout of all files in a folder under `examples/`. */
export function exampleFiles(folder = ""): string[] {
  const from = `examples/${folder}`.replace(/\/$/, "");
  return readdirSync(ROOT + from, { recursive: true, withFileTypes: true, encoding: "utf8" })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => `${parentPath.replaceAll("\\", "/").slice(ROOT.length)}/${name}`)
    .sort();
}

/** A file of the checkout. */
export function textOf(path: string): string {
  return readFileSync(ROOT + path, "utf8");
}

/** The documents of YAML, each a map. Throws for what a strict reader would, a key twice among that. */
export function documentsOf(text: string): Yaml[] {
  return parseAllDocuments(text, { strict: true, uniqueKeys: true }).map((document) => {
    const fault = document.errors[0] ?? document.warnings[0];
    if (fault !== undefined) throw fault;
    return mapOf(document.toJS());
  });
}

/** A value that must be a map. */
export function mapOf(value: unknown): Yaml {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new Error(`no map: ${String(value)}`);
  return value as Yaml;
}

/** A list of maps; empty where there is none. */
export function mapsOf(value: unknown): Yaml[] {
  return Array.isArray(value) ? value.map(mapOf) : [];
}

/** A list of texts; empty where there is none. */
export function textsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

/** The agents' configurations in the examples: files, and those that ConfigMaps hold. */
export function agentConfigs(): { readonly place: string; readonly text: string }[] {
  return exampleFiles().filter((path) => /\.ya?ml$/.test(path)).flatMap((path) => {
    if (path.endsWith("/agent.yaml")) return [{ place: path, text: textOf(path) }];
    return documentsOf(textOf(path)).filter(({ kind }) => kind === "ConfigMap").map((map) => ({
      place: `${path} ${String(mapOf(map["metadata"])["name"])}`,
      text: String(mapOf(map["data"])["agent.yaml"]),
    }));
  });
}

/** The containers of a pod, those that begin before the others first. */
export function containersOf(pod: Yaml): Yaml[] {
  const spec = mapOf(pod["spec"]);
  return [...mapsOf(spec["initContainers"]), ...mapsOf(spec["containers"])];
}

/** What a unit file says, in order; a name may be there several times. */
export function directivesOf(text: string): [name: string, value: string][] {
  return text.split("\n").filter((line) => /^[A-Z]\w*=/.test(line)).map((line) => {
    const at = line.indexOf("=");
    return [line.slice(0, at), line.slice(at + 1)];
  });
}

/** The command lines of certgen in a file: of units, of containers and their probes, and of `sh` in Markdown. */
export function commandLinesOf(path: string): CommandLine[] {
  const lines = path.endsWith(".md") ? shellLines(path) : /\.ya?ml$/.test(path) ? podLines(path) : unitLines(path);
  return lines.filter(({ words }) => /(?:^|\/)certgen-(?:agent|signer)$/.test(words[0] ?? ""));
}

function unitLines(path: string): CommandLine[] {
  const commands = directivesOf(textOf(path)).filter(([name]) => name.startsWith("Exec"));
  return commands.map(([name, value]) => ({
    place: `${path} ${name}`,
    words: value.replace(/^[-@:+!]*/, "").split(/\s+/),
  }));
}

function podLines(path: string): CommandLine[] {
  const pods = documentsOf(textOf(path)).filter(({ kind }) => kind === "Pod");
  return pods.flatMap(containersOf).flatMap((container) => {
    const place = `${path} ${String(container["name"])}`;
    const probes = ["startupProbe", "livenessProbe", "readinessProbe"].flatMap((name) => {
      const probe = container[name] === undefined ? {} : mapOf(container[name]);
      return probe["exec"] === undefined
        ? []
        : [{ place: `${place} ${name}`, words: textsOf(mapOf(probe["exec"])["command"]) }];
    });
    return [{ place, words: [...textsOf(container["command"]), ...textsOf(container["args"])] }, ...probes];
  });
}

function shellLines(path: string): CommandLine[] {
  const blocks = [...textOf(path).matchAll(/^```sh\n([\s\S]*?)^```$/gm)].flatMap(([, block = ""]) => block.split("\n"));
  return blocks.map((line) => ({ place: `${path} sh`, words: line.replace(/\s+#.*$/, "").split(/\s+/) }));
}
