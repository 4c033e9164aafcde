import { CertgenError } from "../src/errors.ts";
import type { Files } from "../src/ports.ts";
import { objectMember, parseJsonObject } from "../src/k8s/json.ts";
import { detectRuntime } from "../src/runtime/detect.ts";
import { sha256Hex } from "../src/digest.ts";
import { EXIT } from "./exit.ts";
import type { CommandDefinition } from "./flag.ts";
import { MANIFEST } from "./init.ts";
import type { Options } from "./options.ts";
import type { Context } from "./program.ts";

/** `certgen-signer destroy`. */
export const definition: CommandDefinition = {
  program: "certgen-signer",
  name: "destroy",
  description: "remove exactly what init made",
  example: "certgen-signer destroy --dir pki",
  flags: [{
    name: "dir",
    value: "path",
    default: ".",
    placeholder: "DIR",
    description: "directory that init wrote to",
  }],
};

/** What init makes is smaller by far, and what is larger would not be read. */
const MAX_FILE_BYTES = 1 << 16;

/** Removes the files that init made and nobody has changed since. */
export async function run(options: Options, context: Context): Promise<number> {
  const { files } = await detectRuntime();
  const directory = options.required("dir");
  const manifest = `${directory}/${MANIFEST}`;
  let kept = 0;
  for (const [name, digest] of Object.entries(await readManifest(files, manifest))) {
    const path = `${directory}/${name}`;
    const stat = await files.stat(path);
    if (stat === undefined) continue;
    if (stat.kind !== "file" || stat.size > MAX_FILE_BYTES || await sha256Hex(await files.read(path)) !== digest) {
      context.stderr(`kept ${path}: it is not what init made any more\n`);
      kept++;
      continue;
    }
    await files.remove(path);
    context.stdout(`removed ${path}\n`);
  }
  if (kept === 0) await files.remove(manifest);
  return kept === 0 ? EXIT.done : EXIT.failed;
}

/** Digests by file name. A name in it that is no plain file name is somebody's trap. */
async function readManifest(files: Files, path: string): Promise<Record<string, string>> {
  if (await files.stat(path) === undefined) {
    throw new CertgenError("not-found", `Cannot remove what init made: there is no ${JSON.stringify(path)}`);
  }
  const broken = new CertgenError("malformed-object", `Cannot use ${JSON.stringify(path)}: it is not what init wrote`);
  let entries: [string, unknown][];
  try {
    entries = Object.entries(objectMember(parseJsonObject(await files.read(path)), "files", "files"));
  } catch (error) {
    if (error instanceof CertgenError && error.code !== "malformed-object") throw error;
    throw broken;
  }
  if (entries.length === 0) throw broken;
  if (
    !entries.every((entry): entry is [string, string] =>
      /^[a-z-]+\.(?:key|crt)$/.test(entry[0]) && typeof entry[1] === "string"
    )
  ) throw broken;
  return Object.fromEntries(entries);
}
